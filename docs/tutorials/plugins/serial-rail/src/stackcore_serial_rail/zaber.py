"""Speaks to Zaber's stages in their ASCII protocol, by its public manual.

A command is `/DEVICE AXIS words`, its reply `@DEVICE AXIS OK|RJ BUSY|IDLE FLAG data`. Distances are microsteps. Source:
"ASCII Protocol Manual", Zaber Technologies, for firmware 6 and 7.
"""

from __future__ import annotations

import re

from stackcore.errors import NotReadyError
from stackcore_serial_rail.line import Line
from stackcore_serial_rail.motor import RailError, silent
from stackcore_serial_rail.plugin import SerialRailOptions

_REPLY = re.compile(r"@(\d\d) (\d) (?:\d\d )?(OK|RJ) (BUSY|IDLE) (\S\S) (\S+)")


class Zaber:
    """One axis of a Zaber device; connects when it is made, `NotReadyError` when nobody answers."""

    has_restarted = False

    def __init__(self, line: Line, options: SerialRailOptions) -> None:
        self._line, self._options = line, options
        self._address = (f"{options.device:02d}", str(options.device_axis))
        self.step_um: float | None = options.microstep_um
        try:
            self.name = f"Zaber {self._ask('get device.id')[2]}"
        except RailError as error:
            raise NotReadyError(error.what, error.why, error.fix) from error

    def start(self, distance_um: float) -> None:
        """Move by whole microsteps, at the speed that the device is set to."""
        self._ask(f"move rel {round(distance_um / self._options.microstep_um)}")

    def is_moving(self) -> bool:
        """Ask for nothing, which is answered with the state; a flag that begins with F is a fault."""
        state, flag, _ = self._ask("")
        if flag.startswith("F"):
            raise RailError(
                "The rail stopped with a fault.",
                f"its device reports {flag} (FS: stalled).",
                "look whether the rail turns freely, then home it.",
            )
        return state == "BUSY"

    def position_um(self) -> float:
        """Where the axis stands."""
        return int(self._ask("get pos")[2]) * self._options.microstep_um

    def halt(self) -> None:
        """Slow down and stop."""
        self._line.send(self._command("stop"))

    def _command(self, words: str) -> bytes:
        return f"/{self._options.device} {self._options.device_axis} {words}".rstrip().encode() + b"\n"

    def _ask(self, words: str) -> tuple[str, str, str]:
        """State, flag and data of the reply; `RailError` when the device rejects the command."""
        self._line.forget()
        self._line.send(self._command(words))
        while True:
            text = self._line.receive(self._options.answer_s)
            if text is None:
                raise silent(self._options.answer_s, self._options.baud)
            reply = _REPLY.match(text)
            if reply is None or reply[1] != self._address[0]:  # an alert, or somebody else on the line
                continue
            if reply[3] == "RJ":
                raise RailError(
                    "The rail did not move.",
                    f'"{words}" was rejected with {reply[6]}.',
                    "choose a smaller step or fewer slices, or home the stage.",
                    keeps_position=True,
                )
            return reply[4], reply[5], reply[6]
