"""Ctrl-C in a program that calls stackcore: the first one ends the run cleanly, the second at once."""

from __future__ import annotations

import signal
import threading

import pytest

from stackcore.errors import Cancelled, OutputError
from stackcore.events import BaseEvent
from stackcore.runs import run_scope
from stackcore.stopping import StopFlag, ctrl_c_cancels

WAIT_S = 30


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_sets_the_flag_and_the_second_raises():
    flag = StopFlag()
    with ctrl_c_cancels(flag) as pressed:
        assert not pressed()
        press()
        assert flag.wait(WAIT_S)
        assert pressed()
        assert not flag.at_once
        with pytest.raises(KeyboardInterrupt):
            press()
    assert flag.at_once
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_any_event_will_do_for_a_flag():
    flag = threading.Event()
    with ctrl_c_cancels(flag):
        press()
        assert flag.wait(WAIT_S)


def test_it_arrives_while_the_lock_of_the_flag_is_held():
    flag = StopFlag()
    with ctrl_c_cancels(flag):
        with flag._cond:  # as within `flag.wait`, in the very thread that the signal interrupts
            press()
        assert flag.wait(WAIT_S)


def test_a_program_with_a_handler_of_its_own_keeps_it():
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        flag = StopFlag()
        with ctrl_c_cancels(flag) as pressed:
            press()
            assert not pressed()
        assert heard == [signal.SIGINT]
        assert not flag.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_hear_no_signals():
    told: list[bool] = []

    def work() -> None:
        with ctrl_c_cancels(StopFlag()) as pressed:
            told.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler and not pressed())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(WAIT_S)
    assert told == [True]


@pytest.mark.parametrize("ending", ["cancelled", "failed", "completed"])
def test_a_run_ends_before_ctrl_c_is_raised(ending):
    heard: list[BaseEvent] = []

    def work() -> None:
        with run_scope("stack", {}, [heard.append]) as run:
            press()
            assert run.cancel.wait(WAIT_S)
            if ending == "cancelled":
                run.check_cancelled()
            if ending == "failed":
                raise OutputError("a", "b", "c")

    with pytest.raises(KeyboardInterrupt) as caught:
        work()
    assert [event.kind for event in heard] == ["run_started", "run_finished"]
    assert heard[-1].outcome == ending
    cause = {"cancelled": Cancelled, "failed": OutputError, "completed": type(None)}[ending]
    assert type(caught.value.__cause__) is cause


def test_a_run_that_nobody_interrupts_leaves_no_thread_and_no_handler():
    before = threading.active_count()
    with run_scope("stack", {}):
        pass
    assert threading.active_count() == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
