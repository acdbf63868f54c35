"""Sums over tiles of a picture and another one seen through a map: all that local shifts are computed from.

Compiled loops (`stackcore.kernels`): a pixel of the moving picture is sampled, differentiated and summed while it is in
the cache. Sampling is by cubic convolution with a = -1/2 (Keys, Cubic Convolution Interpolation for Digital Image
Processing, IEEE TASSP 29(6), 1981), which keeps straight ramps where they are. OpenCV's has a = -3/4: it displaces
them by up to 0.047 px, by the fraction of a pixel, which is many times what is looked for here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.uint8]

ACROSS, DOWN, CHANGE, MEAN, BLUR, ONE = range(6)
"""What is summed in products of two: both slopes of the mean of the two pictures, their difference, the mean itself,
its Laplacian, and 1."""

_HALF, _TWO, _QUARTER, _FOUR = np.float32(0.5), np.float32(2), np.float32(0.25), np.float32(4)
_1_5, _2_5 = np.float32(1.5), np.float32(2.5)


def tile_sums(
    fixed: Floats, moving: Floats, fixed_counts: Flags, moving_counts: Flags, matrix: Doubles, tile_px: int
) -> NDArray[np.float64]:
    """Sum the products of the six quantities above, two by two, over square tiles.

    Parameters
    ----------
    fixed, moving
        Contiguous, (h, w) float32 of one size; not modified.
    fixed_counts, moving_counts
        (h, w) uint8, not 0 where a pixel counts; where `moving` is sampled outside, none does.
    matrix
        3x3, takes pixels of `fixed` to those of `moving`.
    tile_px
        Side of the tiles, pixels; they are centred, and a border of at least a pixel is left over.

    Returns
    -------
    (rows, columns, 6, 6) float64, symmetric.
    """
    h, w = fixed.shape
    rows, columns = (h - 2) // tile_px, (w - 2) // tile_px
    out = np.zeros((rows, columns, 6, 6))
    if rows and columns:
        top, left = tile_corner(h, rows, tile_px), tile_corner(w, columns, tile_px)
        place = np.ascontiguousarray(matrix), tile_px, top, left
        scratch, good = np.zeros((32, w), np.float32), np.zeros((2, w), np.uint8)
        _sum_tiles(fixed, moving, fixed_counts, moving_counts, *place, out, scratch, good)
    lower = np.tril_indices(6, -1)
    out[..., lower[0], lower[1]] = out[..., lower[1], lower[0]]
    return out


def tile_corner(length: int, tiles: int, tile_px: int) -> int:
    """Where the first of so many tiles begins, when they lie in the middle of a side of this length."""
    return (length - tiles * tile_px) // 2


@kernel
def _sample_row(moving: Floats, counts: Flags, matrix: Doubles, y: int, row: Floats, good: Flags) -> None:
    """Fill `row` with `moving` as it is seen at row `y` of the fixed picture, `good` with what counts of it."""
    if matrix[2, 0] == 0.0 and matrix[2, 1] == 0.0 and matrix[2, 2] == 1.0:
        _sample_runs(moving, counts, matrix, y, row, good)
    else:
        _sample_each(moving, counts, matrix, y, row, good)


@kernel
def _sample_runs(moving: Floats, counts: Flags, matrix: Doubles, y: int, row: Floats, good: Flags) -> None:
    """Of an affine map: as long as the whole parts of both coordinates go along with x, four rows are read in order.

    A third of the time of `_sample_each`.
    """
    (h, w), n = moving.shape, row.shape[0]
    row[:] = np.float32(0)
    good[:] = np.uint8(0)
    a, b = matrix[0, 0], matrix[0, 1] * y + matrix[0, 2]
    d, e = matrix[1, 0], matrix[1, 1] * y + matrix[1, 2]
    x = 0
    while x < n:
        there_x, there_y = a * x + b, d * x + e
        j, i = math.floor(there_x), math.floor(there_y)
        t, u = there_x - j, there_y - i
        stop = min(n, x + min(_steps(t, a - 1.0, n), _steps(u, d, n)))
        first, last = max(x, x + 1 - j), min(stop, x + w - 2 - j)  # j is 1 to w - 3 for these
        if 1 <= i <= h - 3 and first < last:
            begin, end = j + first - x - 1, j + last - x + 2
            rows = moving[i - 1, begin:end], moving[i, begin:end], moving[i + 1, begin:end], moving[i + 2, begin:end]
            phases = np.float32(t + (a - 1.0) * (first - x)), np.float32(u + d * (first - x))
            _sample_run(rows, phases, (np.float32(a - 1.0), np.float32(d)), row[first:last])
            for k in range(first, last):
                good[k] = counts[int(d * k + e + 0.5), int(a * k + b + 0.5)]
        x = stop


@kernel
def _steps(phase: float, drift: float, most: int) -> int:
    """How often `drift` can be added until `phase`, 0 to 1, is beyond: 1 to `most`."""
    if drift == 0.0:
        return most
    ahead = (1.0 - phase) / drift if drift > 0.0 else -phase / drift
    return most if ahead >= most else max(1, math.ceil(ahead))


@kernel
def _sample_run(
    rows: tuple[Floats, ...], phases: tuple[np.float32, np.float32], drifts: tuple[np.float32, np.float32], out: Floats
) -> None:
    """Pixels from the 4 x 4 that are before and behind them; what rounding takes phases beyond 0 or 1 is cut."""
    p, q, r, s = rows
    zero, one = np.float32(0), np.float32(1)
    for k in range(out.shape[0]):
        step = np.float32(k)
        a0, a1, a2, a3 = _weights(min(max(phases[0] + step * drifts[0], zero), one))
        b0, b1, b2, b3 = _weights(min(max(phases[1] + step * drifts[1], zero), one))
        out[k] = (
            b0 * (a0 * p[k] + a1 * p[k + 1] + a2 * p[k + 2] + a3 * p[k + 3])
            + b1 * (a0 * q[k] + a1 * q[k + 1] + a2 * q[k + 2] + a3 * q[k + 3])
            + b2 * (a0 * r[k] + a1 * r[k + 1] + a2 * r[k + 2] + a3 * r[k + 3])
            + b3 * (a0 * s[k] + a1 * s[k + 1] + a2 * s[k + 2] + a3 * s[k + 3])
        )


@kernel
def _sample_each(moving: Floats, counts: Flags, matrix: Doubles, y: int, row: Floats, good: Flags) -> None:
    """The same of any map, pixel by pixel."""
    h, w = moving.shape
    for x in range(row.shape[0]):
        depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
        there_x = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / depth
        there_y = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / depth
        if not (there_x >= 1.0 and there_y >= 1.0 and there_x < w - 2 and there_y < h - 2):
            row[x], good[x] = np.float32(0), np.uint8(0)
            continue
        i, j = int(there_y), int(there_x)
        t, u = np.float32(there_x - j), np.float32(there_y - i)
        a0, a1, a2, a3 = _weights(t)
        b0, b1, b2, b3 = _weights(u)
        row[x] = (
            b0 * _along(moving[i - 1], j, a0, a1, a2, a3)
            + b1 * _along(moving[i], j, a0, a1, a2, a3)
            + b2 * _along(moving[i + 1], j, a0, a1, a2, a3)
            + b3 * _along(moving[i + 2], j, a0, a1, a2, a3)
        )
        good[x] = counts[int(there_y + 0.5), int(there_x + 0.5)]


@kernel
def _along(row: Floats, j: int, a0: np.float32, a1: np.float32, a2: np.float32, a3: np.float32) -> np.float32:
    """Four pixels of a row, from j - 1 on, weighed."""
    total: np.float32 = a0 * row[j - 1] + a1 * row[j] + a2 * row[j + 1] + a3 * row[j + 2]
    return total


@kernel
def _weights(t: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Of the pixels at -1, 0, 1 and 2 for a place at 0 <= t < 1."""
    t2 = t * t
    t3 = t2 * t
    return (
        t2 - _HALF * (t + t3),
        np.float32(1) - _2_5 * t2 + _1_5 * t3,
        _HALF * t + _TWO * t2 - _1_5 * t3,
        _HALF * (t3 - t2),
    )


@kernel
def _sum_tiles(
    fixed: Floats,
    moving: Floats,
    fixed_counts: Flags,
    moving_counts: Flags,
    matrix: Doubles,
    tile_px: int,
    top: int,
    left: int,
    out: Doubles,
    scratch: Floats,
    good: Flags,
) -> None:
    rows, columns = out.shape[0], out.shape[1]
    width = fixed.shape[1]
    ring = scratch[:3]  # the mean of the two pictures: the row before, this one, the next
    seen, terms, sums = scratch[3:5], scratch[5:11], scratch[11:]
    for k in range(2):
        y = top - 1 + k
        _sample_row(moving, moving_counts, matrix, y, seen[k], good[k])
        for x in range(width):
            ring[k + 1, x] = _HALF * (fixed[y, x] + seen[k, x])
    for row in range(rows):
        sums[:] = 0
        for y in range(top + row * tile_px, top + (row + 1) * tile_px):
            here, there = (y - top + 1) % 2, (y - top) % 2
            for x in range(width):
                ring[0, x], ring[1, x] = ring[1, x], ring[2, x]
            _sample_row(moving, moving_counts, matrix, y + 1, seen[there], good[there])
            for x in range(width):
                ring[2, x] = _HALF * (fixed[y + 1, x] + seen[there, x])
            for x in range(1, width - 1):
                counts = np.float32(1) if fixed_counts[y, x] != 0 and good[here, x] != 0 else np.float32(0)
                west, east, north, south = ring[1, x - 1], ring[1, x + 1], ring[0, x], ring[2, x]
                terms[0, x] = counts * _HALF * (east - west)
                terms[1, x] = counts * _HALF * (south - north)
                terms[2, x] = counts * (seen[here, x] - fixed[y, x])
                terms[3, x] = counts * ring[1, x]
                terms[4, x] = counts * (west + east + north + south - _FOUR * ring[1, x])
                terms[5, x] = counts
            k = 0
            for p in range(6):
                for q in range(p, 6):
                    for x in range(width):
                        sums[k, x] += terms[p, x] * terms[q, x]
                    k += 1
        for column in range(columns):
            k = 0
            for p in range(6):
                for q in range(p, 6):
                    total = 0.0
                    for x in range(left + column * tile_px, left + (column + 1) * tile_px):
                        total += sums[k, x]
                    out[row, column, p, q] = total
                    k += 1
