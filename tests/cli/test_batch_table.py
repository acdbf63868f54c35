from __future__ import annotations

import io

import pytest
from rich.console import Console

from stackcore import events as ev
from stackcore.cli.batch_table import batch_table
from stackcore.cli.plain import PlainScreen
from stackcore.cli.render import LiveScreen

STACKS = [
    {"name": "ant", "frames": 12, "state": "completed", "seconds": 61.0, "warnings": ["dim", "dark"]},
    {"name": "bee [wing]", "frames": 3, "state": "existed", "seconds": 0.0, "warnings": []},
    {
        "name": "a-very-long-name-of-a-folder-within-folders",
        "frames": 1,
        "state": "failed",
        "seconds": 0.5,
        "warnings": ["failed"],
        "problem": {"what": "One frame is not a stack.", "why": "only f0.jpg was found.", "fix": "", "exit_code": 6},
    },
]

BATCH = [
    ev.RunStarted(command="batch"),
    ev.StageStarted(stage="batch", total=2),
    ev.StageStarted(stage="fuse", total=3, stack="ant"),
    ev.Progress(stage="fuse", done=3, total=3, stack="ant"),
    ev.Result(data={"output": "out/ant.tif", "seconds": {"fuse": 3.0}}, stack="ant"),
    ev.Progress(stage="batch", done=1, total=2),
    ev.StageStarted(stage="fuse", total=3, stack="bee"),
    ev.Warned(code="stack_failed", message="failed: too dark", stack="bee"),
    ev.Result(data={"folder": "out", "stacks": STACKS, "failed": 1}),
    ev.RunFinished(outcome="failed", exit_code=8),
]


def test_each_stack_has_a_row_and_a_failed_one_its_reason():
    lines = batch_table({"stacks": STACKS}, 100)
    assert lines[0].split() == ["ant", "12", "frames", "done", "1", "min", "1", "s", "2", "warnings"]
    assert "there before" in lines[1]
    assert "FAILED" in lines[2]
    assert lines[3] == "  One frame is not a stack. only f0.jpg was found."


def test_results_of_other_commands_have_no_table():
    assert batch_table({"output": "x.tif"}, 80) == []


def test_forty_columns_are_enough():
    lines = batch_table({"stacks": STACKS}, 40)
    assert all(len(line) <= 40 for line in lines[:-1])  # the last one is the reason, which is never cut
    assert any("…" in line for line in lines)


@pytest.mark.parametrize("screen", ["plain", "live"])
def test_the_table_is_shown_even_when_some_failed(screen, capsys):
    if screen == "plain":
        shown = PlainScreen()
        for event in BATCH:
            shown(event)
        out, err = capsys.readouterr()
    else:
        progress, summary = io.StringIO(), io.StringIO()
        live = LiveScreen(
            progress_console=Console(file=progress, width=100), summary_console=Console(file=summary, width=100)
        )
        for event in BATCH:
            live(event)
        out, err = summary.getvalue(), progress.getvalue()
    assert "bee [wing]" in out
    assert "One frame is not a stack." in out
    assert "ant: done in 3.0 s, out/ant.tif" in err
    assert "warning: bee: failed: too dark" in err


def test_the_bars_of_the_stack_before_leave_the_screen():
    live = LiveScreen(progress_console=Console(file=io.StringIO(), width=100, force_terminal=True))
    for event in BATCH[:-2]:
        live(event)
    assert [task.description for task in live._bars.tasks] == ["batch", "bee: fuse"]
    live.close()


def test_stacks_that_run_at_once_keep_their_bars_until_they_have_ended():
    live = LiveScreen(progress_console=Console(file=io.StringIO(), width=100, force_terminal=True))

    def bars() -> list[str]:
        return [task.description for task in live._bars.tasks]

    for name in ("ant", "bee"):
        live(ev.StageStarted(stage="fuse", total=9, stack=name))
    live(ev.Progress(stage="fuse", done=1, total=9, stack="ant"))
    assert bars() == ["ant: fuse", "bee: fuse"]
    live(ev.Result(data={"output": "ant.tif"}, stack="ant"))
    live(ev.Warned(code="stack_failed", message="too dark", stack="bee"))
    live(ev.StageStarted(stage="align", total=9, stack="cow"))
    assert bars() == ["cow: align"]
    live.close()
