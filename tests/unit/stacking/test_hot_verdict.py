"""What witnesses say: without a picture that goes by, no spot is a hot pixel."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.hot_verdict import picture_went_by
from stackcore.stacking.standing_out import Spots


def spots(places: list[tuple[int, int]]) -> Spots:
    x, y = np.array(places, np.int64).reshape(-1, 2).T
    return Spots(y, x, np.zeros(len(places), np.int64), np.zeros(len(places), np.bool_))


def grid(left: int, right: int) -> list[tuple[int, int]]:
    return [(x, y) for x in range(left, right, 40) for y in range(0, 400, 40)]


@pytest.mark.parametrize("lone", [False, True])
def test_what_stays_while_all_around_it_goes_is_hot(lone):
    witnesses = grid(0, 400)
    told = picture_went_by(spots([(30, 31)]), np.array([lone]), spots(witnesses), np.ones(len(witnesses), np.bool_))
    assert told.tolist() == [True]


def test_where_the_whole_stands_still_no_part_is_believed():
    """Four of ten have gone, by noise: enough beside a single lone pixel, if the frame as a whole did not count."""
    witnesses = grid(0, 40)
    gone = np.arange(10) < 4
    told = picture_went_by(spots([(300, 31)]), np.array([True]), spots(witnesses), gone)
    assert told.tolist() == [False]


def test_few_witnesses_do_not_stand_for_many_suspects():
    witnesses = grid(0, 40)
    suspects = [(100 + 20 * (n % 15), 11 + 20 * (n // 15)) for n in range(200)]
    told = picture_went_by(spots(suspects), np.ones(200, np.bool_), spots(witnesses), np.ones(10, np.bool_))
    assert not told.any()


def test_a_part_that_stands_still_keeps_its_spots():
    moving, standing = grid(0, 800), grid(2000, 2080)
    gone = np.array([True] * len(moving) + [False] * len(standing))
    told = picture_went_by(spots([(390, 190), (2030, 190)]), np.zeros(2, np.bool_), spots(moving + standing), gone)
    assert told.tolist() == [True, False]


def test_a_spot_does_not_bear_witness_for_or_against_itself():
    witnesses = [(30, 31), (32, 30), *grid(100, 400)]
    gone = np.array([False, False] + [True] * (len(witnesses) - 2))
    told = picture_went_by(spots([(30, 30)]), np.array([False]), spots(witnesses), gone)
    assert told.tolist() == [True]
