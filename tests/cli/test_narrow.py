"""What is shown on a terminal of 40 columns: nothing is cut, and only words that are too long are broken."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from stackcore import events as ev
from stackcore.capturing.status import CaptureStatus
from stackcore.cli.batch_table import batch_table
from stackcore.cli.capture_panel import render
from stackcore.cli.columns import columns_of, fitted
from stackcore.cli.plain import PlainScreen
from stackcore.cli.render import LiveScreen

Run = Callable[..., Any]

RESULT = [
    ev.RunStarted(command="stack"),
    ev.Result(
        data={
            "output": "a folder/with-a-very-long-name-indeed/beetle.tif",
            "seconds": {"hot_pixels": 2.528, "align": 5.498, "fuse": 14.28, "write": 0.135},
            "peak_memory_bytes": 2**29,
        }
    ),
    ev.RunFinished(outcome="completed", exit_code=0),
]


def too_long(text: str, columns: int = 40) -> list[str]:
    """Lines that do not fit though they could be broken at a space."""
    return [line for line in text.splitlines() if len(line) > columns and len(line.split()) > 1]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("plugins list", "Sub-pixel registration by correlation"),
        ("plugins show blend", "noise_floor"),
        ("presets list", "studio-10x"),
        ("presets show studio-10x --resolved", "# preset studio-10x:"),
    ],
)
@pytest.mark.usefixtures("narrow")
def test_lists_fit(stackcore: Run, command: str, said: str) -> None:
    done = stackcore(*command.split())
    assert done.code == 0, done.err
    assert too_long(done.out) == []
    assert said in " ".join(done.out.split())


def test_a_file_gets_every_line_whole(stackcore: Run) -> None:
    assert columns_of() is None
    assert (
        "field-macro  Insects and flowers outdoors, 1:3 to 2:1, hand-held or on a beanbag."
        in stackcore("presets", "list").out
    )


@pytest.mark.usefixtures("narrow")
def test_errors_fit(stackcore: Run) -> None:
    done = stackcore("presets", "show", "studio")
    assert done.code == 2
    assert too_long(done.err) == []
    assert done.err.startswith("error: ")


@pytest.mark.usefixtures("narrow")
def test_the_summary_fits_with_and_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, width=40, force_terminal=False)
    for screen in (PlainScreen(), LiveScreen(progress_console=console, summary_console=console)):
        for event in RESULT:
            screen(event)
    for text in (capsys.readouterr().out, drawn.getvalue()):
        assert [line.split()[0] for line in too_long(text)] == ["output"]
        assert "a folder/with-a-very-long-name-indeed/beetle.tif" in text  # to be copied
        assert "seconds      hot pixels 2.528 s, align\n             5.498 s, fuse" in text


def test_names_are_cut_only_where_they_must_be() -> None:
    stack = {"name": "beetle-on-a-leaf", "frames": 9, "state": "completed", "seconds": 2.0, "warnings": []}
    problem = {"what": "One frame is not a stack.", "why": "only flies_0001.jpg was found in it."}
    failed = {**stack, "name": "x" * 60, "state": "failed", "problem": problem}
    lines = batch_table({"stacks": [stack, failed]}, 40)
    assert too_long("\n".join(lines)) == []
    assert lines[0].split() == ["beetle-on-a-leaf", "done"]
    whole = "One frame is not a stack. only flies_0001.jpg was found in it."
    assert " ".join(" ".join(lines[4:]).split()) == whole
    assert batch_table({"stacks": [failed]}, 40, breaks=False)[-1] == f"  {whole}"


@pytest.mark.parametrize("columns", [40, 100])
def test_the_panel_of_a_capture_run_is_not_cut(columns: int) -> None:
    status = CaptureStatus()
    for event in [
        ev.RunStarted(command="capture"),
        *(ev.SliceStarted(slice_index=i, slices=120, offset=10 * i) for i in range(60)),
        *(ev.Progress(stage="sharpness", done=i + 1, total=120, sharpness=1.0 + i) for i in range(60)),
    ]:
        status.note(event)
    console = Console(file=io.StringIO(), width=columns, record=True)
    console.print(render(status, columns))
    drawn = console.export_text()
    assert "…" not in drawn
    assert "from the start" in drawn
    assert "sharpest: slice" in drawn


@pytest.mark.parametrize("text", ["", "one", "one two three four five six seven eight nine ten eleven"])
@pytest.mark.parametrize("columns", [None, 10, 30, 80])
@pytest.mark.parametrize("indent", [None, 4])
def test_no_word_is_lost(text: str, columns: int | None, indent: int | None) -> None:
    lines = fitted(text, columns, label="label: ", indent=indent)
    assert " ".join(lines).split() == ["label:", *text.split()]
