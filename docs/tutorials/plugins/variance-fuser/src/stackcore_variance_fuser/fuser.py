"""Every pixel is the mean of all frames, weighted by the variance of the luma around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.banded import Band, PixelwiseFuser, as_picture, as_picture_bytes
from stackcore.stacking.transfer import luma
from stackcore.terms import Fused, StackInfo
from stackcore_variance_fuser.plugin import VarianceOptions

LEAST_VARIANCE = 1e-6
"""What counts as plain in a stack without noise: a thousandth of white, squared."""

OUTSIDE = np.float32(1e-6)
"""Weight of a pixel that its frame does not cover: it shows only where no frame covers the place."""


@dataclass
class VarianceState:
    """Sums so far: `total` (H, W, 3) of weighted pixels, `weight` (H, W), both float32; `top` as strips have it."""

    info: StackInfo
    total: NDArray[np.float32]
    weight: NDArray[np.float32]
    top: int = 0


class VarianceFuser(PixelwiseFuser[VarianceState]):
    """A focus measure by local variance, one of those compared by Pertuz, Puig and Garcia, Pattern Recognition 2013."""

    tolerance = 2e-5  # float sums in another order, as a fraction of white
    margin_px = 16  # the widest window twice, half of it on each side; a multiple of 4
    planes = 16  # float32 planes of a band that `take` holds at its peak

    def __init__(self, options: VarianceOptions) -> None:
        super().__init__()
        self._window = (options.window_px, options.window_px)
        self._exponent = np.float32(options.exponent)

    def start(self, info: StackInfo) -> VarianceState:
        """Nothing seen yet."""
        size = (info.height, info.width)
        return VarianceState(info, np.zeros((*size, 3), np.float32), np.zeros(size, np.float32))

    def take(self, state: VarianceState, band: Band) -> None:
        """Add some rows of a frame to the sums."""
        brightness = luma(band.pixels)
        mean = cv2.blur(brightness, self._window)
        variance = cv2.sqrBoxFilter(brightness, -1, self._window) - mean * mean
        plain = np.float32(max(state.info.noise_sigma**2, LEAST_VARIANCE))
        around = cv2.blur(np.maximum(variance, 0), self._window)  # a square alone has hard edges, which would show
        weight = (1 + around[band.own] / plain) ** self._exponent
        if band.uncovered is not None:
            weight[band.uncovered] = OUTSIDE
        rows = slice(band.top, band.bottom)
        state.total[rows] += band.pixels[band.own] * weight[..., None]
        state.weight[rows] += weight

    def merge(self, left: VarianceState, right: VarianceState) -> VarianceState:
        """Add the sums; `left` is reused, `right` stays as it is."""
        left.total += right.total
        left.weight += right.weight
        return left

    def finish(self, state: VarianceState) -> Fused:
        """Divide the sums."""
        state.total /= np.maximum(state.weight, OUTSIDE)[..., None]
        return Fused(as_picture(state.total, state.info.dtype))

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes."""
        return 16 * info.height * info.width

    def finish_bytes(self, info: StackInfo) -> int:
        """The weights once more, then the picture."""
        return max(4 * info.height * info.width, as_picture_bytes(info))
