"""The way down a pyramid of colours, and the brightness of each level, in one pass over a level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

Floats = NDArray[np.float32]

_RUN = 128
"""Pixels of a row worked together, in the nearest cache. Even."""

_RED, _GREEN, _BLUE = np.float32(0.299), np.float32(0.587), np.float32(0.114)
"""As `stackcore.stacking.transfer.luma`."""

_4, _6, _1_256 = np.float32(4), np.float32(6), np.float32(1 / 256)


@dataclass(frozen=True)
class Descent:
    """Gaussian levels of a picture, finest first: `colours` (h, w, 3) and `luma` (h, w) of each, float32."""

    colours: list[Floats]
    luma: list[Floats]


def descend(picture: Floats, times: int) -> Descent:
    """`picture` (h, w, 3), contiguous, and `times` levels below it; what is given is not modified.

    The levels are those of `stackcore.fusing.pyramid.down`, but for the last bits.
    """
    colours, brightness = [picture], []
    for _ in range(times):
        height, width = colours[-1].shape[:2]
        below = np.empty(((height + 1) // 2, (width + 1) // 2, 3), np.float32)
        luma = np.empty((height, width), np.float32)
        _halve(colours[-1], below, luma, np.zeros((2, 3 * (_RUN + 4)), np.float32))
        colours.append(below)
        brightness.append(luma)
    luma = np.empty(colours[-1].shape[:2], np.float32)
    _luma(colours[-1].reshape(-1), luma.reshape(-1))
    return Descent(colours, [*brightness, luma])


def half(plane: Floats) -> Floats:
    """One level down, as `descend`, of a plane (h, w), contiguous, which is not modified."""
    height, width = plane.shape
    below = np.empty(((height + 1) // 2, (width + 1) // 2), np.float32)
    _halve_plane(plane, below, np.empty(width + 5, np.float32))
    return below


@kernel
def _halve_plane(plane: Floats, below: Floats, summed: Floats) -> None:
    height, width = plane.shape
    middle = summed[2 : width + 2]
    for y in range(below.shape[0]):
        a, b, c = plane[_mirrored(2 * y - 2, height)], plane[_mirrored(2 * y - 1, height)], plane[2 * y]
        d, e = plane[_mirrored(2 * y + 1, height)], plane[_mirrored(2 * y + 2, height)]
        for x in range(width):
            middle[x] = (a[x] + e[x]) + _4 * (b[x] + d[x]) + _6 * c[x]
        for i in range(1, 3):
            summed[2 - i] = middle[_mirrored(-i, width)]
            summed[width + 1 + i] = middle[_mirrored(width - 1 + i, width)]
        out = below[y]
        for x in range(out.shape[0]):
            s = summed[2 * x :]
            out[x] = ((s[0] + s[4]) + _4 * (s[1] + s[3]) + _6 * s[2]) * _1_256


@kernel
def _halve(picture: Floats, below: Floats, luma: Floats, scratch: Floats) -> None:
    height, width = luma.shape
    rows, halves = picture.reshape(height, 3 * width), below.reshape(below.shape[0], 3 * below.shape[1])
    summed, narrow = scratch[0], scratch[1]
    for y in range(below.shape[0]):
        a, b, c = rows[_mirrored(2 * y - 2, height)], rows[_mirrored(2 * y - 1, height)], rows[2 * y]
        d, e = rows[_mirrored(2 * y + 1, height)], rows[_mirrored(2 * y + 2, height)]
        for left in range(0, width, _RUN):
            right = min(left + _RUN, width)
            first, last = max(left - 2, 0), min(right + 2, width)
            _sum_rows(a, b, c, d, e, 3 * first, 3 * last, summed[3 * (first - left + 2) :])
            for x in range(left - 2, first):
                _copy(summed, _mirrored(x, width) - left + 2, x - left + 2)
            for x in range(last, right + 2):
                _copy(summed, _mirrored(x, width) - left + 2, x - left + 2)
            _narrowed(summed, narrow)
            out = halves[y, 3 * (left // 2) : 3 * ((right + 1) // 2)]
            for i in range(out.shape[0]):
                out[i] = narrow[i]
            _luma(c[3 * left : 3 * right], luma[2 * y, left:right])
            if 2 * y + 1 < height:
                _luma(d[3 * left : 3 * right], luma[2 * y + 1, left:right])


@kernel
def _sum_rows(a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, begin: int, end: int, out: Floats) -> None:
    a, b, c, d, e = a[begin:end], b[begin:end], c[begin:end], d[begin:end], e[begin:end]
    for i in range(a.shape[0]):
        out[i] = (a[i] + e[i]) + _4 * (b[i] + d[i]) + _6 * c[i]


@kernel
def _copy(row: Floats, source: int, target: int) -> None:
    for k in range(3):
        row[3 * target + k] = row[3 * source + k]


@kernel
def _narrowed(s: Floats, out: Floats) -> None:
    """Every other column of a run, from two columns before it to two behind it."""
    for i in range(_RUN // 2):
        for k in range(3):
            j = 6 * i + k
            out[3 * i + k] = ((s[j] + s[j + 12]) + _4 * (s[j + 3] + s[j + 9]) + _6 * s[j + 6]) * _1_256


@kernel
def _luma(rgb: Floats, out: Floats) -> None:
    for x in range(out.shape[0]):
        out[x] = _RED * rgb[3 * x] + _GREEN * rgb[3 * x + 1] + _BLUE * rgb[3 * x + 2]


@kernel
def _mirrored(i: int, n: int) -> int:
    """Index `i` brought within 0 to n - 1 by mirrors on the edge pixels: 2 1 0 1 2."""
    while n > 1 and (i < 0 or i >= n):
        i = -i if i < 0 else 2 * n - 2 - i
    return i if n > 1 else 0
