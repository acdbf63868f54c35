"""Sheets show the places where pictures differ."""

from __future__ import annotations

import numpy as np
from crop_sheets import sheet, where_they_differ


def test_the_places_that_differ_most_are_found_once_each() -> None:
    a = np.full((300, 400, 3), 100, np.float32)
    b = a.copy()
    b[100:120, 80:100] = 200
    b[200:210, 300:310] = 180
    first, second = where_they_differ([a, b], 2, size_px=60)
    for (x, y, width, height), (at_x, at_y) in zip((first, second), ((90, 110), (305, 205)), strict=True):
        assert x <= at_x < x + width
        assert y <= at_y < y + height
    assert first[2:] == (60, 60)


def test_a_row_for_each_place_and_a_column_for_each_picture() -> None:
    a, b = (np.full((100, 100, 3), value, np.float32) for value in (50, 200))
    made = sheet({"one": a, "two": b}, [(10, 10, 40, 40), (20, 20, 40, 20)])
    assert made.shape == (2 * 20 + 8 * 40 + 8 * 20, 2 * (8 * 40 + 6), 3)
    assert made[200, 100, 0] == 50
    assert made[200, 500, 0] == 200


def test_a_picture_that_ends_before_the_place_stays_dark() -> None:
    made = sheet({"small": np.full((10, 10, 3), 90, np.float32)}, [(50, 50, 20, 20)])
    assert made[150, 150].tolist() == [0, 0, 0]
