"""Levels of a Laplacian pyramid: their sizes, the way down and up, and back to a picture.

Burt and Adelson, The Laplacian Pyramid as a Compact Image Code, IEEE Trans. Comm. 31(4), 1983, with their 5-tap
binomial (1 4 6 4 1)/16. The fine levels are worked in bands of rows, the coarse ones whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.short_floats import as_floats
from stackcore.fusing.sixteen_bits import to_sixteen_bits
from stackcore.terms import Pixels, StackInfo, Strip

COARSEST_PX = 16
"""The shorter side of the coarsest level is not made smaller than this."""

_COLLAPSE_ROWS = 128
_COLLAPSED_AT_ONCE = 2
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


def strip_of_level(strip: Strip, level: int, height: int, band_rows: int) -> Strip:
    """Rows of a level, worked in bands, that the picture of `strip` needs: of coarser ones a band more on both sides.

    Going up reaches 1 row; whole bands, because a band is the least that is worked. `height` is that of the picture.
    """
    more = band_rows if level else 0
    top, bottom = max(0, strip.top - more), min(height, strip.bottom + more)
    return Strip(top >> level, halved(bottom, level))


def render(
    details: Sequence[NDArray[Any]],
    coarse: NDArray[np.float32],
    info: StackInfo,
    strip: Strip | None = None,
    tops: Sequence[int] = (0, 0),
) -> Pixels:
    """Collapse at most two levels `details` upon `coarse` into a finished picture, band after band.

    Parameters
    ----------
    details, coarse
        Levels of the picture (h, w, 3) float32, details short or not, finest first; they are not modified.
    info
        Of the whole picture.
    strip
        The rows to make, from a multiple of 4 on; None for all. They are the same to the bit for every strip.
    tops
        The row of its level that the first row of each of `details` is: they need to hold no more of it than
        `strip_of_level` says. `coarse` is whole.

    Returns
    -------
    Shape (rows, W, 3); float32 for float32 frames, else uint16 over the full range, clipped. Never more than two bands
    are held as float32 beside the arguments.
    """
    strip = Strip(0, info.height) if strip is None else strip
    is_float = info.dtype == "float32"
    out = np.empty((strip.rows, info.width, 3), np.float32 if is_float else np.uint16)

    def make(top: int) -> None:
        bottom = min(top + _COLLAPSE_ROWS, strip.bottom)
        band = _collapsed(details, coarse, Strip(top, bottom), info.height, tops)
        into = out[top - strip.top : bottom - strip.top]
        if is_float:
            into[:] = band
        else:
            to_sixteen_bits(band, into)

    with ThreadPoolExecutor(_COLLAPSED_AT_ONCE, thread_name_prefix="stackcore-collapse") as pool:
        for _ in pool.map(make, range(strip.top, strip.bottom, _COLLAPSE_ROWS)):
            pass
    return out


def _collapsed(
    details: Sequence[NDArray[Any]], coarse: NDArray[np.float32], band: Strip, height: int, tops: Sequence[int]
) -> NDArray[np.float32]:
    """The rows of a band, from a margin of rows of all levels but the finest."""
    if not details:
        return coarse[band.top : band.bottom]
    first, last = max(0, band.top - _COLLAPSE_MARGIN), min(height, band.bottom + _COLLAPSE_MARGIN)
    parts = [
        as_floats(detail[(first >> level) - top : halved(last, level) - top])
        for level, (detail, top) in enumerate(zip(details, tops, strict=False))
        if level
    ]
    below = collapse(parts, coarse[first >> len(details) : halved(last, len(details))])
    spread = up(below, (last - first, details[0].shape[1]))[band.top - first : band.bottom - first]
    return np.asarray(spread + as_floats(details[0][band.top - tops[0] : band.bottom - tops[0]]), np.float32)


def render_bytes(info: StackInfo) -> int:
    """Memory that `render` takes for a picture of this size: what it returns, and four copies of each band at work."""
    picture = info.height * info.width * (12 if info.dtype == "float32" else 6)
    return picture + _COLLAPSED_AT_ONCE * 4 * 12 * (_COLLAPSE_ROWS + 2 * _COLLAPSE_MARGIN) * info.width
