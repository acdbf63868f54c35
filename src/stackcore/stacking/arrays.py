"""Frames that are arrays already: checked as files are, and reduced for the survey as those of files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import FrameError, UnreadableFrame
from stackcore.protocols import Decoded, Development, FrameInfo, Mosaic
from stackcore.stacking.reducing import reduced
from stackcore.terms import FULL_SCALE, Pixels

SUFFIX = ""
"""Of the names that arrays go by, `array 0` and so on, in place of that of a file."""

_AS = {"uint8": np.uint8, "uint16": np.uint16, "float16": np.float32, "float32": np.float32, "float64": np.float32}
"""What the numbers of an array are worked on as, by their own dtype."""

_FAR_BEYOND_WHITE = 100.0
"""Highlights may lie beyond 1; a frame that goes so far was meant to end at 255 or 65535."""


class ArrayDeveloper:
    """Reads the arrays of a sequence as a `stackcore.protocols.Developer` reads files.

    Parameters
    ----------
    arrays
        Each what `as_frame` takes; asked for one by one, whenever one is needed, and never modified.

    Attributes
    ----------
    paths
        The name of each: `array 0`, `array 1`, ...
    """

    def __init__(self, arrays: Sequence[Any] | NDArray[Any]) -> None:
        self._arrays = arrays
        self.paths = [Path(f"array {index}") for index in range(len(arrays))]
        self._places = {path: index for index, path in enumerate(self.paths)}
        self._infos: dict[Path, FrameInfo] = {}

    def prepare(self, reference: Path, development: Development) -> None:
        """Nothing to do: the numbers are taken as they are."""

    def probe(self, path: Path) -> FrameInfo:
        """Size and dtype; `UnreadableFrame` for what is no picture."""
        if path not in self._infos:
            array = _colours(self._arrays[self._places[path]], str(path))
            height, width = array.shape[:2]
            dtype = np.dtype(_AS[array.dtype.name]).name
            self._infos[path] = FrameInfo(
                width=width,
                height=height,
                dtype=dtype,
                is_developed=True,
                decode_bytes=2 * height * width * 3 * np.dtype(dtype).itemsize,  # its copy, and one more to reduce it
            )
        return self._infos[path]

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """The array at no more than `max_size_px`, as the same numbers in a TIFF file are reduced."""
        frame = self.read(path)
        return reduced(frame.pixels, frame.valid, max_size_px)

    def read(self, path: Path) -> Decoded:
        """A copy of the array: colours (H, W, 3) uint8, uint16 or float32, and what of them is picture."""
        return as_frame(self._arrays[self._places[path]], str(path))

    def mosaic(self, path: Path) -> Mosaic:
        """There is none in an array."""
        raise UnreadableFrame(f"{path} holds no mosaic.", "it is an array of colours.", "name the camera's raw file.")


def as_list(frames: Any) -> Sequence[Any] | NDArray[Any]:
    """The frames of a stack as something that has a length and gives each of them by its index.

    Parameters
    ----------
    frames
        A sequence of arrays, which stays what it is and may make them when it is asked; an array (N, H, W, 3), or
        (N, H, W) of grey; or anything else that can be iterated, which is gone through once and kept.

    Raises
    ------
    FrameError
        It is a single picture, names of files, or nothing that has frames.
    """
    if isinstance(frames, str | Path):
        raise _files(str(frames))
    if isinstance(frames, np.ndarray):
        if frames.ndim not in (3, 4) or (frames.ndim == 3 and frames.shape[2] in (1, 3, 4)):
            raise FrameError(
                "One frame is not a stack." if frames.ndim > 1 else "That is no stack.",
                f"an array of shape {frames.shape} was given.",
                "give a list of pictures, or an array of shape (frames, height, width, 3).",
            )
        return frames
    try:
        listed: Sequence[Any] = frames if isinstance(frames, Sequence) else list(frames)
    except TypeError as error:
        why = f"a {type(frames).__name__} was given, which has no frames."
        raise FrameError("That is no stack.", why, "give a list of arrays (height, width, 3).") from error
    if not listed:
        raise FrameError("There are no frames.", "the list is empty.", "give at least two arrays (height, width, 3).")
    if isinstance(listed[0], str | Path):
        raise _files(str(listed[0]))
    return listed


def as_frame(array: Any, name: str) -> Decoded:
    """A copy of an array as a frame of a stack.

    Parameters
    ----------
    array
        (H, W, 3) RGB, (H, W, 4) with alpha, or (H, W) or (H, W, 1) of grey; uint8 and uint16 in full range, floats 0
        to 1 for black to white. As in files, opaque pixels are picture, and nothing else is.
    name
        What messages call it.

    Raises
    ------
    UnreadableFrame
        Another shape or dtype, no opaque pixel, NaN or infinity in one, or floats that end at 255 or 65535.
    """
    plain = _colours(array, name)
    colours = plain[..., None] if plain.ndim == 2 else plain[..., :3]
    pixels: Pixels = np.empty((*plain.shape[:2], 3), _AS[plain.dtype.name])
    pixels[...] = colours
    valid = None
    if plain.ndim == 3 and plain.shape[2] == 4:
        opaque: NDArray[np.bool_] = plain[..., 3] == FULL_SCALE[pixels.dtype.name]
        if not opaque.any():
            why = "its alpha leaves no pixel that is fully opaque."
            raise UnreadableFrame(f"{name} is transparent all over.", why, "leave its alpha out: `frame[..., :3]`.")
        valid = None if opaque.all() else opaque
    if pixels.dtype == np.float32:
        _check_floats(pixels, valid, name)
    return Decoded(pixels, valid)


def as_pixels(array: Any, name: str) -> Pixels:
    """A copy of an array as a picture: (H, W, 3) RGB, uint8, uint16 or float32, contiguous.

    `array` is what `as_frame` takes, but has no alpha; `UnreadableFrame` likewise.
    """
    shape = np.shape(array)
    if len(shape) == 3 and shape[2] == 4:
        raise UnreadableFrame(f"{name} has four channels.", "alpha has no meaning here.", "leave it out: `[..., :3]`.")
    return as_frame(array, name).pixels


def _colours(array: Any, name: str) -> NDArray[Any]:
    pixels = np.asarray(array)
    if pixels.dtype.name not in _AS:
        raise UnreadableFrame(
            f"{name} holds {pixels.dtype.name} numbers.",
            "frames are uint8 or uint16 in full range, or floats from 0 to 1.",
            "divide all frames by the number that means white: `(frame / 4095).astype(numpy.float32)`.",
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        hint = "move its channels last: `numpy.moveaxis(frame, 0, -1)`." if pixels.shape[:1] == (3,) else ""
        raise UnreadableFrame(
            f"{name} is no picture.",
            f"its shape is {pixels.shape}; that of a picture is (height, width, 3), or (height, width) in grey.",
            hint or "give one array for each frame.",
        )
    if pixels.size == 0:
        raise UnreadableFrame(f"{name} is empty.", f"its shape is {pixels.shape}.", "leave it out.")
    return pixels


def _check_floats(pixels: Pixels, valid: NDArray[np.bool_] | None, name: str) -> None:
    finite = np.isfinite(pixels).all(axis=2)
    bad = ~finite if valid is None else ~finite & valid
    if bad.any():  # one of them spreads over the whole result
        raise UnreadableFrame(
            f"{name} holds pixels that are no numbers.",
            f"{int(np.count_nonzero(bad))} of its pixels are NaN or infinite.",
            "fill them in, for example with `numpy.nan_to_num`, or leave the frame out.",
        )
    pixels[~finite] = 0
    if (most := float(pixels.max())) > _FAR_BEYOND_WHITE:
        full = 255 if most <= FULL_SCALE["uint8"] else 65535
        raise UnreadableFrame(
            f"{name} is far too bright.",
            f"its floats reach {most:g}, where 1 is white.",
            f"divide all frames by the number that means white, such as {full}.",
        )


def _files(name: str) -> FrameError:
    return FrameError(
        "Arrays are wanted here.",
        f'"{name}" is the name of a file or folder.',
        "read it with `stackcore.read_frames`, or use `stackcore.stack`, which takes files.",
    )
