"""The three best frames of each pixel with their colours: what a blend of the two nearest frames needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.best_three import PLACES, BestThree
from stackcore.kernels import kernel
from stackcore.terms import Pixels


@dataclass
class Candidates:
    """`best` has a `colour` for each place, (3, H, W, 3), uint16 over the full range, or float32 for float sources."""

    best: BestThree
    colour: Pixels

    @classmethod
    def empty(cls, height: int, width: int, dtype: str) -> Candidates:
        """Nobody has a place; `dtype` is that of the frames."""
        colour = np.zeros((PLACES, height, width, 3), np.float32 if dtype == "float32" else np.uint16)
        return cls(BestThree.empty(height, width), colour)

    def rows(self, top: int, bottom: int) -> Candidates:
        """A view of some rows; changing it changes this."""
        return Candidates(self.best.rows(top, bottom), self.colour[:, top:bottom])

    def admit(self, score: NDArray[np.float32], origin: NDArray[np.uint16], colour: Pixels) -> None:
        """Give each pixel of one frame the place it deserves; of equals the nearer slice comes first.

        `score` (h, w), `origin` (h, w) and `colour` (h, w, 3), in the dtype of `self.colour`, are not modified.
        """
        _insert(self.colour, self.best.admit(score, origin), colour)


@kernel
def _insert(kept: Pixels, places: NDArray[np.uint8], colour: Pixels) -> None:
    """Put each pixel of `colour` at its place, and those that it beat one place down."""
    height, width = places.shape
    for y in range(height):
        for x in range(width):
            place = places[y, x]
            for lower in range(2, place, -1):
                for channel in range(3):
                    kept[lower, y, x, channel] = kept[lower - 1, y, x, channel]
            if place < 3:
                for channel in range(3):
                    kept[place, y, x, channel] = colour[y, x, channel]
