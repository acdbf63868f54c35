from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading

import pytest

from stackcore.cli.signals import cancel_on_signals
from stackcore.errors import Cancelled, FrameError
from stackcore.events import BaseEvent, EventBus, RunFinished, RunStarted, Waiting, Warned
from stackcore.runs import Run, StopFlag, new_run_id, run_scope


@pytest.fixture
def heard() -> list[BaseEvent]:
    return []


def test_a_run_starts_once_and_ends_once(heard):
    with run_scope("capture", {"slices": 3}, [heard.append]) as run:
        run.emit(Waiting(delay_ms=5))
    assert [event.kind for event in heard] == ["run_started", "waiting", "run_finished"]
    start, _, end = heard
    assert isinstance(start, RunStarted)
    assert (start.command, start.settings) == ("capture", {"slices": 3})
    assert isinstance(end, RunFinished)
    assert (end.outcome, end.exit_code, end.error) == ("completed", 0, None)
    assert {event.run_id for event in heard} == {run.run_id}


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (Cancelled("a", "b", "c"), "cancelled", 130),
        (KeyboardInterrupt(), "cancelled", 130),
        (FrameError("a", "b", "c"), "failed", 6),
        (ZeroDivisionError("x"), "failed", 1),
        (SystemExit(3), "failed", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_every_way_out_is_told_and_passes_through(heard, error, outcome, code):
    with pytest.raises(type(error)) as caught, run_scope("stack", {}, [heard.append]):
        raise error
    assert caught.value is error
    assert [event.kind for event in heard] == ["run_started", "run_finished"]
    end = heard[-1]
    assert isinstance(end, RunFinished)
    assert (end.outcome, end.exit_code) == (outcome, code)


def test_an_error_keeps_its_three_parts(heard):
    with pytest.raises(FrameError), run_scope("stack", {}, [heard.append]):
        raise FrameError("no frames.", "the folder is empty.", "name another.")
    assert heard[-1].error.model_dump() == {"what": "no frames.", "why": "the folder is empty.", "fix": "name another."}


def test_a_bug_names_its_exception(heard):
    with pytest.raises(ZeroDivisionError), run_scope("stack", {}, [heard.append]):
        raise ZeroDivisionError("by nought")
    assert heard[-1].error.why == "ZeroDivisionError: by nought"


def test_warnings_are_collected(heard):
    with run_scope("stack", {}, [heard.append]) as run:
        run.emit(Warned(code="x", message="skipped"))
        run.emit(Waiting(delay_ms=1))
    assert [warning.code for warning in run.warnings] == ["x"]


def test_a_set_flag_ends_the_run_as_cancelled(heard):
    cancel = threading.Event()

    def work() -> None:
        with run_scope("stack", {}, [heard.append], cancel) as run:
            run.check_cancelled()
            cancel.set()
            run.check_cancelled()
            raise AssertionError("went on")

    with pytest.raises(Cancelled):
        work()
    assert heard[-1].outcome == "cancelled"


def test_run_names_sort_by_time_and_differ():
    names = {new_run_id() for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", name) for name in names)


def test_a_run_that_must_stop_at_once_does_not_end_as_merely_cancelled():
    flag = StopFlag()
    flag.set()
    run = Run(EventBus("run"), flag)
    with pytest.raises(Cancelled):
        run.check_cancelled()
    flag.at_once = True
    with pytest.raises(KeyboardInterrupt):
        run.check_cancelled()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to one process")
def test_a_second_ctrl_c_counts_even_when_its_exception_is_swallowed():
    flag = StopFlag()
    with cancel_on_signals(flag):
        os.kill(os.getpid(), signal.SIGINT)
        assert (flag.is_set(), flag.at_once) == (True, False)
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert flag.at_once
