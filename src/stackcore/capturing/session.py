"""One capture run from opening the camera to closing it, with a defined end whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stackcore.actions import Action
from stackcore.capturing.clock import Clock
from stackcore.capturing.engine import Engine, FocusBook
from stackcore.capturing.going_on import GoingOn, locate, remaining
from stackcore.capturing.live_view import LiveView, ShowFrame
from stackcore.capturing.locks import CameraLock
from stackcore.capturing.manifest import NO_FILE, ManifestFileWriter, ManifestFocus, ManifestWarning, State
from stackcore.capturing.mirroring import Mirror, check_mirror
from stackcore.capturing.plan import CaptureSettings, estimate
from stackcore.capturing.preflight import check_destination, require
from stackcore.capturing.record import RunRecord
from stackcore.capturing.run_log import RunLog
from stackcore.capturing.saving import FrameNamer, FrameSaver, RunFacts
from stackcore.errors import Cancelled, OutputError, StackcoreError
from stackcore.events import Outcome, Warned
from stackcore.paths.counters import Counters
from stackcore.paths.template import Template
from stackcore.protocols import CameraInfo, CameraProvider, CapturedFile, Need, RunMode, Token
from stackcore.runs import Run

SAMPLE_EXTENSION = "jpg"
"""Stands for the type of the files before the first one is delivered."""


@dataclass(frozen=True, kw_only=True)
class Shoot:
    """What a run works with; all of it is built and checked, nothing is connected.

    A relative `template` starts at `base`, else at the current folder. `extra_settings` go into the manifest beside
    the settings; `state_folder` holds counters and the manifests of runs that save nothing; `on_ready` is called
    between preflight and the first movement. `answers` are those to the questions of the template; `mirror` is a
    folder of second copies. `going_on` makes it the rest of an earlier run. With `sharpness` live view is measured
    at each slice; `show` gets its frames. `log` is told where the manifest lies.
    """

    camera: CameraProvider
    mode: RunMode
    settings: CaptureSettings
    profile: str
    template: Template
    tokens: Mapping[str, Token]
    answers: Mapping[str, str] = field(default_factory=dict)
    base: Path | None = None
    mirror: Path | None = None
    state_folder: Path
    clock: Clock
    start_live_view: bool = True
    extra_settings: Mapping[str, Any]
    on_ready: Callable[[], None] = lambda: None
    going_on: GoingOn | None = None
    sharpness: bool = False
    show: ShowFrame | None = None
    log: RunLog | None = None

    def actions(self, offset: int = 0) -> Iterable[Action]:
        """Everything there is to do from where focus stands, but for the way back."""
        actions = self.mode.actions(self.settings.plan, self.camera.traits)
        if self.going_on is None:
            return actions
        return remaining(actions, self.going_on.first_slice, offset, self.settings.plan)

    @property
    def needs(self) -> frozenset[Need]:
        """What the camera must be able to do for it."""
        return self.mode.needs if self.shoots else self.mode.needs - {"still"}

    @property
    def shoots(self) -> bool:
        """There are slices to take; otherwise focus is only returned."""
        return self.going_on is None or self.going_on.first_slice is not None


@dataclass(frozen=True, kw_only=True)
class ShootReport:
    """How a run ended: `error` is what to raise, None for a completed run; `manifest` is None where none exists."""

    outcome: Outcome
    camera: CameraInfo
    focus: ManifestFocus
    slices_done: int
    files: tuple[Path, ...]
    manifest: Path | None
    error: BaseException | None


def shoot(run: Run, what: Shoot) -> ShootReport:
    """Open, check, shoot, return focus, put live view back, close, finish the manifest.

    Errors before focus could move are raised; later ones are in the report, after every step of the clean-up was
    tried: one that fails neither hides the first failure nor stops the next step.
    """
    error: BaseException | None = None
    session = _Session(run, what)
    try:
        session.begin()
        session.engine.perform(what.actions(session.engine.focus.now))
    except BaseException as raised:
        error = raised
    return session.end(error)


class _Session:
    """The state of `shoot`; also the recorder of its engine."""

    def __init__(self, run: Run, what: Shoot) -> None:
        self._run, self._what = run, what
        self._info = CameraInfo(provider=what.settings.camera, model="")
        self._opened = self._begun = False
        self._mirror = Mirror(run, what.mirror) if what.mirror is not None else None
        self._started = what.clock.now() if what.going_on is None else what.going_on.started
        self._lock = CameraLock(what.state_folder / "locks")
        self._focus = FocusBook()
        slices = what.settings.slices
        live_view = LiveView(run, what.camera, slices, measures=what.sharpness, show=what.show)
        self.engine = Engine(run, what.camera, self, what.clock, slices, self._focus, live_view)

    def begin(self) -> None:
        """Everything before the first action; nothing moves."""
        run, what = self._run, self._what
        run.check_cancelled()
        counters = Counters(what.state_folder)
        gaps = counters.settle()
        if gaps:
            listed = ", ".join(f"{name} {number}" for name, number in gaps)
            message = f"an earlier run ended early; these numbers stay unused: {listed}"
            run.emit(Warned(code="counter_gap", message=message))
        self._info = what.camera.open()
        self._opened = True
        self._lock.take(self._info, run.run_id)
        namer = FrameNamer(what.template, what.tokens, self._facts(), what.base)
        self._preflight(namer, counters)
        if what.going_on is not None:
            self._focus.now = locate(run, what.going_on, self._info, what.camera.focus_position())
        run.check_cancelled()
        what.on_ready()
        images = 0 if what.going_on is None else what.going_on.images
        self._saver = FrameSaver(run, namer, counters, what.clock.now, self._mirror, images)
        manifest = self._manifest()
        self._record = record = RunRecord(
            run, manifest, what.clock, self._focus, what.going_on.journal if what.going_on else None
        )
        if what.log is not None:
            what.log.follow(run, manifest.data.run_id, lambda: record.path)
        self._begun = True

    def about_to_move(self, steps: int, offset: int) -> None:
        """Write the intent of a movement."""
        self._record.about_to_move(steps, offset)

    def has_moved(self, steps: int, offset: int) -> None:
        """Write what a movement came to."""
        self._record.has_moved(steps, offset)

    def slice_done(self, slice_index: int, offset: int, files: Sequence[CapturedFile]) -> None:
        """Save the files of a slice and write it into the manifest."""
        self._record.begin_slice(slice_index, offset, files)
        if files:
            try:
                self._saver.save(slice_index, offset, files, self._record)
            except Exception:  # after a Ctrl-C nobody knows whether the file is in place: the journal settles that
                self._record.give_up_slice()
                raise
        elif self._what.mode.saves:
            message = f"slice {slice_index}: the camera delivered no file; does it save on its card alone?"
            self._run.emit(Warned(code=NO_FILE, message=message, frame=str(slice_index)))
        self._record.end_slice()

    def end(self, error: BaseException | None) -> ShootReport:
        """Clean up step by step, then report; a second Ctrl-C skips the way back, not the rest."""
        steps: list[Callable[[], None]] = [lambda: self._settle_focus(error)] if self._begun else []
        if self._opened:
            steps.append(self._what.camera.restore)
        steps += [self._what.camera.close, self._lock.release]
        for step in steps:
            error = self._guarded(step, error)
        if self._begun:
            error = self._finish_manifest(error)
            if (mirror := self._mirror) is not None:
                error = self._guarded(lambda: mirror.keep_manifest(self._record.manifest_path), error)
        elif error is not None:
            raise error
        return ShootReport(
            outcome=_outcome(error),
            camera=self._info,
            focus=self._record.told_focus(),
            slices_done=self._record.slices_done,
            files=tuple(self._record.files),
            manifest=self._record.path,
            error=error,
        )

    def _facts(self) -> RunFacts:
        what = self._what
        return RunFacts(
            started=self._started,
            profile=what.profile,
            mode=what.settings.mode,
            slices=what.settings.slices,
            step=what.settings.step,
            camera=self._info,
            fields=what.settings.fields,
            answers=what.answers,
        )

    def _preflight(self, namer: FrameNamer, counters: Counters) -> None:
        what = self._what
        checks = what.camera.preflight(what.needs, start_live_view=what.start_live_view)
        destination = []
        if what.mode.saves and what.shoots:
            cost = estimate(what.actions(), what.camera.traits)
            if namer.counter_names:
                counters.check()
            first, _ = namer.first(counters, SAMPLE_EXTENSION)
            destination = check_destination(first.parent, cost.bytes)
            if what.mirror is not None:
                destination.extend(check_mirror(what.mirror, cost.bytes))
        require(self._run, checks, destination)

    def _manifest(self) -> ManifestFileWriter:
        what = self._what
        if what.going_on is not None:
            return ManifestFileWriter.of(what.going_on.manifest, what.going_on.folder)
        position = what.camera.focus_position()
        writer = ManifestFileWriter(
            self._run.run_id,
            what.state_folder / "runs",
            {**what.settings.model_dump(), **what.extra_settings},
            {**asdict(self._info), "focus_position": position},
            self._info.simulated,
        )
        writer.data.started = self._started
        return writer

    def _settle_focus(self, error: BaseException | None) -> None:
        self._record.ending = True
        if isinstance(error, KeyboardInterrupt):
            self.engine.warn_not_returned("the run was stopped at once")
            return
        try:
            self.engine.return_focus()
        except KeyboardInterrupt:
            self.engine.warn_not_returned("the way back was stopped at once")
            raise

    def _guarded(self, step: Callable[[], None], error: BaseException | None) -> BaseException | None:
        """Run a step of the clean-up; the first failure of the run stays the one that is reported."""
        try:
            try:
                step()
            except Exception as failure:
                self._run.emit(Warned(code="clean_up", message=f"cleaning up: {failure}"))
        except KeyboardInterrupt as stop:
            return _stopped(error, stop)
        return error

    def _finish_manifest(self, error: BaseException | None) -> BaseException | None:
        """Write how the run ended; a run that cannot say that it completed has failed."""
        warnings = []
        if error is not None and _outcome(error) == "failed":
            message = f"{error.what} {error.why}" if isinstance(error, StackcoreError) else repr(error)
            warnings.append(ManifestWarning(code="run_failed", message=message))
        try:
            try:
                self._record.finish(self._state(error), warnings)
            except OutputError as failure:
                error = error or failure
                self._run.emit(Warned(code="manifest", message=f"the manifest is not up to date: {failure}"))
        except KeyboardInterrupt as stop:
            return _stopped(error, stop)
        return error

    def _state(self, error: BaseException | None) -> State:
        """A way back alone completes nothing: the run stays what it was."""
        going_on = self._what.going_on
        if going_on is not None and not self._what.shoots:
            return going_on.ended_as
        return _outcome(error)


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return "completed"
    return "cancelled" if isinstance(error, Cancelled | KeyboardInterrupt) else "failed"


def _stopped(error: BaseException | None, stop: KeyboardInterrupt) -> BaseException:
    """What a run ends with when Ctrl-C arrives during its clean-up: a failure stays the reason."""
    return stop if error is None or isinstance(error, Cancelled) else error
