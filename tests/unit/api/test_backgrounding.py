"""A run beside the program: its events, its result, and its end in any case."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import stackcore
from stackcore.api.backgrounding import background
from stackcore.errors import Cancelled, OutputError, UsageError
from stackcore.events import Listener, Progress
from stackcore.runs import run_scope

WAIT_S = 30


class Slow:
    """Work that goes on until it is allowed to end, or cancelled."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def work(
        self, answer: int = 42, *, listeners: Sequence[Listener] = (), cancel: threading.Event | None = None
    ) -> int:
        with run_scope("slow", {}, listeners, cancel) as run:
            run.emit(Progress(stage="slow", done=1))
            while not self.may_end.wait(0.005):
                run.check_cancelled()
            return answer


@pytest.fixture
def slow() -> Slow:
    return Slow()


def test_a_stack_in_the_background_is_the_same_stack(shoot, tmp_path, ear):
    quick: dict[str, Any] = {"hot_pixels": False, "fuser": "weighted"}
    with stackcore.background(stackcore.stack, shoot, tmp_path / "a.tif", listeners=[ear], **quick) as run:
        kinds = [event.kind for event in run]
    assert kinds == ear.kinds
    assert (kinds[0], kinds[-2:]) == ("run_started", ["result", "run_finished"])
    assert [event.seq for event in run.events] == list(range(1, len(kinds) + 1))
    assert np.array_equal(run.result().picture, stackcore.stack(shoot, **quick).picture)
    assert run.done
    assert run.outcome == "completed"


def test_events_come_while_the_work_goes_on(slow):
    with background(slow.work, 7) as run:
        for event in run:
            if event.kind == "progress":
                assert not run.done
                assert run.outcome is None
                assert "under way" in repr(run)
                slow.may_end.set()
    assert run.result() == 7
    assert [event.kind for event in run] == ["run_started", "progress", "run_finished"]  # again, from the first on


def test_leaving_the_block_waits_and_raises_what_the_run_raised(shoot, tmp_path):
    (tmp_path / "a.tif").write_bytes(b"mine")
    run = background(stackcore.stack, shoot, tmp_path / "a.tif")
    with pytest.raises(OutputError, match="exists already"), run:
        pass
    assert run.outcome == "failed"
    with pytest.raises(OutputError):
        run.result()
    assert (tmp_path / "a.tif").read_bytes() == b"mine"


def test_a_run_that_the_block_cancels_ends_quietly(slow):
    with background(slow.work) as run:
        next(iter(run))
        run.cancel()
    assert run.outcome == "cancelled"
    with pytest.raises(Cancelled):
        run.result()


def test_a_run_that_somebody_else_cancels_is_told(slow):
    cancel = threading.Event()
    with pytest.raises(Cancelled), background(slow.work, cancel=cancel):
        cancel.set()


def test_an_exception_in_the_block_cancels_and_passes_through(slow):
    with pytest.raises(ZeroDivisionError), background(slow.work) as run:
        raise ZeroDivisionError
    assert run.outcome == "cancelled"


def test_patience_can_end(slow):
    run = background(slow.work)
    with pytest.raises(TimeoutError, match="still under way"):
        run.result(timeout_s=0.01)
    slow.may_end.set()
    assert run.result(timeout_s=WAIT_S) == 42


def test_what_is_wrong_before_a_run_begins_is_raised_as_well():
    with pytest.raises(UsageError, match="nonsense"), background(stackcore.stack, "x", nonsense=1) as run:
        assert list(run) == []
    assert run.outcome is None
    assert "failed" in repr(run)


@pytest.mark.parametrize("function", [stackcore.api.stack_options, len])
def test_what_cannot_be_stopped_is_refused(function):
    with pytest.raises(UsageError, match="takes no listeners and no cancel"):
        background(function)


def test_ctrl_c_in_the_wait_cancels_first(slow, monkeypatch):
    run = background(slow.work)
    presses = iter([KeyboardInterrupt])
    waits = run._wait

    def wait(timeout_s: float | None = None) -> None:
        for press in presses:
            raise press
        waits(timeout_s)

    monkeypatch.setattr(run, "_wait", wait)
    with pytest.raises(KeyboardInterrupt):
        run.result()
    assert run.outcome == "cancelled"
    assert not run._flag.at_once


def test_insisting_is_understood(slow, monkeypatch):
    run = background(slow.work)
    presses = iter([KeyboardInterrupt, KeyboardInterrupt])
    waits = run._wait

    def wait(timeout_s: float | None = None) -> None:
        for press in presses:
            raise press
        waits(timeout_s)

    monkeypatch.setattr(run, "_wait", wait)
    with pytest.raises(KeyboardInterrupt):
        run.result()
    assert run._flag.at_once


CAPTURE = dedent("""
    import signal, sys, stackcore
    small = {"camera": {"width_px": 64, "height_px": 64}}
    asked = dict(slices=199, step=2, delay_ms=0, path="run/@MCT", save_profile=False, settings=small)

    def press(event):
        if event.kind == "saved" and event.slice_index == 2:
            signal.raise_signal(signal.SIGINT)

    if sys.argv[1] == "direct":
        try:
            stackcore.capture(**asked, listeners=[press])
        except KeyboardInterrupt:
            print("interrupted")
    else:
        run = stackcore.background(stackcore.capture, **asked)
        next(event for event in run if event.kind == "saved")
        print("leaving")
""")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to one process")
@pytest.mark.parametrize(("how", "last_word"), [("direct", "interrupted"), ("leaves", "leaving")])
def test_focus_returns_whatever_ends_the_program(tmp_path, how, last_word):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CAPTURE, how], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, last_word, "")
    (manifest,) = (tmp_path / "run").glob("*.stackcore.json")
    told: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    assert told["state"] == "cancelled"
    assert told["focus"] == {"start": 0, "now": 0, "certain": True}
    assert 1 <= len(told["slices"]) < 199
    assert all((tmp_path / "run" / file["path"]).is_file() for entry in told["slices"] for file in entry["files"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to one process")
@pytest.mark.parametrize("stage", ["hot_pixels", "fuse"])
def test_ctrl_c_in_a_stack_leaves_nothing(shoot, tmp_path, stage, ear, snapshot):
    def press(event: Any) -> None:
        if event.kind == "progress" and event.stage == stage:
            presses.append(event)
            if len(presses) == 1:
                signal.raise_signal(signal.SIGINT)

    presses: list[Any] = []
    before = snapshot(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        stackcore.stack(shoot, tmp_path / "a.tif", listeners=[ear, press])
    assert snapshot(tmp_path) == before
    assert ear.events[-1].outcome == "cancelled"
