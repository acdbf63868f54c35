"""Shrinking a frame by a whole factor while its rows come in, bit for bit as libvips does it.

`vips_shrink` takes means down the columns and then along the rows, each rounded to a whole number, half upwards. Here
the rows of integers pass through once, in bands that stay in the cache: a frame need not be in memory for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stackcore.kernels import kernel

_ROWS = 16
"""So many rows of the result are made at a time."""

RowsOf = Callable[[int, int], NDArray[Any]]
"""Gives rows `top` to `bottom` (not included) of a frame, (n, w, 3), uint8 or uint16; valid until it is asked again."""


def shrunk(rows_of: RowsOf, height: int, width: int, dtype: DTypeLike, times: int) -> NDArray[Any]:
    """A frame (height, width, 3), made smaller by `times`.

    Parameters
    ----------
    rows_of
        Is asked once for each row, from the top down.
    dtype
        Of the rows: uint8 or uint16.
    times
        4 or 8. Sides that are no multiple of it are rounded, half upwards, the last row or column repeated.

    Returns
    -------
    (h, w, 3) of the same dtype.
    """
    small = np.empty((_rounded(height, times), _rounded(width, times), 3), dtype)
    sums = np.empty(3 * max(width, times * small.shape[1]), np.uint32)
    for first in range(0, len(small), _ROWS):
        some = small[first : first + _ROWS]
        rows = np.ascontiguousarray(rows_of(times * first, min(times * (first + len(some)), height)))
        _means(rows.reshape(len(rows), -1), times, sums, some.reshape(len(some), -1))
    return small


def _rounded(side: int, times: int) -> int:
    return max(1, (side + times // 2) // times)


@kernel
def _means(rows: NDArray[Any], times: int, sums: NDArray[np.uint32], out: NDArray[Any]) -> None:
    """Fill `out` (h, 3 * w) from `rows`; where there are too few of them, or columns, the last ones are repeated."""
    half, width = np.uint32(times // 2), rows.shape[1]
    shift = np.uint32(2 if times == 4 else 3)
    for y in range(out.shape[0]):
        for i in range(width):
            sums[i] = half
        for k in range(times):
            row = rows[min(times * y + k, rows.shape[0] - 1)]
            for i in range(width):
                sums[i] += np.uint32(row[i])
        for i in range(width):
            sums[i] >>= shift
        for i in range(width, sums.shape[0]):
            sums[i] = sums[i - 3]
        for x in range(out.shape[1] // 3):
            red, green, blue = half, half, half
            for k in range(times):
                j = 3 * (times * x + k)
                red, green, blue = red + sums[j], green + sums[j + 1], blue + sums[j + 2]
            out[y, 3 * x], out[y, 3 * x + 1], out[y, 3 * x + 2] = red >> shift, green >> shift, blue >> shift
