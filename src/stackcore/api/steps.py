"""The steps of processing on arrays: `align`, `warp`, `fuse`; each gives what the same step gives for files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stackcore.api.frames import Frames, FramesLike, as_frames
from stackcore.api.processing import made
from stackcore.api.stacks import Settings, StackOptions, StackResult, described
from stackcore.api.work import Work
from stackcore.errors import FrameMismatch, UsageError
from stackcore.events import Listener, Result
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope
from stackcore.stacking.arrays import as_pixels
from stackcore.stacking.source import AlignedFrames
from stackcore.stacking.survey import OnFailure, Survey
from stackcore.stacking.transfer import UNITY, Gain
from stackcore.stacking.warp import WarpedFrame
from stackcore.terms import Encoding, Frame, Region, Transform

_MOST_CONDITION = 1e12
"""A matrix of a larger condition number has no inverse that float64 could tell."""


def fuse(
    frames: FramesLike,
    *,
    fuser: str = "blend",
    align: bool | Survey = True,
    aligner: str = "ecc",
    crop: bool = True,
    match_exposure: bool = True,
    on_unaligned: OnFailure = "skip",
    hot_pixels: bool = True,
    linear: bool = False,
    depth: bool = False,
    sharpen: str | None = None,
    sharpener: str = "unsharp3",
    executor: str = "local",
    workers: int | None = None,
    memory_bytes: int | None = None,
    settings: Settings | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
) -> StackResult:
    """Make one sharp picture of arrays: to the byte what `stack` makes of the same numbers in TIFF files.

    Parameters
    ----------
    frames
        At least two pictures, nearest slice first: `Frames` from `read_frames`; a list of arrays, an array of all of
        them, or a generator. Each is (H, W, 3) RGB, (H, W, 4) with alpha (opaque pixels are picture), or (H, W) of
        grey; uint8 or uint16 in full range, or floats from 0 (black) to 1 (white); all of one size and dtype. None is
        modified. Those of a generator are kept, those of a
        sequence are asked for whenever one is needed: several times each.
    fuser, aligner, sharpener, executor
        Names of plugins. `sharpen` switches the sharpener on and is its strength, S or X:Y:Z.
    align
        True registers the frames; False takes them as they lie; a survey, as `align` returns it, places them.
    crop
        Cut to the area that all frames cover.
    match_exposure, on_unaligned, hot_pixels, workers, memory_bytes, settings
        See `StackOptions`. Arrays that the caller holds are not counted as memory.
    linear
        The numbers of arrays are proportional to light; `Frames` from files know that themselves.
    depth
        Find depth and confidence, if the fuser can.
    listeners, cancel
        Who hears the events; the flag that stops the run.

    Returns
    -------
    The result, its `picture` (H, W, 3) uint16, or float32 for floats; `depth` and `confidence` (H, W) float32 where
    they were found; `survey`, `crop`, `warnings`.

    Raises
    ------
    FrameError
        Fewer than two frames, or one that is no picture, holds NaN or infinity, or differs from the rest; frames that
        cannot be aligned; a survey of another stack.
    UsageError, ConfigError, PluginError
        See `stackcore.errors`.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import numpy as np
    >>> from stackcore.testing.scene import make_stack
    >>> import stackcore
    >>> frames = make_stack(192, 128, 4).frames  # a list of arrays (128, 192, 3), uint8
    >>> result = stackcore.fuse(frames, fuser="weighted", depth=True)
    >>> result.picture.dtype, result.picture.ndim, result.depth.shape == result.picture.shape[:2]
    (dtype('uint16'), 3, True)
    """
    stack = as_frames(frames, linear=linear)
    options = StackOptions(
        fuser=fuser,
        align=align is True,
        aligner=aligner,
        crop=crop,
        match_exposure=match_exposure,
        on_unaligned=on_unaligned,
        hot_pixels=hot_pixels,
        linear=stack.encoding == "linear",
        depth=depth,
        sharpen=sharpen,
        sharpener=sharpener,
        executor=executor,
        workers=workers,
        memory_bytes=memory_bytes,
        settings=settings or {},
    )
    with run_scope("fuse", described(options, stack.paths), listeners, cancel) as run:
        work = Work(run, stack, options, registry)
        if isinstance(align, Survey):
            work.place(align)
        with work.executor() as built:
            result = made(work, built, None, "fuse")
        run.emit(Result(data=result.summary()))
    return result


def survey_frames(run: Run, frames: Frames, options: StackOptions, registry: Registry | None) -> Survey:
    """Register frames within a run that has begun."""
    work = Work(run, frames, options, registry)
    with work.executor() as executor:
        found = work.survey(executor)
    run.check_cancelled()
    run.emit(Result(data={**work.described(found), "reference": found.reference, "noise_sigma": found.noise_sigma}))
    return found


def aligned(frames: FramesLike, found: Survey, *, crop: bool = True) -> Iterator[Frame]:
    """Give the frames that take part, one by one, warped into the geometry of the reference, exposure matched.

    Parameters
    ----------
    frames
        As for `fuse`; the encoding of arrays is that of the survey.
    found
        The survey of these frames, as `align` returns it.
    crop
        Cut to the area that all frames cover; else `Frame.valid` says which pixels a frame covers.

    Yields
    ------
    Frames whose `pixels` are (H, W, 3) in the dtype of the source, and `valid` (H, W) bool. Hot pixels are not mended.

    Raises
    ------
    FrameMismatch
        The survey is of another stack.

    Examples
    --------
    >>> import stackcore
    >>> frames = stackcore.read_frames("shoot")
    >>> found = stackcore.align(frames)
    >>> shapes = {frame.pixels.shape for frame in stackcore.aligned(frames, found)}
    >>> shapes == {(found.crop.height, found.crop.width, 3)}
    True
    """
    stack = as_frames(frames, linear=found.encoding == "linear")
    if (stack.width, stack.height, len(stack)) != (found.width, found.height, len(found.frames)):
        raise FrameMismatch(
            "The survey is of another stack.",
            f"it is of {len(found.frames)} frames of {found.width}x{found.height}, these are {stack}.",
            "use the survey of these frames.",
        )
    source = AlignedFrames(stack.reader, found, found.crop if crop else found.whole)
    return (source.open(position) for position in range(len(source)))


def warp(
    picture: ArrayLike,
    transform: Transform | ArrayLike,
    *,
    region: Region | None = None,
    gain: Gain = UNITY,
    encoding: Encoding = "srgb",
) -> Frame:
    """Warp one picture into the geometry of a reference, bicubic, as frames are warped when they are fused.

    Parameters
    ----------
    picture
        (H, W, 3) RGB, or (H, W) of grey; uint8 or uint16 in full range, or floats 0 to 1; not modified.
    transform
        Reference pixels (x, y, 1) to pixels of the picture, 3x3; pixel centres are at integers.
    region
        The part of the reference that is wanted; None for the size of the picture.
    gain
        Factors on the linear light of red, green and blue.
    encoding
        How the numbers stand for light; it matters to the gain alone.

    Returns
    -------
    A frame: `pixels` (h, w, 3) in the dtype of the picture (of floats float32), `valid` (h, w), false where the
    picture does not reach.

    Raises
    ------
    UsageError
        The transform is no 3x3 matrix of numbers, or has no inverse; the region is empty.
    UnreadableFrame
        The picture is none.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.zeros((4, 6, 3), np.uint8)
    >>> picture[:, 3] = 200
    >>> moved = warp(picture, [[1, 0, 1], [0, 1, 0], [0, 0, 1]])  # to where x + 1 was
    >>> moved.pixels[0, :, 0], moved.valid[0]
    (array([  0,   0, 200,   0,   0,   0], dtype=uint8), array([ True,  True,  True,  True,  True, False]))
    """
    pixels = as_pixels(picture, "the picture")
    height, width = pixels.shape[:2]
    canvas = region or Region(0, 0, width, height)
    if canvas.width < 1 or canvas.height < 1:
        raise UsageError("The region is empty.", f"it has {canvas.width}x{canvas.height} pixels.", "make it larger.")
    return WarpedFrame(0, pixels, _transform(transform), canvas, gain, encoding)


def _transform(given: Transform | ArrayLike) -> Transform:
    if isinstance(given, Transform):
        return given
    fix = "for example [[1, 0, dx], [0, 1, dy], [0, 0, 1]]."
    try:
        matrix: Any = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError("That is no transform.", "it does not consist of numbers.", fix) from error
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        why = f"its shape is {matrix.shape}." if matrix.shape != (3, 3) else "it holds NaN or infinity."
        raise UsageError("That is no transform.", f"it is a matrix of 3x3 numbers; {why}", fix)
    if np.linalg.cond(matrix) > _MOST_CONDITION:
        raise UsageError("The transform has no inverse.", "it maps different places to one.", fix)
    return Transform(matrix)
