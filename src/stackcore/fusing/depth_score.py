"""From the energy of a frame to a score, and from the best three scores to a depth and how alone its peak stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.best_three import NOBODY, UNCOVERED
from stackcore.fusing.preference import Preference, PreferringOptions

EVIDENT = 1.0
"""Score from which detail is evident: 1.7 times the energy that noise alone may reach."""

_NEAR_SLICES = 3
"""A parabola is laid only through slices that lie this close together; a skipped frame leaves room."""


@dataclass(frozen=True)
class Scoring:
    """Score of energy F at slice i: L = ln(1 + F / floor), less a handicap that grows away from the preferred end.

    Where L is below `EVIDENT` nobody is handicapped, and above it the handicap is at most half of what L is more:
    plain ground and faint detail are left as they are, and more energy always gives more score.

    Attributes
    ----------
    floor
        Energy that noise alone may reach.
    frames
        Length of the stack.
    prefer, strength
        The preferred end, and the handicap at the other.
    """

    floor: float
    frames: int
    prefer: Preference = "none"
    strength: float = 0.0

    def score(self, energy: NDArray[np.float32], index: int) -> NDArray[np.float32]:
        """Score (h, w) >= 0 of `energy` (h, w) at slice `index`; `energy` is not modified."""
        log: NDArray[np.float32] = np.log1p(energy * np.float32(1 / self.floor))
        if self.prefer == "none":
            return log
        handicap = self.handicap(np.float32(index))
        half = np.maximum(log - np.float32(EVIDENT), 0) / 2
        return np.asarray(log - np.minimum(handicap, half), np.float32)

    def favoured(self, energy: NDArray[np.float32], index: int) -> NDArray[np.float32]:
        """Energy (h, w) as it must be for its score to come out without a handicap; `energy` is not modified."""
        if self.prefer == "none":
            return energy
        return np.asarray(np.float32(self.floor) * np.expm1(self.score(energy, index)), np.float32)

    def undone(self, score: NDArray[np.float32], origin: NDArray[np.float32]) -> NDArray[np.float32]:
        """L again, of scores at slices `origin`, both (h, w)."""
        if self.prefer == "none":
            return score
        handicap = self.handicap(origin)
        halved = np.where(score > EVIDENT, 2 * score - np.float32(EVIDENT), score)
        return np.asarray(np.where(score >= EVIDENT + handicap, score + handicap, halved), np.float32)

    def handicap(self, origin: NDArray[np.float32] | np.float32) -> NDArray[np.float32]:
        """How far a slice is from the preferred end, in units of score."""
        place = origin / np.float32(max(self.frames - 1, 1))
        return np.asarray(np.float32(self.strength) * (place if self.prefer == "front" else 1 - place), np.float32)


def favoured(
    energy: NDArray[np.float32], index: int, floor: float, frames: int, options: PreferringOptions
) -> NDArray[np.float32]:
    """The `energy` (h, w) of slice `index` as it counts with the preference of `options`; it is not modified.

    Where no end is preferred it is the same array. `floor` is the energy that noise alone may reach.
    """
    if options.prefer == "none":
        return energy
    return Scoring(floor, frames, options.prefer, options.prefer_strength).favoured(energy, index)


def sub_slice_depth(score: NDArray[np.float32], origin: NDArray[np.uint16], scoring: Scoring) -> NDArray[np.float32]:
    """Depth (h, w) float32 in slices: the peak of the parabola through the logarithm of the best three measures.

    A parabola through logarithms is a gaussian through the measure itself (Nayar and Nakagawa, Shape from Focus, IEEE
    TPAMI 16(8), 1994, section IV). It may lie half a slice beyond the stack. Where the three are not neighbours, or
    do not bend downwards, the best slice is the answer.

    `score` and `origin` are (3, h, w), the best first.
    """
    x0, x1, x2 = (o.astype(np.float32) for o in origin)
    y0, y1, y2 = (scoring.undone(s, x) for s, x in zip(score, (x0, x1, x2), strict=True))
    near = (np.abs(x1 - x0) < _NEAR_SLICES) & (np.abs(x2 - x0) <= _NEAR_SLICES) & (score[2] > UNCOVERED)
    one, two, three = (np.where(near, d, np.float32(1)) for d in (x1 - x0, x2 - x0, x2 - x1))
    rise = np.where(near, y1 - y0, 0) / one
    bend = (np.where(near, y2 - y0, 0) / two - rise) / three
    bent = near & (bend < -1e-6)
    offset = np.where(bent, one / 2 - rise / np.where(bent, 2 * bend, np.float32(1)), 0)
    reach = np.maximum(np.abs(one), 1) / 2
    depth = np.where(origin[0] == NOBODY, 0, x0 + np.clip(offset, -reach, reach))
    return np.asarray(depth, np.float32)


def aloneness(best: NDArray[np.float32], total: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """How alone the peak stands, (h, w) float32, 0 to 1.

    `best` is the logarithm of the weight of the best frame, `total` that of the sum of all weights, both (h, w).
    The inverse of the share of the best is how many frames are as sharp as it; its logarithm is 0 for one frame, which
    is certain, and ln N where all N `frames` are alike, which says nothing.
    """
    share = np.where(best > UNCOVERED, best - total, np.float32(-np.inf))
    if frames < 2:
        return np.asarray(np.isfinite(share), np.float32)
    return np.asarray(np.clip(1 + share / np.float32(np.log(frames)), 0, 1), np.float32)
