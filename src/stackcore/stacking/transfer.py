"""Transfer curves: encoded numbers to linear light and back, and gains applied in linear light.

The curve is that of IEC 61966-2-1 (sRGB), section 5.2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.terms import FULL_SCALE, Encoding

Gain = tuple[float, float, float]

UNITY: Gain = (1.0, 1.0, 1.0)

_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
"""Weights of red, green and blue in ITU-R BT.601, section 2.5.1."""


def luma(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """One brightness (h, w) of each RGB pixel (h, w, 3), whatever the encoding; the input is not modified."""
    return np.asarray(cv2.transform(rgb, _LUMA), np.float32)


def to_linear(encoded: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float32]:
    """Linear light, 0 to 1, of encoded values 0 to 1; the input is not modified."""
    if encoding == "linear":
        return encoded
    low = encoded <= 0.04045
    linear = ((np.maximum(encoded, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(low, encoded / 12.92, linear).astype(np.float32)


def from_linear(linear: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float32]:
    """Encoded values of linear light; the inverse of `to_linear`."""
    if encoding == "linear":
        return linear
    low = linear <= 0.0031308
    encoded = 1.055 * np.maximum(linear, 0.0) ** (1 / 2.4) - 0.055
    return np.where(low, linear * 12.92, encoded).astype(np.float32)


@lru_cache(maxsize=64)
def gain_table(dtype: str, gain: Gain, encoding: Encoding) -> NDArray[np.float32]:
    """For integer frames: encoded value after a gain, (levels, 3) float32, indexed by the stored number."""
    levels = int(FULL_SCALE[dtype]) + 1
    encoded = np.linspace(0.0, 1.0, levels, dtype=np.float32)[:, None]
    if gain == UNITY:
        return np.repeat(encoded, 3, axis=1)
    factors = np.asarray(gain, np.float32)[None, :]
    return from_linear(to_linear(encoded, encoding) * factors, encoding)


def normalise(pixels: NDArray[Any], gain: Gain, encoding: Encoding) -> NDArray[np.float32]:
    """Pixels (H, W, 3) of any frame dtype as float32 0 to 1, multiplied by `gain` in linear light."""
    dtype = pixels.dtype.name
    if gain == UNITY:
        scaled: NDArray[np.float32] = np.multiply(pixels, np.float32(1.0 / FULL_SCALE[dtype]), dtype=np.float32)
        return scaled
    if dtype == "float32":
        return from_linear(to_linear(pixels, encoding) * np.asarray(gain, np.float32), encoding)
    table = gain_table(dtype, gain, encoding)
    if dtype == "uint8":
        return np.asarray(cv2.LUT(pixels, table[:, None, :]), np.float32)
    out = np.empty(pixels.shape, np.float32)
    for channel in range(3):
        out[..., channel] = table[:, channel].take(pixels[..., channel])
    return out


def linear_light(pixels: NDArray[Any], encoding: Encoding) -> NDArray[np.float32]:
    """Pixels (H, W, 3) of any frame dtype in linear light, float32, 0 to 1."""
    dtype = pixels.dtype.name
    if dtype == "float32":
        return to_linear(pixels, encoding)
    table = _linear_table(dtype, encoding)
    return np.asarray(cv2.LUT(pixels, table) if dtype == "uint8" else table.take(pixels), np.float32)


@lru_cache(maxsize=4)
def _linear_table(dtype: str, encoding: Encoding) -> NDArray[np.float32]:
    return to_linear(np.linspace(0.0, 1.0, int(FULL_SCALE[dtype]) + 1, dtype=np.float32), encoding)
