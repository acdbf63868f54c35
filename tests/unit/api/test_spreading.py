"""Whole stacks on workers: what they tell, in whatever order it comes, and what they bring."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from stackcore.api.batching import BatchOptions
from stackcore.api.spreading import spread
from stackcore.api.whole_stacks import Made
from stackcore.batching.finding import FoundStack
from stackcore.batching.journal import Entry, Journal, Problem, read_journal
from stackcore.errors import ConfigError, FrameError
from stackcore.events import EventBus, Progress, to_json
from stackcore.runs import Run


class Scripted:
    """An executor that plays what it was given: lines that workers tell, and results."""

    def __init__(self, *steps: Any) -> None:
        self._steps, self.closed = steps, False

    def spread(self, function: Any, items: Any, cancel: Any, heard: Any) -> Any:
        for step in self._steps:
            if isinstance(step, str):
                heard(to_json(Progress(stage="fuse", done=1, total=2, stack=step)))
            else:
                yield step

    def close(self) -> None:
        self.closed = True


def played(target: Path, *steps: Any, problem: FrameError | None = None) -> tuple[dict[str, Entry], list[Any], int]:
    heard: list[Any] = []
    executor = Scripted(*steps)

    class Tools:
        def executor(self, name: str, workers: int | None) -> Scripted:
            return executor

    entries = [Entry(name=name, folder=name, frames=2, output=f"{name}.tif", fingerprint="") for name in "ab"]
    found = [FoundStack(name=name, folder=Path(name), frames=(Path("1.tif"), Path("2.tif"))) for name in "ab"]
    if problem is not None:
        found[1] = FoundStack(name="b", folder=Path("b"), frames=(), problem=problem)
    ends: list[None] = []
    run = Run(EventBus("run", [heard.append]), threading.Event())
    tools: Any = Tools()
    stacks = list(zip(found, entries, strict=True))
    spread(run, stacks, Journal(stacks=entries), target, BatchOptions(), tools, lambda: ends.append(None))
    assert executor.closed
    journal = read_journal(target)
    assert journal is not None
    return {entry.name: entry for entry in journal.stacks}, heard, len(ends)


def test_what_comes_after_the_result_changes_nothing(tmp_path):
    files = {"a-depth.png": b"depth", "a.tif": b"picture"}
    entries, heard, ends = played(tmp_path, "a", (0, Made(files, {"width": 3}, seconds=1.5)), "a")
    assert (entries["a"].state, entries["a"].seconds) == ("completed", 1.5)
    assert (tmp_path / "a.tif").read_bytes() == b"picture"
    assert (tmp_path / "a-depth.png").read_bytes() == b"depth"
    assert [event.kind for event in heard if event.stack == "a"] == ["progress", "result"]
    assert ends == 1


def test_a_stack_whose_workers_die_fails_alone(tmp_path):
    died = ConfigError("The workers die.", "memory is short.", "give them more.")
    entries, _, ends = played(tmp_path, (1, died), (0, Made({"a.tif": b""})))
    assert [entries["a"].state, entries["b"].state] == ["completed", "failed"]
    assert entries["b"].problem == Problem(what=died.what, why=died.why, fix=died.fix, exit_code=3)
    assert ends == 2


def test_a_problem_that_was_found_before_or_there_is_told(tmp_path):
    here = FrameError("Nothing is there.", "the folder is empty.", "look.")
    there = Problem(what="A frame is cut.", why="its end is missing.", fix="copy it again.", exit_code=6)
    entries, heard, ends = played(tmp_path, (0, Made(problem=there)), problem=here)
    assert entries["a"].problem == there
    assert entries["b"].problem is not None
    assert entries["b"].problem.what == here.what
    assert [event.stack for event in heard if event.kind == "warning"] == ["b", "a"]
    assert ends == 2


def test_a_file_that_has_appeared_meanwhile_is_not_replaced(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"somebody's")
    entries, _, _ = played(tmp_path, (0, Made({"a.tif": b"ours"})))
    assert (tmp_path / "a.tif").read_bytes() == b"somebody's"
    assert entries["a"].state == "failed"


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_stack_that_tells_something_is_running(tmp_path, name):
    entries, _, _ = played(tmp_path, name)
    assert entries[name].state == "running"
