"""A running soft maximum: the mean of what was seen, weighted by exp(score), in two arrays and one pass.

Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv:1805.02867, 2018, section 3; here the mean
itself is carried along instead of the two sums, which keeps its range and saves the final division.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import loops
from stackcore.fusing.short_floats import SHORT, as_floats, as_short
from stackcore.terms import Strip

NOTHING = np.float32(-3e38)
"""Score of having seen nothing: any frame outweighs it."""

UNCOVERED = np.float32(-4096)
"""Score of a pixel outside its frame: it counts only as long as nothing better was seen.

The least score of a covered one is -2500, an energy of 1e-9 to the power of 120. It is not less than it needs to be:
where no frame covers a pixel, coarse levels still want a number, and a score that cannot tell one frame from two would
make it depend on the order of the frames.
"""
_ROWS = 128
"""Rows of short numbers that are made float32 at a time."""


@dataclass
class SoftMean:
    """`mean` (h, w, 3) float32 of everything seen; `score` (h, w) float32, log of the sum of all weights.

    The score may also be that of cells of 2x2 pixels, rounded up in size, which share a weight. `top` is the row of
    the level that the first of these rows is, even: 0 unless they are but a strip of it. The mean may be of short
    numbers (`stackcore.fusing.short_floats`), where it is of detail: `floats` gives it in any case.
    """

    mean: NDArray[Any]
    score: NDArray[np.float32]
    top: int = 0

    @classmethod
    def empty(cls, height: int, width: int, top: int = 0, *, short: bool = False, cells: bool = False) -> SoftMean:
        """Nothing seen yet: the neutral element of `absorb`. `cells`: with a score for each 2x2 pixels."""
        kind, side = SHORT if short else np.float32, 2 if cells else 1
        size = -(-height // side), -(-width // side)
        return cls(np.zeros((height, width, 3), kind), np.full(size, NOTHING, np.float32), top)

    @property
    def side(self) -> int:
        """How many pixels along a side share a score, 1 or 2."""
        return 1 if self.score.shape == self.mean.shape[:2] else 2

    @property
    def strip(self) -> Strip:
        """Which rows of the level there are."""
        return Strip(self.top, self.top + len(self.mean))

    def rows(self, top: int, bottom: int) -> SoftMean:
        """A view of some rows of the level, by their place in it; changing it changes this.

        With a score for each 2x2 pixels, `top` is even, and so is `bottom` but at the end of the level.
        """
        first, last, side = top - self.top, bottom - self.top, self.side
        return SoftMean(self.mean[first:last], self.score[first // side : -(-last // side)], top)

    @property
    def floats(self) -> NDArray[np.float32]:
        """The mean as float32, (h, w, 3): itself, or a copy where it is of short numbers."""
        return as_floats(self.mean)

    def absorb(self, mean: NDArray[Any], score: NDArray[np.float32]) -> None:
        """Take in another mean, short or not, with its score; the arguments, contiguous, are not modified."""
        if self.mean.dtype != SHORT:
            loops.absorb(self.mean, self.score, as_floats(mean), score, self.side, _scratch())
            return
        side, scratch = self.side, _scratch()
        for top in range(0, len(mean), _ROWS):
            some, cells = slice(top, top + _ROWS), slice(top // side, -(-(top + _ROWS) // side))
            ours = as_floats(self.mean[some])
            loops.absorb(ours, self.score[cells], as_floats(mean[some]), score[cells], side, scratch)
            self.mean[some] = as_short(ours)

    def absorb_detail(
        self,
        gauss: NDArray[np.float32],
        below: NDArray[np.float32],
        skip: int,
        score: NDArray[np.float32],
        skip_columns: int = 0,
        left: int = 0,
    ) -> None:
        """Take in the detail of a level of a frame, or of some columns of it, which is made only where it counts.

        Parameters
        ----------
        gauss, below
            The level (n, m, 3) and the one below it, contiguous, from an even row and an even column of the picture
            on; not modified.
        skip, skip_columns
            Rows of `gauss` before the first of these, and columns of it, an even number, before the first that counts.
        score
            (h, w) of what counts, contiguous, h <= n - skip, w <= m - skip_columns; or of its cells; not modified.
        left
            The column of these that the first that counts is, even.
        """
        nothing = (0, *self.mean.shape[1:])
        mean, short = self.mean, np.empty(nothing, SHORT)
        if self.mean.dtype == SHORT:
            mean, short = np.empty(nothing, np.float32), self.mean
        place = (skip, skip_columns), score, left, self.side
        loops.absorb_detail(mean, short, self.score, gauss, below, *place, _scratch())


def _scratch() -> NDArray[np.float32]:
    return np.zeros(loops.SCRATCH, np.float32)
