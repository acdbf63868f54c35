"""Depth and confidence as pictures: 16-bit grey for programs, false colours for eyes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FULL = 65535


def grey(depth: NDArray[np.float32], slices: int) -> NDArray[np.uint16]:
    """Depth (H, W) in slices as 16 bits: round(depth * 65535 / (slices - 1)), so that the last slice is white.

    Finer than 1/30 slice in a stack of 2,000, and the whole range is used in a short one, which every viewer shows.

    Examples
    --------
    >>> grey(np.array([[0, 1.5, 10]], np.float32), slices=11)
    array([[    0,  9830, 65535]], dtype=uint16)
    """
    return _sixteen_bits(depth / np.float32(max(slices - 1, 1)))


def colours(depth: NDArray[np.float32], slices: int) -> NDArray[np.uint8]:
    """Depth (H, W) in slices in false colours (H, W, 3) RGB: dark blue for the first slice, yellow for the last.

    Viridis (Smith and van der Walt, 2015) is perceptually uniform, and readable in grey and for the colour-blind.
    """
    steps = np.rint(np.clip(depth / np.float32(max(slices - 1, 1)), 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[..., ::-1], np.uint8)


def grey_confidence(confidence: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Confidence (H, W), 0 to 1, as 16 bits: white is certain."""
    return _sixteen_bits(confidence)


def _sixteen_bits(plane: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.asarray(np.rint(np.clip(plane, 0, 1) * np.float32(FULL)), np.uint16)
