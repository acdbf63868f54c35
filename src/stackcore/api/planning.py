"""A look ahead: what a capture run would do, and where its files would go."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackcore import folders
from stackcore.actions import Action
from stackcore.api.preparing import CaptureRequest, build_tokens, prepare, resolve_settings
from stackcore.capturing.clock import Clock, SystemClock
from stackcore.capturing.plan import CaptureSettings, Estimate, estimate
from stackcore.capturing.profiles import DEFAULT_PROFILE
from stackcore.capturing.saving import FrameNamer, RunFacts
from stackcore.capturing.session import SAMPLE_EXTENSION, Shoot
from stackcore.events import Listener, Result, Warned
from stackcore.paths.counters import Counters
from stackcore.paths.template import Template, parse
from stackcore.protocols import CameraInfo, Token
from stackcore.registry import Registry
from stackcore.runs import run_scope


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


def plan_capture(
    request: CaptureRequest, listeners: Sequence[Listener] = (), cancel: threading.Event | None = None
) -> PlannedCapture:
    """Tell what `capture` would do; touches no camera, saves nothing, takes no counter number.

    Raises the errors that `capture` would raise before it opens the camera.
    """
    with run_scope("capture", {**request.given(), "dry_run": True}, listeners, cancel) as run:
        planned = _plan(prepare(request, run))
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
    tokens = build_tokens(registry or Registry.discover())
    request = CaptureRequest(path=template, profile=profile, clock=clock)
    settings = resolve_settings(request)
    namer = _namer(parse(template, tokens), tokens, settings, profile, clock or SystemClock())
    path, warnings = namer.first(Counters(folders.state_folder()), extension)
    return PathPreview(path=path, warnings=warnings)


def _plan(what: Shoot) -> PlannedCapture:
    settings = what.settings
    actions = tuple(what.mode.actions(settings.plan, what.camera.traits))
    first, warnings = None, tuple[str, ...]()
    if what.mode.saves:
        namer = _namer(what.template, what.tokens, settings, what.profile, what.clock, what.base)
        first, warnings = namer.first(Counters(what.state_folder), SAMPLE_EXTENSION)
    return PlannedCapture(
        settings=settings,
        actions=actions,
        estimate=estimate(actions, what.camera.traits),
        first_file=first,
        simulated=what.camera.traits.simulated,
        warnings=warnings,
    )


def _namer(
    template: Template,
    tokens: Mapping[str, Token],
    settings: CaptureSettings,
    profile: str,
    clock: Clock,
    base: Path | None = None,
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
    return FrameNamer(template, tokens, facts, base)


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
