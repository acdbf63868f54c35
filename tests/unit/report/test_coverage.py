"""Whether missing slices are told, and whole stacks left in peace: on curves whose peaks are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stackcore.report.advice import findings, where
from stackcore.report.coverage import COARSE, coverage, halfway_of

ROWS, COLUMNS = 32, 48


def curves(
    slices: int, near: float, far: float, *, width: float = 2.0, noise: float = 0.01, nearest: float = -np.inf
) -> NDArray[np.float32]:
    """Focus measures of a slope whose depth goes from `near`, at the bottom, to `far`, at the top, in slices.

    Nothing lies in front of `nearest`.
    They fall to 1 / (1 + (d / width) ** 2) at d slices from the peak, as the blur of a disc does, above a floor.
    """
    rng = np.random.default_rng(5)
    depth = np.linspace(far, near, ROWS)[:, None] + rng.uniform(-0.5, 0.5, (ROWS, COLUMNS))
    depth = np.maximum(depth, nearest)
    detail = rng.uniform(0.5, 1.5, (ROWS, COLUMNS))
    away = np.arange(slices)[:, None, None] - depth
    measure = detail * (0.02 + 1 / (1 + (away / width) ** 2))
    return (measure * rng.normal(1, noise, measure.shape)).astype(np.float32)


def codes(sharpness: NDArray[np.float32]) -> list[str]:
    return [finding.code for finding in findings(coverage(sharpness), range(len(sharpness)))]


@pytest.mark.parametrize("slices", [8, 20, 60])
def test_a_whole_stack_is_called_covered(slices):
    assert codes(curves(slices, 0.6, slices - 1.6, width=slices / 8)) == ["covered"]


def test_a_subject_of_which_a_quarter_lies_in_the_first_slice_is_covered():
    """Its peak lies in the first slice, not before it."""
    found = coverage(curves(20, -6, 18, nearest=0.0))
    assert (found.peak == 0).mean() > 0.2
    assert found.first_share < 0.04
    assert not found.lacks_last


def test_a_missing_beginning_or_end_is_told_and_where():
    whole = curves(21, 1, 19)
    assert codes(whole[7:]) == ["first-gaining"]
    assert codes(whole[:14]) == ["last-gaining"]
    first, last = coverage(whole[7:]), coverage(whole[:14])
    assert where(first.first_gaining) == "along the bottom"
    assert where(last.last_gaining) == "along the top"
    assert not first.last_gaining.any()
    assert 0.1 < first.first_share < 0.45
    [said] = findings(first, range(7, 21))
    assert "Slice 8, the first" in said.title
    assert "Start nearer" in said.advice


def test_a_gap_is_told_between_the_slices_that_it_lies_between():
    whole = curves(24, 0.6, 22.4)
    indices = [i for i in range(24) if i not in (11, 12)]
    found = coverage(whole[indices], halfway=0.9)
    [gap] = found.gaps
    assert (indices[gap.before], indices[gap.after]) == (10, 13)
    assert 2 < gap.steps < 4
    [said] = findings(found, indices)
    assert said.title == "A gap between slices 11 and 14"


def test_wide_steps_are_told():
    fine, wide = curves(40, 1, 38, width=3), curves(40, 1, 38, width=3)[::4]
    assert codes(fine) == ["covered"]
    assert "wide-steps" in codes(wide)
    assert coverage(fine).halfway > 0.95
    assert coverage(wide).halfway < COARSE


def test_what_is_known_of_full_size_counts():
    assert coverage(curves(20, 1, 18), halfway=0.7).is_coarse
    assert not coverage(curves(20, 1, 18), halfway=0.9).is_coarse


def test_nothing_is_said_without_slices_or_detail():
    assert coverage(curves(4, 0, 3)) is None
    assert coverage(np.full((20, ROWS, COLUMNS), 0.1, np.float32)) is None
    assert codes(curves(4, 0, 3)) == ["unknown"]


def test_places_without_detail_have_no_peak():
    sharpness = curves(20, 1, 18)
    sharpness[:, :, :24] = 0.004
    peak = coverage(sharpness).peak
    assert np.isnan(peak[:, :24]).all()
    assert np.isfinite(peak[:, 24:]).all()


def test_halfway_is_that_of_the_parabola():
    curvature = 0.8
    peak = np.ones(20)
    side = peak * np.exp(-curvature / 2)
    assert halfway_of(side, peak, side) == pytest.approx(np.exp(-curvature / 8))
    assert halfway_of(side[:5], peak[:5], side[:5]) is None
    assert halfway_of(peak, side, peak) is None


def test_places_are_named_in_words():
    cells = np.zeros((32, 48), np.bool_)
    cells[12:18, 18:30] = True
    assert where(cells) == "centre"
    assert where(np.ones((32, 48), np.bool_)) == "in many places"
