"""Batch fields and answers: from the command line into the names of files."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stackcore.cli import naming

SMALL = ["--slices", "2", "--set", "camera.width_px=96", "--set", "camera.height_px=64", "--delay-ms", "0"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "dumb")
    return shown


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def test_batch_fields_stand_in_the_names_and_are_remembered(stackcore: Any, tmp_path: Path) -> None:
    fields = ["--job", "Beetles", "--batch-id", "7", *(part for n in range(1, 7) for part in (f"--bd{n}", f"f{n}"))]
    template = "@JOB/@BID/@BD1@BD2@BD3@BD4@BD5@BD6-@MCT"
    assert stackcore("capture", "--path", template, *fields, *SMALL).code == 0
    assert stackcore("capture", "--bd1", "", *SMALL).code == 0
    assert names(tmp_path) == [
        "Beetles/7/f1f2f3f4f5f6-1.jpg",
        "Beetles/7/f1f2f3f4f5f6-2.jpg",
        "Beetles/7/f2f3f4f5f6-1.jpg",
        "Beetles/7/f2f3f4f5f6-2.jpg",
    ]


def test_a_field_that_climbs_out_stays_in_its_folder(stackcore: Any, tmp_path: Path) -> None:
    done = stackcore("capture", "--path", "in/@JOB/@MCT", "--job", "../../out", *SMALL)
    assert done.code == 0
    assert names(tmp_path) == ["in/.._.._out/1.jpg", "in/.._.._out/2.jpg"]
    assert "../../out" in done.err


def test_a_field_without_a_value_draws_a_warning(stackcore: Any, tmp_path: Path) -> None:
    done = stackcore("capture", "--path", "x/@JOB/@MCT", *SMALL)
    assert "@JOB has no value" in done.err
    assert names(tmp_path) == ["x/_/1.jpg", "x/_/2.jpg"]


def test_a_question_is_answered_on_the_command_line(stackcore: Any, tmp_path: Path) -> None:
    answers = ["--ask", "subject=Carabus auratus", "--ask", "note=a=b"]
    done = stackcore("capture", "--path", "@ASK:subject/@ASK:note-@MCT", *answers, "--json", *SMALL)
    assert done.code == 0
    assert names(tmp_path) == ["Carabus auratus/a=b-1.jpg", "Carabus auratus/a=b-2.jpg"]
    [manifest] = tmp_path.rglob("*.stackcore.json")
    assert json.loads(manifest.read_text())["settings"]["answers"] == {"subject": "Carabus auratus", "note": "a=b"}


def test_a_question_without_a_terminal_and_an_answer_is_an_error(stackcore: Any, tmp_path: Path) -> None:
    done = stackcore("capture", "--path", "@ASK:subject/@MCT", "--json", *SMALL)
    assert done.code == 2
    last = json.loads(done.out.splitlines()[-1])
    assert "--ask subject=" in last["error"]["fix"]
    assert list(tmp_path.iterdir()) == []


def test_a_question_is_asked_once_on_a_terminal(
    stackcore: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = on_a_terminal(monkeypatch, "\nCarabus\nleft\n")  # the first one is empty and asked again
    template = "@ASK:subject/@ASK:tray_no-@ASK:subject-@ASK:given-@MCT"
    assert stackcore("capture", "--path", template, "--ask", "given=g", *SMALL).code == 0
    assert names(tmp_path) == ["Carabus/left-Carabus-g-1.jpg", "Carabus/left-Carabus-g-2.jpg"]
    assert shown.getvalue().count("subject:") == 2
    assert shown.getvalue().count("tray no:") == 1
    assert "given:" not in shown.getvalue()


def test_a_machine_is_not_asked(stackcore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, "Carabus\n")
    assert stackcore("capture", "--path", "@ASK:subject/@MCT", "--json", *SMALL).code == 2


def test_stopping_at_a_question_begins_nothing(stackcore: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: Any, **options: Any) -> str:
        raise KeyboardInterrupt

    on_a_terminal(monkeypatch, "")
    monkeypatch.setattr(naming.typer, "prompt", stop)
    assert stackcore("capture", "--path", "@ASK:subject/@MCT", *SMALL).code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--ask", "subjct=x"], "subject"),
        (["--ask", "subject"], "LABEL=VALUE"),
        (["--ask", "=x"], "LABEL=VALUE"),
        (["--ask", "subject=half\udcff"], "UTF-8"),
        (["--ask", "subject=x", "--job", "half\udcff"], "UTF-8"),
        (["--ask", "subject=x", "--path", "@MCT"], "does not ask"),
    ],
)
def test_a_wrong_answer_is_refused(stackcore: Any, arguments: list[str], told: str) -> None:
    done = stackcore("capture", "--path", "@ASK:subject/@MCT", *SMALL, *arguments)
    assert done.code == 2
    assert told in done.err


@pytest.mark.parametrize("option", ["--job", "--path", "--ask", "--mirror"])
def test_bytes_that_are_no_text_are_told_in_json_too(stackcore: Any, option: str) -> None:
    done = stackcore("capture", "--json", option, "subject=half\udcff", *SMALL)
    told = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, [event["kind"] for event in told]) == (2, ["run_started", "run_finished"])
    assert "UTF-8" in told[-1]["error"]["why"] or "does not ask" in told[-1]["error"]["what"]
    assert "Traceback" not in done.err


def test_preview_fills_in_what_is_given_and_shows_what_is_not(stackcore: Any, tmp_path: Path) -> None:
    template = "@JOB/@ASK:subject-@ASK:tray/@SLICE-@CAM"
    done = stackcore("path", "preview", template, "--job", "Beetles", "--ask", "tray=4", "--extension", "nef")
    assert done.code == 0
    assert Path(done.out.strip()).parent == tmp_path / "Beetles" / "subject-4"
    assert "01-CAMERA.nef" in done.out
    assert "@ASK:subject is asked" in done.err
    assert "@ASK:tray is" not in done.err
    assert "when the camera is connected" in done.err


def test_preview_without_a_template_shows_that_of_the_profile(stackcore: Any, tmp_path: Path) -> None:
    stackcore("capture", "--path", "mine/@GCT2", "--profile", "a", *SMALL)
    done = stackcore("path", "preview", "--profile", "a", "--json")
    assert json.loads(done.out) == {
        "schema": "stackcore.path/1",
        "template": "mine/@GCT2",
        "path": str(tmp_path / "mine" / "03.jpg"),
        "warnings": [],
    }
