"""A camera on a rail: the rail is its focus drive, everything else is the camera's own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from stackcore.actions import CameraTraits
from stackcore.errors import CameraError, FocusDriveError, NotReadyError
from stackcore.protocols import CameraInfo, CameraProvider, CapturedFile, Check, DetectedCamera, Need
from stackcore_serial_rail.line import known_ports
from stackcore_serial_rail.motor import Motor, RailError
from stackcore_serial_rail.plugin import SerialRailOptions

COMMAND_S = 0.5
"""How long one movement may take: the engine hears a cancel between two."""

_POLL_S = 0.02
_HALT_S = 2.0
_NEAR_UM = 1.5
"""How far from its target a movement may end: controllers report whole micrometres, and motors have steps."""


class RailCamera:
    """A camera that a motor moves towards the subject and back.

    Parameters
    ----------
    options
        The rail.
    body
        The camera on it, not connected.
    connect
        Opens the line and returns the motor with a function that closes the line again.
    now, pause
        Seconds that only grow; lets some pass.
    """

    def __init__(
        self,
        options: SerialRailOptions,
        body: CameraProvider,
        connect: Callable[[SerialRailOptions], tuple[Motor, Callable[[], None]]],
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options, self._body, self._connect = options, body, connect
        self._now, self._pause = now, pause
        self._motor: Motor | None = None
        self._hang_up: Callable[[], None] = lambda: None
        self._origin_um = 0.0

    @property
    def traits(self) -> CameraTraits:
        """Those of the camera, with the drive of the rail; long ways are cut, so that a cancel is soon heard."""
        at_once = self._options.speed_mm_s * 1000 * COMMAND_S / self._options.unit_um
        return replace(self._body.traits, max_drive=max(1, math.floor(at_once)), move_s=COMMAND_S, returns_focus=True)

    def detect(self) -> Sequence[DetectedCamera]:
        """Serial ports by USB; what is behind them is not asked, for opening a port restarts many controllers."""
        return [DetectedCamera(model=words, address=port) for port, words in known_ports()]

    def open(self) -> CameraInfo:
        """Connect to the rail, then to the camera; what fails closes both."""
        self._motor, self._hang_up = self._connect(self._options)
        try:
            self._origin_um = self._motor.position_um()
            return replace(self._body.open(), provider="serial-rail")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect from both."""
        hang_up, self._hang_up, self._motor = self._hang_up, lambda: None, None
        try:
            hang_up()
        finally:
            self._body.close()

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        """Let the camera look at all but the focus drive, which is the rail."""
        checks = list(self._body.preflight(needs - {"focus_drive"}, start_live_view=start_live_view))
        return checks + (self._rail_checks() if "focus_drive" in needs else [])

    def restore(self) -> None:
        """Put back what the camera's preflight changed."""
        self._body.restore()

    def drive_focus(self, steps: int) -> None:
        """Move the rail; + is towards the subject, so focus moves away from the camera.

        `FocusDriveError` tells how far it came as the controller counts it, to the nearest drive unit; None where the
        controller lost its position or is gone. Whatever interrupts the call stops the motor first.
        """
        motor = self._ready_motor()
        began_um = self._position(motor)
        way_um = steps * self._unit_um
        self._refuse_beyond(began_um + way_um)
        try:
            for leg_um in self._legs(way_um):
                self._move(motor, leg_um)
        except RailError as error:
            confirmed = self._came(motor, began_um) if error.keeps_position else None
            raise FocusDriveError(error.what, error.why, error.fix, confirmed) from error
        except CameraError as error:
            raise FocusDriveError(error.what, error.why, error.fix, None) from error
        except BaseException:
            self._stop(motor)
            raise

    def expose(self) -> Sequence[CapturedFile]:
        """Let the camera take a still."""
        return self._body.expose()

    def preview_frame(self) -> CapturedFile:
        """Return the camera's live-view frame."""
        return self._body.preview_frame()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the rail stands, then for the camera."""
        motor = self._motor
        if motor is None:
            return False
        give_up = self._now() + timeout_s
        try:
            while motor.is_moving():
                if self._now() >= give_up:
                    return False
                self._pause(_POLL_S)
        except CameraError:
            return False
        return self._body.wait_ready(max(0.0, give_up - self._now()))

    def focus_position(self) -> int | None:
        """Return the controller's count in drive units; None where it restarted when the port was opened."""
        if self._motor is None or self._motor.has_restarted:
            return None
        try:
            return round(self._motor.position_um() / self._unit_um)
        except CameraError:
            return None

    # ----------------------------------------------------------------- the rail

    @property
    def _unit_um(self) -> float:
        """Signed as the motor counts."""
        return -self._options.unit_um if self._options.reverse else self._options.unit_um

    def _legs(self, way_um: float) -> list[float]:
        """A way back goes farther by the play and comes forward again, so that the spindle always pushes alike."""
        play_um = self._options.backlash_um
        if play_um and way_um * self._unit_um < 0:
            over_um = math.copysign(play_um, way_um)
            return [way_um + over_um, -over_um]
        return [way_um]

    def _move(self, motor: Motor, leg_um: float) -> None:
        """Move and wait; `RailError` when it ends elsewhere."""
        target_um = motor.position_um() + leg_um
        motor.start(leg_um)
        allowed_s = 2 * abs(leg_um) / (self._options.speed_mm_s * 1000) + self._options.answer_s
        give_up = self._now() + allowed_s
        while motor.is_moving():
            if self._now() >= give_up:
                self._stop(motor)
                why = f"it still moved after {allowed_s:.0f} s."
                raise RailError("The rail did not arrive.", why, "set camera.speed_mm_s as slow as it is.", True)
            self._pause(_POLL_S)
        off_um = motor.position_um() - target_um
        if abs(off_um) > max(_NEAR_UM, 1.5 * (motor.step_um or 0), self._options.unit_um / 2):
            why = f"it stands {off_um:+.0f} um from where it was sent: somebody or something stopped it."
            raise RailError("The rail stopped short.", why, "look whether its way is free.", True)

    def _refuse_beyond(self, target_um: float) -> None:
        travel_mm = self._options.travel_mm
        away_mm = abs(target_um - self._origin_um) / 1000
        if travel_mm is not None and away_mm > travel_mm:
            raise FocusDriveError(
                "The rail did not move.",
                f"{away_mm:.3f} mm from its start is beyond the limit of {travel_mm:g} mm.",
                "choose a smaller step or fewer slices, or allow more: --set camera.travel_mm=...",
                confirmed=0,
            )

    def _came(self, motor: Motor, began_um: float) -> int | None:
        """How far it is from where it began, in drive units; None when nobody says so."""
        try:
            return round((motor.position_um() - began_um) / self._unit_um)
        except CameraError:
            return None

    def _stop(self, motor: Motor) -> None:
        """Halt, and wait until it stands or does not answer."""
        try:
            motor.halt()
            give_up = self._now() + _HALT_S
            while motor.is_moving() and self._now() < give_up:
                self._pause(_POLL_S)
        except CameraError:
            return

    def _rail_checks(self) -> list[Check]:
        try:
            motor = self._ready_motor()
            still = not motor.is_moving()
            detail = f"{motor.name}, {self._options.unit_um:g} um a drive unit, {self._options.speed_mm_s:g} mm/s"
        except CameraError as error:
            return [Check(name="rail", ok=False, detail=f"{error.what} {error.why}", fix=error.fix)]
        checks = [Check(name="rail", ok=still, detail=detail, fix="wait until it stands")]
        if motor.step_um and self._options.unit_um < motor.step_um * 0.999:
            detail = f"a drive unit is {self._options.unit_um:g} um, a step of the motor {motor.step_um:g} um"
            fix = "movements are rounded to steps; choose a --step of many units, or more microsteps"
            checks.append(Check(name="resolution of the rail", ok=False, detail=detail, fix=fix, fatal=False))
        return checks

    def _ready_motor(self) -> Motor:
        if self._motor is None:
            raise NotReadyError("The rail is not connected.", "it was not opened.", "open it first.")
        return self._motor

    def _position(self, motor: Motor) -> float:
        try:
            return motor.position_um()
        except CameraError as error:  # nothing was sent yet
            raise FocusDriveError(error.what, error.why, error.fix, confirmed=0) from error
