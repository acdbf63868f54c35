"""The coverage of a stack as far as the survey can tell it: nothing is read for it.

The survey measures sharpness in cells of each frame as it lies. Here the cells, not the pixels, are moved to where the
frame belongs, and made alike in exposure; that is nearly what the previews of a report give.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.report.coverage import STILL_GAINING_AT_A_GLANCE, Coverage, coverage
from stackcore.report.seeing import FINE_GRID
from stackcore.stacking.survey import FrameGeometry, Survey
from stackcore.terms import Region

_ENCODED = 1 / 2.2
"""Sharpness is measured in encoded values: by how much it grows with light."""


def coverage_at_a_glance(found: Survey, canvas: Region, halfway: float | None = None) -> Coverage | None:
    """Judge a stack by what its survey measured; None where that cannot be told.

    `halfway` counts as for `coverage`. An end is called gaining only where more of the picture gains than a report
    asks for.
    """
    cells = aligned_cells(found, canvas)
    covered = None if cells is None else coverage(cells, halfway)
    return None if covered is None else replace(covered, least_share=STILL_GAINING_AT_A_GLANCE)


def aligned_cells(found: Survey, canvas: Region) -> NDArray[np.float32] | None:
    """Focus measures (used frames, 32, 48) >= 0 in the cells of a grid over the canvas; None if none were taken."""
    if found.cells is None or not found.used:
        return None
    return np.stack([_placed(found.cells[frame.index], frame, found, canvas) for frame in found.used])


def _placed(cells: NDArray[np.float32], frame: FrameGeometry, found: Survey, canvas: Region) -> NDArray[np.float32]:
    """The cells of one frame on the canvas; where the frame covers it not, those of its edge."""
    assert frame.transform is not None
    rows, columns = cells.shape
    there = _scaling(canvas.width / columns, canvas.height / rows, canvas.x, canvas.y)
    back = _scaling(found.width / columns, found.height / rows, 0, 0)
    matrix = np.linalg.inv(back) @ frame.transform.matrix @ there
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(cells, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    light = np.float32(np.mean(frame.gain) ** _ENCODED)
    return np.asarray(cv2.resize(moved, FINE_GRID, interpolation=cv2.INTER_AREA) * light, np.float32)


def _scaling(across: float, down: float, x: float, y: float) -> NDArray[np.float64]:
    """3x3 map of cells to pixels; centres are at integers."""
    return np.array([[across, 0, x + (across - 1) / 2], [0, down, y + (down - 1) / 2], [0, 0, 1.0]])
