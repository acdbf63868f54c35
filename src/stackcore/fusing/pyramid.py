"""Levels of a Laplacian pyramid: their sizes, the way down and up, and back to a picture.

Burt and Adelson, The Laplacian Pyramid as a Compact Image Code, IEEE Trans. Comm. 31(4), 1983, with their 5-tap
binomial (1 4 6 4 1)/16. The fine levels are worked in bands of rows, the coarse ones whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.terms import Pixels, StackInfo

COARSEST_PX = 16
"""The shorter side of the coarsest level is not made smaller than this."""

_COLLAPSE_ROWS = 128
_COLLAPSE_MARGIN = 16
"""Rows beyond a band that the way up from level 2 reaches, rounded up to a multiple of 4."""


def shapes(height: int, width: int, levels: int) -> list[tuple[int, int]]:
    """Height and width of each level, finest first: `levels` of them, or fewer where the picture is small.

    Examples
    --------
    >>> shapes(100, 50, 7)
    [(100, 50), (50, 25)]
    """
    found = [(height, width)]
    while len(found) < levels and min(found[-1]) >= 2 * COARSEST_PX:
        found.append(((found[-1][0] + 1) // 2, (found[-1][1] + 1) // 2))
    return found


def halved(rows: int, times: int) -> int:
    """Rows left after halving `times` times, rounding up each time as `down` does."""
    return (rows + (1 << times) - 1) >> times


def down(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """One level down: (h, w) or (h, w, 3) smoothed and halved, rounding up; edges mirror. Reaches 2 pixels."""
    return np.asarray(cv2.pyrDown(picture), np.float32)


def up(picture: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """One level up, to `shape` (h, w, ...), whose half, rounded up, is the size of `picture`. Reaches 1 pixel."""
    return np.asarray(cv2.pyrUp(picture, dstsize=(shape[1], shape[0])), np.float32)


def detail_of(gauss: NDArray[np.float32], below: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is in `gauss` (h, w) or (h, w, 3) and not in the level below it; `gauss` is not modified."""
    spread = up(below, gauss.shape)
    return np.asarray(cv2.subtract(gauss, spread, dst=spread), np.float32)


def collapse(details: Sequence[NDArray[np.float32]], coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add the levels `details`, finest first, to the next coarser gaussian level `coarse`."""
    picture = coarse
    for detail in reversed(details):
        spread = up(picture, detail.shape)
        picture = np.asarray(cv2.add(spread, detail, dst=spread), np.float32)
    return picture


def render(details: Sequence[NDArray[np.float32]], coarse: NDArray[np.float32], dtype: str) -> Pixels:
    """Collapse at most two levels `details` upon `coarse` into a finished picture, band after band.

    Returns
    -------
    Shape (H, W, 3); float32 where `dtype`, that of the frames, is `float32`, else uint16 over the full range, clipped.
    Never more than a band is held as float32 beside the arguments.
    """
    height, width = details[0].shape[:2] if details else coarse.shape[:2]
    is_float = dtype == "float32"
    out = np.empty((height, width, 3), np.float32 if is_float else np.uint16)
    for top in range(0, height, _COLLAPSE_ROWS):
        bottom = min(top + _COLLAPSE_ROWS, height)
        first, last = max(0, top - _COLLAPSE_MARGIN), min(height, bottom + _COLLAPSE_MARGIN)
        parts = [detail[first >> level : halved(last, level)] for level, detail in enumerate(details)]
        below = coarse[first >> len(details) : halved(last, len(details))]
        band = collapse(parts, below)[top - first : bottom - first]
        out[top:bottom] = band if is_float else np.rint(np.clip(band, 0, 1) * np.float32(65535))
    return out


def render_bytes(info: StackInfo) -> int:
    """Memory that `render` takes for a picture of this size: what it returns, and three copies of a band."""
    picture = info.height * info.width * (12 if info.dtype == "float32" else 6)
    return picture + 3 * 12 * (_COLLAPSE_ROWS + 2 * _COLLAPSE_MARGIN) * info.width
