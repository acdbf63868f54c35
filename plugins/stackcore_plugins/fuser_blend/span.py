"""The span of the frames: the darkest and the brightest that any of them is at a pixel of a coarse level.

A pyramid joins levels of different frames, and what comes of it may be darker or brighter than every frame: the dark
halo around a bright thing, whose coarse level came from a frame in which it is blurred. Light has no way to do that, so
the collapsed coarse level is kept within the span. Fine levels are not: the subject may be sharper than every frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NOTHING = np.float32(3e38)
"""Darkest of no frame at all; its opposite is the brightest."""


@dataclass
class Span:
    """`low` and `high` (h, w, 3) float32: the extremes of everything seen."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def empty(cls, height: int, width: int) -> Span:
        """No frame seen yet."""
        shape = (height, width, 3)
        return cls(np.full(shape, _NOTHING, np.float32), np.full(shape, -_NOTHING, np.float32))

    def see(self, gauss: NDArray[np.float32], covered: NDArray[np.bool_]) -> None:
        """Widen it by a frame, (h, w, 3), where that is `covered` (h, w)."""
        where = True if covered.all() else covered[..., None]
        np.minimum(self.low, gauss, out=self.low, where=where)
        np.maximum(self.high, gauss, out=self.high, where=where)

    def absorb(self, other: Span) -> None:
        """Widen it by what other frames span; `other` is not modified."""
        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)

    def within(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """`picture` (h, w, 3), kept within the span; as it is where nothing was seen."""
        kept = np.clip(picture, self.low, self.high)
        return np.asarray(np.where(self.low <= self.high, kept, picture), np.float32)
