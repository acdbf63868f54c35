"""Frames made smaller by libvips, for the survey: the same steps whether their numbers come from files or arrays."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Decoded
from stackcore.stacking.shrinking import shrunk
from stackcore.terms import FULL_SCALE, Pixels

_DTYPES = {"uchar": "uint8", "ushort": "uint16", "float": "float32"}
_FORMATS = {dtype: name for name, dtype in _DTYPES.items()}

_NEARLY_ALL = 0.999
"""Share of its source pixels that must be opaque where a reduced pixel is valid; rounding takes a little of all."""


_SHRINKING = (4, 8)
"""By what whole factors large frames are shrunk at first."""

_LEFT_TO_MEANS = 1.4
"""They stay so much larger than they are wanted, at least: what shrinking leaves of aliasing is averaged away. Frames
of 2000 pixels that were decoded at the very size were registered 40 % worse; those of 6000 are not."""

_COLOURS = {"uint8": "srgb", "uint16": "rgb16", "float32": "rgb"}


def times_larger(width: int, height: int, max_size_px: int) -> int:
    """By how much a large frame is to be shrunk before it is reduced the rest of the way; 0 for a smaller one.

    What libvips does to reduce a frame in one go is better for small ones, and takes three times as long for a large
    TIFF; of a large JPEG most of the decoding is left out.

    Examples
    --------
    >>> [times_larger(width, 4000, 1024) for width in (5000, 6000, 12000)]
    [0, 4, 8]
    """
    room = max(width, height) / (_LEFT_TO_MEANS * max_size_px)
    return max((times for times in _SHRINKING if times <= room), default=0)


def by_areas(pixels: Pixels, max_size_px: int) -> Pixels:
    """A frame (H, W, 3) that is larger than `max_size_px`, at that size, as means over areas."""
    scale = max_size_px / max(pixels.shape[:2])
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))


def reduced(pixels: Pixels, valid: NDArray[np.bool_] | None, max_size_px: int) -> Decoded:
    """A frame at no more than `max_size_px` on its longer side, never enlarged, as a TIFF file of it is reduced.

    Large frames of whole numbers by themselves (`stackcore.stacking.shrinking`), others through a TIFF file in memory:
    libvips cuts its work along the way that pixels come to it, which shows in the last bit of some of them. That takes
    as much memory as the frame.

    Parameters
    ----------
    pixels
        (H, W, 3) uint8, uint16 or float32, C-contiguous.
    valid
        (H, W), which of them are picture; None for all.
    """
    import pyvips

    scale = max_size_px / max(pixels.shape[:2])
    if scale >= 1:
        return Decoded(pixels, valid)
    height, width = pixels.shape[:2]
    times = times_larger(width, height, max_size_px)
    if valid is None and times and pixels.dtype != np.float32:
        return Decoded(by_areas(shrunk(lambda a, b: pixels[a:b], height, width, pixels.dtype, times), max_size_px))
    stored = _stored(pixels, valid)
    if valid is None and times:
        large: Any = pyvips.Image.new_from_buffer(stored, "", access="sequential")
        return Decoded(by_areas(np.asarray(large.shrink(times, times).numpy()), max_size_px))
    if valid is None and pixels.dtype == np.uint8:
        small = pyvips.Image.thumbnail_buffer(stored, max_size_px, height=max_size_px, size="down")
        return Decoded(np.asarray(small.numpy()))
    image: Any = pyvips.Image.new_from_buffer(stored, "", access="sequential")
    if valid is None:
        return Decoded(np.asarray(image.resize(scale).numpy()))
    opaque = reduced_where_opaque(image.extract_band(0, n=3), image.extract_band(3), scale)
    return Decoded(*opaque_parts(opaque, pixels.dtype.name))


def _stored(pixels: Pixels, valid: NDArray[np.bool_] | None) -> bytes:
    """A frame as a TIFF file, with alpha where not all of it is picture."""
    import pyvips

    kind = pixels.dtype.name
    if valid is not None:
        alpha = valid.astype(kind) * pixels.dtype.type(FULL_SCALE[kind])
        pixels = np.concatenate([pixels, alpha[..., None]], axis=2)
    height, width, bands = pixels.shape
    image: Any = pyvips.Image.new_from_memory(pixels.data, width, height, bands, _FORMATS[kind])
    data: bytes = image.copy(interpretation=_COLOURS[kind]).write_to_buffer(".tif")
    return data


def reduced_where_opaque(rgb: Any, alpha: Any, scale: float) -> NDArray[np.float32]:
    """The mean of what is opaque alone, so that nothing bleeds out of the parts that are not.

    Parameters
    ----------
    rgb, alpha
        Images of libvips of one format, three bands and one.
    scale
        Below 1.

    Returns
    -------
    (h, w, 4) float32 in the range of the format; the last plane is full where all of a pixel's source is opaque.
    """
    full = FULL_SCALE[_DTYPES[rgb.format]]
    opaque = ((alpha == full) * (full / 255)).cast(rgb.format)  # a comparison gives 0 or 255
    weighted = rgb.bandjoin(opaque.copy(interpretation=rgb.interpretation)).premultiply(max_alpha=full)
    small = weighted.resize(scale, kernel="linear").unpremultiply(max_alpha=full).cast("float")
    return np.asarray(small.numpy(), np.float32)


def opaque_parts(small: NDArray[np.float32], dtype: str) -> tuple[Pixels, NDArray[np.bool_]]:
    """What `reduced_where_opaque` gave as pixels (h, w, 3) of `dtype`, and which of them are valid, (h, w)."""
    full = FULL_SCALE[dtype]
    pixels = small[..., :3]
    if dtype != "float32":
        pixels = np.clip(np.rint(pixels), 0, full)
    return np.ascontiguousarray(pixels, dtype), small[..., 3] >= _NEARLY_ALL * full
