"""Speaks to Grbl 1.1 and what is compatible with it (grblHAL, FluidNC), by its documented interface.

Movements are jogs (`$J=`): they leave the modes of the controller alone, obey its soft limits, and can be cancelled
by one byte without losing the position. Sources: "Grbl v1.1 Interface", "Grbl v1.1 Jogging" and "Grbl v1.1 Commands"
in the documentation of Grbl.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from stackcore.errors import NotReadyError
from stackcore_serial_rail.line import Line
from stackcore_serial_rail.motor import RailError, silent
from stackcore_serial_rail.plugin import SerialRailOptions

JOG_CANCEL = b"\x85"
_MOVING = ("Jog", "Run", "Home")
_HELD = ("Hold", "Door", "Sleep", "Check")
_POSITION = re.compile(r"[MW]Pos:([-0-9.,]+)")
_KEPT = {"2"}
"""Alarms after which the position still holds: a target beyond the soft limits."""

_REFUSALS = {
    "8": "it is not idle",
    "9": "it is locked by an alarm",
    "15": "the target is beyond the travel of the machine ($130 to $132)",
}


class Grbl:
    """One axis of a Grbl controller; connects when it is made, `NotReadyError` when nobody answers as Grbl does."""

    def __init__(self, line: Line, options: SerialRailOptions, now: Callable[[], float] = time.monotonic) -> None:
        self._line, self._options, self._now = line, options, now
        self._axis = "XYZ".index(options.axis)
        self.has_restarted = False
        self._greet()
        version = next((text for text in self._listing("$I") if text.startswith("[VER:")), "[VER::")
        self.name = f"Grbl {version.split(':')[1]}".strip()
        settings = dict(text.lstrip("$").split("=", 1) for text in self._listing("$$") if "=" in text)
        if settings.get("13") == "1":
            raise NotReadyError("The rail reports inches.", "its setting $13 is 1.", "send it $13=0.")
        steps_per_mm = float(settings.get(f"{100 + self._axis}", "0").split()[0])
        self.step_um = 1000 / steps_per_mm if steps_per_mm > 0 else None

    def start(self, distance_um: float) -> None:
        """Jog by a distance."""
        feed = self._options.speed_mm_s * 60
        self._line.forget()
        self._line.send(f"$J=G91G21{self._options.axis}{distance_um / 1000:.4f}F{feed:.1f}\n".encode())
        reply = self._reply()
        if reply == "ok":
            return
        code = reply.rpartition(":")[2]
        raise RailError(
            "The rail did not move.",
            f"{reply}: {_REFUSALS.get(code, 'Grbl refused the command')}.",
            "choose a smaller step or fewer slices, or move the rail to where there is room.",
            keeps_position=True,
        )

    def is_moving(self) -> bool:
        """Ask for a status report."""
        state = self._report()[0]
        if state == "Alarm":
            raise _alarm("")
        if state in _HELD:
            raise RailError(
                "The rail is held.",
                f"it reports {state}.",
                "let it go on (cycle start, or close its door), then try again.",
                keeps_position=True,
            )
        return state in _MOVING

    def position_um(self) -> float:
        """Where the axis stands; Grbl reports thousandths of a millimetre."""
        return self._report()[1]

    def halt(self) -> None:
        """Cancel the jog: the motor slows down within its acceleration, and no step is lost."""
        self._line.send(JOG_CANCEL)

    def _greet(self) -> None:
        """Ask until it answers: many boards restart when their port is opened, and say so."""
        give_up = self._now() + self._options.connect_s
        while self._now() < give_up:
            self._line.send(b"?")
            while (text := self._line.receive(0.25)) is not None:
                if text.startswith("<Alarm"):
                    raise _locked()
                if text.startswith("<"):
                    return
                self.has_restarted = self.has_restarted or text.startswith("Grbl ")
        error = silent(self._options.connect_s, self._options.baud)
        raise NotReadyError(error.what, error.why, error.fix)

    def _listing(self, command: str) -> list[str]:
        """What it tells until it says `ok`; what it does not know is an empty listing."""
        self._line.forget()
        self._line.send(f"{command}\n".encode())
        told = []
        while not (text := self._heard()).startswith(("ok", "error")):
            told.append(text)
        return told

    def _report(self) -> tuple[str, float]:
        """State, and position of the axis in micrometres."""
        self._line.send(b"?")
        while True:
            text = self._heard()
            position = _POSITION.search(text)
            if text.startswith("<") and position:
                state = re.split(r"[|:>]", text[1:])[0]
                return state, 1000 * float(position[1].split(",")[self._axis])

    def _reply(self) -> str:
        while True:
            text = self._heard()
            if text == "ok" or text.startswith("error"):
                return text

    def _heard(self) -> str:
        text = self._line.receive(self._options.answer_s)
        if text is None:
            raise silent(self._options.answer_s, self._options.baud)
        if text.startswith("ALARM"):
            raise _alarm(text.partition(":")[2])
        if text.startswith("Grbl "):
            raise RailError("The rail lost its position.", "its controller restarted.", "look at its power supply.")
        return text


def _alarm(code: str) -> RailError:
    why = {
        "1": "a limit switch was hit, and the position is lost",
        "2": "the target is beyond its soft limits",
    }.get(code, "its controller is locked")
    return RailError(
        "The rail stopped with an alarm.",
        f"{f'ALARM:{code}' if code else 'it reports Alarm'}: {why}.",
        "look at the rail, then home it ($H) or unlock it ($X).",
        keeps_position=code in _KEPT,
    )


def _locked() -> NotReadyError:
    return NotReadyError(
        "The rail is locked by an alarm.",
        "Grbl reports Alarm, as it does at start-up where homing is switched on.",
        "home it ($H), or unlock it ($X) where you know that it stands well.",
    )
