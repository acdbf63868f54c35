"""Carries out the actions of a run: owns time, cancel and the book of focus movements, and knows no camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from stackcore.actions import Action, DriveFocus, Expose, SavePreview, Wait, Watch
from stackcore.capturing.clock import Clock
from stackcore.capturing.live_view import LiveView
from stackcore.capturing.plan import split_movement
from stackcore.errors import CameraBusyError, FocusDriveError, PluginError
from stackcore.events import Capturing, Moving, Returning, SliceStarted, Waiting, Warned
from stackcore.protocols import CameraProvider, CapturedFile
from stackcore.runs import Run

Answer = TypeVar("Answer")


@dataclass
class FocusBook:
    """Where focus stands: `now` is the net movement confirmed since the start, in drive units.

    `pending` is the movement that was commanded and not confirmed; while it is not 0, focus stands anywhere
    between `now` and `now + pending`.
    """

    now: int = 0
    pending: int = 0

    @property
    def certain(self) -> bool:
        """Every movement was confirmed."""
        return self.pending == 0


class Recorder(Protocol):
    """Takes what the run yields."""

    def slice_done(self, slice_index: int, offset: int, files: Sequence[CapturedFile]) -> None:
        """Save the files of a slice (none where the mode takes none) and note it."""
        ...

    def about_to_move(self, steps: int, offset: int) -> None:
        """Note that a drive command of signed `steps` is sent from `offset`; what this raises stops it."""
        ...

    def has_moved(self, steps: int, offset: int) -> None:
        """Note that the command moved focus by `steps`, to `offset`; never raises an error of its own."""
        ...


class Engine:
    """One run on one camera.

    Parameters
    ----------
    run
        Where events go, and the flag that asks to stop.
    camera
        An open camera that passed preflight.
    recorder
        What to do with the files of a slice.
    clock
        Lets the delays pass.
    slices
        How many slices the run has, for its events.
    focus
        Where focus stands, kept up to date here; at the start of the run when left out.
    live_view
        Looks at live view in each slice; nobody looks when left out.
    """

    def __init__(
        self,
        run: Run,
        camera: CameraProvider,
        recorder: Recorder,
        clock: Clock,
        slices: int,
        focus: FocusBook | None = None,
        live_view: LiveView | None = None,
    ) -> None:
        self._run, self._camera, self._recorder, self._clock = run, camera, recorder, clock
        self._live_view = LiveView(run, camera, slices, measures=False) if live_view is None else live_view
        self._slices = slices
        self.focus = FocusBook() if focus is None else focus

    def perform(self, actions: Iterable[Action]) -> None:
        """Carry out `actions` in order.

        `Cancelled` is raised before the next action once the run was asked to stop; an action that has begun is
        brought to its end, except a delay, which ends at once. Errors of the camera and of saving pass through.
        """
        for action in actions:
            self._run.check_cancelled()
            match action:
                case Expose(index):
                    self._begin(index)
                    self._look(index)
                    self._run.emit(Capturing(slice_index=index, source="still"))
                    self._recorder.slice_done(index, self.focus.now, self._patiently(self._camera.expose))
                case SavePreview(index):
                    self._begin(index)
                    self._run.emit(Capturing(slice_index=index, source="live_view"))
                    frame = self._patiently(self._camera.preview_frame)
                    self._live_view.take(frame, index, self.focus.now)
                    self._recorder.slice_done(index, self.focus.now, [frame])
                case Watch(index):
                    self._begin(index)
                    self._look(index)
                    self._recorder.slice_done(index, self.focus.now, [])
                case DriveFocus(steps):
                    for part in split_movement(steps, self._camera.traits.max_drive):
                        self._run.check_cancelled()
                        self._run.emit(Moving(steps=part, offset=self.focus.now))
                        self._patiently(partial(self._drive, part))
                case Wait(delay_ms):
                    if delay_ms > 0:
                        self._run.emit(Waiting(delay_ms=delay_ms))
                        self._clock.wait(delay_ms / 1000, self._run.cancel)
                case _:
                    raise PluginError(
                        "The run mode asks for something that cannot be done.",
                        f"it yielded {action!r}, which is no action.",
                        "tell the author of the run mode.",
                    )

    def return_focus(self) -> None:
        """Move focus back by the net movement, where that is known, allowed and possible; else warn how far.

        A wrong way back is worse than none, so a position that is not certain is left alone. Errors of the camera
        become the warning. Never stops for `cancel`: this is what happens after it.
        """
        if self.focus.certain and self.focus.now == 0:
            return
        reason = self._reason_to_stay()
        if not reason:
            reason = self._go_back()
        if reason:
            self.warn_not_returned(reason)

    def warn_not_returned(self, reason: str) -> None:
        """Tell the user where focus stands, unless it stands at the start."""
        now, pending = self.focus.now, self.focus.pending
        if self.focus.certain:
            if now:
                self._warn("focus_not_returned", f"focus was not returned: {reason}; turn it back {_way_back(now)}")
            return
        low, high = sorted((now, now + pending))
        self._warn(
            "focus_uncertain",
            f"focus was not returned: {reason}; it stands between {low:+d} and {high:+d} drive units from its start "
            f"(+ is farther), so turn it back by hand: {_way_back(max(low, high, key=abs))} at most",
        )

    def _begin(self, index: int) -> None:
        simulated = self._camera.traits.simulated or None  # only said when it is so
        offset = self.focus.now
        self._run.emit(SliceStarted(slice_index=index, slices=self._slices, offset=offset, simulated=simulated))

    def _look(self, index: int) -> None:
        """Look at live view; a cancel meanwhile ends the run before the still."""
        asked_before = self._run.cancel.is_set()
        self._live_view.look(index, self.focus.now)
        if not asked_before:
            self._run.check_cancelled()

    def _patiently(self, command: Callable[[], Answer], *, on_the_way_back: bool = False) -> Answer:
        """Send a command, again and again while the body is busy, as often and as long as its traits allow."""
        traits = self._camera.traits
        cancel = threading.Event() if on_the_way_back else self._run.cancel
        for _ in range(traits.busy_retries):
            try:
                return command()
            except CameraBusyError:
                self._clock.wait(traits.busy_pause_s, cancel)
                if not on_the_way_back:
                    self._run.check_cancelled()
                if not self._camera.wait_ready(traits.timeout_s):
                    raise
        return command()

    def _drive(self, steps: int) -> None:
        self._recorder.about_to_move(steps, self.focus.now)
        self.focus.pending = steps
        try:
            self._camera.drive_focus(steps)
        except CameraBusyError:
            self._confirm(0)
            raise
        except FocusDriveError as error:
            if error.confirmed is not None:  # it stopped early and knows where
                self._confirm(error.confirmed)
            raise
        self._confirm(steps)

    def _confirm(self, steps: int) -> None:
        # One assignment each, the safe one first: a Ctrl-C between the two leaves "not certain", never a wrong figure.
        now = self.focus.now + steps
        self.focus.now, self.focus.pending = now, 0
        self._recorder.has_moved(steps, now)

    def _reason_to_stay(self) -> str:
        if not self.focus.certain:
            return "the camera did not confirm the last movement"
        if not self._camera.traits.returns_focus:
            return "this camera does not let focus be returned"
        return ""

    def _go_back(self) -> str:
        """Drive to the start; the reason why not, or nothing."""
        self._run.emit(Returning(steps=-self.focus.now))
        try:
            for part in split_movement(-self.focus.now, self._camera.traits.max_drive):
                if self._run.stops_at_once:
                    return "the way back was stopped at once"
                timeout_s = self._camera.traits.timeout_s
                if not self._camera.wait_ready(timeout_s):
                    return f"the camera was still busy after {timeout_s:.0f} s"
                self._patiently(partial(self._drive, part), on_the_way_back=True)
        except Exception as error:
            return f"{getattr(error, 'what', error) or type(error).__name__}".rstrip(".")
        return ""

    def _warn(self, code: str, message: str) -> None:
        self._run.emit(Warned(code=code, message=message))


def _way_back(offset: int) -> str:
    direction = "towards the camera" if offset > 0 else "away from the camera"
    return f"by {abs(offset)} drive units {direction}"
