"""`run` in Python: from camera to picture, with the keywords of `capture` and of `stack` in one call."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from stackcore.api.capture_presets import with_preset
from stackcore.api.choosing import StackChoices, settle
from stackcore.api.preparing import CaptureRequest
from stackcore.api.running import RunResult, run_settled
from stackcore.capturing.live_view import ShowFrame
from stackcore.errors import UsageError
from stackcore.events import Listener
from stackcore.presets.sections import CAPTURE_KINDS
from stackcore.registry import Registry


def run(
    output: str | Path | None = None,
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
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    **choices: Unpack[StackChoices],
) -> RunResult:
    """Shoot a focus stack and fuse it: from camera to picture in one go.

    Parameters
    ----------
    output
        The picture to write; None for one beside the folder of the frames, named after it.
    preset, surroundings
        A preset, by name or file, that may hold how to shoot and how to process; whether the settings of user, project
        and environment hold.
    slices, step, delay_ms, mode, camera, path, fields, answers, mirror, base, profile, save_profile, start_live_view
        As for `capture`, `sharpness` and `show` likewise.
    listeners, cancel
        Who hears the events of both; the flag that stops either. There is one `run_finished`.
    choices
        As for `stack`; `settings` holds options of plugins of all kinds, `{"camera": {...}, "fuser": {...}}`.

    Returns
    -------
    What was shot, and the picture.

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
    >>> small = {"camera": {"width_px": 192, "height_px": 128}}
    >>> done = stackcore.run(
    ...     "leaf.tif", slices=4, step=50, delay_ms=0, path="shots/@MCT", save_profile=False,
    ...     fuser="weighted", settings=small,
    ... )
    >>> done.stack.output.name, done.stack.frames, done.capture.focus.is_back
    ('leaf.tif', 4, True)
    """
    if "file_format" in choices:
        fix = "say compression, tiled or quality."
        raise UsageError("A run takes no file_format.", "the type of its result may be open until it is shot.", fix)
    settings: Mapping[str, Any] = choices.get("settings") or {}
    shooting = {kind: options for kind, options in settings.items() if kind in CAPTURE_KINDS}
    processing = {kind: options for kind, options in settings.items() if kind not in CAPTURE_KINDS}
    stack = settle(
        {**choices, "settings": processing},
        output=None if output is None else Path(output),
        preset=preset,
        surroundings=surroundings,
        registry=registry,
    )
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
        settings=shooting,
        registry=registry,
    )
    if preset is not None or surroundings:
        request = replace(with_preset(request, preset, surroundings=surroundings), registry=registry)
    return run_settled(request, stack, listeners=listeners, cancel=cancel)
