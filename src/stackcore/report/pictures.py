"""Pictures as a page shows them: 8 bits, sRGB, of the size that is asked for, compressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.stacking.transfer import from_linear
from stackcore.terms import FULL_SCALE, Encoding, Pixels

QUALITIES = (86, 80, 74, 68)
LEAST_SIDE_PX = 160
_SHRINK = 0.8
"""A picture that is too large for its bytes at the lowest quality is made smaller by this."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A compressed picture: JPEG bytes and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def fitted(width: int, height: int, side_px: int) -> tuple[int, int]:
    """Width and height of a picture whose longer side has at most `side_px`, never enlarged.

    Examples
    --------
    >>> fitted(6000, 4000, 1200), fitted(300, 200, 1200)
    ((1200, 800), (300, 200))
    """
    scale = min(1.0, side_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrunk(plane: NDArray[Any], side_px: int) -> NDArray[Any]:
    """A picture (H, W) or (H, W, 3) with at most `side_px` on its longer side, by area means; dtype as it was."""
    height, width = plane.shape[:2]
    size = fitted(width, height, side_px)
    return plane if size == (width, height) else np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def displayed(pixels: Pixels, encoding: Encoding, icc: bytes | None) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) of any frame dtype as 8-bit sRGB; the input is not modified.

    `icc` is the profile of the numbers; without one they are taken for sRGB primaries in this `encoding`.
    """
    if icc is not None:
        return _converted(pixels, icc)
    if encoding == "linear":
        scale = np.float32(1.0 / FULL_SCALE[pixels.dtype.name])
        return _eight_bits(from_linear(pixels.astype(np.float32) * scale, "srgb"), 1.0)
    return _eight_bits(pixels, FULL_SCALE[pixels.dtype.name])


def compressed(shown: NDArray[np.uint8], quality: int) -> Picture:
    """A JPEG of 8-bit sRGB pixels (H, W, 3), without metadata."""
    height, width = shown.shape[:2]
    good, data = cv2.imencode(
        ".jpg",
        cv2.cvtColor(shown, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    )
    if not good:
        raise RuntimeError("OpenCV did not encode a JPEG")
    return Picture(jpeg=data.tobytes(), width=width, height=height)


def within(shown: NDArray[np.uint8], side_px: int, most_bytes: int, qualities: Sequence[int] = QUALITIES) -> Picture:
    """The best JPEG of at most `most_bytes`: of lower quality first, and smaller then, down to 160 pixels."""
    while True:
        small = np.asarray(shrunk(shown, side_px), np.uint8)
        for quality in qualities:
            picture = compressed(small, quality)
            if len(picture.jpeg) <= most_bytes or side_px <= LEAST_SIDE_PX:
                return picture
        side_px = int(max(small.shape[:2]) * _SHRINK)


def _eight_bits(values: NDArray[Any], white: float) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return np.asarray(values, np.uint8)
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0), alpha=255.0 / white), np.uint8)


def _converted(pixels: Pixels, icc: bytes) -> NDArray[np.uint8]:
    import pyvips

    height, width = pixels.shape[:2]
    formats = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
    kinds = {"uint8": "srgb", "uint16": "rgb16", "float32": "rgb"}
    data = np.ascontiguousarray(pixels)
    image: Any = pyvips.Image.new_from_memory(data.data, width, height, 3, formats[data.dtype.name])
    if data.dtype == np.float32:
        image = (image * FULL_SCALE["uint16"]).rint().cast("ushort")
    kind = "rgb16" if data.dtype == np.float32 else kinds[data.dtype.name]
    image = image.copy(interpretation=kind)
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    try:
        shown = image.icc_transform("srgb", embedded=True, depth=8).numpy()
    except pyvips.Error:  # a profile that cannot be used: the numbers as they are
        return _eight_bits(pixels, FULL_SCALE[pixels.dtype.name])
    return np.asarray(shown, np.uint8)
