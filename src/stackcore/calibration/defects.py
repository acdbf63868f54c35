"""Which photosites are dead and which are hot, told from the mean of dark frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.calibration.channels import Coordinates, by_rows, channel_count, channel_values, located

SIGMA_FACTOR = 10.0
"""N of hot = above p + N sigma."""

LEAST_SIGMA_FACTOR = 5.5
"""Gaussian noise puts 1.9e-8 of its values above 5.5 sigma: half a photosite of a 24 MP frame, and 7 above 5 sigma."""

CLIP_FACTOR = 3.0
"""What is above p + 3 sigma takes no part in the next estimate."""

MOST_ZEROS = 0.001
"""Larger share of zeros in a mosaic channel: the body subtracts black itself, and zero is a value like others."""


@dataclass(frozen=True, kw_only=True)
class Iteration:
    """One pass of the clipping: `removed` of `photosites` were above `threshold`; raw numbers, black included."""

    photosites: int
    median: float
    sigma: float
    threshold: float
    removed: int


@dataclass(frozen=True, kw_only=True)
class Population:
    """What was found in one population of photosites: a mosaic channel, or all of them.

    Attributes
    ----------
    channel
        Number of the mosaic channel; None for all of them.
    photosites
        How many there are, dead ones included.
    median, sigma
        p and sigma when nothing is above p + 3 sigma any more, raw numbers.
    threshold
        What is above this is hot: p + N sigma.
    dead, hot
        How many.
    iterations
        The clipping, from the first pass to the one that removed nothing.
    """

    channel: int | None
    photosites: int
    median: float
    sigma: float
    threshold: float
    dead: int
    hot: int
    iterations: tuple[Iteration, ...]


@dataclass(frozen=True, kw_only=True)
class DarkStatistics:
    """What is known of a mean of dark frames before any photosite is listed.

    Attributes
    ----------
    populations
        One per mosaic channel, or a single one.
    dead_test
        False when zeros were too many to mean anything: nothing is dead then.
    zeros
        Largest share of zeros in each mosaic channel of any one frame, 0 to 1.
    """

    populations: tuple[Population, ...]
    dead_test: bool
    zeros: tuple[float, ...]

    @property
    def photosites(self) -> int:
        """How many were looked at."""
        return sum(population.photosites for population in self.populations)

    @property
    def hot_share(self) -> float:
        """Share of the photosites that are hot, 0 to 1."""
        return sum(population.hot for population in self.populations) / max(1, self.photosites)


@dataclass(frozen=True, kw_only=True)
class Defects:
    """The photosites that cannot be trusted: (x, y) in sensor coordinates, by row, then column; none is in both."""

    dead: Coordinates
    hot: Coordinates


def measure_dark(
    sums: NDArray[np.uint32],
    frames: int,
    pattern: NDArray[np.uint8],
    *,
    zeros: tuple[float, ...],
    sigma_factor: float = SIGMA_FACTOR,
    overall: bool = False,
) -> DarkStatistics:
    """Tell from when on a photosite is hot, by the rule of the processing workflow's article.

    Dead ones are zero, and leave first. Of the rest, all that is above p + 3 sigma leaves, with p the median and sigma
    the standard deviation of what is left, again and again until none does. Hot is what is above p + N sigma.

    This is the article's rule, not that of the scripts published with it. It differs in one thing: each mosaic channel
    is a population of its own unless `overall`, for channels have a black and a gain of their own. Distinct values are
    counted once and the clipping works on the counts, so that all of it is fast, and independent of the frames' order.

    Where the dead test is off, noise below black has become zero, and sigma is told from what is above the median: the
    standard deviation of all would be too small, and the clipping would not end before half of the frame is hot
    (measured on a single dark: 49 % of it).

    Parameters
    ----------
    sums
        (H, W) sums of `frames` dark mosaics; not changed. What is zero in all of them is zero here.
    pattern
        (h, w), as in `Mosaic`.
    zeros
        Largest share of zeros in any one frame, per channel, 0 to 1; above 0.001 in one, the dead test is off for all.
    sigma_factor
        N, above 0.
    """
    channels = tuple(range(channel_count(pattern)))
    dead_test = max(zeros) <= MOST_ZEROS
    groups = [channels] if overall else [(channel,) for channel in channels]
    return DarkStatistics(
        populations=tuple(
            _measure(
                np.concatenate([channel_values(sums, pattern, c) for c in group]),
                frames,
                None if overall else group[0],
                dead_test=dead_test,
                sigma_factor=sigma_factor,
            )
            for group in groups
        ),
        dead_test=dead_test,
        zeros=zeros,
    )


def locate_defects(sums: NDArray[np.uint32], frames: int, pattern: NDArray[np.uint8], found: DarkStatistics) -> Defects:
    """List the dead and hot photosites of the same sums that `measure_dark` looked at."""
    dead: list[tuple[int, int]] = []
    hot: list[tuple[int, int]] = []
    for population in found.populations:
        members = range(channel_count(pattern)) if population.channel is None else (population.channel,)
        for channel in members:
            hot.extend(located(sums, pattern, channel, population.threshold * frames))
            if found.dead_test:
                dead.extend(located(sums, pattern, channel, None))
    return Defects(dead=by_rows(dead), hot=by_rows(hot))


def _measure(
    values: NDArray[np.uint32], frames: int, channel: int | None, *, dead_test: bool, sigma_factor: float
) -> Population:
    levels, counts = np.unique(values, return_counts=True)
    dead = int(counts[0]) if dead_test and levels[0] == 0 else 0
    if dead:
        levels, counts = levels[1:], counts[1:]
    iterations = _clip(levels.astype(np.float64) / frames, counts.astype(np.int64), cut_off=not dead_test)
    last = iterations[-1]
    threshold = last.median + sigma_factor * last.sigma
    return Population(
        channel=channel,
        photosites=int(values.size),
        median=last.median,
        sigma=last.sigma,
        threshold=threshold,
        dead=dead,
        hot=int(counts[levels > threshold * frames].sum()),
        iterations=tuple(iterations),
    )


def _clip(levels: NDArray[np.float64], counts: NDArray[np.int64], *, cut_off: bool) -> list[Iteration]:
    """Clip at p + 3 sigma until nothing is above; `cut_off` says that what was below zero has become zero."""
    if not levels.size:
        return [Iteration(photosites=0, median=0.0, sigma=0.0, threshold=0.0, removed=0)]
    # Deviations from the first median keep the squares small: exact in float64 for any dark frame.
    cumulated = np.cumsum(counts)
    offset = levels[int(np.searchsorted(cumulated, cumulated[-1] // 2, side="right"))]
    first = np.cumsum(counts * (levels - offset))
    second = np.cumsum(counts * (levels - offset) ** 2)
    kept = len(levels)
    passes: list[Iteration] = []
    while True:
        total = int(cumulated[kept - 1])
        mean = float(first[kept - 1]) / total
        median = _median(levels, cumulated, total)
        if cut_off:
            sigma = _sigma_above(levels[:kept], counts[:kept], median, total)
        else:
            sigma = math.sqrt(max(0.0, float(second[kept - 1]) / total - mean * mean))
        threshold = median + CLIP_FACTOR * sigma
        left = int(np.searchsorted(levels[:kept], threshold, side="right"))
        removed = total - int(cumulated[left - 1])
        passes.append(Iteration(photosites=total, median=median, sigma=sigma, threshold=threshold, removed=removed))
        if removed == 0:
            return passes
        kept = left


def _sigma_above(levels: NDArray[np.float64], counts: NDArray[np.int64], median: float, total: int) -> float:
    """Standard deviation were what is below the median the mirror image of what is above it."""
    above = int(np.searchsorted(levels, median, side="right"))
    squares = float(np.sum(counts[above:] * (levels[above:] - median) ** 2))
    return math.sqrt(2 * squares / total)


def _median(levels: NDArray[np.float64], cumulated: NDArray[np.int64], total: int) -> float:
    """Median of the `total` lowest values; the mean of the two middle ones when their number is even."""
    low = levels[int(np.searchsorted(cumulated, (total - 1) // 2, side="right"))]
    high = levels[int(np.searchsorted(cumulated, total // 2, side="right"))]
    return float(low + high) / 2
