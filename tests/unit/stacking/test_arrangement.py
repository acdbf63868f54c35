"""The fastest way that fits is taken: strips, tasks and frames at once weighed against each other."""

from __future__ import annotations

import pytest

from stackcore.stacking.arrangement import Arrangement, arrangements
from stackcore.stacking.strips import ways_to_cut

CUTS = list(ways_to_cut(4000, 256))


def ways(workers: int, *, can_be_bound: bool = True) -> list[Arrangement]:
    return arrangements(CUTS, workers, can_be_bound=can_be_bound)


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
def test_everything_at_once_comes_first_and_one_of_each_among_the_last(workers: int) -> None:
    found = ways(workers)
    assert found[0] == Arrangement(CUTS[0], workers, 2)
    assert found[-1] == Arrangement(CUTS[-1], 1, 1)
    assert len(set(found)) == len(found) == len(CUTS) * workers * 2


def test_two_workers_rather_make_a_second_strip_than_lose_one() -> None:
    found = ways(2)
    assert found.index(Arrangement(CUTS[1], 2, 2)) < found.index(Arrangement(CUTS[0], 1, 2))


def test_many_workers_rather_lose_some_than_decode_everything_twice() -> None:
    found = ways(16)
    assert found.index(Arrangement(CUTS[0], 5, 2)) < found.index(Arrangement(CUTS[1], 16, 2))


def test_a_frame_is_decoded_ahead_as_long_as_there_is_room() -> None:
    found = ways(2)
    assert found.index(Arrangement(CUTS[0], 2, 2)) < found.index(Arrangement(CUTS[0], 2, 1))


def test_an_executor_that_cannot_be_bound_has_strips_alone() -> None:
    assert ways(3, can_be_bound=False) == [Arrangement(cut, 3, 2) for cut in CUTS]


def test_what_a_result_tells() -> None:
    assert Arrangement(CUTS[1], 3, 1).record() == {"workers": 3, "frames": 1, "strips": 2}
