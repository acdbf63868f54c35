"""Readings of spots: those of a sort, for bright and dark ones, whatever their neighbours are."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.spot_readings import read

WIDE = 40


@pytest.mark.parametrize("size", [1, 2, 7, 8, 56])
@pytest.mark.parametrize("highest", [3, 256])
def test_they_are_what_sorting_gives(size: int, highest: int) -> None:
    noise = np.random.default_rng(size)
    values = noise.integers(0, highest, WIDE * WIDE, np.uint8)
    rings = noise.integers(-300, 300, (4, size))
    near = noise.integers(-41, 42, (4, 3))
    places = noise.integers(300, len(values) - 300, 500)
    dark, phase = noise.random(500) < 0.5, noise.integers(0, 4, 500)
    close = (size + 1) // 2
    found = read(values, places, dark, rings, near, phase, close)

    def seen(offsets: np.ndarray) -> np.ndarray:
        shown = values[places[:, None] + offsets].astype(int)
        return np.where(dark[:, None], 255 - shown, shown)

    ring = seen(rings[phase])
    level = np.sort(ring, axis=1)[:, size // 2]
    np.testing.assert_array_equal(found.centre, seen(np.zeros((500, 1), int))[:, 0])
    np.testing.assert_array_equal(found.top, ring[:, :close].max(axis=1))
    np.testing.assert_array_equal(found.level, level)
    np.testing.assert_array_equal(found.off, np.sort(np.abs(ring - level[:, None]), axis=1)[:, size // 2])
    np.testing.assert_array_equal(found.near, seen(near[phase]))
    assert all(part.dtype == np.float32 for part in found)


def test_of_no_places_there_is_nothing() -> None:
    none = np.empty(0, np.int64)
    found = read(np.zeros(9, np.uint8), none, none.astype(bool), np.zeros((1, 4), int), np.zeros((1, 0), int), none, 2)
    assert [part.shape for part in found] == [(0,), (0,), (0,), (0,), (0, 0)]
