"""Where each frame is sharp, coarsely: the focus measure of a frame and of the cells of a grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

GRID_COLUMNS, GRID_ROWS = 12, 8


def cell_sharpness(luma: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Mean modified Laplacian of Nayar and Nakagawa, IEEE TPAMI 16(8), 1994, per cell.

    `luma` is (H, W) float32, 0 to 1, a reduced frame; `valid` (H, W) says where it counts, None for everywhere.
    Returns (8, 12) float32 >= 0, unitless; 0 for a cell that is not valid anywhere.
    """
    kernel = np.array([[-1.0, 2.0, -1.0]], np.float32)
    across = np.abs(cv2.filter2D(luma, -1, kernel))
    down = np.abs(cv2.filter2D(luma, -1, kernel.T))
    measure = np.asarray(across + down, np.float32)
    if valid is None:
        return _cells(measure)
    counts = cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    share = _cells(counts)
    return np.where(share > 0, _cells(measure * counts) / np.maximum(share, np.float32(1e-6)), np.float32(0))


def _cells(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, (GRID_COLUMNS, GRID_ROWS), interpolation=cv2.INTER_AREA), np.float32)
