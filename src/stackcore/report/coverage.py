"""Whether a stack covers its subject: beyond its first and last slice, and between neighbouring ones.

Judged on the curves of sharpness against slice of many small cells of the picture. A cell whose curve is still rising
at the end of the stack as steeply as other curves are well away from their peak has its peak beyond that end. How fast
curves fall from their peak tells how much is lost halfway between two slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_SLICES = 5
"""Of fewer slices no curve has a shape."""

STILL_GAINING = 0.06
"""Share of the cells with detail that must be gaining at an end. Whole synthetic and real stacks reached 0.05 where
most of the subject lies exactly in the last slice, 0.03 elsewhere; stacks cut by a third 0.07 to 0.4."""

STILL_GAINING_AT_A_GLANCE = 0.1
"""The same where curves come from the survey (`stackcore.report.glancing`). Whole stacks reached 0.05, and 0.09 where
three quarters of the subject lie in the last slice; of stacks cut by a third two of sixteen stayed at 0.08."""

COARSE = 0.835
"""Sharpness halfway between two slices at full size, relative to a slice, below which steps are called wide. Synthetic
stacks have 0.84 to 0.92; with every second frame alone, which costs 2 to 3 dB of the picture, 0.77 to 0.83."""

_GAP_STEPS, _GAP_HALFWAY = 1.6, 0.79
"""So many usual steps are a gap where so little sharpness is left between them. Subjects of flat parts, which lie in
few slices, reached 1.8 steps with 0.80; one frame taken out of twenty leaves 1.7 with 0.78."""

_LEAST_SWING, _LEAST_SHARE = 1.5, 0.15
"""A cell has detail if it is so much sharper at its best than at its worst, and has so much of the usual sharpness."""

_LEAST_DROP = 0.2
"""Curves are read in strides of as many slices as it takes to fall by so much (logarithm) from the peak."""

_STEEPNESS = 0.85
"""Quantile of inner curves: an end is steeper than so many of them."""

_MOST_STEEP = 3.0
_USUAL_STEEP = 1.0
_LEAST_CURVES = 30
_LEAST_PAIR = 5
_LEAST_PEAKING = 12
_NEIGHBOURS = 3
_FLAT = 0.03


@dataclass(frozen=True)
class Gap:
    """Neighbouring slices that lie apart: positions `before` and `after`, their distance in usual steps.

    `halfway` is the sharpness in the middle between them, relative to that in a slice.
    """

    before: int
    after: int
    steps: float
    halfway: float


@dataclass(frozen=True)
class Coverage:
    """How a stack covers its subject; positions count the slices that were given.

    Attributes
    ----------
    peak
        (rows, columns) float32: position of the sharpest slice of each cell, NaN where a cell shows no detail.
    first_gaining, last_gaining
        (rows, columns) bool: cells whose sharpest slice lies beyond the first or last one.
    first_share, last_share
        Share of these among the cells with detail, 0 to 1.
    halfway
        Sharpness in the middle between two slices, relative to that in a slice; None where it cannot be told.
    gaps
        Places where slices are missing.
    least_share
        Share of the cells that must be gaining at an end before it is said to lack slices.
    """

    peak: NDArray[np.float32]
    first_gaining: NDArray[np.bool_]
    last_gaining: NDArray[np.bool_]
    first_share: float
    last_share: float
    halfway: float | None
    gaps: tuple[Gap, ...]
    least_share: float = STILL_GAINING

    @property
    def lacks_first(self) -> bool:
        """Whether slices in front of the first one are missing."""
        return self.first_share >= self.least_share

    @property
    def lacks_last(self) -> bool:
        """Whether slices behind the last one are missing."""
        return self.last_share >= self.least_share

    @property
    def gaining(self) -> NDArray[np.bool_]:
        """Cells (rows, columns) to look at: whose peak lies beyond an end that slices are missing at."""
        return self.first_gaining & self.lacks_first | self.last_gaining & self.lacks_last

    @property
    def is_coarse(self) -> bool:
        """Whether the steps are wide throughout."""
        return self.halfway is not None and self.halfway < COARSE


def coverage(sharpness: NDArray[np.float32], halfway: float | None = None) -> Coverage | None:
    """Judge a stack by the focus measures (slices, rows, columns) of its cells, aligned and equally exposed.

    `halfway`, where it is known from frames at full size, counts instead of what the cells say of it. None where there
    are too few slices, or too little detail, to tell.
    """
    slices, rows, columns = sharpness.shape
    curves = sharpness.reshape(slices, -1).astype(np.float64)
    detailed = _detailed(curves)
    if slices < LEAST_SLICES or detailed.sum() < _LEAST_CURVES:
        return None
    logs = np.log(np.maximum(curves[:, detailed], 1e-9))
    peaks = logs.argmax(axis=0)
    stride = _stride(logs, peaks)
    limit = _usual_steepness(logs, peaks, stride)

    def spread(of_detailed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        whole = np.zeros(rows * columns, np.bool_)
        whole[detailed] = of_detailed
        return whole.reshape(rows, columns)

    first = _gaining(logs, peaks, stride, limit)
    last = _gaining(logs[::-1], slices - 1 - peaks, stride, limit)
    peak = np.full(rows * columns, np.nan, np.float32)
    peak[detailed] = peaks
    seen = _halfway(logs, peaks)
    known = seen if halfway is None else halfway
    finer = 1.0 if seen is None or known is None or seen >= 1 else float(np.log(known) / np.log(seen))
    return Coverage(
        peak.reshape(rows, columns),
        spread(first),
        spread(last),
        float(first.mean()),
        float(last.mean()),
        known,
        _gaps(logs, peaks, max(finer, 1.0)),
    )


def _detailed(curves: NDArray[np.float64]) -> NDArray[np.bool_]:
    best, worst = curves.max(axis=0), curves.min(axis=0)
    floor = np.percentile(curves, 2)
    usual = np.percentile(best, 90)
    has_detail: NDArray[np.bool_] = (best > _LEAST_SWING * np.maximum(worst, floor)) & (best > _LEAST_SHARE * usual)
    return has_detail


def _stride(logs: NDArray[np.float64], peaks: NDArray[np.intp]) -> int:
    """Fewest slices over which curves fall visibly from their peak: neighbours of fine steps differ by noise alone."""
    slices = len(logs)
    most = max(1, slices // 5)
    for stride in range(1, most):
        one, _ = _falls(logs, peaks, stride)
        if len(one) and np.median(one) >= _LEAST_DROP:
            return stride
    return most


def _falls(
    logs: NDArray[np.float64], peaks: NDArray[np.intp], stride: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By how much inner curves fall from their peak over one stride, and over the next, on either side."""
    slices = len(logs)
    one, two = [], []
    for step in (stride, -stride):
        ends = peaks + 2 * step
        some = np.nonzero((ends >= 0) & (ends < slices) & (peaks > 0) & (peaks < slices - 1))[0]
        at = peaks[some]
        one.append(logs[at, some] - logs[at + step, some])
        two.append(logs[at + step, some] - logs[at + 2 * step, some])
    return np.concatenate(one), np.concatenate(two)


def _usual_steepness(logs: NDArray[np.float64], peaks: NDArray[np.intp], stride: int) -> float:
    one, two = _falls(logs, peaks, stride)
    if len(one) < _LEAST_CURVES:
        return _USUAL_STEEP
    return float(np.quantile(_steepness(one, two), _STEEPNESS))


def _steepness(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first fall by the second: a third at the top of a parabola, more beyond it."""
    ratio = np.where(two > _FLAT, one / np.maximum(two, _FLAT), _MOST_STEEP)
    steep: NDArray[np.float64] = np.minimum(ratio, _MOST_STEEP)
    return steep


def _gaining(logs: NDArray[np.float64], peaks: NDArray[np.intp], stride: int, limit: float) -> NDArray[np.bool_]:
    """Which curves rise towards slice 0 as if their peak lay beyond it."""
    one, two = logs[0] - logs[stride], logs[stride] - logs[2 * stride]
    steep = _steepness(one, two) >= min(limit, _MOST_STEEP)
    rises: NDArray[np.bool_] = (peaks <= (stride - 1) // 2) & (one > _FLAT) & steep
    return rises


def _halfway(logs: NDArray[np.float64], peaks: NDArray[np.intp]) -> float | None:
    some = np.nonzero((peaks > 0) & (peaks < len(logs) - 1))[0]
    if len(some) < _LEAST_CURVES:
        return None
    at = peaks[some]
    return halfway_of(*(np.exp(logs[at + step, some]) for step in (-1, 0, 1)))


def halfway_of(before: NDArray[Any], at: NDArray[Any], after: NDArray[Any]) -> float | None:
    """Sharpness halfway between two slices, relative to that in one: exp(-c / 8), c the curvature at the peak.

    From the focus measures (n,) of places in the slice `before` their sharpest one, `at` it and `after` it, by the
    parabola through their logarithms; the median of the places. None where fewer than a dozen peak there.
    """
    peaking = (at >= before) & (at >= after) & (np.minimum(before, after) > 0)
    if peaking.sum() < _LEAST_PEAKING:
        return None
    left, middle, right = (np.log(part[peaking].astype(np.float64)) for part in (before, at, after))
    return float(np.exp(-np.median(2 * middle - left - right) / 8))


def _gaps(logs: NDArray[np.float64], peaks: NDArray[np.intp], finer: float) -> tuple[Gap, ...]:
    """Pairs of slices that lie apart; detail at full size falls `finer` times as steeply as the curves do.

    By how much curves fall from one of two slices, where they have their peak, to the other: on parabolas whose true
    peaks lie anywhere, g (g + 1) / 2 times as far across g steps as across one.
    """
    falls = np.array([_fall_between(logs, peaks, pair) for pair in range(len(logs) - 1)])
    found = []
    for pair, fall in enumerate(falls):
        around = np.r_[falls[max(0, pair - _NEIGHBOURS) : pair], falls[pair + 1 : pair + 1 + _NEIGHBOURS]]
        around = around[np.isfinite(around)]
        if not np.isfinite(fall) or len(around) < 2:
            continue
        usual = float(np.median(around))
        steps = (np.sqrt(1 + 8 * fall / max(usual, 1e-6)) - 1) / 2
        halfway = float(np.exp(-finer * usual * steps**2 / 4))
        if steps >= _GAP_STEPS and halfway < _GAP_HALFWAY:
            found.append(Gap(pair, pair + 1, float(steps), halfway))
    return tuple(found)


def _fall_between(logs: NDArray[np.float64], peaks: NDArray[np.intp], pair: int) -> float:
    """Median fall from the slice of the peak to the other one of a pair, the lesser of both ways.

    The lesser, for a flat subject that lies in one slice tells of one side alone; NaN where few curves peak in either.
    """
    both = []
    for peak, other in ((pair, pair + 1), (pair + 1, pair)):
        some = peaks == peak
        if some.sum() < _LEAST_PAIR:
            return float("nan")
        both.append(float(np.median(logs[peak, some] - logs[other, some])))
    return min(both)
