"""Resampling under a gentle affine map in two passes, along rows and down columns, to the bit the same in every band.

Catmull and Smith, 3-D Transformations of Images in Scanline Order, Computer Graphics (SIGGRAPH) 14(3), 1980: where a
pixel of the picture comes from x' = a x + b y + c, y' = d x + e y + f of the source, each source row is first resampled
along its length to the columns of the picture, and these rows then down the columns. For a shift and a change of scale
that is the separable kernel itself; under a rotation by r the kernel is sheared by r, which a kernel of 4 pixels does
not show for the few degrees that a stack is ever turned by.

Both passes work in runs: the whole part of a source coordinate, beside the pixel's own, stays the same for hundreds of
pixels, so that a run is 4 contiguous rows of numbers, in which a pixel's weights follow from its column alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel, read_only
from stackcore.terms import Region

_TILE = 1152
"""Columns worked at a time, at most: what two passes need of them stays in the first and second cache."""

_STRETCH = 512
"""Phases are counted from multiples of this column, so that what else is made does not matter to a pixel."""

_STEPS = np.arange(_STRETCH, dtype=np.float32)

_GENTLE_TURN, _GENTLE_SCALE = 0.05, 1.25
"""The largest of |b|, |d| and of a, e, 1 / a, 1 / e that are resampled like this."""

_A = np.float32(-0.75)
"""Slope of the cubic at distance 1 (Keys, Cubic Convolution Interpolation, IEEE TASSP 29(6), 1981; there -0.5)."""

_0, _1, _A_AND_2, _A_AND_3 = np.float32(0), np.float32(1), _A + np.float32(2), _A + np.float32(3)


def is_gentle(matrix: NDArray[np.float64]) -> bool:
    """Whether a map (3, 3) is affine, turns by less than 3 degrees and scales by less than a quarter."""
    if not np.array_equal(matrix[2], (0, 0, 1)):
        return False
    turn = max(abs(matrix[0, 1]), abs(matrix[1, 0]))
    low, high = min(matrix[0, 0], matrix[1, 1]), max(matrix[0, 0], matrix[1, 1])
    return bool(turn <= _GENTLE_TURN and low >= 1 / _GENTLE_SCALE and high <= _GENTLE_SCALE)


def resample(
    source: NDArray[Any],
    lines: NDArray[np.float32],
    matrix: NDArray[np.float64],
    part: Region,
) -> NDArray[np.float32]:
    """A part of the picture that `matrix` takes out of `source`, bicubic; the same to the bit in every larger part.

    Parameters
    ----------
    source
        (h, w, 3), uint8, uint16 or float32; not modified. Beyond its edges it repeats them.
    lines
        What becomes of its numbers: those of `stackcore.stacking.transfer.gain_lines`.
    matrix
        (3, 3), from coordinates (x, y, 1) of the picture to those of `source`; `is_gentle` says yes to it.
    part
        What is made.

    Returns
    -------
    (h, w, 3) float32 of the size of `part`; overshoots what is in `source` by up to a quarter of its steps.
    """
    seen = read_only(np.ascontiguousarray(source).reshape(len(source), -1))
    out = np.empty((part.height, part.width, 3), np.float32)
    numbers = np.ascontiguousarray(matrix[:2]).ravel()
    along = numbers[0] - numbers[1] * numbers[3] / numbers[4]
    ring = np.zeros((6 + int(abs(numbers[3]) * _TILE), 3 * _TILE), np.float32)
    taken = np.zeros((3, int(along * _TILE) + 8), np.float32)
    _two_passes(seen, lines, numbers, (part.x, part.y), out.reshape(len(out), -1), ring, taken, _STEPS)
    return out


@kernel
def _two_passes(
    source: NDArray[Any],
    lines: NDArray[np.float32],
    m: NDArray[np.float64],
    place: tuple[int, int],
    out: NDArray[np.float32],
    ring: NDArray[np.float32],
    taken: NDArray[np.float32],
    steps: NDArray[np.float32],
) -> None:
    """Fill `out` (n, 3 * width), which begins at column and row `place`, from `source` (h, 3 * w), pixel after pixel.

    Of the rows resampled along their length a `ring` holds those that a row of the picture needs, each in planes: the
    reds of a tile, its greens, its blues. `taken` is scratch for a row before that.
    """
    along = m[0] - m[1] * m[3] / m[4]  # x' on source row v: along * x + per_row * v + start
    per_row = m[1] / m[4]
    start = m[2] - m[1] * m[5] / m[4]
    begin_column, top = place
    width = out.shape[1] // 3
    tiles = -(-width // _TILE)
    for tile in range(tiles):
        left, right = begin_column + tile * width // tiles, begin_column + (tile + 1) * width // tiles
        ready = 0
        for line in range(out.shape[0]):
            base = m[4] * (top + line) + m[5]
            ends = (m[3] * left + base, m[3] * (right - 1) + base)
            first, last = math.floor(min(ends)) - 1, math.floor(max(ends)) + 2
            if line == 0:
                ready = first
            for row in range(max(ready, first), last + 1):
                begin = per_row * row + start
                begins = math.floor(along * left + begin) - 1
                count = math.floor(along * (right - 1) + begin) + 3 - begins
                pixels = source[min(max(row, 0), len(source) - 1)]
                _take(pixels, lines, begins, count, taken)
                _along(taken, begins, along, begin, left, right, steps, ring[row % len(ring)])
            ready = max(ready, last + 1)
            resampled = out[line, 3 * (left - begin_column) : 3 * (right - begin_column)]
            _down(ring, m[3], base, left, right, steps, resampled)


@kernel
def _take(
    pixels: NDArray[Any], lines: NDArray[np.float32], begins: int, count: int, taken: NDArray[np.float32]
) -> None:
    """A row of the source from column `begins` on, as `lines` have it, in planes (3, n); beyond the edges it repeats.

    Lines, and no table: three looks into one take five times as long.
    """
    width = pixels.shape[0] // 3
    inside = min(max(-begins, 0), count)
    outside = max(min(width - begins, count), inside)
    reds, greens, blues = taken[0, inside:outside], taken[1, inside:outside], taken[2, inside:outside]
    within = pixels[3 * (begins + inside) : 3 * (begins + outside)]
    knee_r, below_r, above_r, offset_r = lines[0, 0], lines[0, 1], lines[0, 2], lines[0, 3]
    knee_g, below_g, above_g, offset_g = lines[1, 0], lines[1, 1], lines[1, 2], lines[1, 3]
    knee_b, below_b, above_b, offset_b = lines[2, 0], lines[2, 1], lines[2, 2], lines[2, 3]
    for i in range(reds.shape[0]):
        r, g, b = np.float32(within[3 * i]), np.float32(within[3 * i + 1]), np.float32(within[3 * i + 2])
        reds[i] = r * below_r if r <= knee_r else r * above_r + offset_r
        greens[i] = g * below_g if g <= knee_g else g * above_g + offset_g
        blues[i] = b * below_b if b <= knee_b else b * above_b + offset_b
    for channel in range(3):
        knee, below, above, offset = lines[channel, 0], lines[channel, 1], lines[channel, 2], lines[channel, 3]
        for first, last in ((0, inside), (outside, count)):
            for i in range(first, last):
                value = np.float32(pixels[3 * min(max(begins + i, 0), width - 1) + channel])
                taken[channel, i] = value * below if value <= knee else value * above + offset


@kernel
def _along(
    taken: NDArray[np.float32],
    begins: int,
    slope: float,
    base: float,
    left: int,
    right: int,
    steps: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Resample a row, in planes (3, n), to planes of a tile: column x of the picture is at slope * x + base."""
    x = left
    while x < right:
        offset = math.floor(slope * x + base) - x
        stretch = x // _STRETCH * _STRETCH
        end = _run(slope, base, 1, x, min(right, stretch + _STRETCH))
        at, n = offset + x - 1 - begins, x - left
        phase = np.float32(slope * stretch + base - (offset + stretch))
        rows = taken[0, at:], taken[1, at:], taken[2, at:]
        planes = out[n:], out[_TILE + n :], out[2 * _TILE + n :]
        _mix_along(rows, phase, np.float32(slope - 1.0), steps[x - stretch : end - stretch], planes)
        x = end


@kernel
def _mix_along(
    rows: tuple[NDArray[np.float32], ...],
    phase: np.float32,
    drift: np.float32,
    steps: NDArray[np.float32],
    planes: tuple[NDArray[np.float32], ...],
) -> None:
    """A run of pixels, each the weighted sum of four neighbours in three rows."""
    a, b, c = rows
    reds, greens, blues = planes
    for i in range(steps.shape[0]):
        before, near, beyond, after = _weights(phase + steps[i] * drift)
        reds[i] = (a[i] * before + a[i + 1] * near) + (a[i + 2] * beyond + a[i + 3] * after)
        greens[i] = (b[i] * before + b[i + 1] * near) + (b[i + 2] * beyond + b[i + 3] * after)
        blues[i] = (c[i] * before + c[i + 1] * near) + (c[i + 2] * beyond + c[i + 3] * after)


@kernel
def _down(
    ring: NDArray[np.float32],
    slope: float,
    base: float,
    left: int,
    right: int,
    steps: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Resample columns `left` to `right` of a tile, in planes, to pixels (3 * n): x is at row slope * x + base."""
    x = left
    while x < right:
        row = math.floor(slope * x + base)
        stretch = x // _STRETCH * _STRETCH
        end = _run(slope, base, 0, x, min(right, stretch + _STRETCH))
        n = x - left
        a, b = ring[(row - 1) % len(ring), n:], ring[row % len(ring), n:]
        c, d = ring[(row + 1) % len(ring), n:], ring[(row + 2) % len(ring), n:]
        phase = np.float32(slope * stretch + base - row)
        _mix_down((a, b, c, d), phase, np.float32(slope), steps[x - stretch : end - stretch], out[3 * n :])
        x = end


@kernel
def _mix_down(
    rows: tuple[NDArray[np.float32], ...],
    phase: np.float32,
    drift: np.float32,
    steps: NDArray[np.float32],
    pixels: NDArray[np.float32],
) -> None:
    """A run of pixels, each the weighted sum of those above and below it in four rows of planes."""
    a, b, c, d = rows
    for i in range(steps.shape[0]):
        before, near, beyond, after = _weights(phase + steps[i] * drift)
        g, k = _TILE + i, 2 * _TILE + i
        pixels[3 * i] = (a[i] * before + b[i] * near) + (c[i] * beyond + d[i] * after)
        pixels[3 * i + 1] = (a[g] * before + b[g] * near) + (c[g] * beyond + d[g] * after)
        pixels[3 * i + 2] = (a[k] * before + b[k] * near) + (c[k] * beyond + d[k] * after)


@kernel
def _run(slope: float, base: float, own: int, x: int, stop: int) -> int:
    """First column after `x`, `stop` at the latest, whose slope * x + base, less `own` * x, has another whole part.

    The sums decide themselves, not where a straight line crosses: a run ends at the same column wherever it begins.
    """
    whole, drift = math.floor(slope * x + base) - own * x, slope - own
    ahead = float(stop - x)
    if drift != 0.0:
        here = slope * x + base - (own * x + whole)
        ahead = min(ahead, (1.0 - here) / drift if drift > 0.0 else -here / drift)
    end = max(x + 1, x + math.ceil(ahead))
    while end > x + 1 and math.floor(slope * (end - 1) + base) - own * (end - 1) != whole:
        end -= 1
    while end < stop and math.floor(slope * end + base) - own * end == whole:
        end += 1
    return min(end, stop)


@kernel
def _weights(phase: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Weights of the cubic at a phase beyond the second of its pixels.

    It is 0 to 1, but for a rounding where a run ends: there the pixel beyond is not what it should be, and cutting
    the phase to 0 or 1 gives it no weight at all.
    """
    t = min(max(phase, _0), _1)
    rest = _1 - t
    before, after = _A * t * rest * rest, _A * t * t * rest
    near = (_A_AND_2 * t - _A_AND_3) * t * t + _1
    return before, near, _1 - before - near - after, after
