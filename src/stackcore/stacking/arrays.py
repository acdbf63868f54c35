"""Frames that are arrays already: checked as files are, and reduced for the survey as those of files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import FrameError, UnreadableFrame
from stackcore.protocols import Decoded, Development, FrameInfo, Mosaic
from stackcore.terms import FULL_SCALE, Pixels

SUFFIX = ""
"""Of the names that arrays go by, `array 0` and so on, in place of that of a file."""

_AS = {"uint8": np.uint8, "uint16": np.uint16, "float16": np.float32, "float32": np.float32, "float64": np.float32}
"""What the numbers of an array are worked on as, by their own dtype."""

_FAR_BEYOND_WHITE = 100.0
"""Highlights may lie beyond 1; a frame that goes so far was meant to end at 255 or 65535."""

_FORMATS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}


class ArrayDeveloper:
    """Reads the arrays of a sequence as a `stackcore.protocols.Developer` reads files.

    Parameters
    ----------
    arrays
        Each what `as_pixels` takes; asked for one by one, whenever one is needed, and never modified.

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
            array = _plane_or_rgb(self._arrays[self._places[path]], str(path))
            height, width = array.shape[:2]
            dtype = np.dtype(_AS[array.dtype.name]).name
            self._infos[path] = FrameInfo(width=width, height=height, dtype=dtype, is_developed=True)
        return self._infos[path]

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """The array at no more than `max_size_px`, as the same numbers in a TIFF file are reduced."""
        return Decoded(_reduced(self.read(path).pixels, max_size_px))

    def read(self, path: Path) -> Decoded:
        """A copy of the array, (H, W, 3) uint8, uint16 or float32."""
        return Decoded(as_pixels(self._arrays[self._places[path]], str(path)))

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


def as_pixels(array: Any, name: str) -> Pixels:
    """A copy of an array as a frame has its pixels: (H, W, 3) RGB, uint8, uint16 or float32, contiguous.

    Parameters
    ----------
    array
        (H, W, 3), or (H, W) or (H, W, 1) of grey; uint8 and uint16 in full range, floats 0 to 1 for black to white.
    name
        What messages call it.

    Raises
    ------
    UnreadableFrame
        Another shape or dtype, no pixels, NaN or infinity, or floats that end at 255 or 65535.
    """
    plain = _plane_or_rgb(array, name)
    pixels: Pixels = np.empty((*plain.shape[:2], 3), _AS[plain.dtype.name])
    pixels[...] = plain if plain.ndim == 3 else plain[..., None]
    if pixels.dtype == np.float32:
        _check_floats(pixels, name)
    return pixels


def _plane_or_rgb(array: Any, name: str) -> NDArray[Any]:
    pixels = np.asarray(array)
    if pixels.dtype.name not in _AS:
        raise UnreadableFrame(
            f"{name} holds {pixels.dtype.name} numbers.",
            "frames are uint8 or uint16 in full range, or floats from 0 to 1.",
            "divide all frames by the number that means white: `(frame / 4095).astype(numpy.float32)`.",
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        raise UnreadableFrame(
            f"{name} has four channels.", "the fourth is taken for alpha.", "leave it out: `frame[..., :3]`."
        )
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        hint = "move its channels last: `numpy.moveaxis(frame, 0, -1)`." if pixels.shape[:1] == (3,) else ""
        raise UnreadableFrame(
            f"{name} is no picture.",
            f"its shape is {pixels.shape}; that of a picture is (height, width, 3), or (height, width) in grey.",
            hint or "give one array for each frame.",
        )
    if pixels.size == 0:
        raise UnreadableFrame(f"{name} is empty.", f"its shape is {pixels.shape}.", "leave it out.")
    return pixels


def _check_floats(pixels: Pixels, name: str) -> None:
    bad = ~np.isfinite(pixels).all(axis=2)
    if bad.any():  # one of them spreads over the whole result
        raise UnreadableFrame(
            f"{name} holds pixels that are no numbers.",
            f"{int(np.count_nonzero(bad))} of its pixels are NaN or infinite.",
            "fill them in, for example with `numpy.nan_to_num`, or leave the frame out.",
        )
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


def _reduced(pixels: Pixels, max_size_px: int) -> Pixels:
    """By the steps of libvips that files without a reduced form of their own take, so that both align alike."""
    import pyvips

    height, width = pixels.shape[:2]
    scale = max_size_px / max(width, height)
    if scale >= 1:
        return pixels
    image: Any = pyvips.Image.new_from_memory(pixels.data, width, height, 3, _FORMATS[pixels.dtype.name])
    if pixels.dtype == np.uint8:
        image = image.copy(interpretation="srgb")
        small = image.thumbnail_image(max_size_px, height=max_size_px, size="down")
    else:
        small = image.resize(scale)
    return np.asarray(small.numpy())
