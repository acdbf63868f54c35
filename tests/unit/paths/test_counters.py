from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
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


def test_a_run_under_way_is_not_settled(counters: Counters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: other.pid)
            reservation = counters.reserve(NAMES, lambda numbers: tmp_path / "x")
        assert counters.settle() == []
        counters.give_back(reservation)
        assert counters.peek(NAMES) == {"global": 1}
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: other.pid)
            counters.reserve(NAMES, lambda numbers: tmp_path / "x")
        other.communicate(b"\n")
    assert counters.settle() == [("global", 1)]


def test_a_run_on_another_machine_is_not_settled(
    counters: Counters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(platform, "node", lambda: "elsewhere:1")
        counters.reserve(NAMES, lambda numbers: tmp_path / "x")
        assert counters.settle() == [("global", 1)]
        counters.reserve(NAMES, lambda numbers: tmp_path / "x")
    assert counters.settle() == []


def test_a_file_of_the_first_version_is_read_on(counters: Counters, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / FILE_NAME)) as old:
        old.execute("CREATE TABLE counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL)")
        old.execute("CREATE TABLE reservations (counter TEXT, number INTEGER, target TEXT)")
        old.execute("INSERT INTO counters VALUES ('global', 7)")
        old.execute("INSERT INTO reservations VALUES ('global', 7, '/nowhere/x')")
        old.commit()
    assert counters.peek(NAMES) == {"global": 8}
    assert counters.settle() == [("global", 7)]
    assert counters.reserve(NAMES, lambda numbers: tmp_path / "x").numbers == {"global": 8}


def test_looking_needs_no_right_to_write(counters: Counters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counters.mark_used(counters.reserve(NAMES, lambda numbers: tmp_path / "x"))
    before = (tmp_path / "state" / FILE_NAME).read_bytes()
    with closing(sqlite3.connect(tmp_path / "state" / FILE_NAME, isolation_level=None)) as busy:
        monkeypatch.setattr("stackcore.paths.counters.BUSY_TIMEOUT_S", 0)
        busy.execute("BEGIN IMMEDIATE")
        assert counters.peek(NAMES) == {"global": 2}
        with pytest.raises(OutputError, match="locked"):
            counters.check()
    assert (tmp_path / "state" / FILE_NAME).read_bytes() == before


def test_what_a_run_left_half_written_is_not_looked_at(counters: Counters, tmp_path: Path) -> None:
    counters.mark_used(counters.reserve(NAMES, lambda numbers: tmp_path / "x"))
    killed = tmp_path / "killed"
    with closing(sqlite3.connect(tmp_path / "state" / FILE_NAME, isolation_level=None)) as dying:
        dying.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the commit
        dying.execute("BEGIN IMMEDIATE")
        dying.execute("UPDATE counters SET last = 99")
        dying.executemany("INSERT INTO counters VALUES (?, 1)", ((f"{n:0500d}",) for n in range(200)))
        shutil.copytree(tmp_path / "state", killed)
    assert (killed / f"{FILE_NAME}-journal").stat().st_size > 0
    assert Counters(killed).peek(NAMES) == {"global": 2}
    assert Counters(killed).reserve(NAMES, lambda numbers: tmp_path / "x").numbers == {"global": 2}


def test_an_empty_file_counts_from_one(counters: Counters, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE_NAME).touch()
    assert counters.peek(NAMES) == {"global": 1}


def test_a_folder_with_odd_characters_is_no_address(tmp_path: Path) -> None:
    counters = Counters(tmp_path / "a?mode=ro#%41")
    counters.check()
    assert (tmp_path / "a?mode=ro#%41" / FILE_NAME).exists()
    assert counters.peek(NAMES) == {"global": 1}


def test_a_damaged_file_is_an_output_error(counters: Counters, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE_NAME).write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match="not a database"):
        counters.reserve(NAMES, lambda numbers: tmp_path / "x")
