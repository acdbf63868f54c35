"""How much a pixel is worth: Enfuse's weights of contrast, exposure and saturation.

After the manual of Enfuse 4.2, chapter 5 (Weighting functions). Two things differ at the rim of a frame only: windows
mirror instead of being cut, and grey beyond 0 to 1 is not clipped.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.stacking.transfer import to_linear
from stackcore.terms import Encoding
from stackcore_plugins.fuser_contrast.plugin import ContrastOptions, GrayProjector

_LUMINANCE = np.array([[0.30, 0.59, 0.11]], np.float32)
"""The weights in Enfuse's manual, which rounds those of ITU-R BT.601."""

_LIGHT = np.array([[0.2126729, 0.7151522, 0.0721750]], np.float32)
"""Row Y of the matrix of sRGB, IEC 61966-2-1."""

_EPSILON, _KAPPA = 216 / 24389, 24389 / 27
"""Of L* in CIE 15:2004, section 8.2.1."""


def grey(rgb: NDArray[np.float32], projector: GrayProjector, encoding: Encoding) -> NDArray[np.float32]:
    """The grey (h, w) float32, 0 to 1, of pixels (h, w, 3) float32, 0 to 1, which are not modified."""
    match projector:
        case "l-star":
            return _l_star(rgb, encoding)
        case "luminance":
            return np.asarray(cv2.transform(rgb, _LUMINANCE), np.float32)
        case "average":
            return np.asarray(cv2.transform(rgb, np.full((1, 3), 1 / 3, np.float32)), np.float32)
        case "value":
            return np.asarray(rgb.max(axis=2))
        case "anti-value":
            return np.asarray(rgb.min(axis=2))
        case "lightness":
            return np.asarray((rgb.max(axis=2) + rgb.min(axis=2)) / 2, np.float32)


def _l_star(rgb: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float32]:
    light = np.asarray(cv2.transform(np.asarray(to_linear(rgb, encoding), np.float32), _LIGHT), np.float32)
    np.clip(light, 0, None, out=light)
    l_star = np.where(light > _EPSILON, 116 * np.cbrt(light) - 16, np.float32(_KAPPA) * light)
    return np.asarray(l_star * np.float32(0.01), np.float32)


def local_contrast(plane: NDArray[np.float32], window_px: int) -> NDArray[np.float32]:
    """Standard deviation (h, w) of `plane` (h, w) in a square window, an odd number of pixels wide."""
    box = (window_px, window_px)
    exact = plane.astype(np.float64)  # the difference of two large numbers
    mean = cv2.boxFilter(exact, -1, box, borderType=cv2.BORDER_REFLECT)
    square = cv2.sqrBoxFilter(exact, -1, box, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


def weight(rgb: NDArray[np.float32], options: ContrastOptions, encoding: Encoding) -> NDArray[np.float32]:
    """The weight (h, w) >= 0 of pixels (h, w, 3): the sum of its parts, each times its share."""
    plane = grey(rgb, options.gray_projector, encoding)
    total = np.float32(options.contrast_weight) * local_contrast(plane, options.contrast_window_size)
    if options.exposure_weight > 0:
        off = (plane - np.float32(options.exposure_optimum)) / np.float32(options.exposure_width)
        total += np.float32(options.exposure_weight) * np.exp(-0.5 * off * off)
    if options.saturation_weight > 0:
        total += np.float32(options.saturation_weight) * _saturation(rgb)
    return np.asarray(total, np.float32)


def _saturation(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the HSL double cone, 0 to 1."""
    high, low = np.clip(rgb.max(axis=2), 0, 1), np.clip(rgb.min(axis=2), 0, 1)
    spread = 1 - np.abs(high + low - 1)
    return np.asarray((high - low) / np.maximum(spread, np.float32(1e-6)), np.float32)
