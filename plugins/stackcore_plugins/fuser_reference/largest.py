"""Per pixel the frame with the largest focus measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.banded import BAND_ROWS, Band, PixelwiseFuser, as_picture, as_picture_bytes
from stackcore.fusing.depth import DepthState
from stackcore.fusing.focus import REACH_PX, focus_energy
from stackcore.stacking.transfer import luma
from stackcore.terms import Fused, StackInfo
from stackcore_plugins.fuser_reference.plugin import MaxOptions

_NOBODY = np.int32(np.iinfo(np.int32).max)
_NOTHING = np.float32(-2)
_UNCOVERED = np.float32(-1)
"""Score of a pixel outside its frame: it shows only where no frame covers the place."""


@dataclass
class Largest:
    """The best so far: `pixels` (H, W, 3) float32, their `score` (H, W) float32, their `origin` (H, W) int32; depth."""

    info: StackInfo
    pixels: NDArray[np.float32]
    score: NDArray[np.float32]
    origin: NDArray[np.int32]
    top: int = 0
    depth: DepthState | None = None

    def rows(self, top: int, bottom: int) -> Largest:
        """A view of some rows; changing it changes this."""
        return Largest(self.info, self.pixels[top:bottom], self.score[top:bottom], self.origin[top:bottom])

    def absorb(self, pixels: NDArray[np.float32], score: NDArray[np.float32], origin: NDArray[np.int32]) -> None:
        """Take over what is sharper; of equals the nearer slice, or the order of work would decide."""
        take = (score > self.score) | ((score == self.score) & (origin < self.origin))
        np.copyto(self.pixels, pixels, where=take[..., None])
        np.copyto(self.score, score, where=take)
        np.copyto(self.origin, origin, where=take)


class MaxFuser(PixelwiseFuser[Largest]):
    """Hard choice by `focus_energy`."""

    tolerance = 0.0
    margin_px = REACH_PX
    planes = 12

    def __init__(self, options: MaxOptions, band_rows: int = BAND_ROWS) -> None:
        super().__init__(band_rows)
        self._window_px = options.window_px

    def start(self, info: StackInfo) -> Largest:
        """Nobody has won anything."""
        size = (info.height, info.width)
        score, origin = np.full(size, _NOTHING, np.float32), np.full(size, _NOBODY, np.int32)
        return Largest(info, np.zeros((*size, 3), np.float32), score, origin, depth=depth.start_of(info))

    def state_bytes(self, info: StackInfo) -> int:
        """Five planes of four bytes."""
        return 20 * info.height * info.width + depth.bytes_of(info)

    def finish_bytes(self, info: StackInfo) -> int:
        """The picture, and the evidence of depth."""
        return as_picture_bytes(info) + depth.evidence_making_bytes(info)

    def take(self, state: Largest, band: Band) -> None:
        """Compare the band with the best so far."""
        energy = focus_energy(luma(band.pixels), self._window_px)
        depth.feed(state.depth, depth.scoring_of(state.info), band.index, band.top, band.own, energy, band.valid)
        score = energy[band.own]
        if (outside := band.uncovered) is not None:
            score[outside] = _UNCOVERED
        origin = np.full(score.shape, band.index, np.int32)
        state.rows(band.top, band.bottom).absorb(band.pixels[band.own], score, origin)

    def merge(self, left: Largest, right: Largest) -> Largest:
        """Compare pixel by pixel; `left` is reused."""
        left.absorb(right.pixels, right.score, right.origin)
        depth.join(left.depth, right.depth)
        return left

    def finish(self, state: Largest) -> Fused:
        """The winners."""
        evidence = depth.evidence_of(state.depth, depth.scoring_of(state.info))
        return Fused(as_picture(state.pixels, state.info.dtype), evidence=evidence)
