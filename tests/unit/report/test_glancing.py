"""Coverage from the survey alone: its cells are moved to where the frames belong, and made alike in exposure."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stackcore.report.glancing import aligned_cells, coverage_at_a_glance
from stackcore.stacking.survey import FrameGeometry, Survey
from stackcore.terms import Region, Transform

WIDTH, HEIGHT = 960, 640
"""A cell of the survey is 10 x 10 pixels."""


def curves(slices: int, near: float, far: float) -> NDArray[np.float32]:
    """Focus measures (slices, 64, 96) of a slope from `near` at the bottom to `far` at the top, in slices."""
    rng = np.random.default_rng(5)
    depth = np.linspace(far, near, 64)[:, None] + rng.uniform(-0.5, 0.5, (64, 96))
    away = np.arange(slices)[:, None, None] - depth
    measure = rng.uniform(0.5, 1.5, (64, 96)) * (0.02 + 1 / (1 + (away / 2) ** 2))
    return (measure * rng.normal(1, 0.01, measure.shape)).astype(np.float32)


def surveyed(cells: NDArray[np.float32] | None, frames: tuple[FrameGeometry, ...]) -> Survey:
    whole = Region(0, 0, WIDTH, HEIGHT)
    return Survey(WIDTH, HEIGHT, len(frames) // 2, "srgb", whole, frames, 0.0, cells=cells)


def lying(slices: int) -> tuple[FrameGeometry, ...]:
    return tuple(FrameGeometry(i, Transform.identity()) for i in range(slices))


def test_cells_that_lie_in_place_are_joined_two_by_two():
    cells = curves(6, 0, 5)
    placed = aligned_cells(surveyed(cells, lying(6)), Region(0, 0, WIDTH, HEIGHT))
    expected = cells.reshape(6, 32, 2, 48, 2).mean(axis=(2, 4))
    assert placed == pytest.approx(expected, rel=1e-4)


def test_cells_of_a_frame_that_moved_are_moved_back():
    """Frame 3 shows everything 40 pixels farther right and down: four cells."""
    cells = curves(6, 0, 5)
    plain = aligned_cells(surveyed(cells, lying(6)), Region(0, 0, WIDTH, HEIGHT))
    shift = np.array([[1, 0, 40], [0, 1, 40], [0, 0, 1.0]])
    moved = cells.copy()
    moved[3] = cv2.warpAffine(cells[3], np.float64([[1, 0, 4], [0, 1, 4]]), (96, 64), borderMode=cv2.BORDER_REPLICATE)
    frames = tuple(replace(f, transform=Transform(shift)) if f.index == 3 else f for f in lying(6))
    placed = aligned_cells(surveyed(moved, frames), Region(0, 0, WIDTH, HEIGHT))
    assert placed[3, :29, :45] == pytest.approx(plain[3, :29, :45], rel=1e-3)
    assert placed[3] != pytest.approx(aligned_cells(surveyed(moved, lying(6)), Region(0, 0, WIDTH, HEIGHT))[3])


def test_the_canvas_decides_what_counts():
    cells = curves(6, 0, 5)
    upper = aligned_cells(surveyed(cells, lying(6)), Region(0, 0, WIDTH, HEIGHT // 2))
    assert upper.shape == (6, 32, 48)
    assert upper[5].mean() > 2 * upper[0].mean()  # what is far lies at the top


def test_a_darker_frame_is_no_less_sharp():
    cells = curves(20, 1, 18)
    dark = cells.copy()
    dark[0] *= np.float32(0.5 ** (1 / 2.2))
    frames = tuple(replace(f, gain=(2.0, 2.0, 2.0)) if f.index == 0 else f for f in lying(20))
    canvas = Region(0, 0, WIDTH, HEIGHT)
    assert aligned_cells(surveyed(dark, frames), canvas) == pytest.approx(
        aligned_cells(surveyed(cells, lying(20)), canvas), rel=1e-4
    )


def test_missing_slices_are_told_and_whole_stacks_left_in_peace():
    canvas, cells = Region(0, 0, WIDTH, HEIGHT), curves(21, 1, 19)
    whole = coverage_at_a_glance(surveyed(cells, lying(21)), canvas)
    assert (whole.lacks_first, whole.lacks_last) == (False, False)
    cut = coverage_at_a_glance(surveyed(cells[7:], lying(14)), canvas)
    assert (cut.lacks_first, cut.lacks_last) == (True, False)


def test_frames_that_were_left_out_or_never_measured_say_nothing():
    canvas, cells = Region(0, 0, WIDTH, HEIGHT), curves(21, 1, 19)
    frames = tuple(replace(f, transform=None) if f.index in (3, 4) else f for f in lying(21))
    assert aligned_cells(surveyed(cells, frames), canvas).shape == (19, 32, 48)
    assert coverage_at_a_glance(surveyed(None, lying(21)), canvas) is None
