"""One capture run from opening the camera to closing it, with a defined end whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from stackcore.capturing.clock import Clock
from stackcore.capturing.engine import Engine
from stackcore.capturing.manifest import (
    ManifestFile,
    ManifestFileWriter,
    ManifestFocus,
    ManifestSlice,
    ManifestWarning,
    State,
    as_manifest_warning,
)
from stackcore.capturing.mirroring import Mirror, check_mirror
from stackcore.capturing.plan import CaptureSettings, estimate
from stackcore.capturing.preflight import check_destination, require
from stackcore.capturing.saving import FrameNamer, FrameSaver, RunFacts
from stackcore.errors import Cancelled, OutputError, StackcoreError
from stackcore.events import Outcome, Warned
from stackcore.paths.counters import Counters
from stackcore.paths.naming import Placed
from stackcore.paths.template import Template
from stackcore.protocols import CameraInfo, CameraProvider, CapturedFile, RunMode, Token
from stackcore.runs import Run

SAMPLE_EXTENSION = "jpg"
"""Stands for the type of the files before the first one is delivered."""


@dataclass(frozen=True, kw_only=True)
class Shoot:
    """What a run works with; all of it is built and checked, nothing is connected.

    A relative `template` starts at `base`, else at the current folder. `extra_settings` go into the manifest beside
    the settings; `state_folder` holds counters and the manifests of runs that save nothing; `on_ready` is called
    between preflight and the first movement. `answers` are those to the questions of the template;
    `mirror` is a folder of second copies.
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
        session.engine.perform(what.mode.actions(what.settings.plan, what.camera.traits))
    except BaseException as raised:
        error = raised
    return session.end(error)


class _Session:
    """The state of `shoot`; also the recorder of its engine."""

    def __init__(self, run: Run, what: Shoot) -> None:
        self._run, self._what = run, what
        self._info = CameraInfo(provider=what.settings.camera, model="")
        self._opened = self._begun = False
        self._files: list[Path] = []
        self._mirror = Mirror(run, what.mirror) if what.mirror is not None else None
        self._warnings_noted = len(run.warnings)
        self.engine = Engine(run, what.camera, self, what.clock, what.settings.slices)

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
        namer = FrameNamer(what.template, what.tokens, self._facts(), what.base)
        self._preflight(namer, counters)
        run.check_cancelled()
        what.on_ready()
        self._saver = FrameSaver(run, namer, counters, what.clock.now, self._mirror)
        self._manifest = ManifestFileWriter(
            run.run_id,
            what.state_folder / "runs",
            {**what.settings.model_dump(), **what.extra_settings},
            asdict(self._info),
            self._info.simulated,
        )
        self._manifest.data.warnings = self._new_warnings()
        self._begun = True

    def slice_done(self, slice_index: int, offset: int, files: Sequence[CapturedFile]) -> None:
        """Save the files of a slice and write it into the manifest."""
        entry = ManifestSlice(index=slice_index, offset=offset, time=self._what.clock.now())
        self._manifest.data.slices.append(entry)

        def note(placed: Placed) -> None:
            self._manifest.settle_beside(placed.path)
            self._files.append(placed.path)
            name = self._manifest.relative(placed.path)
            entry.files.append(ManifestFile(path=name, sha256=placed.sha256, bytes=placed.bytes))

        if files:
            self._saver.save(slice_index, offset, files, note)
        elif self._what.mode.saves:
            message = f"slice {slice_index}: the camera delivered no file; does it save on its card alone?"
            self._run.emit(Warned(code="no_file", message=message, frame=str(slice_index)))
        entry.warnings = self._new_warnings()
        self._write_manifest("running")

    def end(self, error: BaseException | None) -> ShootReport:
        """Clean up step by step, then report; a second Ctrl-C skips the way back, not the rest."""
        steps: list[Callable[[], None]] = [lambda: self._settle_focus(error)] if self._begun else []
        if self._opened:
            steps.append(self._what.camera.restore)
        steps.append(self._what.camera.close)
        for step in steps:
            error = self._guarded(step, error)
        if self._begun:
            error = self._finish_manifest(error)
            if (mirror := self._mirror) is not None:
                error = self._guarded(lambda: mirror.keep_manifest(self._manifest.path), error)
        elif error is not None:
            raise error
        return ShootReport(
            outcome=_outcome(error),
            camera=self._info,
            focus=self._focus(),
            slices_done=len(self._manifest.data.slices),
            files=tuple(self._files),
            manifest=self._manifest.path if self._manifest.path.exists() else None,
            error=error,
        )

    def _facts(self) -> RunFacts:
        what = self._what
        return RunFacts(
            started=what.clock.now(),
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
        checks = what.camera.preflight(what.mode.needs, start_live_view=what.start_live_view)
        destination = []
        if what.mode.saves:
            cost = estimate(what.mode.actions(what.settings.plan, what.camera.traits), what.camera.traits)
            if namer.counter_names:
                counters.check()
            first, _ = namer.first(counters, SAMPLE_EXTENSION)
            destination = check_destination(first.parent, cost.bytes)
            if what.mirror is not None:
                destination.extend(check_mirror(what.mirror, cost.bytes))
        require(self._run, checks, destination)

    def _settle_focus(self, error: BaseException | None) -> None:
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
        data = self._manifest.data
        data.warnings.extend(self._new_warnings())
        if error is not None and _outcome(error) == "failed":
            message = f"{error.what} {error.why}" if isinstance(error, StackcoreError) else repr(error)
            data.warnings.append(ManifestWarning(code="run_failed", message=message))
        try:
            try:
                self._write_manifest(_outcome(error))
            except OutputError as failure:
                error = error or failure
                self._run.emit(Warned(code="manifest", message=f"the manifest is not up to date: {failure}"))
        except KeyboardInterrupt as stop:
            return _stopped(error, stop)
        return error

    def _write_manifest(self, state: State) -> None:
        self._manifest.data.state, self._manifest.data.focus = state, self._focus()
        self._manifest.write()

    def _focus(self) -> ManifestFocus:
        book = self.engine.focus
        return ManifestFocus(now=book.now if book.certain else None, certain=book.certain)

    def _new_warnings(self) -> list[ManifestWarning]:
        fresh = list(islice(self._run.warnings, self._warnings_noted, None))
        self._warnings_noted = len(self._run.warnings)
        return [as_manifest_warning(event) for event in fresh]


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return "completed"
    return "cancelled" if isinstance(error, Cancelled | KeyboardInterrupt) else "failed"


def _stopped(error: BaseException | None, stop: KeyboardInterrupt) -> BaseException:
    """What a run ends with when Ctrl-C arrives during its clean-up: a failure stays the reason."""
    return stop if error is None or isinstance(error, Cancelled) else error
