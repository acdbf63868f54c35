"""Detail of a plane that a guided filter leaves out: it knows texture from edges, so boosting it makes no halo.

He, Sun and Tang, Guided Image Filtering, IEEE TPAMI 35(6), 2013, with the plane as its own guide: within a window the
plane is taken for `a x plane + b`, where `a` is near 1 across an edge and near 0 in faint texture. The coefficients
are found on a reduced plane (He and Sun, Fast Guided Filter, arXiv:1505.00996, 2015), which is kept whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST_REDUCED = 8
_BORDER = cv2.BORDER_REPLICATE


@dataclass(frozen=True)
class Guided:
    """Coefficients of one scale: `slope` and `level` are (ceil(H / factor), ceil(W / factor)) float32."""

    slope: NDArray[np.float32]
    level: NDArray[np.float32]
    factor: int

    @classmethod
    def of(cls, plane: NDArray[np.float32], sigma_px: float, edge_contrast: float) -> Guided:
        """Fit windows about as wide as a gaussian of `sigma_px`; `plane` (H, W) float32 is not modified."""
        factor = 1
        while factor < _MOST_REDUCED and 2 * factor <= sigma_px / 3:
            factor *= 2
        small = _reduced(plane, factor)
        # Two boxes in a row, each with this half-width, have the variance of the gaussian, nearly.
        half = max(1, round(1.2 * sigma_px / factor))
        window = (2 * half + 1, 2 * half + 1)
        mean = cv2.boxFilter(small, -1, window, borderType=_BORDER)
        square = cv2.sqrBoxFilter(small, cv2.CV_32F, window, borderType=_BORDER)
        spread = np.maximum(square - mean * mean, np.float32(0))
        slope = spread / (spread + np.float32(edge_contrast**2))
        level = mean * (1 - slope)
        smooth = [np.asarray(cv2.boxFilter(p, -1, window, borderType=_BORDER), np.float32) for p in (slope, level)]
        return cls(smooth[0], smooth[1], factor)

    def detail(self, plane: NDArray[np.float32], top: int) -> NDArray[np.float32]:
        """What is neither base nor edge in `plane`, rows of the whole one from `top` on."""
        rows, width = plane.shape
        slope, level = (self._rows(p, top, rows, width) for p in (self.slope, self.level))
        return np.asarray(plane - (slope * plane + level), np.float32)

    def _rows(self, small: NDArray[np.float32], top: int, rows: int, width: int) -> NDArray[np.float32]:
        """Enlarged again, bilinearly; one more reduced row at each side makes it the same for every cut."""
        first = max(0, top // self.factor - 1)
        last = min(len(small), -(-(top + rows) // self.factor) + 1)
        part = small[first:last]
        size = (part.shape[1] * self.factor, part.shape[0] * self.factor)
        whole = part if self.factor == 1 else np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR))
        skip = top - first * self.factor
        return np.asarray(whole[skip : skip + rows, :width], np.float32)


def _reduced(plane: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Mean over blocks; the ragged edge is continued by the outermost pixels, so that the factor is exact."""
    if factor == 1:
        return plane
    height, width = plane.shape
    padded = cv2.copyMakeBorder(plane, 0, -height % factor, 0, -width % factor, _BORDER)
    size = (padded.shape[1] // factor, padded.shape[0] // factor)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)
