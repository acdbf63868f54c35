from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from stackcore import events as ev
from stackcore.cli.plain import PlainScreen
from stackcore.cli.render import LiveScreen
from stackcore.cli.summary import Summary, duration

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

CAPTURE = [
    ev.RunStarted(command="capture"),
    ev.SliceStarted(slice_index=0, slices=2, offset=0, simulated=True),
    ev.Progress(stage="sharpness", done=1, total=2, sharpness=0.25),
    ev.Capturing(slice_index=0, source="still"),
    ev.Saving(slice_index=0, path="a.jpg"),
    ev.Saved(slice_index=0, path="a.jpg", bytes=1200, sha256="0"),
    ev.Moving(steps=20, offset=0),
    ev.Waiting(delay_ms=200),
    ev.SliceStarted(slice_index=1, slices=2),
    ev.Warned(code="short", message="the drive was [short]"),
    ev.Returning(steps=-20),
    ev.StageStarted(stage="fuse", total=2),
    ev.Progress(stage="fuse", done=1, total=2),
    ev.Result(
        data={"frames": 2, "manifest": "m.json", "timings_s": {"survey": 1.25, "fuse": 2}, "slices": [1], "ok": True}
    ),
    ev.RunFinished(outcome="completed", exit_code=0),
]


def feed(screen, events, seconds=1.0):
    for number, event in enumerate(events):
        screen(event.model_copy(update={"at": START + timedelta(seconds=number * seconds)}))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_plain_lines_tell_what_happens(capsys):
    feed(PlainScreen(clock=Clock()), CAPTURE)
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "capture started",
        "slice 1 of 2 SIMULATED",
        "  sharpness 0.2500",
        "slice 2 of 2",
        "warning: the drive was [short]",
        "returning focus by -20",
        "fuse: 2 to do",
    ]
    assert out.splitlines() == [
        "manifest  m.json",
        "frames    2",
        "timings   survey 1.25 s, fuse 2 s",
        "ok        yes",
        "took      14.0 s",
        "warnings  1",
    ]


def test_verbose_plain_lines_tell_every_movement(capsys):
    feed(PlainScreen(verbose=True, clock=Clock()), CAPTURE)
    err = capsys.readouterr().err
    assert "  moving by +20 from 0\n  waiting 200 ms\n" in err
    assert "  saved a.jpg (1,200 bytes)\n" in err


def test_progress_is_told_now_and_then(capsys):
    clock = Clock()
    screen = PlainScreen(clock=clock)
    for done in range(1, 13):
        clock.now = float(done)
        screen(ev.Progress(stage="fuse", done=done, total=12))
    assert capsys.readouterr().err.splitlines() == ["fuse: 5 of 12", "fuse: 10 of 12"]


@pytest.mark.parametrize("outcome", ["cancelled", "failed"])
def test_a_run_that_did_not_complete_has_no_summary(capsys, outcome):
    feed(PlainScreen(), [*CAPTURE[:-1], ev.RunFinished(outcome=outcome, exit_code=1)])
    out, err = capsys.readouterr()
    assert out == ""
    assert ("capture cancelled" in err) == (outcome == "cancelled")


def live(events, **options):
    progress = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    summary = Console(file=io.StringIO(), width=100)
    screen = LiveScreen(progress_console=progress, summary_console=summary, **options)
    feed(screen, events)
    screen.close()
    return progress.file.getvalue(), summary.file.getvalue()


def test_the_terminal_shows_bars_and_a_summary():
    drawn, summary = live(CAPTURE)
    assert "slice      1 of 2" in drawn
    assert "slice      2 of 2, 7.0 s left" in drawn
    for words in ("capturing", "saving", "moving +20", "waiting 200 ms", "returning -20", "a.jpg", "SIMULATED"):
        assert words in drawn, words
    assert "█·" not in drawn
    assert "▁" in drawn
    assert "sharpest: slice 1" in drawn
    assert "fuse" in drawn
    assert "warning: the drive was [short]" in drawn
    assert "capture completed" in summary
    assert "m.json" in summary
    assert "14.0 s" in summary


def test_the_terminal_shows_many_warnings_only_in_part():
    warnings = [ev.Warned(code="x", message=f"number {n}.") for n in range(1, 41)]
    drawn, summary = live([ev.RunStarted(command="stack"), *warnings, ev.RunFinished(outcome="completed", exit_code=0)])
    assert "number 20." in drawn
    assert "number 21." not in drawn
    assert "40" in summary
    drawn, _ = live([ev.RunStarted(command="stack"), *warnings], verbose=True)
    assert "number 40." in drawn


def test_a_long_path_stays_in_one_piece():
    path = "/folder" * 40 + "/out.tif"
    _, summary = live([ev.RunStarted(command="stack"), ev.Result(data={"output": path}), CAPTURE[-1]])
    assert path in summary


def test_a_cancelled_run_says_so_on_the_terminal():
    drawn, summary = live([*CAPTURE[:6], ev.RunFinished(outcome="cancelled", exit_code=130)])
    assert "capture cancelled" in drawn
    assert summary == ""


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    screen = LiveScreen(progress_console=console, summary_console=console)
    feed(screen, CAPTURE)
    assert "\x1b[33m" not in console.file.getvalue()
    assert "\x1b[32m" not in console.file.getvalue()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"output": "a.tif", "manifest": "m"}, "a.tif"),
        ({"manifest": "m"}, "m"),
        ({"output": None, "folder": "d"}, "d"),
        ({"frames": 3}, None),
    ],
)
def test_the_place_of_a_result(data, place):
    summary = Summary()
    summary.note(ev.Result(data=data))
    assert summary.place == place


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (7325, "2 h 2 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
