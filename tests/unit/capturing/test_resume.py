"""Runs that are killed at every moment: what is certain of them, how they go on, how focus comes back."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackcore.api.resuming import resume_capture, return_focus
from stackcore.capturing import saving
from stackcore.capturing.journal import journal_path, read_journal
from stackcore.capturing.manifest import read_manifest
from stackcore.capturing.recovery import recover
from stackcore.errors import CameraError, FocusDriveError, NotReadyError, OutputError, UnreadableFrame, UsageError
from stackcore.paths import naming
from stackcore.protocols import CameraInfo

from .conftest import LEGACY, UNIFIED

MakeStage = Callable[..., Any]
MODES = ["full", "preview-images", "preview"]


def call(stage: Any, function: Any, **options: Any) -> Any:
    """Call `resume_capture` or `return_focus` on the one manifest of a stage."""
    [path] = stage.folder.parent.rglob("*.stackcore.json")
    stage.camera.hook = stage.clock.hook = stage._moment
    return function(
        path,
        registry=stage.registry(),
        clock=stage.clock,
        listeners=[stage._listen],
        cancel=stage.cancel,
        **options,
    )


def kill_at(stage: Any, position: int, **options: Any) -> bool:
    """Run to the end, then put disk and lens back to how they were at that moment; True if there is a manifest."""
    home, frozen = stage.folder.parent, stage.folder.parent.with_name(f"{stage.folder.parent.name}-frozen")
    stood = []

    def hook(name: str) -> None:
        if len(stage.moments) == position + 1:
            stood.append((stage.camera.position, stage.clock._now))
            if home.exists():
                shutil.copytree(home, frozen)

    stage.hook = hook
    stage.capture(**options)
    stage.hook = lambda name: None
    shutil.rmtree(home)
    if frozen.exists():
        frozen.rename(home)
    stage.camera.position = stood[0][0]
    stage.events.clear()
    stage.camera.moves.clear()
    return any(home.rglob("*.stackcore.json")) if home.exists() else False


def whereabouts(stage: Any) -> Any:
    [path] = stage.folder.parent.rglob("*.stackcore.json")
    manifest = read_manifest(path)
    journal = journal_path(path, manifest.run_id)
    return recover(manifest, path.parent, read_journal(journal) if journal.exists() else []).focus


@pytest.mark.parametrize("mode", MODES)
def test_a_run_killed_at_any_moment_goes_on_or_says_what_is_not_certain(make_stage: MakeStage, mode: str) -> None:
    traits = replace(UNIFIED, max_drive=25)  # so that a movement has parts
    probe = make_stage(traits)
    probe.capture(mode=mode)
    uncertain = 0
    for position in range(len(probe.moments)):
        stage = make_stage(traits)
        if not kill_at(stage, position, mode=mode):
            assert stage.camera.position == 0, "nothing moves before there is a manifest"
            continue
        moment = f"{position}: {probe.moments[position]}"
        truth, where = stage.camera.position, whereabouts(stage)
        assert where.low is not None, moment
        assert where.low <= truth <= where.high, moment
        if stage.manifest().state == "completed":
            continue
        options = {}
        if not where.certain:
            uncertain += 1
            with pytest.raises((CameraError, UsageError), match=r"not certain|nothing left"):
                call(stage, resume_capture)
            with pytest.raises(CameraError, match=re.escape(f"between {where.low:+d} and {where.high:+d}")):
                call(stage, return_focus)
            assert stage.camera.moves == [], moment
            options = {"focus_offset": truth}
        before = {path: path.read_bytes() for path in stage.saved()}
        try:
            call(stage, resume_capture, **options)
        except UsageError:  # everything was saved, and focus was on its way back
            assert len(stage.manifest().slices) == 3
            call(stage, return_focus, **options)
        assert stage.camera.position == 0, moment
        manifest = stage.manifest()
        assert (manifest.focus.now, manifest.focus.certain) == (0, True), moment
        assert [(each.index, each.offset) for each in manifest.slices] == [(0, 0), (1, 40), (2, 80)], moment
        assert stage.journals() == [], moment
        for path, data in before.items():
            assert path.read_bytes() == data, moment
        if mode != "preview":
            [folder] = {path.parent for path in stage.saved()}
            listed = manifest.file_paths(folder)
            assert sorted(listed) == stage.saved(), moment
            assert [int(path.read_bytes().split()[-1]) for path in listed] == [0, 40, 80], moment
    assert uncertain > 3


def test_a_run_that_failed_goes_on_from_the_slice_that_is_missing(stage: Any) -> None:
    fail_once(stage, "expose", 3, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError):
        stage.capture(slices=4)
    assert stage.camera.position == 0
    stage.camera.moves.clear()
    result = call(stage, resume_capture)
    assert stage.camera.moves == [80, 40, -120]
    assert result.outcome == "completed"
    assert [entry.index for entry in stage.manifest().slices] == [0, 1, 2, 3]
    assert [path.name for path in result.files] == ["3.jpg", "4.jpg"], "numbers within the run go on"
    assert stage.manifest().state == "completed"


def test_a_legacy_camera_goes_on_in_its_style(make_stage: MakeStage) -> None:
    stage = make_stage(LEGACY)
    fail_once(stage, "expose", 2, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError):
        stage.capture(slices=2)
    stage.clock.waits.clear()
    call(stage, resume_capture)
    assert stage.clock.waits == [0.03, 0.03], "after the movement to the slice, and after its still"


def test_the_counters_go_on(stage: Any) -> None:
    fail_once(stage, "expose", 2, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError):
        stage.capture(path=f"{stage.folder}/@GCT3")
    assert [path.name for path in call(stage, resume_capture).files] == ["002.jpg", "003.jpg"]


def test_a_file_that_a_crash_left_unconfirmed_is_found_by_its_content(stage: Any, tmp_path: Path) -> None:
    position = moments(stage, "event saved")[1]  # in place, and in the journal, but not in the manifest
    assert kill_at(stage, position)
    [journal] = stage.journals()
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join(lines[:-1]) + "\n")  # without the confirmation
    call(stage, resume_capture)
    [folder] = {path.parent for path in stage.saved()}
    assert [path.name for path in stage.manifest().file_paths(folder)] == ["1.jpg", "2.jpg", "3.jpg"]
    assert "recovered" in stage.codes()
    assert [warning.code for warning in stage.manifest().warnings] == ["run_killed", "recovered"]


def test_half_of_a_pair_is_kept_and_its_slice_shot_again(stage: Any) -> None:
    stage.camera.files_per_still = ("jpg", "nef")
    position = moments(stage, "event saved")[2]
    stage.camera.files_per_still = ("jpg", "nef")
    assert kill_at(stage, position)
    call(stage, resume_capture)
    manifest = stage.manifest()
    assert [len(entry.files) for entry in manifest.slices] == [2, 2, 2]
    assert [warning.frame for warning in manifest.warnings if warning.code == "shot_again"] == ["2.jpg"]
    [folder] = {path.parent for path in stage.saved()}
    assert len(stage.saved()) == 7
    assert (folder / "2.jpg").exists()


def test_focus_comes_back_and_the_run_stays_what_it_was(stage: Any) -> None:
    stage.camera.ready = False  # focus cannot be returned
    stage.capture()
    assert stage.camera.position == 80
    stage.camera.ready = True
    result = call(stage, return_focus)
    assert (stage.camera.position, result.focus.is_back, stage.manifest().state) == (0, True, "completed")
    stage.camera.moves.clear()
    assert call(stage, return_focus).focus.is_back
    assert stage.camera.moves == []


def test_focus_that_cannot_come_back_is_an_error(stage: Any) -> None:
    stage.camera.ready = False
    stage.capture()
    with pytest.raises(CameraError, match="not returned") as caught:
        call(stage, return_focus)
    assert "80 drive units" in caught.value.why
    assert stage.manifest().focus.now == 80
    assert stage.events[-1].outcome == "failed"


def test_a_complete_run_has_nothing_left(stage: Any) -> None:
    stage.capture()
    with pytest.raises(UsageError, match="nothing left"):
        call(stage, resume_capture)
    assert stage.journals() == []


def test_a_run_that_is_killed_while_it_goes_on_can_go_on_again(stage: Any) -> None:
    fail_once(stage, "expose", 2, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError):
        stage.capture(slices=4)

    def lost(moment: str) -> None:
        if moment == "drive" and stage.camera.position == 40:
            raise FocusDriveError("The drive failed.", "no answer.", "look.", confirmed=None)

    stage.hook = lost
    with pytest.raises(FocusDriveError):
        call(stage, resume_capture)
    stage.hook = lambda moment: None
    assert str(whereabouts(stage)) == "between +40 and +80"
    call(stage, resume_capture, focus_offset=40)
    assert [entry.index for entry in stage.manifest().slices] == [0, 1, 2, 3]
    assert stage.manifest().state == "completed"
    assert "focus_stated" in stage.codes()


def test_a_run_under_way_is_refused(stage: Any) -> None:
    heard = []

    def hook(moment: str) -> None:
        if moment == "event waiting" and not heard:
            heard.append(None)
            with pytest.raises(OutputError, match="still under way"):
                call(stage, resume_capture)

    stage.hook = hook
    assert stage.capture().outcome == "completed"
    assert heard


def test_without_its_journal_nothing_is_certain_of_a_killed_run(stage: Any) -> None:
    assert kill_at(stage, moments(stage, "event waiting")[0])
    [journal] = stage.journals()
    journal.unlink()
    for function in (resume_capture, return_focus):
        with pytest.raises(CameraError, match="journal is missing"):
            call(stage, function)
    assert stage.journals() == []
    call(stage, return_focus, focus_offset=40)
    assert (stage.camera.position, stage.manifest().state) == (0, "failed")


def test_a_damaged_journal_is_named_and_a_stated_offset_does_without(stage: Any) -> None:
    assert kill_at(stage, moments(stage, "event waiting")[0])
    [journal] = stage.journals()
    journal.write_text("nonsense\n" + journal.read_text())
    with pytest.raises(UnreadableFrame, match="journal"):
        call(stage, resume_capture)
    call(stage, resume_capture, focus_offset=40)
    assert stage.camera.position == 0


def test_a_journal_that_broke_is_believed_about_files_alone(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    full = []

    def flush(handle: int) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def hook(moment: str) -> None:
        if moment == "event saving" and stage.moments.count(moment) == 2:
            before = naming.place

            def place(*arguments: Any) -> Any:
                placed = before(*arguments)
                full.append(True)
                return placed

            patch.setattr(saving, "place", place)

    stage.hook = hook
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", flush)
        with pytest.raises(OutputError):
            stage.capture()
    assert (len(stage.saved()), len(stage.manifest().slices), stage.camera.position) == (2, 1, 0)
    with pytest.raises(CameraError, match="not certain"):
        call(stage, resume_capture)
    call(stage, resume_capture, focus_offset=0)
    assert [len(entry.files) for entry in stage.manifest().slices] == [1, 1, 1]
    assert len(stage.saved()) == 3
    assert not list(stage.folder.rglob("*.journal-broken.jsonl"))


@pytest.mark.parametrize("what", ["serial", "lens"])
def test_another_camera_or_lens_is_refused(stage: Any, what: str) -> None:
    stage.camera.ready = False
    stage.camera.info = CameraInfo(provider="fake", model="Fake 1", serial="1", lens="A")
    stage.capture()
    stage.camera.ready = True
    stage.camera.info = replace(stage.camera.info, **{what: "other"})
    with pytest.raises(NotReadyError, match=f"{what} was"):
        call(stage, return_focus)
    assert stage.camera.position == 80
    call(stage, return_focus, focus_offset=80)
    assert stage.camera.position == 0
    assert "camera_differs" in stage.codes()


def test_a_lens_that_was_turned_since_is_noticed_where_the_body_can_tell(stage: Any) -> None:
    stage.camera.counts_from = 500
    stage.camera.ready = False
    stage.capture()
    stage.camera.ready = True
    assert stage.manifest().camera["focus_position"] == 500
    stage.camera.counts_from = 520  # somebody turned it by 20
    with pytest.raises(NotReadyError, match=r"\+580.*\+600"):
        call(stage, return_focus)
    stage.camera.counts_from = 500
    call(stage, return_focus)
    assert stage.camera.position == 0


def fail_once(stage: Any, name: str, nth: int, error: BaseException) -> None:
    def hook(moment: str) -> None:
        if moment == name and stage.moments.count(name) == nth:
            raise error

    stage.hook = hook


def moments(stage: Any, name: str) -> list[int]:
    """Positions of a moment in a run like that of `stage`, which is put back to before it."""
    stage.capture()
    found = [position for position, moment in enumerate(stage.moments) if moment == name]
    shutil.rmtree(stage.folder.parent)
    stage.moments.clear()
    stage.events.clear()
    stage.camera.moves.clear()
    return found


def test_fields_and_answers_are_those_of_the_run_whatever_the_profile_has_now(stage: Any) -> None:
    path = f"{stage.folder}/@JOB/@ASK:subject/@MCT"
    fail_once(stage, "expose", 2, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError):
        stage.capture(path=path, fields={"job": "day1"}, answers={"subject": "bee"})
    manifest = next(stage.folder.rglob("*.stackcore.json"))
    stage.capture(path=path, fields={"job": "day2"}, answers={"subject": "fly"})
    result = resume_capture(manifest, registry=stage.registry(), clock=stage.clock)
    assert {path.parent for path in result.files} == {stage.folder / "day1" / "bee"}
    assert len(list((stage.folder / "day1").rglob("*.jpg"))) == 3


def test_what_is_added_has_its_second_copy_too(stage: Any) -> None:
    mirror = stage.folder.parent / "mirror"
    fail_once(stage, "expose", 2, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError):
        stage.capture(mirror=mirror)
    manifest = next(stage.folder.rglob("*.stackcore.json"))
    resume_capture(manifest, registry=stage.registry(), clock=stage.clock)
    [copy] = mirror.rglob("*.stackcore.json")
    assert copy.read_bytes() == manifest.read_bytes()
    assert len(list(mirror.rglob("*.jpg"))) == 3
