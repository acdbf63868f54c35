"""How far a run is, told in text; notebooks are tried with a real kernel elsewhere."""

from __future__ import annotations

import io

import pytest

import stackcore
from stackcore.events import Progress, Result, RunFinished, RunStarted, SliceStarted, StageStarted, Warned


class Terminal(io.StringIO):
    """Text that somebody looks at."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_file_gets_a_line_for_each_stage(shoot):
    told = io.StringIO()
    quick = {"hot_pixels": False, "fuser": "average"}
    stackcore.stack(shoot, sharpen="1", **quick, listeners=[stackcore.progress(stream=told)])
    assert told.getvalue() == "align 9/9\nfuse 6/6\nsharpen 1/1\nstack done\n"


def test_a_terminal_gets_one_line_that_is_written_anew(clock):
    told = Terminal()
    show = stackcore.progress(stream=told, clock=clock)
    show(RunStarted(command="stack"))
    show(StageStarted(stage="fuse", total=300))
    for done in range(1, 301):
        clock.now += 0.01
        show(Progress(stage="fuse", done=done, total=300))
    show(RunFinished(outcome="completed", exit_code=0))
    drawn = told.getvalue().split("\r\x1b[2K")[1:]
    assert drawn[0] == "stack"
    assert drawn[-1] == "stack done · fuse 300/300\n"
    assert 25 <= len(drawn) <= 33  # three seconds, ten times each
    assert "\n" not in "".join(drawn[:-1])


def test_one_display_serves_several_runs(clock):
    told = io.StringIO()
    show = stackcore.progress(stream=told, clock=clock)
    for command in ("align", "fuse"):
        show(RunStarted(command=command))
        show(StageStarted(stage=command, total=1))
        show(Warned(code="x", message=f"of {command}"))
        show(Progress(stage=command, done=1, total=1))
        show(RunFinished(outcome="completed", exit_code=0))
    assert told.getvalue() == "align 1/1\nalign done\nfuse 1/1\nfuse done\n"
    assert show.warnings == ["of fuse"]


def test_what_a_camera_is_at(clock):
    show = stackcore.progress(stream=Terminal(), clock=clock)
    show(RunStarted(command="capture"))
    show(SliceStarted(slice_index=2, slices=9))
    assert repr(show) == "capture looking · shooting 2/9"
    show(Progress(stage="sharpness", done=3, sharpness=0.1))
    show(RunFinished(outcome="cancelled", exit_code=130))
    assert repr(show) == "capture cancelled · shooting 2/9"


def test_html_is_safe_and_says_everything(clock):
    show = stackcore.progress(stream=io.StringIO(), clock=clock)
    show(RunStarted(command="batch"))
    show(StageStarted(stage="fuse", total=None, stack="<i>"))
    assert "<td>&lt;i&gt;: fuse</td><td><progress></progress></td>" in show._repr_html_()
    for number in range(5):
        show(Warned(code="x", message=f"<b>{number}"))
    show(Result(data={"output": "a&b.tif"}))
    clock.now += 2.5
    show(RunFinished(outcome="failed", exit_code=6))
    html = show._repr_html_()
    assert "<b>batch</b> failed, 2.5 s a&amp;b.tif" in html
    assert "5 warnings" in html
    assert "&lt;b&gt;4" in html
    assert "<b>0" not in html


def test_it_goes_to_stderr_unless_told_otherwise(shoot, capsys):
    stackcore.survey(shoot, hot_pixels=False, listeners=[stackcore.progress()])
    out, err = capsys.readouterr()
    assert (out, err) == ("", "align 9/9\nsurvey done\n")
