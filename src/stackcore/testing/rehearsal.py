"""One capture run on a camera under test, with the real engine, and with somebody who watches every call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from stackcore.actions import Action, CameraTraits, CapturePlan, DriveFocus, Expose
from stackcore.capturing.clock import Clock, SystemClock
from stackcore.capturing.plan import CaptureSettings
from stackcore.capturing.session import Shoot, ShootReport, shoot
from stackcore.errors import StackcoreError
from stackcore.events import BaseEvent, Warned
from stackcore.paths.template import parse
from stackcore.protocols import CameraInfo, CameraProvider, CapturedFile, Check, Need
from stackcore.runs import run_scope

OnCall = Callable[[str, int], None]
"""Is told of each call before it is made: the verb, and how many calls there were before."""


@dataclass
class Rehearsal:
    """What a run came to.

    `error` is what ended it, None for a completed one; `report` is None where nothing could move yet. `began` and
    `ended` are where focus stood when the camera was opened and when it was closed, None where nobody can tell.
    """

    calls: list[str] = field(default_factory=list)
    events: list[BaseEvent] = field(default_factory=list)
    error: Exception | None = None
    report: ShootReport | None = None
    began: int | None = None
    ended: int | None = None

    @property
    def kinds(self) -> list[str]:
        """Kinds of the events, in order."""
        return [str(getattr(event, "kind", "")) for event in self.events]

    @property
    def warnings(self) -> list[str]:
        """Codes of the warnings."""
        return [event.code for event in self.events if isinstance(event, Warned)]


def rehearse(
    camera: CameraProvider,
    folder: Path,
    *,
    slices: int,
    step: int,
    position: Callable[[CameraProvider], int | None],
    drives_focus: bool = True,
    on_call: OnCall = lambda verb, before: None,
    cancel: threading.Event | None = None,
) -> Rehearsal:
    """Take a still at each of `slices` positions, `step` drive units apart, and return focus; never raises its error.

    Frames, manifest and state are written into `folder`. `position` tells where focus really stands. Nothing is moved
    where the camera does not drive focus.
    """
    seen = Rehearsal()
    watched = _Watched(camera, seen, position, on_call)
    clock: Clock = _NoDelays() if camera.traits.simulated else SystemClock()
    what = Shoot(
        camera=watched,
        mode=_Stills(drives_focus),
        settings=CaptureSettings(slices=slices, step=step, delay_ms=0, camera="check", path="frame"),
        profile="check",
        template=parse("frame", {}),
        tokens={},
        base=folder,
        state_folder=folder / "state",
        clock=clock,
        extra_settings={},
    )
    try:
        with run_scope("capture", {}, [seen.events.append], cancel) as run:
            seen.report = shoot(run, what)
            if seen.report.error is not None:
                raise seen.report.error
    except Exception as error:
        seen.error = error
    return seen


def told(error: Exception | None) -> str:
    """An error in words."""
    if error is None:
        return "no error"
    return f"{type(error).__name__}: {error.what if isinstance(error, StackcoreError) else error}"


class _Stills:
    """A still at each slice; what the mode `full` does, which is a plugin, and its stills alone without a drive."""

    saves = True

    def __init__(self, drives_focus: bool) -> None:
        self.needs: frozenset[Need] = frozenset({"still"})
        if drives_focus:
            self.needs |= {"live_view", "focus_drive"}

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        for index in range(plan.slices):
            yield Expose(index)
            if "focus_drive" in self.needs and index + 1 < plan.slices:
                yield DriveFocus(plan.step)


class _NoDelays:
    """The real time, and no waiting."""

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def wait(self, seconds: float, cancel: threading.Event) -> None:
        return None


class _Watched:
    """Passes every call on, after noting it."""

    def __init__(
        self,
        camera: CameraProvider,
        seen: Rehearsal,
        position: Callable[[CameraProvider], int | None],
        on_call: OnCall,
    ) -> None:
        self._camera, self._seen, self._position, self._on_call = camera, seen, position, on_call
        self._closed = False

    @property
    def traits(self) -> CameraTraits:
        return self._camera.traits

    def open(self) -> CameraInfo:
        self._note("open")
        info = self._camera.open()
        self._seen.began = self._position(self._camera)
        return info

    def close(self) -> None:
        self._note("close")
        if not self._closed:
            self._closed = True
            self._seen.ended = self._position(self._camera)
        self._camera.close()

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        self._note("preflight")
        return self._camera.preflight(needs, start_live_view=start_live_view)

    def restore(self) -> None:
        self._note("restore")
        self._camera.restore()

    def drive_focus(self, steps: int) -> None:
        self._note("drive_focus")
        self._camera.drive_focus(steps)

    def expose(self) -> Sequence[CapturedFile]:
        self._note("expose")
        return self._camera.expose()

    def preview_frame(self) -> CapturedFile:
        self._note("preview_frame")
        return self._camera.preview_frame()

    def wait_ready(self, timeout_s: float) -> bool:
        self._note("wait_ready")
        return self._camera.wait_ready(timeout_s)

    def focus_position(self) -> int | None:
        return self._camera.focus_position()

    def _note(self, verb: str) -> None:
        before = len(self._seen.calls)
        self._seen.calls.append(verb)
        self._on_call(verb, before)
