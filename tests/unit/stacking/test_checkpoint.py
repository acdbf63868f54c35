"""The folder of a checkpoint: there as a whole or not at all, paced by the clock and by the disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from stackcore.stacking import checkpoint
from stackcore.stacking.checkpoint import CheckpointFolder, Pace


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "beetle.tif")


def keep(folder: CheckpointFolder, number: int) -> None:
    folder.write({"added": number}, {"state": [np.full(5, number)]})


def kept(folder: CheckpointFolder) -> int:
    record = folder.read()
    assert record is not None
    [array] = folder.load("state", None)
    assert array.tolist() == [record["added"]] * 5
    return int(record["added"])


def test_it_lies_hidden_beside_the_output(folder, tmp_path):
    assert folder.read() is None
    assert list(tmp_path.iterdir()) == []
    keep(folder, 3)
    assert [p.name for p in tmp_path.iterdir()] == [".stackcore-beetle.tif.checkpoint"]


def test_the_last_one_counts_and_the_others_are_gone(folder):
    for number in (3, 6, 9):
        keep(folder, number)
        assert kept(folder) == number
        assert len([p for p in folder.path.iterdir() if p.is_dir()]) == 1
    folder.remove()
    assert folder.read() is None
    assert not folder.path.exists()
    folder.remove()


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("after", range(4))
def test_a_failure_at_any_step_leaves_the_one_before(folder, monkeypatch, call, after):
    keep(folder, 3)
    real, calls = getattr(os, call), []

    def full(*arguments):
        calls.append(call)
        if len(calls) > after:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(checkpoint.os, call, full)
    if call == "replace" and after:
        keep(folder, 6)
        assert kept(folder) == 6
        return
    with pytest.raises(OSError, match="No space"):
        keep(folder, 6)
    monkeypatch.undo()
    assert kept(folder) == 3
    assert len([p for p in folder.path.iterdir() if p.is_dir()]) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_an_index_that_is_none_counts_as_no_checkpoint(folder, text):
    keep(folder, 3)
    (folder.path / "checkpoint.json").write_text(text)
    assert folder.read() is None


def test_the_next_is_due_after_half_a_minute_or_ten_times_what_the_last_took():
    now = [100.0]

    def takes(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(lambda: now[0])
    assert not pace.is_due
    now[0] += 29.9
    assert not pace.is_due
    now[0] += 0.1
    assert pace.is_due
    pace.keep(lambda: takes(8.0))
    now[0] += 79.9
    assert not pace.is_due
    now[0] += 0.2
    assert pace.is_due
