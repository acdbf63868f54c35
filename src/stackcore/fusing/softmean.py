"""A running soft maximum: the mean of what was seen, weighted by exp(score), in two arrays and one pass.

Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv:1805.02867, 2018, section 3; here the mean
itself is carried along instead of the two sums, which keeps its range and saves the final division.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

NOTHING = np.float32(-3e38)
"""Score of having seen nothing: any frame outweighs it."""

UNCOVERED = np.float32(-1e30)
"""Score of a pixel outside its frame: it counts only as long as nothing better was seen."""

_SCALE = np.float32(2**20)


@dataclass
class SoftMean:
    """`mean` (h, w, 3) float32 of everything seen; `score` (h, w) float32, log of the sum of all weights."""

    mean: NDArray[np.float32]
    score: NDArray[np.float32]

    @classmethod
    def empty(cls, height: int, width: int) -> SoftMean:
        """Nothing seen yet: the neutral element of `absorb`."""
        return cls(np.zeros((height, width, 3), np.float32), np.full((height, width), NOTHING, np.float32))

    def rows(self, top: int, bottom: int) -> SoftMean:
        """A view of some rows; changing it changes this."""
        return SoftMean(self.mean[top:bottom], self.score[top:bottom])

    def absorb(self, mean: NDArray[np.float32], score: NDArray[np.float32]) -> None:
        """Take in another mean with its score; the arguments are not modified."""
        theirs = np.asarray(cv2.subtract(score, self.score), np.float32)
        ours = np.maximum(theirs, 0)
        cv2.exp(np.negative(ours, out=ours), dst=ours)
        cv2.exp(np.minimum(theirs, 0, out=theirs), dst=theirs)
        np.maximum(self.score, score, out=self.score)
        total = np.asarray(cv2.add(ours, theirs), np.float32)
        self.score += cv2.log(total, dst=total)
        # blendLinear divides by the sum of the weights plus 1e-5; scaled up, that is nothing, and 0 and 1 are exact.
        ours *= _SCALE
        theirs *= _SCALE
        cv2.blendLinear(self.mean, mean, ours, theirs, dst=self.mean)
