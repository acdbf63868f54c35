"""A Zaber device on a pseudo-terminal, as far as its manual's commands are used."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from typing import Any


class ZaberStandIn:
    """Device 1 with one axis that moves 40,000 microsteps a second; `with ZaberStandIn() as stage: stage.port`."""

    def __init__(self, *, limit: int = 10**6, stalls: bool = False) -> None:
        self.limit, self.stalls = limit, stalls
        self.position, self.heard = 0, list[str]()
        self._target, self._until = 0, 0.0

    def __enter__(self) -> ZaberStandIn:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._end.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def _serve(self) -> None:
        text = b""
        while not self._end.is_set():
            if select.select([self._master], [], [], 0.005)[0]:
                text += os.read(self._master, 256)
                while b"\n" in text:
                    line, _, text = text.partition(b"\n")
                    self._obey(line.decode())

    def _obey(self, line: str) -> None:
        self.heard.append(line)
        address, axis, *words = line.split()
        if (address, axis) != ("/1", "1"):
            return  # for somebody else on the line
        self._settle()
        verdict, data = "OK", "0"
        match words:
            case ["get", "device.id"]:
                data = "50081"
            case ["get", "pos"]:
                data = str(self.position)
            case ["move", "rel", distance]:
                target = self.position + int(distance)
                if abs(target) > self.limit:
                    verdict, data = "RJ", "BADDATA"
                else:
                    self._target, self._until = target, time.monotonic() + abs(int(distance)) / 40_000
            case ["stop"]:
                self._target = self.position
                self._until = 0.0
            case []:
                pass
            case _:
                verdict, data = "RJ", "BADCOMMAND"
        busy = "BUSY" if time.monotonic() < self._until else "IDLE"
        flag = "FS" if self.stalls and len(self.heard) > 4 else "--"
        os.write(self._master, f"!01 1 IDLE --\r\n@01 1 {verdict} {busy} {flag} {data}\r\n".encode())

    def _settle(self) -> None:
        if time.monotonic() >= self._until:
            self.position = self._target
