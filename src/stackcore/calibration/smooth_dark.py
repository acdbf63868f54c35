"""What of a single dark frame can be subtracted without adding its noise."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_CELL_PX = 16
"""Each place of the colour filters is averaged over cells of so many pixels a side before it is blurred: quicker, and
the glow of an amplifier, which reaches over hundreds of pixels, does not change within one."""

_SIGMA_CELLS = 2.0
"""Standard deviation of the blur. With the cells it takes noise down to a fiftieth (Bayer)."""


def smooth_dark(
    dark: NDArray[np.float32], pattern: NDArray[np.uint8], defects: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Return glow and offsets of a dark, (H, W) raw numbers with black included: the dark less its noise.

    A single dark holds as much noise as a frame, and subtracting it makes every frame noisier by half. The processing
    workflow therefore subtracts an average or nothing. What is smooth can be told from one dark alone: each place of
    the colour filters is blurred on its own (so that offsets of channels stay), with the defects left out (normalised
    convolution: Knutsson and Westin, CVPR 1993).

    Parameters
    ----------
    dark
        (H, W) raw numbers, black included; not changed.
    pattern
        (h, w), as in `Mosaic`.
    defects
        (x, y), sensor coordinates.
    """
    sound = np.ones(dark.shape, np.float32)
    if len(defects):
        columns, rows = np.asarray(defects, np.intp).T
        sound[rows, columns] = 0.0
    smooth = np.empty_like(dark)
    height, width = pattern.shape
    for row in range(height):
        for column in range(width):
            place = np.s_[row::height, column::width]
            cells = tuple(max(1, round(n / _CELL_PX)) for n in dark.shape[::-1])
            weight = _blurred(sound[place], cells)
            light = _blurred(dark[place] * sound[place], cells)
            mean = light / np.maximum(weight, 1e-6)
            mean[weight <= 1e-6] = np.median(dark[place])
            whole = dark[place].shape[::-1]
            smooth[place] = cv2.resize(np.asarray(mean, np.float32), whole, interpolation=cv2.INTER_LINEAR)
    return smooth


def _blurred(plane: NDArray[np.float32], cells: tuple[int, ...]) -> NDArray[np.float32]:
    reduced = cv2.resize(plane, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(reduced, (0, 0), _SIGMA_CELLS, borderType=cv2.BORDER_REFLECT), np.float32)
