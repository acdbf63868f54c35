from __future__ import annotations

import contextlib
import json
import os
import signal
import threading

import pytest

from stackcore.cli.session import run_command
from stackcore.errors import Cancelled, FrameError
from stackcore.events import Result, Warned
from stackcore.runs import run_scope

NO_FRAMES = FrameError("There are no frames.", "the folder is empty.", "name another one.")


def completing(listeners, cancel):
    with run_scope("stack", {}, listeners, cancel) as run:
        run.emit(Warned(code="x", message="frame skipped", frame="IMG_7.jpg"))
        run.emit(Result(data={"output": "out.tif", "frames": 3}))


def raising(error, *, inside):
    def work(listeners, cancel):
        if not inside:
            raise error
        with run_scope("stack", {}, listeners, cancel):
            raise error

    return work


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_that_completes_does_not_exit(capsys):
    run_command(completing)
    out, err = capsys.readouterr()
    assert "out.tif" in out
    assert "warning: IMG_7.jpg: frame skipped" in err


def test_json_is_events_and_nothing_else(capsys):
    run_command(completing, json=True)
    out, err = capsys.readouterr()
    assert [line["kind"] for line in lines(out)] == ["run_started", "warning", "result", "run_finished"]
    assert lines(out)[-1]["outcome"] == "completed"
    assert err == ""


def test_quiet_prints_where_the_result_is(capsys):
    run_command(completing, quiet=True)
    assert capsys.readouterr() == ("out.tif\n", "")


@pytest.mark.parametrize("inside", [True, False], ids=["in its run", "before its run"])
@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (NO_FRAMES, "failed", 6),
        (ZeroDivisionError("by nought"), "failed", 1),
        (Cancelled("a", "b", "c"), "cancelled", 130),
        (KeyboardInterrupt(), "cancelled", 130),
    ],
    ids=["user", "bug", "cancelled", "interrupted"],
)
def test_json_always_ends_with_one_run_finished(capsys, error, outcome, code, inside):
    with pytest.raises(SystemExit) as caught:
        run_command(raising(error, inside=inside), json=True)
    assert caught.value.code == code
    finished = [line for line in lines(capsys.readouterr().out) if line["kind"] == "run_finished"]
    assert [(line["outcome"], line["exit_code"]) for line in finished] == [(outcome, code)]


@pytest.mark.parametrize("quiet", [True, False])
def test_an_error_is_shown_in_its_three_parts(capsys, quiet):
    with pytest.raises(SystemExit) as caught:
        run_command(raising(NO_FRAMES, inside=True), quiet=quiet)
    assert caught.value.code == 6
    out, err = capsys.readouterr()
    assert err.endswith("error: There are no frames.\n  why: the folder is empty.\n  try: name another one.\n")
    assert out == ""


@pytest.mark.parametrize("verbose", [True, False])
def test_a_bug_shows_its_traceback_only_when_asked(capsys, verbose):
    with pytest.raises(SystemExit) as caught:
        run_command(raising(ZeroDivisionError("by nought"), inside=True), verbose=verbose)
    assert caught.value.code == 1
    err = capsys.readouterr().err
    assert ("Traceback" in err) == verbose
    assert "ZeroDivisionError: by nought" in err


def test_an_exit_that_the_work_asks_for_passes_through():
    with pytest.raises(SystemExit) as caught:
        run_command(raising(SystemExit(8), inside=False))
    assert caught.value.code == 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_the_run_to_finish(capfd, number):
    seen = []

    def work(listeners, cancel):
        with run_scope("capture", {}, listeners, cancel) as run:
            signal.raise_signal(number)
            seen.append(cancel.is_set())
            run.check_cancelled()

    with pytest.raises(SystemExit) as caught:
        run_command(work, json=True)
    assert caught.value.code == 130
    assert seen == [True]
    out, err = capfd.readouterr()
    assert "Finishing cleanly" in err
    assert lines(out)[-1]["outcome"] == "cancelled"


def test_the_second_interrupt_stops_at_once(capfd):
    seen = []

    def work(listeners, cancel):
        signal.raise_signal(signal.SIGINT)
        seen.append("first")
        signal.raise_signal(signal.SIGINT)
        seen.append("second")

    with pytest.raises(SystemExit) as caught:
        run_command(work)
    assert caught.value.code == 130
    assert seen == ["first"]


def test_a_repeated_sigterm_still_finishes_cleanly():
    seen = []

    def work(listeners, cancel):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        seen.append(cancel.is_set())

    run_command(work)
    assert seen == [True]


@pytest.mark.parametrize("work", [completing, raising(NO_FRAMES, inside=True)], ids=["completed", "failed"])
def test_handlers_are_put_back(work):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with contextlib.suppress(SystemExit):
        run_command(work)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_run_in_another_thread_leaves_signals_alone(capsys):
    thread = threading.Thread(target=run_command, args=(completing,), kwargs={"quiet": True})
    thread.start()
    thread.join()
    assert capsys.readouterr().out == "out.tif\n"


def test_a_reader_that_goes_away_does_not_stop_the_run(monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    redirected = []
    monkeypatch.setattr(os, "dup2", lambda source, target: redirected.append(target))
    monkeypatch.setattr("sys.stdout", Gone())
    run_command(completing, json=True)
    assert redirected == [1]
