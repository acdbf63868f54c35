"""From camera to picture in one run: a capture run, then the stack of what it saved."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stackcore.api import reports
from stackcore.api.planning import plan_of
from stackcore.api.preparing import CaptureRequest, prepare
from stackcore.api.presets import SettledStack
from stackcore.api.processing import stack_into
from stackcore.api.shooting import CaptureResult, as_data, as_result
from stackcore.api.stacks import StackOptions, StackResult, described
from stackcore.api.toolbox import SECTIONS, Toolbox
from stackcore.capturing.run_log import RunLog
from stackcore.capturing.session import Shoot, shoot
from stackcore.config import refuse_unknown_sections
from stackcore.errors import UsageError
from stackcore.events import Listener, Result, Warned
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope
from stackcore.stacking import output as writing

USUAL_FORMAT = "tif"
"""Of a result that nobody named."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run left behind: the frames with their manifest, and the picture."""

    capture: CaptureResult
    stack: StackResult

    def _repr_html_(self) -> str:
        """What was shot, and the picture, for notebooks."""
        return f"{self.stack._repr_html_()}{self.capture._repr_html_()}"


def run_settled(
    request: CaptureRequest,
    stack: SettledStack,
    *,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
) -> RunResult:
    """Shoot a stack, and fuse what was saved.

    Parameters
    ----------
    request
        What is shot; see `stackcore.api.capture_presets.capture_request`.
    stack
        How it is processed, and the name of the result; see `stackcore.api.presets.settle_stack`. Where that has no
        output the picture lies beside the folder of the frames and is named after it.
    listeners, cancel
        Who hears the events of both; the flag that stops either. There is one `run_finished`.

    Raises
    ------
    UsageError, ConfigError, PluginError, OutputError
        Before anything moves, for what can be known by then.
    CameraError, FrameError, OutputError
        From shooting, after focus was returned, or from processing. What was saved stays; a warning `frames-kept`
        says how to stack it.
    Cancelled
        The same, when `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> small = {"camera": {"width_px": 96, "height_px": 64}}
    >>> request = stackcore.capture_request(
    ...     slices=2, step=50, delay_ms=0, path="two/@MCT", save_profile=False, settings=small
    ... )
    >>> settled = stackcore.settle_stack(output="two.tif", fuser="average", align=False)
    >>> stackcore.run_settled(request, settled).stack.frames
    2
    """
    stack = replace(stack, gathered=replace(stack.gathered, strange=[]))  # the request tells of strange variables
    options = stack.options()
    settings = {**described(options, []), **request.given(), "output": _text(stack.output)}
    log = RunLog()
    with run_scope("run", settings, [*listeners, log], cancel) as scope:
        what = replace(prepare(request, scope), log=log)
        _check(what, options, stack.output, request.registry)
        shot = _shoot(scope, what)
        target = stack.output or _beside(shot, stack)
        try:
            stacked = stack_into(
                scope, shot.manifest or shot.files, target, _at(stack, target), registry=request.registry
            )
        except BaseException:
            _tell_kept(scope, shot)
            raise
        scope.emit(Result(data={**stacked.summary(), **_told(shot)}))
        return RunResult(capture=shot, stack=stacked)


def plan_run(
    request: CaptureRequest,
    stack: SettledStack,
    *,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Check what `run_settled` would check before anything moves, and return what it would do; touches no camera.

    Examples
    --------
    >>> import stackcore
    >>> request = stackcore.capture_request(slices=12, step=50)
    >>> stackcore.plan_run(request, stackcore.settle_stack(output="planned.tif"))["stages"]
    ['capture', 'align', 'fuse']
    """
    options = stack.options()
    settings = {**described(options, []), **request.given(), "output": _text(stack.output), "dry_run": True}
    with run_scope("run", settings, listeners, cancel) as scope:
        what = prepare(request, scope)
        _check(what, options, stack.output, request.registry)
        planned = plan_of(what)
        cost = planned.estimate
        plan = {
            "dry_run": True,
            "simulated": planned.simulated,
            "slices": planned.settings.slices,
            "estimate": {"seconds": round(cost.seconds, 3), "files": cost.files, "travel": cost.travel},
            "estimated_bytes": cost.bytes,
            "first_file": _text(planned.first_file),
            "stages": [
                "capture",
                *(["align"] if options.align else []),
                "fuse",
                *(["sharpen"] if options.sharpen else []),
            ],
            "fuser": options.fuser,
            "output": _text(stack.output),
        }
        scope.emit(Result(data=plan))
    return plan


def _check(what: Shoot, options: StackOptions, target: Path | None, registry: Registry | None) -> None:
    """Refuse, before anything moves, what would only fail after the last frame."""
    if not what.mode.saves:
        raise UsageError(
            f'The run mode "{what.settings.mode}" saves nothing.',
            "there would be no frames to fuse.",
            "choose --mode full or preview-images.",
        )
    if target is not None:
        writing.check_target(target, overwrite=options.overwrite, file_format=options.file_format)
    if options.report is not None:
        reports.check_names(Path(options.report), overwrite=options.overwrite)
    refuse_unknown_sections(options.settings, SECTIONS)
    tools = Toolbox(registry or Registry.discover(), options.settings)
    tools.fuser(options.fuser)
    if options.align:
        tools.aligner(options.aligner)
    if options.sharpen is not None:
        tools.sharpener(options.sharpener, options.sharpen)
    tools.executor(options.executor, options.workers).close()


def _shoot(scope: Run, what: Shoot) -> CaptureResult:
    report = shoot(scope, what)
    shot = as_result(scope, what, report)
    if report.error is not None:
        if shot.files:
            _tell_kept(scope, shot)
        raise report.error
    return shot


def _beside(shot: CaptureResult, stack: SettledStack) -> Path:
    """A name for the result that no frame has and nobody chose: that of the folder of the frames, beside it."""
    suffix = stack.gathered.resolved.get("output", "format") or USUAL_FORMAT
    folder = shot.folder or Path()
    own = folder.resolve() != Path.cwd()  # frames that lie in the current folder have none of their own
    name = folder.parent / f"{folder.name}.{suffix}" if own else folder / f"{shot.run_id}.{suffix}"
    return name if not name.exists() else name.with_stem(f"{name.stem}-{shot.run_id}")


def _at(stack: SettledStack, target: Path) -> StackOptions:
    """The options once the name of the result is known: the type of the file takes part in them."""
    return replace(stack, output=target).options()


def _tell_kept(scope: Run, shot: CaptureResult) -> None:
    frames = shot.manifest or shot.folder
    told = f"{len(shot.files)} frames are kept; to fuse them: stackcore stack {shlex.quote(str(frames))} -o OUT"
    scope.emit(Warned(code="frames-kept", message=told))


def _told(shot: CaptureResult) -> dict[str, Any]:
    """What the result says of the capture run."""
    data = as_data(shot)
    return {key: data[key] for key in ("manifest", "folder", "slices", "simulated", "camera", "focus")}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
