"""Per pixel the three best frames: their score and their slice.

A focus measure rises to the depth of a pixel and falls behind it, so that the three largest values are those of the
best slice and its two neighbours: all that a parabola needs. Unlike the neighbours of a running best, the three
largest of a set do not depend on the order in which frames arrive, and those of two sets make those of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

PLACES = 3

NOBODY = np.uint16(65535)
"""Slice of a place that nobody took; it loses against any frame of equal score."""

NOTHING = np.float32(-3e38)
UNCOVERED = np.float32(-1e30)
"""Score of a pixel outside its frame: it counts only where nothing better was seen."""


@dataclass
class BestThree:
    """The best first: `score` (3, h, w) float32, and `origin` (3, h, w) uint16, the slice index."""

    score: NDArray[np.float32]
    origin: NDArray[np.uint16]

    @classmethod
    def empty(cls, height: int, width: int) -> BestThree:
        """Nobody has a place."""
        size = (PLACES, height, width)
        return cls(np.full(size, NOTHING, np.float32), np.full(size, NOBODY, np.uint16))

    def rows(self, top: int, bottom: int) -> BestThree:
        """A view of some rows; changing it changes this."""
        return self.part(slice(top, bottom), slice(None))

    def part(self, rows: slice, columns: slice) -> BestThree:
        """A view of some columns of some rows; changing it changes this."""
        return BestThree(self.score[:, rows, columns], self.origin[:, rows, columns])

    def slices(self) -> tuple[int, int]:
        """The first and the last slice that has a place anywhere; 0 and 0 if none has."""
        first, last = NOBODY, 0
        for origin in self.origin:
            first = min(first, origin.min())
            last = max(last, int(np.max(origin, where=origin != NOBODY, initial=0)))
        return min(int(first), last), last

    def admit(self, score: NDArray[np.float32], origin: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Give each pixel of one frame the place it deserves; of equals the nearer slice comes first.

        `score` and `origin`, both (h, w), are not modified. Returns the place of each pixel, (h, w), 3 for none.
        """
        places = np.empty(score.shape, np.uint8)
        _admit(self.score, self.origin, score, origin, places)
        return places


@kernel
def _admit(
    best: NDArray[np.float32],
    owner: NDArray[np.uint16],
    score: NDArray[np.float32],
    origin: NDArray[np.uint16],
    places: NDArray[np.uint8],
) -> None:
    """Sort one frame into the three best of each pixel."""
    height, width = score.shape
    for y in range(height):
        for x in range(width):
            value, index = score[y, x], origin[y, x]
            place = 3
            while place > 0:
                ahead = place - 1
                other = best[ahead, y, x]
                if not (value > other or (value == other and index < owner[ahead, y, x])):
                    break
                if place < 3:
                    best[place, y, x] = other
                    owner[place, y, x] = owner[ahead, y, x]
                place = ahead
            if place < 3:
                best[place, y, x] = value
                owner[place, y, x] = index
            places[y, x] = place
