"""The log beside the manifest: complete, at once, and never in the way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stackcore import events as ev
from stackcore.api.resuming import resume_capture
from stackcore.capturing.run_log import RunLog, as_line, describe
from stackcore.errors import CameraError

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  \S.*")


def only_log(stage: Any) -> Path:
    [path] = stage.folder.parent.rglob("*.log")
    assert isinstance(path, Path)
    return path


@pytest.mark.parametrize("mode", ["full", "preview"])
def test_every_event_is_a_line_beside_the_manifest(stage: Any, mode: str) -> None:
    result = stage.capture(mode=mode)
    log = only_log(stage)
    assert log == result.manifest.parent / f"{result.run_id}.log"
    lines = log.read_text().splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert lines == [as_line(event).rstrip("\n") for event in stage.events]
    assert "capture started" in lines[0]
    assert lines[-1].endswith("completed, exit code 0")


def test_each_line_is_on_the_disk_before_the_next_thing_happens(stage: Any) -> None:
    seen: list[str] = []

    def hook(moment: str) -> None:
        if moment == "drive" and len(stage.camera.moves) == 1:
            seen.append(only_log(stage).read_text().splitlines()[-1])

    stage.hook = hook
    stage.capture()
    assert [line.split("  ")[1] for line in seen] == ["moving by +40 from +40"]


def test_a_run_that_fails_says_why(stage: Any) -> None:
    def fail() -> Any:
        raise CameraError("The still failed.", "no light.", "switch it on.")

    stage.camera.expose = fail
    with pytest.raises(CameraError):
        stage.capture()
    last = only_log(stage).read_text().splitlines()[-1]
    assert last.endswith("failed, exit code 5: The still failed. why: no light. try: switch it on.")


def test_a_resumed_run_goes_on_in_the_same_log(stage: Any) -> None:
    def hook(moment: str) -> None:
        if moment == "expose" and stage.moments.count("expose") == 2:
            raise CameraError("The still failed.", "no light.", "switch it on.")

    stage.hook = hook
    with pytest.raises(CameraError):
        stage.capture()
    log = only_log(stage)
    before = log.read_text()
    stage.hook = lambda moment: None
    resume_capture(next(log.parent.glob("*.stackcore.json")), registry=stage.registry(), clock=stage.clock)
    after = only_log(stage).read_text()
    assert after.startswith(before)
    assert "capture resume started" in after[len(before) :]
    assert after.endswith("completed, exit code 0\n")


def test_a_log_that_cannot_be_written_is_one_warning_and_no_lost_frame(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.suffix == ".log":
            raise OSError(28, "No space left on device")
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    result = stage.capture()
    assert (result.outcome, len(result.files)) == ("completed", 3)
    assert stage.codes() == ["log"]
    assert "No space left" in result.warnings[0].message
    assert [event.seq for event in stage.events] == list(range(1, len(stage.events) + 1))
    assert stage.kinds[-1] == "run_finished"


def test_a_disk_that_fills_at_the_last_line_leaves_the_end_the_last_event(
    stage: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = RunLog._write

    def fail_last(log: RunLog) -> None:
        if "exit code" in log._lines[-1]:
            raise OSError(28, "No space left on device")
        real(log)

    monkeypatch.setattr(RunLog, "_write", fail_last)
    assert stage.capture().outcome == "completed"
    assert stage.kinds[-1] == "run_finished"
    assert "not complete" in caplog.text


def test_a_refused_run_leaves_no_log(stage: Any) -> None:
    from stackcore.protocols import Check

    stage.camera.checks = [Check(name="lens", ok=False)]
    with pytest.raises(CameraError):
        stage.capture()
    assert not list(stage.folder.parent.rglob("*.log"))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ev.SliceStarted(slice_index=1, slices=3, offset=40, simulated=True), "slice 2 of 3, focus at +40, SIMULATED"),
        (ev.SliceStarted(slice_index=0, slices=3), "slice 1 of 3"),
        (ev.Capturing(slice_index=0, source="live_view"), "taking a live-view frame"),
        (ev.Progress(stage="sharpness", done=1, total=3, sharpness=0.25), "sharpness 0.25000"),
        (ev.Progress(stage="fuse", done=1, total=3), "fuse: 1 of 3"),
        (ev.StageStarted(stage="fuse"), "fuse started"),
        (ev.Warned(code="x", message="odd", frame="3"), "WARNING 3: odd"),
        (ev.Result(data={"slices": 3, "files": ["a"]}), "result: slices 3"),
    ],
)
def test_words(event: ev.BaseEvent, words: str) -> None:
    assert describe(event) == words


def test_an_event_is_one_line_whatever_it_says() -> None:
    at = datetime(2026, 11, 22, 1, 2, 3, 4500, UTC)
    line = as_line(ev.Warned(code="x", message="two\nlines").model_copy(update={"at": at}))
    assert line == "2026-11-22 01:02:03.004Z  WARNING two lines\n"
