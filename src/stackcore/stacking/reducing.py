"""Frames made smaller by libvips, for the survey: the same steps whether their numbers come from files or arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.terms import FULL_SCALE, Pixels

_DTYPES = {"uchar": "uint8", "ushort": "uint16", "float": "float32"}
_FORMATS = {dtype: name for name, dtype in _DTYPES.items()}

_NEARLY_ALL = 0.999
"""Share of its source pixels that must be opaque where a reduced pixel is valid; rounding takes a little of all."""


def as_image(pixels: NDArray[Any]) -> Any:
    """An image of libvips that sees the numbers of an array (H, W, bands), C-contiguous, which must outlive it."""
    import pyvips

    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    return pyvips.Image.new_from_memory(pixels.data, width, height, bands, _FORMATS[pixels.dtype.name])


def reduced(pixels: Pixels, max_size_px: int) -> Pixels:
    """A picture (H, W, 3) at no more than `max_size_px` on its longer side, never enlarged; dtype as it was.

    8 bits go the way of a thumbnail, others are resized (Lanczos, with block means before where that is much less).
    """
    height, width = pixels.shape[:2]
    scale = max_size_px / max(width, height)
    if scale >= 1:
        return pixels
    image = as_image(pixels)
    if pixels.dtype == np.uint8:
        image = image.copy(interpretation="srgb")
        return np.asarray(image.thumbnail_image(max_size_px, height=max_size_px, size="down").numpy())
    return np.asarray(image.resize(scale).numpy())


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
