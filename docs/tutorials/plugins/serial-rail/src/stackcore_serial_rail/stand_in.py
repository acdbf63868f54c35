"""A stand-in for a rail with Grbl, on a pseudo-terminal: `python -m stackcore_serial_rail.stand_in` tells its port.

It obeys what Grbl's interface documents and this package uses, in real time, and fails on request. No Windows.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
import time
import tty
from dataclasses import dataclass, field
from types import TracebackType

_JOG = re.compile(r"\$J=G91G21X(-?[0-9.]+)F([0-9.]+)")

_GREETING = "Grbl 1.1h ['$' for help]"


@dataclass
class Faults:
    """What shall go wrong, positions in millimetres.

    `switch_mm`: a limit switch, which stops with ALARM:1. `travel_mm`: soft limits either way, which refuse with
    error:15. `mute`: no answer at all. `alarm`: locked from the start. `inches`: reports inches.
    """

    switch_mm: float | None = None
    travel_mm: float | None = None
    mute: bool = False
    alarm: bool = False
    inches: bool = False


@dataclass
class Move:
    """A movement under way: from, to, millimetres; since and until when, seconds."""

    start: float
    end: float
    since: float
    until: float

    def at(self, now: float) -> float:
        """Where the carriage is."""
        share = 1.0 if self.until <= self.since else min(1.0, (now - self.since) / (self.until - self.since))
        return self.start + share * (self.end - self.start)


@dataclass
class StandIn:
    """A controller with one axis; `with StandIn() as rail: rail.port`."""

    faults: Faults = field(default_factory=Faults)
    steps_per_mm: int = 1000
    position_mm: float = 0.0
    jogs: list[float] = field(default_factory=list)
    cancels: int = 0
    moved: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> StandIn:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._move: Move | None = None
        self._held = self._greeted = False
        self._text = b""
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Pull the cable; may be done twice."""
        if not self._end.is_set():
            self._end.set()
            self._thread.join()
            os.close(self._master)
            os.close(self._slave)

    def hold(self) -> None:
        """Press the button for feed hold."""
        with self._lock:
            self._stand()
            self._held = True

    def restart(self) -> None:
        """Lose power for a moment."""
        with self._lock:
            self._stand()
            self.position_mm = 0.0
            self._say(_GREETING)

    def _serve(self) -> None:
        while not self._end.is_set():
            if not select.select([self._master], [], [], 0.005)[0]:
                continue
            with self._lock:
                for byte in os.read(self._master, 256):
                    self._take(bytes([byte]))

    def _take(self, byte: bytes) -> None:
        if not self._greeted:  # boards restart when their port is opened
            self._greeted = True
            self._say(_GREETING)
        if byte == b"?":
            self._report()
        elif byte == b"\x85":
            self.cancels += 1
            self._stand()
        elif byte == b"\n":
            line, self._text = self._text.decode(), b""
            self._obey(line)
        else:
            self._text += byte

    def _obey(self, line: str) -> None:
        jog = _JOG.fullmatch(line)
        if line == "$$":
            for setting in (f"$13={int(self.faults.inches)}", f"$100={self.steps_per_mm}.000", "$110=3000.000"):
                self._say(setting)
            self._say("ok")
        elif line == "$I":
            self._say("[VER:1.1h.20190830:]")
            self._say("ok")
        elif jog is None:
            self._say("error:20")
        elif self.faults.alarm:
            self._say("error:9")
        else:
            self._jog(float(jog[1]), float(jog[2]) / 60)

    def _jog(self, distance: float, speed: float) -> None:
        self._settle()
        start = self.position_mm
        end = round((start + distance) * self.steps_per_mm) / self.steps_per_mm
        if self.faults.travel_mm is not None and abs(end) > self.faults.travel_mm:
            return self._say("error:15")
        now = time.monotonic()
        self.jogs.append(distance)
        self._move = Move(start, end, now, now + abs(end - start) / speed)
        self.moved.set()
        return self._say("ok")

    def _report(self) -> None:
        self._settle()
        state = "Alarm" if self.faults.alarm else "Hold:0" if self._held else "Jog" if self._move else "Idle"
        self._say(f"<{state}|MPos:{self._now_mm():.3f},0.000,0.000|FS:0,0>")

    def _settle(self) -> None:
        """What has happened since somebody looked."""
        if self._move is None:
            return
        switch = self.faults.switch_mm
        if switch is not None and self._now_mm() > switch:
            self.position_mm, self._move, self.faults.alarm = switch, None, True
            self._say("ALARM:1")
        elif time.monotonic() >= self._move.until:
            self._stand()

    def _stand(self) -> None:
        self.position_mm, self._move = self._now_mm(), None

    def _now_mm(self) -> float:
        return self.position_mm if self._move is None else self._move.at(time.monotonic())

    def _say(self, text: str) -> None:
        if not self.faults.mute:
            os.write(self._master, text.encode() + b"\r\n")


def main() -> None:
    """Serve until Ctrl-C."""
    with StandIn() as rail:
        sys.stdout.write(f"{rail.port}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
