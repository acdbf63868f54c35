"""`align` in Python: registers a stack, whether its frames are files or arrays."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack, overload

from stackcore.api.choosing import SurveyChoices, choose
from stackcore.api.frames import Frames, FramesLike, as_frames
from stackcore.api.processing import survey
from stackcore.api.stacks import Inputs, StackOptions, described
from stackcore.api.steps import survey_frames
from stackcore.errors import UsageError
from stackcore.events import Listener
from stackcore.registry import Registry
from stackcore.runs import run_scope
from stackcore.stacking.survey import Survey


@overload
def align(
    frames: FramesLike,
    *,
    options: StackOptions | None = ...,
    listeners: Sequence[Listener] = ...,
    cancel: threading.Event | None = ...,
    registry: Registry | None = ...,
    preset: str | None = ...,
    surroundings: bool = ...,
    **choices: Unpack[SurveyChoices],
) -> Survey: ...
@overload
def align(
    frames: Inputs,
    folder: str | Path | None = ...,
    *,
    transforms: str | Path | None = ...,
    matrices: str | Path | None = ...,
    options: StackOptions | None = ...,
    listeners: Sequence[Listener] = ...,
    cancel: threading.Event | None = ...,
    registry: Registry | None = ...,
    preset: str | None = ...,
    surroundings: bool = ...,
    **choices: Unpack[SurveyChoices],
) -> Survey: ...
def align(
    frames: FramesLike | Inputs,
    folder: str | Path | None = None,
    *,
    transforms: str | Path | None = None,
    matrices: str | Path | None = None,
    options: StackOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    preset: str | None = None,
    surroundings: bool = False,
    **choices: Unpack[SurveyChoices],
) -> Survey:
    """Register a stack: where each frame lies, how bright it is, how sharp, and what all of them cover.

    Parameters
    ----------
    frames
        Files, a folder, a glob or a manifest, as for `stack`; or arrays, as for `fuse`.
    folder
        Write the aligned frames of files into this folder: see `survey`.
    transforms, matrices
        Write the transforms file of files, or the bare list of matrices, here.
    options, listeners, cancel, preset, surroundings, choices
        As for `stack`.

    Returns
    -------
    The survey: `frames`, each with a `transform` (None for one that is skipped, with its `reason`) and a `gain`;
    `reference`, `crop`, `noise_sigma`, and `sharpness` (frames, 8, 12). It serves `fuse` and `aligned`.

    Raises
    ------
    UsageError
        Files are to be written for arrays, which have no names.
    FrameError, OutputError, ConfigError, PluginError
        As `survey` raises them; `AlignmentFailed` when fewer than two frames fit.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> frames = stackcore.read_frames("shoot")
    >>> found = stackcore.align(frames)
    >>> found.reference, len(found.used), found.frames[found.reference].transform.is_identity
    (2, 4, True)
    >>> other_light = [frame // 2 for frame in frames]
    >>> stackcore.fuse(other_light, align=found).frames
    4
    """
    if _are_files(frames):
        files: Any = frames
        return survey(
            files,
            transforms=transforms,
            matrices=matrices,
            aligned=folder,
            options=options,
            listeners=listeners,
            cancel=cancel,
            registry=registry,
            preset=preset,
            surroundings=surroundings,
            command="align",
            **choices,
        )
    if any(place is not None for place in (folder, transforms, matrices)):
        raise UsageError(
            "Arrays have no names for files.",
            "a folder, transforms or matrices are to be written.",
            "write what `align` returns, and what `aligned` gives, yourself.",
        )
    arrays: Any = frames
    chosen, _ = choose(options, choices, preset=preset, surroundings=surroundings, registry=registry)
    stack = as_frames(arrays, linear=chosen.linear)
    with run_scope("align", described(chosen, stack.paths), listeners, cancel) as run:
        return survey_frames(run, stack, chosen, registry)


def _are_files(frames: Any) -> bool:
    if isinstance(frames, Frames):
        return False
    if isinstance(frames, str | Path):
        return True
    return isinstance(frames, Sequence) and len(frames) > 0 and isinstance(frames[0], str | Path)
