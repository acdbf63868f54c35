"""Depth and confidence as pictures: 16-bit grey for programs, false colours for eyes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FULL = 65535

_PART_ROWS = 256
"""Rows that are converted at a time."""


def grey(depth: NDArray[np.float32], slices: int) -> NDArray[np.uint16]:
    """Depth (H, W) in slices as 16 bits: round(depth * 65535 / (slices - 1)), so that the last slice is white.

    Finer than 1/30 slice in a stack of 2,000, and the whole range is used in a short one, which every viewer shows.

    Examples
    --------
    >>> grey(np.array([[0, 1.5, 10]], np.float32), slices=11)
    array([[    0,  9830, 65535]], dtype=uint16)
    """
    return _sixteen_bits(depth, 1 / max(slices - 1, 1))


def colours(depth: NDArray[np.float32], slices: int) -> NDArray[np.uint8]:
    """Depth (H, W) in slices in false colours (H, W, 3) RGB: dark blue for the first slice, yellow for the last.

    Viridis (Smith and van der Walt, 2015) is perceptually uniform, and readable in grey and for the colour-blind.
    """
    out = np.empty((*depth.shape, 3), np.uint8)
    for top in range(0, len(depth), _PART_ROWS):
        rows = slice(top, top + _PART_ROWS)
        steps = np.rint(np.clip(depth[rows] / np.float32(max(slices - 1, 1)), 0, 1) * 255).astype(np.uint8)
        out[rows] = cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[..., ::-1]
    return out


def grey_confidence(confidence: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Confidence (H, W), 0 to 1, as 16 bits: white is certain."""
    return _sixteen_bits(confidence, 1.0)


def _sixteen_bits(plane: NDArray[np.float32], scale: float) -> NDArray[np.uint16]:
    out = np.empty(plane.shape, np.uint16)
    for top in range(0, len(plane), _PART_ROWS):  # in parts: float copies of the whole would be larger than it
        rows = slice(top, top + _PART_ROWS)
        out[rows] = np.rint(np.clip(plane[rows] * np.float32(scale), 0, 1) * np.float32(FULL))
    return out
