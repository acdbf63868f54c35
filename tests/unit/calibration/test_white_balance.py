"""What `--white-balance` takes, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.calibration.white_balance import multipliers, parse_white_balance
from stackcore.errors import UsageError
from stackcore.terms import Multipliers

LIBRARY: dict[str, Multipliers] = {"studio-flash": (1.9, 1.0, 1.6, 1.01), "2nd-lamp": (2.0, 1.0, 1.0, 1.0)}


def parsed(text: str) -> object:
    return parse_white_balance(text, LIBRARY.__getitem__)


@pytest.mark.parametrize("rule", ["camera", "daylight", "auto"])
def test_a_rule_is_a_rule_in_whatever_case(rule: str):
    assert parsed(rule) == parsed(f" {rule.title()} ") == rule


@pytest.mark.parametrize("text", ["2.1 1 1.4 1", " 2.1,1,1.4,1 ", "4.2  2\t2.8, 2", "21e-1 1.0 1.4 1"])
def test_four_numbers_are_scaled_so_that_the_smallest_is_1(text: str):
    assert parsed(text) == pytest.approx((2.1, 1.0, 1.4, 1.0))


def test_anything_else_is_looked_up():
    assert parsed("studio-flash") == LIBRARY["studio-flash"]
    assert parsed("2nd-lamp") == LIBRARY["2nd-lamp"]
    with pytest.raises(KeyError, match="Studio"):
        parsed("Studio")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing is given"),
        ("2.1 1 1.4", "not 3 of 3"),
        ("2.1", "not 1 of 1"),
        ("2.1 1 1.4 1 1", "not 5 of 5"),
        ("2.1 1 1.4 x", "not 3 of 4"),
        ("2.1 1 0 1", "greater than 0"),
        ("2.1 1 -1 1", "greater than 0"),
        ("nan 1 1 1", "greater than 0"),
        ("inf 1 1 1", "greater than 0"),
        ("101 1 1 1", "101 times the smallest"),
    ],
)
def test_numbers_that_are_no_white_balance_are_refused(text: str, why: str):
    with pytest.raises(UsageError, match="no white balance") as refused:
        parsed(text)
    assert why in refused.value.why


@given(st.lists(st.floats(0.5, 10), min_size=4, max_size=4))
def test_ratios_are_kept(numbers: list[float]):
    scaled = multipliers(numbers)

    assert min(scaled) == 1
    assert [part / scaled[1] for part in scaled] == pytest.approx([part / numbers[1] for part in numbers])
