"""Memory is worked out before the work, and the number that is needed is named."""

from __future__ import annotations

import pytest

from stackcore.errors import ConfigError, UsageError
from stackcore.stacking.budget import Budget, estimate, in_mib, parse_bytes, require


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GiB", 2 * 2**30),
        ("900MB", 900 * 10**6),
        ("1.5g", 1_500_000_000),
        (" 512 KiB ", 512 * 1024),
        ("10k", 10_000),
        (".5Mi", 2**19),
        ("123", 123),
        ("7B", 7),
    ],
)
def test_amounts_of_memory(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "2 GiBs", "-1GiB", "1,5GiB", "GiB", "2TiB", "0x10", "1e9"])
def test_what_is_no_amount_is_refused_with_an_example(text):
    with pytest.raises(UsageError) as caught:
        parse_bytes(text)
    assert f'"{text}"' in caught.value.what
    assert "2GiB" in caught.value.fix


def test_the_parts_add_up():
    budget = estimate(state_bytes=1000, frame_bytes=300, task_bytes=7, workers=3)
    assert (budget.state, budget.frames, budget.tasks) == (1000, 600, 21)
    assert budget.fusing == 1621
    assert 0 <= budget.total - estimate(0, 0, 0, 1).total - 1621 <= 0.05 * 1621  # and what the allocator holds


def test_finishing_counts_where_it_takes_more_than_the_frames():
    """It begins when no frame is in flight any more, and has the state still."""
    at_work, heavy = Budget(1000, 600, 21), Budget(1000, 600, 21, finish=900)
    assert Budget(1000, 600, 21, finish=620).fusing == at_work.fusing
    assert heavy.fusing - at_work.fusing == 279
    with pytest.raises(ConfigError, match="for finishing it") as caught:
        require(Budget(2**30, 2**20, 2**20, finish=2**29), 2**20)
    assert "512 MiB for finishing it" in caught.value.why
    assert "frames in flight" not in caught.value.why


def test_a_limit_that_suffices_passes_and_none_is_no_limit():
    budget = estimate(10, 10, 10, 1)
    require(budget, None)
    require(budget, budget.total)


def test_too_small_a_limit_names_the_number_that_would_do():
    budget = estimate(500 * 2**20, 70 * 2**20, 2**20, 4)
    with pytest.raises(ConfigError) as caught:
        require(budget, budget.total - 1)
    assert in_mib(500 * 2**20) == "500 MiB"
    assert "500 MiB for the picture" in caught.value.why
    advised = parse_bytes(caught.value.fix.split("`--memory ")[1].split("`")[0])
    require(budget, advised)
