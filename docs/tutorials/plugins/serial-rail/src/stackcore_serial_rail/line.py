"""A serial line that is spoken to in lines of text; what the serial library raises ends here."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable

import serial
from serial.tools import list_ports

from stackcore.errors import CameraError, NotReadyError

_SLICE_S = 0.05


def known_ports() -> list[tuple[str, str]]:
    """Ports with something behind them by USB: their name, and what it says it is."""
    return [(port.device, port.description) for port in list_ports.comports() if port.vid is not None]


class Line:
    """An open serial port.

    Parameters
    ----------
    port, baud
        Where, and how fast, bits a second. `NotReadyError` says why it cannot be opened.
    now
        Seconds that only grow.
    """

    def __init__(self, port: str, baud: int, now: Callable[[], float] = time.monotonic) -> None:
        self._port, self._now = port, now
        self._heard = b""
        if not port:
            raise _unusable("No serial port is named.", "a rail has no other address.")
        try:
            self._serial = serial.serial_for_url(
                port, baudrate=baud, timeout=_SLICE_S, write_timeout=2, exclusive=True if os.name == "posix" else None
            )
        except (OSError, ValueError) as error:  # the library's own error is an OSError
            raise _explained(port, error) from error

    def close(self) -> None:
        """Let the port go; may be called twice, and for one that is unplugged."""
        try:
            self._serial.close()
        except OSError:
            return

    def send(self, data: bytes) -> None:
        """Write at once; `CameraError` when the line is gone."""
        try:
            self._serial.write(data)
        except OSError as error:
            raise self._gone(error) from error

    def receive(self, timeout_s: float) -> str | None:
        """Return the next line that says something, without its end; None when none came in time."""
        give_up = self._now() + timeout_s
        while True:
            while b"\n" in self._heard:
                first, _, self._heard = self._heard.partition(b"\n")
                text = first.decode("ascii", errors="replace").strip()
                if text:
                    return text
            if self._now() >= give_up:
                return None
            try:
                self._heard += self._serial.read(self._serial.in_waiting or 1)
            except (OSError, TypeError) as error:  # a port that is closed under a read: TypeError on some systems
                raise self._gone(error) from error

    def forget(self) -> None:
        """Drop what was said and not asked for."""
        try:
            self._serial.reset_input_buffer()
        except OSError as error:
            raise self._gone(error) from error
        self._heard = b""

    def _gone(self, error: Exception) -> CameraError:
        return CameraError(
            "The rail is gone.", f"{self._port}: {error}.", "check its cable and power, then start again."
        )


def _explained(port: str, error: Exception) -> NotReadyError:
    code = getattr(error, "errno", None)
    if code in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "lock" in str(error):
        return _unusable(f"{port} is in use.", "another program holds it.", "end that program (a G-code sender?), or")
    if code in (errno.EACCES, errno.EPERM):
        advice = "on Linux, add yourself to its group (dialout or uucp) and log in again, or"
        return _unusable(f"{port} cannot be opened.", f"{error}.", advice)
    return _unusable(f"There is no port {port}.", f"{error}.", "connect the rail and switch it on, or")


def _unusable(what: str, why: str, advice: str = "") -> NotReadyError:
    ports = ", ".join(f"--camera serial-rail:{device} ({words})" for device, words in known_ports())
    return NotReadyError(what, why, f"{advice} name the port: {ports or '--camera serial-rail:PORT'}.".strip())
