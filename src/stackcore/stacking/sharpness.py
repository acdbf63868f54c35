"""Where each frame is sharp, coarsely: the focus measure of a frame and of the cells of a grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

GRID_COLUMNS, GRID_ROWS = 12, 8
"""Cells of the survey."""

FINE_GRID = (96, 64)
"""Columns and rows of finer cells, aligned afterwards: two each way for every cell that coverage is judged by."""


def modified_laplacian(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """The focus measure of Nayar and Nakagawa, IEEE TPAMI 16(8), 1994, of every pixel, before it is summed.

    `luma` is (H, W) float32, 0 to 1; returns (H, W) float32 >= 0, unitless; edges mirror.
    """
    kernel = np.array([[-1.0, 2.0, -1.0]], np.float32)
    across, down = (np.asarray(cv2.filter2D(luma, -1, k), np.float32) for k in (kernel, kernel.T))
    np.abs(across, out=across)
    across += np.abs(down, out=down)
    return across


def cell_sharpness(
    measure: NDArray[np.float32],
    valid: NDArray[np.bool_] | None = None,
    grid: tuple[int, int] = (GRID_COLUMNS, GRID_ROWS),
) -> NDArray[np.float32]:
    """Mean focus measure per cell of a grid of so many columns and rows.

    `measure` is (H, W) float32, the `modified_laplacian` of a reduced frame; `valid` (H, W) says where it counts, None
    for everywhere. Returns (rows, columns) float32 >= 0, unitless; 0 for a cell that is not valid anywhere.
    """
    if valid is None:
        return _cells(measure, grid)
    counts = cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    share = _cells(counts, grid)
    return np.where(share > 0, _cells(measure * counts, grid) / np.maximum(share, np.float32(1e-6)), np.float32(0))


def _cells(plane: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, grid, interpolation=cv2.INTER_AREA), np.float32)
