"""Three unsharp masks one after the other, worked in bands of rows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.terms import FULL_SCALE, Encoding, Pixels
from stackcore_plugins.sharpener_unsharp3.plugin import Unsharp3Options

_BAND_ROWS = 512
_REACH = 3.5
"""Where a gaussian is cut off, in standard deviations: 0.05 % of its weight lies beyond."""


class Unsharp3:
    """Sharpen at a large, a middle and a small scale, in this order, as the processing workflow does."""

    def __init__(self, options: Unsharp3Options, band_rows: int = _BAND_ROWS) -> None:
        self._band_rows = band_rows
        scales = zip(options.sigma_px, options.base, options.strength, strict=True)
        self._masks = [(sigma, base * strength) for sigma, base, strength in scales if base * strength > 0]

    def sharpen(self, pixels: Pixels, encoding: Encoding) -> Pixels:
        """Add `base * strength` of what a gaussian of `sigma_px` takes away, per scale; clipped to the dtype once.

        `pixels` (H, W, 3) is not modified. With all strengths 0 the same array is returned. Beyond the border the
        picture is continued by its outermost pixels.
        """
        if not self._masks:
            return pixels
        out = np.empty_like(pixels)
        height = pixels.shape[0]
        margin = sum(_radius(sigma) for sigma, _ in self._masks)
        for top in range(0, height, self._band_rows):
            bottom = min(top + self._band_rows, height)
            first, last = max(0, top - margin), min(height, bottom + margin)
            band = self._sharpened(pixels[first:last].astype(np.float32))[top - first : bottom - first]
            if pixels.dtype != np.float32:
                band = np.clip(np.rint(band), 0, FULL_SCALE[pixels.dtype.name])
            out[top:bottom] = band
        return out

    def _sharpened(self, band: NDArray[np.float32]) -> NDArray[np.float32]:
        for sigma, amount in self._masks:
            size = 2 * _radius(sigma) + 1
            blurred = cv2.GaussianBlur(band, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
            band = np.asarray(cv2.addWeighted(band, 1 + amount, blurred, -amount, 0), np.float32)
        return band


def _radius(sigma: float) -> int:
    return int(np.ceil(_REACH * sigma))
