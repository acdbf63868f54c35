"""Per pixel the three best frames: their score, their slice and their colour.

A focus measure rises to the depth of a pixel and falls behind it, so that the three largest values are those of the
best slice and its two neighbours: all that a parabola and a blend of the two nearest frames need. Unlike the
neighbours of a running best, the three largest of a set do not depend on the order in which frames arrive.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.terms import Pixels

PLACES = 3
NOBODY = np.uint16(65535)
"""Slice of a place that nobody took; it loses against any frame of equal score."""

NOTHING = np.float32(-3e38)
UNCOVERED = np.float32(-1e30)
"""Score of a pixel outside its frame: it counts only where nothing better was seen."""


@dataclass
class Candidates:
    """The best first.

    Attributes
    ----------
    score
        (3, H, W) float32.
    origin
        (3, H, W) uint16, slice index.
    colour
        (3, H, W, 3), uint16 over the full range, or float32 for float sources.
    """

    score: NDArray[np.float32]
    origin: NDArray[np.uint16]
    colour: Pixels

    @classmethod
    def empty(cls, height: int, width: int, dtype: str) -> Candidates:
        """Nobody has a place; `dtype` is that of the frames."""
        size = (PLACES, height, width)
        return cls(
            np.full(size, NOTHING, np.float32),
            np.full(size, NOBODY, np.uint16),
            np.zeros((*size, 3), np.float32 if dtype == "float32" else np.uint16),
        )

    def rows(self, top: int, bottom: int) -> Candidates:
        """A view of some rows; changing it changes this."""
        return Candidates(self.score[:, top:bottom], self.origin[:, top:bottom], self.colour[:, top:bottom])

    def slices(self) -> tuple[int, int]:
        """The first and the last slice that has a place anywhere; 0 and 0 if none has."""
        first, last = NOBODY, 0
        for origin in self.origin:
            first = min(first, origin.min())
            last = max(last, int(np.max(origin, where=origin != NOBODY, initial=0)))
        return min(int(first), last), last

    def admit(self, score: NDArray[np.float32], origin: NDArray[np.uint16], colour: Pixels) -> None:
        """Give each pixel of one frame the place it deserves; of equals the nearer slice comes first.

        `score` (h, w), `origin` (h, w) and `colour` (h, w, 3), in the dtype of `self.colour`, are not modified.
        """
        new = (score, origin, np.ascontiguousarray(colour))
        places = list(zip(self.score, self.origin, self.colour, strict=True))
        ahead = [_beats(new, place) for place in places]
        if not ahead[-1].any():
            return
        for place in range(PLACES - 1, 0, -1):
            _take(places[place], places[place - 1], ahead[place - 1])
            _take(places[place], new, ahead[place] & ~ahead[place - 1])
        _take(places[0], new, ahead[0])


_Planes = tuple[Pixels, Pixels, Pixels]
"""Score, slice and colour of the same pixels."""


def _beats(one: _Planes, other: _Planes) -> NDArray[np.bool_]:
    better: NDArray[np.bool_] = (one[0] > other[0]) | ((one[0] == other[0]) & (one[1] < other[1]))
    return better


def _take(into: _Planes, source: _Planes, where: NDArray[np.bool_]) -> None:
    """Copy some pixels; by OpenCV, which is 8 times as fast as an index of what is true."""
    mask = where.view(np.uint8)
    for there, here in zip(source, into, strict=True):
        cv2.copyTo(there, mask, here)
