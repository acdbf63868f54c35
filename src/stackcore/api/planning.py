"""A look ahead: what a capture run would do, and where its files would go."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackcore.actions import Action
from stackcore.api.naming import first_path, sample_facts
from stackcore.api.preparing import CaptureRequest, prepare
from stackcore.capturing.plan import CaptureSettings, Estimate, estimate
from stackcore.capturing.session import SAMPLE_EXTENSION, Shoot
from stackcore.events import Listener, Result, Warned
from stackcore.paths.counters import Counters
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


def plan_capture(
    request: CaptureRequest, listeners: Sequence[Listener] = (), cancel: threading.Event | None = None
) -> PlannedCapture:
    """Tell what `capture` would do; touches no camera, saves nothing, takes no counter number.

    Raises the errors that `capture` would raise before it opens the camera.

    Examples
    --------
    >>> import stackcore
    >>> planned = stackcore.plan_capture(stackcore.capture_request(slices=12, step=50))
    >>> planned.estimate.files, planned.simulated
    (12, True)
    """
    with run_scope("capture", {**request.given(), "dry_run": True}, listeners, cancel) as run:
        planned = plan_of(prepare(request, run))
        for message in planned.warnings:
            run.emit(Warned(code="path", message=message))
        run.emit(Result(data=_plan_as_data(planned)))
        return planned


def plan_of(what: Shoot) -> PlannedCapture:
    """Look ahead for what is prepared already."""
    settings = what.settings
    actions = tuple(what.mode.actions(settings.plan, what.camera.traits))
    first, warnings = None, tuple[str, ...]()
    if what.mode.saves:
        facts = sample_facts(settings, what.profile, what.clock, what.answers)
        counters = Counters(what.state_folder)
        first, warnings = first_path(what.template, what.tokens, facts, counters, SAMPLE_EXTENSION, what.base)
    return PlannedCapture(
        settings=settings,
        actions=actions,
        estimate=estimate(actions, what.camera.traits),
        first_file=first,
        simulated=what.camera.traits.simulated,
        warnings=warnings,
    )


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
