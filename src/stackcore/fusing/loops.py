"""Compiled loops over the rows of a level, each in one pass over memory where a chain of whole planes took many.

What a step leaves for the next stays in the cache, and what does not count is not read. A pixel gets the same bits in
whatever band, strip or vector lane it falls (`stackcore.kernels`). Arrays are float32 and contiguous, with shapes that
the callers (`stackcore.fusing.energy`, `stackcore.fusing.softmean`) have checked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

Floats = NDArray[np.float32]

_RUN = 64
"""Scores of a row that are looked at together: where a frame counts in none of them, no more is read. Even."""

_WIDEST = 3 * 2 * _RUN
"""Numbers of a run of pixels, of which two in a row may share a score."""

SCRATCH = (4, _WIDEST)
"""Shape of the scratch of `absorb` and `absorb_detail`."""

_APART = np.float32(17)
"""Scores farther apart than this do not share: exp(-17) is less than half the last bit of 1."""

_LOG2_E, _LN_2 = np.float32(1 / np.log(2)), np.float32(np.log(2))
_HALF, _1 = np.float32(0.5), np.float32(1)
_1_8, _1_4, _3_4 = np.float32(1 / 8), np.float32(1 / 4), np.float32(3 / 4)
_1_6, _1_24, _1_120, _1_720 = (np.float32(1 / c) for c in (6, 24, 120, 720))
_L0, _L1, _L2, _L3 = (np.float32(c) for c in (0.9999998, -0.49997452, 0.33276188, -0.24499656))
_L4, _L5, _L6, _L7 = (np.float32(c) for c in (0.17757118, -0.10785469, 0.04421473, -0.00857478))


_SHORT_SIZE, _SHORT_SIGN, _SIZE = np.uint32(0x7FFF), np.uint32(0x8000), np.uint32(0x7FFFFFFF)
_SHORTER, _SIXTEEN = np.uint32(11), np.uint32(16)
_LIFT, _LIFTED = np.float32(2**-7), np.uint32(120 << 23)
_HALF_STEP_LIFTED = np.uint32(2**32 + (1 << 10) - (120 << 23))
_LARGEST = np.float32(2 - 2**-12)
"""Short numbers: bits of size and sign, of a float32 those of its size; how many fewer bits, and by how many the sign
is moved; what is added to their size, and that as bits, which are those of 0; half a step less them, for rounding; and
the largest sum that they can hold."""


@kernel
def exponential(x: np.float32) -> np.float32:
    """exp(x) for -17 <= x <= 0, within 1.2e-6 of itself: 2^k times a Taylor series of degree 6, |ln| <= ln(2) / 2."""
    scaled = x * _LOG2_E
    k = np.int32(scaled - _HALF)  # towards zero: the nearest
    f = (scaled - np.float32(k)) * _LN_2
    series = _1 + f * (_1 + f * (_HALF + f * (_1_6 + f * (_1_24 + f * (_1_120 + f * _1_720)))))
    return series * np.int32(np.int32(k + np.int32(127)) << np.int32(23)).view(np.float32)


@kernel
def logarithm_of_one_and(t: np.float32) -> np.float32:
    """ln(1 + t) for 0 <= t <= 1, within 3e-7: t times a polynomial, through the nodes of Chebyshev.

    A division would take more than the whole of it.
    """
    return t * (_L0 + t * (_L1 + t * (_L2 + t * (_L3 + t * (_L4 + t * (_L5 + t * (_L6 + t * _L7)))))))


@kernel
def shares(ours: Floats, theirs: Floats, share: Floats) -> bool:
    """Whether `theirs` counts in any pixel of a run; if so, fill `share` with its part in each, and add it to `ours`.

    Scores are logarithms of weights, (n,); the sum of two is the larger and ln(1 + exp(-difference)).
    """
    n = ours.shape[0]
    count = 0
    for i in range(n):
        count += 1 if theirs[i] - ours[i] > -_APART else 0
    if count == 0:
        return False
    for i in range(n):
        ahead = theirs[i] - ours[i]
        apart = abs(ahead)
        smaller = exponential(-min(apart, _APART)) if apart < _APART else np.float32(0)
        larger = _1 / (_1 + smaller)
        share[i] = larger if ahead >= 0 else smaller * larger
        ours[i] = max(ours[i], theirs[i]) + logarithm_of_one_and(smaller)
    return True


@kernel
def repeated(share: Floats, side: int, out: Floats) -> None:
    """Repeat each of `share` for the three channels of as many pixels as the `side` of its cell has, 1 or 2."""
    if side == 1:
        for i in range(_RUN):
            out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = share[i]
    else:
        for i in range(_RUN):
            out[6 * i] = out[6 * i + 1] = out[6 * i + 2] = share[i]
            out[6 * i + 3] = out[6 * i + 4] = out[6 * i + 5] = share[i]


@kernel
def absorb(mean: Floats, score: Floats, other: Floats, other_score: Floats, side: int, scratch: Floats) -> None:
    """Take `other` (h, w, 3) with its score into `mean` and `score`: (h, w), or of cells of `side` x `side` pixels."""
    height, width = mean.shape[:2]
    ours, theirs = mean.reshape(height, 3 * width), other.reshape(height, 3 * width)
    share, wide = scratch[0, :_RUN], scratch[1]
    for row in range(score.shape[0]):
        for left in range(0, score.shape[1], _RUN):
            right = min(left + _RUN, score.shape[1])
            if not shares(score[row, left:right], other_score[row, left:right], share):
                continue
            repeated(share, side, wide)
            begin, end = 3 * side * left, 3 * min(side * right, width)
            for y in range(side * row, min(side * (row + 1), height)):
                a, b = ours[y, begin:end], theirs[y, begin:end]
                for i in range(a.shape[0]):
                    a[i] = b[i] if wide[i] == _1 else a[i] + wide[i] * (b[i] - a[i])


@kernel
def longer(short: np.uint16) -> np.float32:
    """What a short number stands for: see `stackcore.fusing.short_floats`."""
    bits = np.uint32(short)
    size = np.uint32(np.uint32(np.uint32(bits & _SHORT_SIZE) << _SHORTER) + _LIFTED).view(np.float32) - _LIFT
    sign = np.uint32(np.uint32(bits & _SHORT_SIGN) << _SIXTEEN)
    return np.uint32(np.float32(size).view(np.uint32) | sign).view(np.float32)


@kernel
def shorter(value: np.float32) -> np.uint16:
    """The nearest short number."""
    bits = np.float32(value).view(np.uint32)
    size = min(np.uint32(bits & _SIZE).view(np.float32) + _LIFT, _LARGEST)
    kept = np.uint32(np.uint32(np.float32(size).view(np.uint32) + _HALF_STEP_LIFTED) >> _SHORTER)
    return np.uint16(kept | np.uint32(np.uint32(bits >> _SIXTEEN) & _SHORT_SIGN))


@kernel
def lengthen(short: NDArray[np.uint16], out: Floats) -> None:
    """Fill `out` (n,) with what `short` (n,) stands for."""
    for i in range(out.shape[0]):
        out[i] = longer(short[i])


@kernel
def shorten(values: Floats, out: NDArray[np.uint16]) -> None:
    """Fill `out` (n,) with the nearest short numbers to `values` (n,)."""
    for i in range(out.shape[0]):
        out[i] = shorter(values[i])


@kernel
def take(ours: Floats, gauss: Floats, spread: Floats, share: Floats) -> None:
    """Take into a run of a mean, by `share`, what `gauss` has beyond `spread`."""
    for i in range(ours.shape[0]):
        detail = gauss[i] - spread[i]
        ours[i] = detail if share[i] == _1 else ours[i] + share[i] * (detail - ours[i])


@kernel
def take_short(ours: NDArray[np.uint16], gauss: Floats, spread: Floats, share: Floats) -> None:
    """The same where the mean is in short numbers."""
    for i in range(ours.shape[0]):
        detail, before = gauss[i] - spread[i], longer(ours[i])
        ours[i] = shorter(detail if share[i] == _1 else before + share[i] * (detail - before))


@kernel
def absorb_detail(
    mean: Floats,
    short: NDArray[np.uint16],
    score: Floats,
    gauss: Floats,
    below: Floats,
    skip: tuple[int, int],
    other_score: Floats,
    first: int,
    side: int,
    scratch: Floats,
) -> None:
    """`absorb` for what `gauss` (n, m, 3) has, from row and column `skip` on, beyond the level `below` it.

    The mean is `mean`, or `short` in short numbers; the other one has no rows. `other_score` is for its columns from
    `first` on, which is a multiple of `side`.
    """
    height, width = max(mean.shape[0], short.shape[0]), mean.shape[1]
    skip_rows, skip_columns = skip
    is_short = short.shape[0] > 0
    ours, kept = mean.reshape(mean.shape[0], 3 * mean.shape[1]), short.reshape(short.shape[0], 3 * short.shape[1])
    fine = gauss.reshape(gauss.shape[0], 3 * gauss.shape[1])
    coarse = below.reshape(below.shape[0], 3 * below.shape[1])
    share, wide, spread, line = scratch[0, :_RUN], scratch[1], scratch[2], scratch[3]
    for row in range(other_score.shape[0]):
        for start in range(0, other_score.shape[1], _RUN):
            stop = min(start + _RUN, other_score.shape[1])
            here = first // side
            if not shares(score[row, here + start : here + stop], other_score[row, start:stop], share):
                continue
            repeated(share, side, wide)
            left, right = side * start, min(side * stop, width - first)
            begin, end = 3 * (first + left), 3 * (first + right)
            for y in range(side * row, min(side * (row + 1), height)):
                raised(coarse, skip_rows + y, 3, (skip_columns + left) // 2, (skip_columns + right + 1) // 2, line)
                widened(line, spread[: 3 * side * _RUN])
                b = fine[skip_rows + y, 3 * (skip_columns + left) : 3 * (skip_columns + right)]
                if is_short:
                    take_short(kept[y, begin:end], b, spread, wide)
                else:
                    take(ours[y, begin:end], b, spread, wide)


@kernel
def raised(coarse: Floats, y: int, channels: int, begin: int, end: int, line: Floats) -> None:
    """The rows of `coarse` (h, w * channels) that make row `y` one level up, summed, from column `begin` to `end`.

    A column on either side comes with them. As `stackcore.fusing.pyramid.up`, in both directions: where a pixel lies on
    one of the coarse level 1 6 1, between two of them 4 4; before the first comes the second, after the last the last.
    """
    height, width = coarse.shape[0], coarse.shape[1] // channels
    first, last = max(begin - 1, 0), min(end + 1, width)
    here = slice(channels * first, channels * last)
    middle, after = coarse[y // 2, here], coarse[min(y // 2 + 1, height - 1), here]
    before = coarse[y // 2 - 1, here] if y >= 2 else coarse[min(1, height - 1), here]
    inner = line[channels * (first - begin + 1) :]
    if y % 2 == 0:
        for i in range(middle.shape[0]):
            inner[i] = _1_8 * (before[i] + after[i]) + _3_4 * middle[i]
    else:
        for i in range(middle.shape[0]):
            inner[i] = _HALF * (middle[i] + after[i])
    for i in range(channels):
        if begin == 0:
            line[i] = line[2 * channels + i] if width > 1 else line[channels + i]
        if end == width:
            line[channels * (end - begin + 1) + i] = line[channels * (end - begin) + i]


@kernel
def widened(line: Floats, out: Floats) -> None:
    """A run of three channels one level up, from what `raised` left; the sums are those along columns.

    Channel by channel in so many words: in a loop over them it takes twice as long.
    """
    a, b, c = line, line[3:], line[6:]
    for i in range(out.shape[0] // 6):
        j, n = 3 * i, 6 * i
        red, green, blue = b[j], b[j + 1], b[j + 2]
        next_red, next_green, next_blue = c[j], c[j + 1], c[j + 2]
        out[n] = _1_8 * (a[j] + next_red) + _3_4 * red
        out[n + 1] = _1_8 * (a[j + 1] + next_green) + _3_4 * green
        out[n + 2] = _1_8 * (a[j + 2] + next_blue) + _3_4 * blue
        out[n + 3] = _HALF * (red + next_red)
        out[n + 4] = _HALF * (green + next_green)
        out[n + 5] = _HALF * (blue + next_blue)


@kernel
def one_level_up(coarse: Floats, y: int, line: Floats, out: Floats) -> None:
    """Fill `out` (w or w + 1) with row `y` one level up from a plane `coarse`; `line` is scratch."""
    raised(coarse, y, 1, 0, coarse.shape[1], line)
    a, b, c = line, line[1:], line[2:]
    for i in range(coarse.shape[1]):
        out[2 * i] = _1_8 * (a[i] + c[i]) + _3_4 * b[i]
        out[2 * i + 1] = _HALF * (b[i] + c[i])


@kernel
def mirrored(i: int, n: int) -> int:
    """Index `i` brought within 0 to n - 1 by mirrors beyond the edges: 1 0 0 1 2."""
    while i < 0 or i >= n:
        i = -1 - i if i < 0 else 2 * n - 1 - i
    return i


@kernel
def nine(rows: tuple[Floats, ...], window: Floats, out: Floats) -> None:
    """The sum of nine rows, each times its weight in a symmetric window: the usual size, in one go."""
    a, b, c, d, e, f, g, h, i = rows
    w0, w1, w2, w3, w4 = window[4], window[5], window[6], window[7], window[8]
    for x in range(out.shape[0]):
        out[x] = w0 * e[x] + w1 * (d[x] + f[x]) + w2 * (c[x] + g[x]) + w3 * (b[x] + h[x]) + w4 * (a[x] + i[x])


@kernel
def along_row(v: Floats, n: int, window: Floats, out: Floats) -> None:
    """Sums of the `n` values in the middle of `v` in a symmetric window; they are mirrored into the ends of `v`."""
    radius = window.shape[0] // 2
    values = v[radius : radius + n]
    for k in range(1, radius + 1):
        v[radius - k] = values[mirrored(-k, n)]
        v[radius + n - 1 + k] = values[mirrored(n - 1 + k, n)]
    if radius == 4:
        nine((v[:n], v[1:], v[2:], v[3:], v[4:], v[5:], v[6:], v[7:], v[8:]), window, out)
        return
    for x in range(n):
        out[x] = window[radius] * values[x]
    for k in range(1, radius + 1):
        a, b = v[radius - k : radius - k + n], v[radius + k : radius + k + n]
        for x in range(n):
            out[x] += window[radius + k] * (a[x] + b[x])


@kernel
def across_rows(kept: Floats, y: int, height: int, window: Floats, out: Floats) -> None:
    """Sums of the rows around `y` in a symmetric window; row i of `height`, mirrored, is `kept[i % (2r + 1)]`."""
    size = window.shape[0]
    radius = size // 2
    if radius == 4:
        a, b = kept[ring_row(y - 4, height, size)], kept[ring_row(y - 3, height, size)]
        c, d = kept[ring_row(y - 2, height, size)], kept[ring_row(y - 1, height, size)]
        e, f = kept[ring_row(y, height, size)], kept[ring_row(y + 1, height, size)]
        g, h = kept[ring_row(y + 2, height, size)], kept[ring_row(y + 3, height, size)]
        nine((a, b, c, d, e, f, g, h, kept[ring_row(y + 4, height, size)]), window, out)
        return
    middle = kept[ring_row(y, height, size)]
    for x in range(out.shape[0]):
        out[x] = window[radius] * middle[x]
    for k in range(1, radius + 1):
        a, b = kept[ring_row(y - k, height, size)], kept[ring_row(y + k, height, size)]
        for x in range(out.shape[0]):
            out[x] += window[radius + k] * (a[x] + b[x])


@kernel
def ring_row(y: int, height: int, size: int) -> int:
    """Which of `size` rows that are kept holds row `y`, mirrored into the `height` of the plane."""
    return mirrored(y, height) % size


@kernel
def detail_energy(gauss: Floats, below: Floats, window: Floats, out: Floats, kept: Floats, scratch: Floats) -> None:
    """Fill `out` with the mean square, in a symmetric window, of what `gauss` (h, w) has beyond the level `below` it.

    Of squares summed along rows, as many rows are `kept` as the window is high; the rows of `scratch` are longer than
    those of `gauss` by the window, and by 3.
    """
    height, width = gauss.shape
    size = window.shape[0]
    radius = size // 2
    padded, line, spread = scratch[0, : width + 2 * radius], scratch[1], scratch[2]
    square = padded[radius : radius + width]
    for y in range(height + radius):
        if y < height:
            one_level_up(below, y, line, spread)
            squared(gauss[y], spread, square)
            along_row(padded, width, window, kept[y % size])
        if y >= radius:
            across_rows(kept, y - radius, height, window, out[y - radius])


@kernel
def cell_energy(gauss: Floats, below: Floats, window: Floats, out: Floats, kept: Floats, scratch: Floats) -> None:
    """`detail_energy` of cells of 2x2 pixels, to whose mean squares, `out`, the window is put; edges repeat, mirror."""
    height = gauss.shape[0]
    width = gauss.shape[1]
    rows, columns = out.shape
    size = window.shape[0]
    radius = size // 2
    padded, line, spread = scratch[0, : columns + 2 * radius], scratch[1], scratch[2]
    square = padded[radius : radius + columns]
    upper, lower = scratch[3], scratch[4]
    for i in range(rows + radius):
        if i < rows:
            one_level_up(below, 2 * i, line, spread)
            squared(gauss[2 * i], spread, upper)
            y = min(2 * i + 1, height - 1)
            one_level_up(below, y, line, spread)
            squared(gauss[y], spread, lower)
            if width % 2 == 1:
                upper[width], lower[width] = upper[width - 1], lower[width - 1]
            for j in range(columns):
                square[j] = _1_4 * ((upper[2 * j] + upper[2 * j + 1]) + (lower[2 * j] + lower[2 * j + 1]))
            along_row(padded, columns, window, kept[i % size])
        if i >= radius:
            across_rows(kept, i - radius, rows, window, out[i - radius])


@kernel
def squared(row: Floats, spread: Floats, out: Floats) -> None:
    """Squares of what `row` (w,) has beyond `spread`."""
    for x in range(row.shape[0]):
        detail = row[x] - spread[x]
        out[x] = detail * detail


@kernel
def add_from_below(plane: Floats, below: Floats, share: float, scratch: Floats) -> None:
    """Add to `plane` (h, w) a share of the plane one level down."""
    height, width = plane.shape
    factor = np.float32(share)
    line, spread = scratch[1], scratch[2]
    for y in range(height):
        one_level_up(below, y, line, spread)
        row = plane[y]
        for x in range(width):
            row[x] += factor * spread[x]
