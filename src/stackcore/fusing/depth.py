"""Depth while frames are fused: fed with the finest energy of each frame, it remembers what a depth map needs.

It is kept at half the size of the picture, for the window of the energy spreads what it knows over more than that: 5.5
bytes a pixel of the picture, whatever the number of frames. A fuser that has a `DepthState` in its own state gives it
the energy of each band (`take`), joins two of them (`join`), and returns what was measured (`evidence_of`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.best_three import NOTHING, UNCOVERED, BestThree
from stackcore.fusing.blocks import Block
from stackcore.fusing.coverage import numbers
from stackcore.fusing.depth_score import Scoring, aloneness, sub_slice_depth
from stackcore.fusing.energy import noise_energy
from stackcore.fusing.focus import REACH_PX, focus_energy
from stackcore.fusing.preference import PreferringOptions
from stackcore.kernels import kernel
from stackcore.terms import DEPTH_REDUCTION, DepthEvidence, Frame, Rows, StackInfo, Strip

_NOISE_FLOOR = 16.0
"""Energy that is no evidence yet, in units of that of noise."""

_WINDOW_PX = 9
"""Window of the energy where the fuser has none of its own."""

_EXPONENT = 16.0
"""Of the energy, in the weights by which a frame is alone or not."""

_PART_ROWS = 128
"""Rows that are finished at a time."""


@dataclass
class DepthState:
    """`best` (3, h, w); `total` (h, w) float32, logarithm of the sum of the weights of all frames.

    `top` is the row, at this size, that the first of these is: 0 unless they are but a strip of the picture.
    """

    best: BestThree
    total: NDArray[np.float32]
    top: int = 0

    def holds(self, top: int, bottom: int) -> bool:
        """Whether rows `top` to `bottom` (not included) of the picture belong to it; no band does in part."""
        last = self.top + len(self.total)
        return self.top <= top // DEPTH_REDUCTION and -(-bottom // DEPTH_REDUCTION) <= last

    def take(
        self,
        scoring: Scoring,
        index: int,
        top: int,
        energy: NDArray[np.float32],
        valid: NDArray[np.bool_] | None,
        left: int = 0,
    ) -> None:
        """Take in some rows of a frame at this size, or some columns of them; parts of it may do so side by side.

        Parameters
        ----------
        scoring
            That of `scoring_of`.
        index
            Slice index of the frame.
        top
            The first of the rows in the picture, even.
        energy
            (n, w) float32 >= 0, the finest energy of cells of 2x2 pixels. Not modified.
        valid
            (n, w) bool, which of them the frame covers; None for all.
        left
            The first of the columns in the picture, even.
        """
        score = scoring.score(energy, index)
        if valid is not None:
            score[~valid] = UNCOVERED
        first = top // DEPTH_REDUCTION - self.top
        last = first + len(score)
        begin = left // DEPTH_REDUCTION
        columns = slice(begin, begin + score.shape[1])
        self.best.part(slice(first, last), columns).admit(score, np.full(score.shape, index, np.uint16))
        _add_weight(self.total[first:last, columns], score, np.float32(_EXPONENT))

    def absorb(self, other: DepthState) -> None:
        """Take in what was kept of other frames; `other` is not modified."""
        for score, origin in zip(other.best.score, other.best.origin, strict=True):
            self.best.admit(score, origin)
        _add_weight(self.total, other.total, np.float32(1))


def start_of(info: StackInfo, strip: Strip | None = None) -> DepthState | None:
    """The state of an empty stack, of all rows or those of a strip; None where no depth is wanted."""
    if not info.finds_depth:
        return None
    size = _size(info, strip)
    top = 0 if strip is None else strip.top // DEPTH_REDUCTION
    return DepthState(BestThree.empty(*size), np.full(size, NOTHING, np.float32), top)


def bytes_of(info: StackInfo, strip: Strip | None = None) -> int:
    """What that state takes."""
    height, width = _size(info, strip)
    return 22 * height * width if info.finds_depth else 0


def evidence_bytes(info: StackInfo) -> int:
    """What the evidence of the whole picture takes when it is made."""
    height, width = _size(info)
    return 12 * height * width if info.finds_depth else 0


def evidence_making_bytes(info: StackInfo) -> int:
    """What `evidence_of` takes: what it returns, a mask for the slices, and about 20 float32 planes of a part."""
    height, width = _size(info)
    return (14 * height + 80 * _PART_ROWS) * width if info.finds_depth else 0


def scoring_of(info: StackInfo, options: PreferringOptions | None = None) -> Scoring:
    """How energy is scored in a stack, with the preference of `options`."""
    floor = _NOISE_FLOOR * info.noise_sigma**2 * _noise() + 1e-9
    if options is None:
        return Scoring(floor, info.frames)
    return Scoring(floor, info.frames, options.prefer, options.prefer_strength)


def feed(
    state: DepthState | None,
    scoring: Scoring,
    index: int,
    top: int,
    own: slice,
    energy: NDArray[np.float32],
    valid: NDArray[np.bool_] | None,
) -> None:
    """Give `state`, where there is one, the `own` rows of a band that begins at row `top`.

    Rows that the state does not hold are left out.

    `energy` (n, W) float32 and `valid` (n, W) bool, None for all, have the margins still.
    """
    if state is None or not state.holds(top, top + len(energy[own])):
        return
    cells = None if valid is None else valid[own][::DEPTH_REDUCTION, ::DEPTH_REDUCTION]
    state.take(scoring, index, top, reduced(energy[own]), cells)


def feed_cells(
    state: DepthState | None,
    scoring: Scoring,
    index: int,
    block: Block,
    energy: NDArray[np.float32],
    valid: NDArray[np.bool_] | None,
) -> None:
    """The same for a block, with the `energy` (h, w) and `valid` (h, w) of its cells, margins included."""
    if state is not None and state.holds(block.top, block.bottom):
        own = block.own(1)
        state.take(scoring, index, block.top, energy[own], None if valid is None else valid[own], block.left)


def read_band(
    state: DepthState | None,
    info: StackInfo,
    frame: Frame,
    top: int,
    bottom: int,
    margin_px: int,
    luma: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    options: PreferringOptions | None = None,
) -> tuple[int, Rows]:
    """Rows `top` to `bottom` (not included) of a frame with a margin, as `numbers` reads them, and the first of them.

    For fusers that have no finest energy of their own to `feed`: where there is a `state`, it is fed on the way, with
    the energy of `luma` (brightness (n, W) of pixels (n, W, 3)). It looks farther than the margin; the rows that are
    returned are the same with and without it.
    """
    first, last = max(0, top - margin_px), min(bottom + margin_px, frame.height)
    if state is None or not state.holds(top, bottom):
        return first, numbers(frame, first, last, info.dtype)
    farther = max(margin_px, REACH_PX)
    begin = max(0, top - farther)
    rows = numbers(frame, begin, min(bottom + farther, frame.height), info.dtype)
    own, cut = slice(top - begin, bottom - begin), slice(first - begin, last - begin)
    energy = focus_energy(luma(rows.pixels), _WINDOW_PX)
    feed(state, scoring_of(info, options), frame.index, top, own, energy, rows.valid)
    return first, Rows(rows.pixels[cut], None if rows.valid is None else rows.valid[cut])


def read_margin(info: StackInfo, margin_px: int) -> int:
    """The margin that `read_band` really reads."""
    return max(margin_px, REACH_PX) if info.finds_depth else margin_px


def strip_of(state: DepthState | None, strip: Strip) -> Strip | None:
    """The rows of a frame that `state` wants to be fed with: all of `strip`, None where there is no state."""
    return None if state is None else strip


def join(left: DepthState | None, right: DepthState | None) -> None:
    """Take `right` into `left`, where there are any."""
    if left is not None and right is not None:
        left.absorb(right)


def evidence_of(state: DepthState | None, scoring: Scoring) -> DepthEvidence | None:
    """What was measured, place by place; None of no state. `state` is not modified."""
    if state is None:
        return None
    found, shape = state.best, state.total.shape
    first, last = found.slices()
    depth, alone, strength = (np.empty(shape, np.float32) for _ in range(3))
    for top in range(0, shape[0], _PART_ROWS):
        rows = slice(top, top + _PART_ROWS)
        score, origin = found.score[:, rows], found.origin[:, rows]
        depth[rows] = np.clip(sub_slice_depth(score, origin, scoring), first, last)
        best = np.where(score[0] > UNCOVERED, np.maximum(score[0], 0), UNCOVERED)
        alone[rows] = aloneness(np.where(best > UNCOVERED, _EXPONENT * best, best), state.total[rows], scoring.frames)
        strength[rows] = np.maximum(scoring.undone(best, origin[0].astype(np.float32)), 0)
    return DepthEvidence(depth, alone, strength)


def reduced(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The means of 2x2 pixels of rows (n, w) that begin at an even one, rounded up in size; edges are repeated."""
    height, width = plane.shape
    means = np.empty((-(-height // DEPTH_REDUCTION), -(-width // DEPTH_REDUCTION)), np.float32)
    _mean_of_four(plane, means)
    return means


def _size(info: StackInfo, strip: Strip | None = None) -> tuple[int, int]:
    rows = info.height if strip is None else strip.rows
    return -(-rows // DEPTH_REDUCTION), -(-info.width // DEPTH_REDUCTION)


@lru_cache(maxsize=1)
def _noise() -> float:
    """Finest energy of white noise of variance 1."""
    return noise_energy(0) + noise_energy(1) / 2


@kernel
def _mean_of_four(plane: NDArray[np.float32], means: NDArray[np.float32]) -> None:
    """Fill `means` with those of 2x2 pixels; beyond the ends of `plane` its last row and column are repeated."""
    height, width = plane.shape
    for i in range(means.shape[0]):
        upper, lower = plane[2 * i], plane[min(2 * i + 1, height - 1)]
        for j in range(means.shape[1]):
            a, b = 2 * j, min(2 * j + 1, width - 1)
            means[i, j] = np.float32(0.25) * ((upper[a] + upper[b]) + (lower[a] + lower[b]))


@kernel
def _add_weight(total: NDArray[np.float32], score: NDArray[np.float32], exponent: np.float32) -> None:
    """Add exp(score * exponent) to exp(total), in logarithms; scores of what is uncovered add nothing."""
    height, width = score.shape
    for y in range(height):
        for x in range(width):
            ours = total[y, x]
            theirs = score[y, x] * exponent
            most = max(ours, theirs)
            if most > np.float32(-1e29):
                total[y, x] = most + np.float32(math.log(math.exp(ours - most) + math.exp(theirs - most)))
            else:
                total[y, x] = most
