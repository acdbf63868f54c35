"""What the journal holds at each moment, and what is read from one that was cut off."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stackcore.capturing.journal import Begun, Journal, MoveConfirmed, MoveIntent, read_journal
from stackcore.errors import FocusDriveError, OutputError, UnreadableFrame

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEGUN = Begun(run_id="r", offset=0, process=1, at=NOON)


def records(stage: Any) -> list[str]:
    [journal] = stage.journals()
    return [json.loads(line)["record"] for line in journal.read_text().splitlines()]


def test_each_intent_is_on_disk_before_and_each_confirmation_after(stage: Any) -> None:
    seen: dict[str, list[list[str]]] = {}

    def hook(moment: str) -> None:
        if stage.journals():
            seen.setdefault(moment, []).append(records(stage))

    stage.hook = hook
    stage.capture(slices=2)
    first = ["begun", "slice", "save", "saved"]
    assert seen["drive"][0] == [*first, "move"]
    assert seen["event waiting"][0] == [*first, "move", "moved"]
    assert seen["event saved"][-1] == [*first, "move", "moved", "slice", "save", "saved"]
    assert seen["event returning"][0] == seen["event saved"][-1]
    assert seen["drive-"][-1][-1] == "move"
    assert seen["restore"][0][-1] == "moved"
    assert stage.journals() == [], "a run that ended cleanly needs none"


def test_the_manifest_is_there_before_the_first_frame(stage: Any) -> None:
    seen = []

    def hook(moment: str) -> None:
        if moment == "event saved" and not seen:
            seen.append(stage.manifest().state)
            assert stage.journals()[0].parent == stage.saved()[0].parent

    stage.hook = hook
    stage.capture(slices=2)
    assert seen == ["running"]


def test_a_run_that_saves_nothing_keeps_its_journal_beside_its_manifest(stage: Any) -> None:
    seen = []

    def hook(moment: str) -> None:
        if moment == "drive":
            seen.append((records(stage), stage.journals()[0].with_suffix("").with_suffix("").name))

    stage.hook = hook
    stage.capture(slices=2, mode="preview")
    assert seen[0][0] == ["begun", "move"]
    assert stage.manifest().run_id == seen[0][1]
    assert stage.journals() == []


def test_a_camera_that_delivers_late_takes_manifest_and_journal_along(stage: Any) -> None:
    seen = []

    def hook(moment: str) -> None:
        stage.camera.files_per_still = ("jpg",) if stage.camera.position else ()
        if moment == "drive":
            seen.append(stage.journals()[0].parent)

    stage.hook = hook
    result = stage.capture()
    assert seen[0] != seen[1] == result.files[0].parent
    assert stage.manifest().state == "completed", "and there is one manifest only"


def test_a_position_that_is_not_certain_keeps_the_journal(stage: Any) -> None:
    def hook(moment: str) -> None:
        if moment == "drive":
            raise FocusDriveError("The drive failed.", "no answer.", "look.", confirmed=None)

    stage.hook = hook
    with pytest.raises(FocusDriveError):
        stage.capture()
    assert records(stage)[-1] == "move"


def test_a_disk_that_fills_up_stops_before_the_next_movement_and_still_returns(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = []

    def flush(handle: int) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def hook(moment: str) -> None:
        if moment == "event moving" and stage.camera.position:
            full.append(True)

    monkeypatch.setattr(os, "fsync", flush)
    stage.hook = hook
    with pytest.raises(OutputError, match=r"(?i)no space left"):
        stage.capture()
    assert stage.camera.moves == [40, -40]
    assert stage.journals() == [], "one with a hole would claim what is not so"
    assert len(list(stage.folder.rglob("*.journal-broken.jsonl"))) == 1, "the manifest could not be written either"
    assert "journal" in stage.codes()


def test_a_torn_last_line_tells_of_nothing_that_happened(tmp_path: Path) -> None:
    path = tmp_path / "r.journal.jsonl"
    journal = Journal(path)
    journal.append(BEGUN)
    journal.append(MoveIntent(steps=5, offset=0))
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"record": "moved", "st')
    assert read_journal(path) == [BEGUN, MoveIntent(steps=5, offset=0)]
    journal = Journal(path)
    journal.append(MoveConfirmed(steps=5, offset=5))
    assert journal.read() == [BEGUN, MoveIntent(steps=5, offset=0), MoveConfirmed(steps=5, offset=5)]
    journal.close()


@pytest.mark.parametrize("line", [b"", b"{}", b"half", b'{"record": "moved"}'])
def test_a_journal_that_is_damaged_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "r.journal.jsonl"
    path.write_bytes(line + b"\n" + BEGUN.model_dump_json(by_alias=True).encode() + b"\n")
    with pytest.raises(UnreadableFrame, match=r"r\.journal\.jsonl"):
        read_journal(path)
