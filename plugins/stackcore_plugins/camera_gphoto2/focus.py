"""Moves focus and says what really happened: how far it came where that is known, and never a guess."""

from __future__ import annotations

from collections.abc import Callable

from stackcore.errors import FocusDriveError
from stackcore_plugins.camera_gphoto2.body import Body, Clock, DriverError
from stackcore_plugins.camera_gphoto2.drive import Command, commands
from stackcore_plugins.camera_gphoto2.lifeline import Lifeline
from stackcore_plugins.camera_gphoto2.liveview import LiveView
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.vendors import Absolute, Meaning, Vendor

_COMMAND_S = 5.0
_RETRY_S = 0.05
_READY_TRIES, _READY_PAUSE_S = 40, 0.25


class FocusDrive:
    """The drive of one body.

    Parameters
    ----------
    body, lifeline, vendor, options, clock, live_view
        The camera and everything that is known of it.
    patience
        Told how many seconds the work may go on.
    """

    def __init__(
        self,
        body: Body,
        lifeline: Lifeline,
        vendor: Vendor,
        options: Gphoto2Options,
        clock: Clock,
        live_view: LiveView,
        patience: Callable[[float], None],
    ) -> None:
        self._body, self._lifeline, self._vendor, self._options = body, lifeline, vendor, options
        self._clock, self._live_view, self._patience = clock, live_view, patience

    def position(self) -> int | None:
        """Return where the drive stands, in its units; None where the body does not tell."""
        if not self._vendor.position:
            return None
        try:
            return int(float(self._body.read(self._vendor.position).value or 0))
        except (DriverError, ValueError):
            return None

    def move(self, steps: int) -> None:
        """Move by signed units; `FocusDriveError` says how far it came, or that nobody knows."""
        start = self.position()
        options = self._options
        plan = commands(
            self._vendor.drive, steps, largest=options.max_command, size=options.focus_class, position=start
        )
        self._refuse_beyond(plan)
        done = 0
        for command in plan:
            self._patience(_COMMAND_S + command.pause_s)
            self._send(command, start, done)
            done += command.units
            if command.pause_s:
                self._clock.sleep(command.pause_s)

    def _refuse_beyond(self, plan: list[Command]) -> None:
        """Refuse a position beyond the range that the body tells, before anything moves."""
        if not isinstance(self._vendor.drive, Absolute) or not plan:
            return
        told = self._body.read(self._vendor.drive.setting)
        target = float(plan[-1].value or 0)
        if told.low is not None and told.high is not None and not told.low <= target <= told.high:
            raise _end(f"it ends at {told.low:.0f} and {told.high:.0f}, and was asked for {target:.0f}", 0)

    def _send(self, command: Command, start: int | None, done: int) -> None:
        """Send one command; sent again only where it is certain that the body did not act on it."""
        give_up = self._clock.now() + self._options.busy_timeout_s
        relit = False
        while True:
            began = self._clock.now()
            try:
                return self._body.write(self._vendor.drive.setting, command.value)
            except DriverError as error:
                failure = error
            meaning = self._meaning(failure)
            unmoved = meaning == "busy" and self._clock.now() - began < self._vendor.unmoved_within_s
            if unmoved and self._clock.now() < give_up:
                self._clock.sleep(_RETRY_S)
            elif meaning == "not_live" and not relit:
                relit = True
                self._relight(failure, done)
            else:
                raise self._failed(failure, meaning, unmoved, start, done) from failure

    def _relight(self, failure: DriverError, done: int) -> None:
        """Switch live view on again: bodies with a mirror drop it after a still."""
        try:
            self._live_view.switch_on()
        except DriverError as error:
            raise _unlit(error, done) from failure

    def _meaning(self, error: DriverError) -> Meaning | None:
        signs = (s for s in self._vendor.signs if s.code == error.code and s.text.casefold() in error.said.casefold())
        return next((sign.meaning for sign in signs), None)

    def _failed(
        self, error: DriverError, meaning: Meaning | None, unmoved: bool, start: int | None, done: int
    ) -> FocusDriveError:
        if meaning == "end":
            return _end("the lens stops here, a part of the way was still moved", self._came(start))
        if meaning == "small":
            return FocusDriveError(
                "The step is too small for this lens.",
                f"the camera refused it and moved nothing; {error}.",
                "choose a larger --step.",
                done,
            )
        if meaning == "not_live":
            return _unlit(error, done)
        if meaning == "busy" and unmoved:
            return FocusDriveError(
                "The camera stayed busy.",
                f"it took no movement for {self._options.busy_timeout_s:g} s; {error}.",
                "use a longer --delay-ms, or --set camera.busy_timeout_s=20.",
                done,
            )
        if meaning == "busy":
            self._settle()
            return FocusDriveError(
                "Nobody knows where focus stands.",
                f"the lens was still moving when the driver gave up waiting; {error}.",
                "use shorter movements: a smaller --step, or --set camera.max_command=100.",
                self._came(start),
            )
        if not self._lifeline.is_alive():
            return FocusDriveError(
                "The camera is gone.",
                f"it stopped answering during a movement; {error}.",
                "check cable, power and network, then look where focus stands.",
                None,
            )
        return FocusDriveError(
            "The lens cannot be driven.",
            f"the camera refused or broke off the movement; {error}.",
            "set the switch at the lens to M/A or AF (not M) and the camera's focus mode to AF-S, "
            "leave its menus, and try again.",
            self._came(start),
        )

    def _came(self, start: int | None) -> int | None:
        now = self.position()
        return None if now is None or start is None else now - start

    def _settle(self) -> None:
        """Wait until the lens stands still, so that nothing else meets a body in motion."""
        self._patience(_READY_TRIES * _READY_PAUSE_S)
        for _ in range(_READY_TRIES):
            try:
                if self._body.preview():
                    return
            except DriverError:
                return
            self._clock.sleep(_READY_PAUSE_S)


def _end(why: str, confirmed: int | None) -> FocusDriveError:
    return FocusDriveError(
        "The lens reached the end of its range.",
        f"{why}.",
        "start nearer or farther, choose a smaller --step or fewer --slices.",
        confirmed,
    )


def _unlit(error: DriverError, done: int) -> FocusDriveError:
    return FocusDriveError(
        "Focus cannot be driven without live view.",
        f"it went off and cannot be switched on again; {error}.",
        "look at the camera's display for the reason, then start again.",
        done,
    )
