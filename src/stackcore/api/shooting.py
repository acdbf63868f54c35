"""Shooting from Python: `capture` and what it returns, `plan_capture` for a look ahead, `preview_path`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackcore import folders
from stackcore.actions import Action
from stackcore.capturing.clock import Clock, SystemClock
from stackcore.capturing.plan import CaptureSettings, Estimate, estimate, make_settings
from stackcore.capturing.profiles import DEFAULT_PROFILE, load_profile, store_profile
from stackcore.capturing.saving import FrameNamer, RunFacts
from stackcore.capturing.session import SAMPLE_EXTENSION, Shoot, ShootReport, shoot
from stackcore.config import refuse_unknown_sections
from stackcore.errors import OutputError
from stackcore.events import Listener, Outcome, Result, Warned
from stackcore.paths.counters import Counters
from stackcore.paths.template import Template, parse
from stackcore.protocols import CameraInfo, CameraProvider, RunMode, Token
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope

Settings = Mapping[str, Mapping[str, Any]]
"""Options of plugins by kind: `{"camera": {"width_px": 1200}}`."""


@dataclass(frozen=True, kw_only=True)
class FocusReport:
    """Where focus stands after a run, in drive units from its start; `now` is None where that is not `certain`."""

    now: int | None
    certain: bool

    @property
    def is_back(self) -> bool:
        """Focus is where the run found it."""
        return self.certain and self.now == 0


@dataclass(frozen=True, kw_only=True)
class CaptureResult:
    """What a run left behind.

    `files` are in the order they were saved, nearest slice first; `manifest` describes them and is None only when
    it could not be written.
    """

    run_id: str
    outcome: Outcome
    manifest: Path | None
    files: tuple[Path, ...]
    slices_done: int
    focus: FocusReport
    camera: CameraInfo
    settings: CaptureSettings
    warnings: tuple[Warned, ...]

    @property
    def simulated(self) -> bool:
        """Nothing of it shows the real world."""
        return self.camera.simulated

    @property
    def folder(self) -> Path | None:
        """Folder of the first saved file."""
        return self.files[0].parent if self.files else None


@dataclass(frozen=True, kw_only=True)
class PlannedCapture:
    """What a run would do: its settings and actions in order, its estimated cost, where the first file would go."""

    settings: CaptureSettings
    actions: tuple[Action, ...]
    estimate: Estimate
    first_file: Path | None
    simulated: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PathPreview:
    """The path that the next file would get, and what was neutralised in it."""

    path: Path
    warnings: tuple[str, ...]


@dataclass(kw_only=True)
class CaptureRequest:
    """What a run is asked to do; what is None comes from the profile, else from the defaults.

    Attributes
    ----------
    slices, step, delay_ms
        2 to 199 focus positions, 2 to 999 drive units apart, 0 or more milliseconds to settle.
    mode, camera
        Names of plugins.
    path
        Path template of the saved files; a relative one starts at the current folder.
    profile, save_profile
        Whose remembered settings are used, and whether this run is remembered.
    start_live_view
        Let live view be switched on; without, a camera whose live view is off is refused.
    settings
        Options of the camera and the run mode, by kind.
    registry, clock
        Plugins and time, for tests and for programs that have their own.
    """

    slices: int | None = None
    step: int | None = None
    delay_ms: int | None = None
    mode: str | None = None
    camera: str | None = None
    path: str | None = None
    profile: str = DEFAULT_PROFILE
    save_profile: bool = True
    start_live_view: bool = True
    settings: Settings = field(default_factory=dict)
    registry: Registry | None = None
    clock: Clock | None = None

    def given(self) -> dict[str, Any]:
        """Return what was asked for in words, without what is left to the profile."""
        names = ("slices", "step", "delay_ms", "mode", "camera", "path")
        chosen = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {**chosen, "profile": self.profile}


def capture(
    *,
    slices: int | None = None,
    step: int | None = None,
    delay_ms: int | None = None,
    mode: str | None = None,
    camera: str | None = None,
    path: str | None = None,
    profile: str = DEFAULT_PROFILE,
    save_profile: bool = True,
    start_live_view: bool = True,
    settings: Settings | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> CaptureResult:
    """Shoot a focus stack: save a frame at each slice, return focus, and describe the run in a manifest.

    The parameters are those of `CaptureRequest`; `listeners` hear every event, `cancel` stops the run cleanly.

    Raises
    ------
    UsageError, ConfigError, PluginError
        Before anything moves.
    CameraError, OutputError
        After focus was returned as far as possible. What was saved stays, and the manifest tells what happened.
    Cancelled
        The same, when `cancel` was set.
    """
    request = CaptureRequest(
        slices=slices,
        step=step,
        delay_ms=delay_ms,
        mode=mode,
        camera=camera,
        path=path,
        profile=profile,
        save_profile=save_profile,
        start_live_view=start_live_view,
        settings=settings or {},
        registry=registry,
        clock=clock,
    )
    with run_scope("capture", request.given(), listeners, cancel) as run:
        prepared = _prepare(request, run)
        report = shoot(run, prepared.shoot)
        result = _result(run, prepared, report)
        run.emit(Result(data=_as_data(result)))
        if report.error is not None:
            raise report.error
        return result


def capture_into(run: Run, request: CaptureRequest) -> CaptureResult:
    """Shoot as a part of a larger run: the same as `capture`, without start, result and end of its own."""
    prepared = _prepare(request, run)
    report = shoot(run, prepared.shoot)
    if report.error is not None:
        raise report.error
    return _result(run, prepared, report)


def plan_capture(
    request: CaptureRequest, listeners: Sequence[Listener] = (), cancel: threading.Event | None = None
) -> PlannedCapture:
    """Tell what `capture` would do; touches no camera, saves nothing, takes no counter number.

    Raises the errors that `capture` would raise before it opens the camera.
    """
    with run_scope("capture", {**request.given(), "dry_run": True}, listeners, cancel) as run:
        planned = _plan(_prepare(request, run))
        for message in planned.warnings:
            run.emit(Warned(code="path", message=message))
        run.emit(Result(data=_plan_as_data(planned)))
        return planned


def preview_path(
    template: str,
    *,
    profile: str = DEFAULT_PROFILE,
    extension: str = SAMPLE_EXTENSION,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> PathPreview:
    """Return the path that `template` would give the next file of a run; takes no counter number.

    `UsageError` for a template that cannot be read.
    """
    tokens = _tokens(registry or Registry.discover())
    request = CaptureRequest(path=template, profile=profile, clock=clock)
    settings = _settings(request)
    namer = _namer(parse(template, tokens), tokens, settings, profile, clock or SystemClock())
    path, warnings = namer.first(Counters(folders.state_folder()), extension)
    return PathPreview(path=path, warnings=warnings)


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A request whose settings are checked and whose plugins are built."""

    settings: CaptureSettings
    shoot: Shoot


def _prepare(request: CaptureRequest, run: Run) -> _Prepared:
    refuse_unknown_sections(request.settings, ["camera", "mode"])
    settings = _settings(request)
    registry = request.registry or Registry.discover()
    camera_options = registry.options("camera", settings.camera, request.settings.get("camera", {}))
    mode: RunMode = registry.build("mode", settings.mode, request.settings.get("mode", {}))
    tokens = _tokens(registry)
    template = parse(settings.path, tokens)
    camera: CameraProvider = registry.build("camera", settings.camera, camera_options)
    return _Prepared(
        settings=settings,
        shoot=Shoot(
            camera=camera,
            mode=mode,
            settings=settings,
            profile=request.profile,
            template=template,
            tokens=tokens,
            state_folder=folders.state_folder(),
            clock=request.clock or SystemClock(),
            start_live_view=request.start_live_view,
            extra_settings={"profile": request.profile, "camera_options": camera_options.model_dump(mode="json")},
            on_ready=lambda: _remember(request, settings, run),
        ),
    )


def _settings(request: CaptureRequest) -> CaptureSettings:
    """Join what was given with what the profile remembers."""
    remembered = load_profile(folders.config_folder(), request.profile)
    given = {name: value for name, value in request.given().items() if name != "profile"}
    return make_settings({**remembered, **given})


def _remember(request: CaptureRequest, settings: CaptureSettings, run: Run) -> None:
    if not request.save_profile:
        return
    try:
        store_profile(folders.config_folder(), request.profile, settings)
    except OutputError as error:  # no reason not to shoot
        run.emit(Warned(code="profile", message=f"the settings are not remembered: {error.why}"))


def _tokens(registry: Registry) -> dict[str, Token]:
    return {offer.name: registry.build("token", offer.name) for offer in registry.offers("token")}


def _namer(
    template: Template, tokens: Mapping[str, Token], settings: CaptureSettings, profile: str, clock: Clock
) -> FrameNamer:
    """Name files for a camera that is not connected."""
    facts = RunFacts(
        started=clock.now(),
        profile=profile,
        mode=settings.mode,
        slices=settings.slices,
        step=settings.step,
        camera=CameraInfo(provider=settings.camera, model=settings.camera),
    )
    return FrameNamer(template, tokens, facts)


def _plan(prepared: _Prepared) -> PlannedCapture:
    what, settings = prepared.shoot, prepared.settings
    actions = tuple(what.mode.actions(settings.plan, what.camera.traits))
    first, warnings = None, tuple[str, ...]()
    if what.mode.saves:
        namer = _namer(what.template, what.tokens, settings, what.profile, what.clock)
        first, warnings = namer.first(Counters(what.state_folder), SAMPLE_EXTENSION)
    return PlannedCapture(
        settings=settings,
        actions=actions,
        estimate=estimate(actions, what.camera.traits),
        first_file=first,
        simulated=what.camera.traits.simulated,
        warnings=warnings,
    )


def _result(run: Run, prepared: _Prepared, report: ShootReport) -> CaptureResult:
    return CaptureResult(
        run_id=run.run_id,
        outcome=report.outcome,
        manifest=report.manifest,
        files=report.files,
        slices_done=report.slices_done,
        focus=FocusReport(now=report.focus.now, certain=report.focus.certain),
        camera=report.camera,
        settings=prepared.settings,
        warnings=tuple(run.warnings),
    )


def _as_data(result: CaptureResult) -> dict[str, Any]:
    return {
        "outcome": result.outcome,
        "simulated": result.simulated,
        "camera": result.camera.model,
        "folder": str(result.folder) if result.folder else None,
        "manifest": str(result.manifest) if result.manifest else None,
        "slices": result.slices_done,
        "files": [str(path) for path in result.files],
        "focus": {"now": result.focus.now, "certain": result.focus.certain},
    }


def _plan_as_data(planned: PlannedCapture) -> dict[str, Any]:
    cost = planned.estimate
    return {
        "dry_run": True,
        "simulated": planned.simulated,
        "settings": planned.settings.model_dump(),
        "estimate": {
            "seconds": round(cost.seconds, 3),
            "bytes": cost.bytes,
            "files": cost.files,
            "travel": cost.travel,
        },
        "first_file": str(planned.first_file) if planned.first_file else None,
        "actions": [{"action": type(action).__name__, **vars(action)} for action in planned.actions],
    }
