"""Three scales of sharpening on brightness alone, each bounded in its own way, worked in bands of rows.

At the large and the middle scale the detail that a guided filter leaves out is added: edges are not in it. The small
scale, where edges themselves are to become steeper, adds what a gaussian takes away, as an unsharp mask does, but

- detail that does not stand out from the noise is left alone (the Wiener gain, energy / (energy + noise));
- the result keeps within the range of its neighbourhood, plus an allowance: as much as the range itself where that is
  small (texture gains contrast), less and less where it is large (an edge gets steeper, and no halo).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.stacking.noise import noise_sigma
from stackcore.stacking.transfer import from_linear, luma, to_linear
from stackcore.terms import FULL_SCALE, Encoding, Pixels
from stackcore_plugins.sharpener_bounded.guided import Guided
from stackcore_plugins.sharpener_bounded.plugin import BoundedOptions

_BAND_ROWS = 512
_REACH = 3.5
"""Where a gaussian is cut off, in standard deviations: 0.05 % of its weight lies beyond."""
_ENERGY_PX = (7, 5)
"""Two box windows in a row in which the energy of detail is averaged."""
_BORDER = cv2.BORDER_REPLICATE
_TINY = np.float32(1e-12)


class Bounded:
    """Sharpen brightness at a large, a middle and a small scale; colours keep their differences."""

    def __init__(self, options: BoundedOptions, band_rows: int = _BAND_ROWS) -> None:
        self._options, self._band_rows = options, band_rows
        self._amounts = [base * strength for base, strength in zip(options.base, options.strength, strict=True)]
        self._range_px = int(np.ceil(1.5 * options.sigma_px[2]))
        self._margin = int(np.ceil(_REACH * options.sigma_px[2])) + max(2 * self._range_px, sum(_ENERGY_PX) // 2)

    def sharpen(self, pixels: Pixels, encoding: Encoding) -> Pixels:
        """Return the sharpened picture, clipped to its dtype once.

        `pixels` (H, W, 3) uint8, uint16 or float32 is not modified; with all strengths 0 the same array is returned.
        Linear light is sharpened as it looks, with the curve of sRGB, and comes back as linear light. Beyond the
        border the picture is continued by its outermost pixels. The band grid is fixed: one picture, one result.
        """
        if not any(self._amounts):
            return pixels
        plane = np.empty(pixels.shape[:2], np.float32)
        for top, bottom in self._bands(len(plane)):
            plane[top:bottom] = luma(_encoded(pixels[top:bottom], encoding))
        noise = noise_sigma([np.broadcast_to(plane[..., None], (*plane.shape, 3))])
        scales = [
            (amount, Guided.of(plane, sigma, self._options.edge_contrast))
            for amount, sigma in zip(self._amounts[:2], self._options.sigma_px[:2], strict=True)
            if amount
        ]
        out = np.empty_like(pixels)
        full = FULL_SCALE[pixels.dtype.name]
        for top, bottom in self._bands(len(plane)):
            gain = self._gain(plane, top, bottom, scales, noise)[..., None]
            if encoding == "linear":
                band = to_linear(_encoded(pixels[top:bottom], encoding) + gain, "srgb") * np.float32(full)
            else:
                band = pixels[top:bottom] + gain * np.float32(full)
            out[top:bottom] = band if pixels.dtype == np.float32 else np.clip(np.rint(band), 0, full)
        return out

    def _bands(self, height: int) -> Iterator[tuple[int, int]]:
        for top in range(0, height, self._band_rows):
            yield top, min(top + self._band_rows, height)

    def _gain(
        self, plane: NDArray[np.float32], top: int, bottom: int, scales: list[tuple[float, Guided]], noise: float
    ) -> NDArray[np.float32]:
        """What is added to the brightness of some rows."""
        first, last = max(0, top - self._margin), min(len(plane), bottom + self._margin)
        rows = plane[first:last]
        wide = np.zeros_like(rows)
        for amount, guided in scales:
            wide += np.float32(amount) * guided.detail(rows, first)
        if self._amounts[2]:
            wide += self._fine(rows + wide, noise)
        return wide[top - first : bottom - first]

    def _fine(self, plane: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
        sigma = self._options.sigma_px[2]
        size = 2 * int(np.ceil(_REACH * sigma)) + 1
        detail = np.asarray(cv2.subtract(plane, cv2.GaussianBlur(plane, (size, size), sigma, borderType=_BORDER)))
        energy = cv2.sqrBoxFilter(detail, cv2.CV_32F, (_ENERGY_PX[0],) * 2, borderType=_BORDER)
        energy = np.asarray(cv2.boxFilter(energy, -1, (_ENERGY_PX[1],) * 2, borderType=_BORDER), np.float32)
        floor = np.float32((self._options.noise_floor * noise) ** 2) + _TINY
        detail *= np.float32(self._amounts[2]) * energy / (energy + floor)
        near = np.ones((2 * self._range_px + 1,) * 2, np.uint8)
        low = np.asarray(cv2.erode(plane, near, borderType=_BORDER), np.float32)
        high = np.asarray(cv2.dilate(plane, near, borderType=_BORDER), np.float32)
        # The largest range within reach: at the foot of an edge the mean would be small, and a halo let pass there.
        span = np.asarray(cv2.dilate(high - low, near, borderType=_BORDER), np.float32)
        allowed = span / (1 + (span / np.float32(self._options.allowance)) ** 2)
        return np.clip(detail, low - plane - allowed, high - plane + allowed)


def _encoded(pixels: Pixels, encoding: Encoding) -> NDArray[np.float32]:
    """Rows as float32, 0 to 1, with the curve of sRGB."""
    scaled = np.multiply(pixels, np.float32(1 / FULL_SCALE[pixels.dtype.name]), dtype=np.float32)
    return from_linear(scaled, "srgb") if encoding == "linear" else scaled
