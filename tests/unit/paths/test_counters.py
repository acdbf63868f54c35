from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.errors import OutputError
from stackcore.paths.counters import FILE_NAME, Counters, Numbers

NAMES = ["global"]


@pytest.fixture
def counters(tmp_path: Path) -> Counters:
    return Counters(tmp_path / "state")


def test_numbers_count_up_and_last(counters: Counters, tmp_path: Path) -> None:
    for wanted in (1, 2, 3):
        assert Counters(tmp_path / "state").peek(NAMES) == {"global": wanted}
        reservation = counters.reserve(NAMES, lambda numbers: tmp_path / "x")
        assert reservation.numbers == {"global": wanted}
        counters.mark_used(reservation)


def test_looking_takes_and_creates_nothing(counters: Counters, tmp_path: Path) -> None:
    assert counters.peek(["global", "profile:a"]) == {"global": 1, "profile:a": 1}
    assert counters.settle() == []
    assert not (tmp_path / "state").exists()


def test_counters_do_not_know_each_other(counters: Counters, tmp_path: Path) -> None:
    counters.mark_used(counters.reserve(["global", "profile:a"], lambda numbers: tmp_path / "x"))
    counters.mark_used(counters.reserve(["global"], lambda numbers: tmp_path / "x"))
    assert counters.peek(["global", "profile:a", "profile:b"]) == {"global": 3, "profile:a": 2, "profile:b": 1}


def test_a_number_comes_back_when_it_is_the_highest(counters: Counters, tmp_path: Path) -> None:
    counters.give_back(counters.reserve(NAMES, lambda numbers: tmp_path / "x"))
    assert counters.peek(NAMES) == {"global": 1}


def test_a_lower_number_stays_a_gap(counters: Counters, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = counters.reserve(NAMES, lambda numbers: tmp_path / "x")
    counters.mark_used(counters.reserve(NAMES, lambda numbers: tmp_path / "x"))
    counters.give_back(first)
    assert counters.peek(NAMES) == {"global": 3}
    assert "number 1 stays unused" in caplog.text


def test_a_number_is_not_taken_when_the_target_cannot_be_named(counters: Counters) -> None:
    def fail(numbers: Numbers) -> Path:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        counters.reserve(NAMES, fail)
    assert counters.peek(NAMES) == {"global": 1}


def test_what_a_crash_left_open_is_settled_and_never_given_again(counters: Counters, tmp_path: Path) -> None:
    for name in ("saved", "lost"):
        counters.reserve(NAMES, lambda numbers, name=name: tmp_path / name)
    (tmp_path / "saved").write_text("")
    assert counters.settle() == [("global", 2)]
    assert counters.settle() == []
    assert counters.peek(NAMES) == {"global": 3}


def test_giving_back_after_another_run_settled_leaves_a_gap(counters: Counters, tmp_path: Path) -> None:
    reservation = counters.reserve(NAMES, lambda numbers: tmp_path / "x")
    Counters(tmp_path / "state").settle()
    counters.give_back(reservation)
    assert counters.peek(NAMES) == {"global": 2}


def test_a_damaged_file_is_an_output_error(counters: Counters, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE_NAME).write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match="not a database"):
        counters.reserve(NAMES, lambda numbers: tmp_path / "x")
