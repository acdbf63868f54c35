"""Shooting from Python: `capture`, `capture_into` for a part of a larger run, and what they return."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stackcore.api.capture_presets import with_preset
from stackcore.api.preparing import CaptureRequest, Settings, prepare
from stackcore.capturing.clock import Clock
from stackcore.capturing.live_view import LiveFrame, ShowFrame
from stackcore.capturing.plan import CaptureSettings
from stackcore.capturing.run_log import RunLog
from stackcore.capturing.session import Shoot, ShootReport, shoot
from stackcore.events import Listener, Outcome, Result, Warned
from stackcore.protocols import CameraInfo
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope

__all__ = ["CaptureRequest", "CaptureResult", "FocusReport", "LiveFrame", "capture", "capture_into"]


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

    def _repr_html_(self) -> str:
        """What was shot, for notebooks."""
        from stackcore.api.showing import capture_html

        return capture_html(self)


def capture(
    *,
    preset: str | None = None,
    surroundings: bool = False,
    slices: int | None = None,
    step: int | None = None,
    delay_ms: int | None = None,
    mode: str | None = None,
    camera: str | None = None,
    path: str | None = None,
    fields: Mapping[str, str] | None = None,
    answers: Mapping[str, str] | None = None,
    mirror: str | Path | None = None,
    base: Path | None = None,
    profile: str | None = None,
    save_profile: bool = True,
    start_live_view: bool = True,
    sharpness: bool = True,
    show: ShowFrame | None = None,
    settings: Settings | None = None,
    notes: Sequence[tuple[str, str]] = (),
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> CaptureResult:
    """Shoot a focus stack: save a frame at each slice, return focus, and describe the run in a manifest.

    Parameters
    ----------
    preset
        A preset, by name or file. What is given is stronger; what is None comes from it, else from the profile, else
        from the defaults.
    surroundings
        The settings of user, project and environment hold, as they do on the command line.
    slices
        How many focus positions, 2 to 199.
    step
        Drive units between them, 2 to 999.
    delay_ms
        Milliseconds to settle after each movement.
    mode
        The run mode: `full`, `preview-images`, `preview`, or one of a plugin.
    camera
        A provider, and after a colon the address of its camera, as `list_cameras` tells them.
    path
        Path template of the files, see `preview_path`.
    fields
        Job, batch id and batch fields for the names of files: `job`, `batch_id`, `bd1` to `bd6`.
    answers
        Answers to what the template asks for, by label.
    mirror
        A folder that gets a second copy of each file; empty for none.
    base
        The folder that a relative template starts at; the current one where it is None.
    profile
        Whose remembered settings are used; those of the active one where it is None.
    save_profile
        Remember the settings of this run there.
    start_live_view
        Let live view be switched on; else a camera whose live view is off is refused.
    sharpness
        Measure how sharp live view is at each slice.
    show
        Gets the live-view frame of each slice.
    settings
        Options of camera and run mode: `{"camera": {"width_px": 1200}}`.
    notes
        Warnings that are told at the start: code and message.
    listeners
        Who hears the events.
    cancel
        The flag that stops the run: what has begun is saved, and focus returns.
    registry
        The plugins; those that are installed where it is None.
    clock
        The time, for tests and for programs that have their own.

    Returns
    -------
    The files in the order of the slices, the manifest beside them, where focus stands, and the warnings.

    Raises
    ------
    UsageError, ConfigError, PluginError
        Before anything moves.
    CameraError, OutputError
        After focus was returned as far as possible. What was saved stays, and the manifest tells what happened.
    Cancelled
        The same, when `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> small = {"camera": {"width_px": 96, "height_px": 64}}
    >>> shot = stackcore.capture(
    ...     slices=3, step=50, delay_ms=0, path="leaf/@MCT", save_profile=False, settings=small
    ... )
    >>> [path.name for path in shot.files], shot.simulated, shot.focus.is_back
    (['1.jpg', '2.jpg', '3.jpg'], True, True)
    """
    request = CaptureRequest(
        slices=slices,
        step=step,
        delay_ms=delay_ms,
        mode=mode,
        camera=camera,
        path=path,
        fields=fields or {},
        answers=answers or {},
        mirror=mirror,
        base=base,
        profile=profile,
        save_profile=save_profile,
        start_live_view=start_live_view,
        sharpness=sharpness,
        show=show,
        settings=settings or {},
        notes=tuple(notes),
        registry=registry,
        clock=clock,
    )
    if preset is not None or surroundings:
        request = with_preset(request, preset, surroundings=surroundings)
    log = RunLog()
    with run_scope("capture", request.given(), [*listeners, log], cancel) as run:
        what = replace(prepare(request, run), log=log)
        report = shoot(run, what)
        result = as_result(run, what, report)
        run.emit(Result(data=as_data(result)))
        if report.error is not None:
            raise report.error
        return result


def capture_into(run: Run, request: CaptureRequest) -> CaptureResult:
    """Shoot as a part of a larger run: the same as `capture`, without start, result and end of its own."""
    what = prepare(request, run)
    report = shoot(run, what)
    if report.error is not None:
        raise report.error
    return as_result(run, what, report)


def as_result(run: Run, what: Shoot, report: ShootReport) -> CaptureResult:
    """What the caller of a run gets."""
    return CaptureResult(
        run_id=run.run_id,
        outcome=report.outcome,
        manifest=report.manifest,
        files=report.files,
        slices_done=report.slices_done,
        focus=FocusReport(now=report.focus.now, certain=report.focus.certain),
        camera=report.camera,
        settings=what.settings,
        warnings=tuple(run.warnings),
    )


def as_data(result: CaptureResult) -> dict[str, Any]:
    """The same for the event stream."""
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
