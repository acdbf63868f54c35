"""The mean of all frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.banded import BAND_ROWS, Band, PixelwiseFuser, as_picture, as_picture_bytes
from stackcore.terms import Fused, StackInfo
from stackcore_plugins.fuser_reference.plugin import AverageOptions

_FAINT = np.float32(1e-6)
"""Weight of a pixel outside its frame: it shows only where no frame covers the place."""


@dataclass
class AverageState:
    """`total` (H, W, 3) float32, the weighted sum; `weight` (H, W) float32, how many frames covered each pixel."""

    info: StackInfo
    total: NDArray[np.float32]
    weight: NDArray[np.float32]
    top: int = 0


class AverageFuser(PixelwiseFuser[AverageState]):
    """The mean, in the working encoding; where frames do not cover a pixel, of those that do."""

    tolerance = 1e-5
    """Float sums in another order; their error grows with the square root of the number of frames."""

    planes = 11

    def __init__(self, options: AverageOptions, band_rows: int = BAND_ROWS) -> None:
        super().__init__(band_rows)

    def start(self, info: StackInfo) -> AverageState:
        """Nothing."""
        size = (info.height, info.width)
        return AverageState(info, np.zeros((*size, 3), np.float32), np.zeros(size, np.float32))

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes."""
        return 16 * info.height * info.width

    def finish_bytes(self, info: StackInfo) -> int:
        """The weights once more, and then the picture; float32 sources have theirs in the state."""
        return max(4 * info.height * info.width, as_picture_bytes(info))

    def take(self, state: AverageState, band: Band) -> None:
        """Add the band to the sums."""
        rows = slice(band.top, band.bottom)
        pixels, outside = band.pixels[band.own], band.uncovered
        if outside is None:
            state.total[rows] += pixels
            state.weight[rows] += 1
            return
        weight = np.where(outside, _FAINT, np.float32(1))
        state.total[rows] += pixels * weight[..., None]
        state.weight[rows] += weight

    def merge(self, left: AverageState, right: AverageState) -> AverageState:
        """Add the sums; `left` is reused."""
        left.total += right.total
        left.weight += right.weight
        return left

    def finish(self, state: AverageState) -> Fused:
        """Divide the sums; the state is consumed."""
        state.total /= np.maximum(state.weight, np.finfo(np.float32).tiny)[..., None]
        return Fused(as_picture(state.total, state.info.dtype))
