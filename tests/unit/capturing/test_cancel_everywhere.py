"""A cancel, and a second Ctrl-C, at every moment that a run has."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.actions import CameraTraits
from stackcore.errors import Cancelled

MODES = ["full", "preview-images", "preview"]

MakeStage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of runs need not outlast a power cut."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(params=[False, True], ids=["blind", "looks"])
def make_stage(request: pytest.FixtureRequest, make_stage: MakeStage) -> MakeStage:
    """Every run once without and once with a look at live view in each slice."""
    picture = cv2.imencode(".jpg", np.eye(8, dtype=np.uint8) * 255)[1].tobytes()

    def make(*arguments: Any) -> Any:
        stage = make_stage(*arguments)
        stage.looks, stage.camera.picture = request.param, picture
        return stage

    return make


def count_moments(make_stage: MakeStage, style: CameraTraits, mode: str) -> int:
    stage = make_stage(style)
    stage.capture(mode=mode)
    assert stage.kinds[-1] == "run_finished"
    assert stage.kinds.count("progress") == (3 if stage.looks else 0)
    return len(stage.moments)


def strike_at(stage: Any, position: int, strike: Callable[[], None]) -> None:
    def hook(name: str) -> None:
        if len(stage.moments) == position + 1:
            strike()

    stage.hook = hook


def check_frames(stage: Any) -> None:
    """Every file on disk is whole and in the manifest, and there is nothing else."""
    manifests = list(stage.folder.parent.rglob("*.stackcore.json"))
    if not manifests:
        assert not stage.saved()
        return
    manifest = stage.manifest()
    assert sorted(manifest.file_paths(manifests[0].parent)) == stage.saved()
    for entry in manifest.slices:
        for file in entry.files:
            data = (manifests[0].parent / file.path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file.sha256
            assert data.endswith(f"at {entry.offset}".encode())


@pytest.mark.parametrize("mode", MODES)
def test_a_cancel_at_any_moment_returns_focus_and_ends_the_run(
    make_stage: MakeStage, style: CameraTraits, mode: str
) -> None:
    style = replace(style, max_drive=25)  # so that a cancel can arrive between the parts of a movement, too
    total = count_moments(make_stage, style, mode)
    outcomes = set()
    for position in range(total):
        stage = make_stage(style)
        strike_at(stage, position, stage.cancel.set)
        try:
            outcome = stage.capture(mode=mode).outcome
        except Cancelled:
            outcome = "cancelled"
        outcomes.add(outcome)
        moment = stage.moments[position]
        assert stage.camera.position == 0, moment
        assert not stage.camera.is_open, moment
        assert not stage.camera.live_view, moment
        assert stage.kinds.count("run_finished") == 1, moment
        assert stage.kinds[-1] == "run_finished", moment
        assert stage.events[-1].outcome == outcome, moment
        assert stage.codes() == [], moment
        check_frames(stage)
        if stage.moments.count("event slice_started"):
            manifest = stage.manifest()
            assert (manifest.state, manifest.focus.now, manifest.focus.certain) == (outcome, 0, True), moment
    assert outcomes == {"completed", "cancelled"}


@pytest.mark.parametrize("mode", MODES)
def test_a_cancel_stops_what_is_pending_but_not_a_still_that_has_begun(
    make_stage: MakeStage, style: CameraTraits, mode: str
) -> None:
    style = replace(style, max_drive=25)
    total, saves = count_moments(make_stage, style, mode), mode != "preview"
    for position in range(total):
        stage = make_stage(style)
        strike_at(stage, position, stage.cancel.set)
        with contextlib.suppress(Cancelled):
            stage.capture(mode=mode)
        takes = "preview" if mode == "preview-images" else "expose"
        taken = [name for name in stage.moments if name == takes]
        assert len(stage.saved()) == len(taken), "what has begun is saved"
        struck, after = stage.moments[position], stage.moments[position + 1 :]
        # Only the action that the cancel fell into goes on: nothing further is taken, moved outwards or waited for.
        # After a look at live view the run stops before the still; the look itself is not begun any more.
        assert (takes in after) == (struck in ("event slice_started", "event capturing") and saves)
        assert ("preview" in after) == (takes in after and takes == "preview")
        assert ("wait" in after) == (struck == "event waiting")
        assert after.count("event moving") == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_second_ctrl_c_at_any_moment_ends_the_run_and_says_where_focus_stands(
    make_stage: MakeStage, style: CameraTraits, mode: str
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    total = count_moments(make_stage, style, mode)
    for position in range(total):
        stage = make_stage(style)
        strike_at(stage, position, interrupt)
        with pytest.raises(KeyboardInterrupt):
            stage.capture(mode=mode)
        moment = f"{position}: {stage.moments[position]}"
        assert stage.kinds.count("run_finished") == 1, moment
        assert stage.kinds[-1] == "run_finished", moment
        assert (stage.events[-1].outcome, stage.events[-1].exit_code) == ("cancelled", 130), moment
        assert not stage.camera.is_open, moment
        check_frames(stage)
        assert "drive" not in stage.moments[position + 1 :], moment
        drive_was_cut = stage.moments[position] in ("drive", "drive-")
        if drive_was_cut:
            assert "focus_uncertain" in stage.codes(), moment
        elif stage.camera.position:
            [warning] = [event for event in stage.events if event.kind == "warning"]
            assert warning.code == "focus_not_returned", moment
            assert f"by {stage.camera.position} drive units towards the camera" in warning.message, moment
        if stage.moments.count("event slice_started"):
            focus = stage.manifest().focus
            assert focus.certain is not drive_was_cut, moment
            assert focus.now == (None if drive_was_cut else stage.camera.position), moment


@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_during_the_clean_up_after_a_cancel_still_ends_the_run(
    make_stage: MakeStage, style: CameraTraits, mode: str
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    def cancelled_in_the_second_slice() -> Any:
        stage = make_stage(style)
        before = stage.camera.drive_focus

        def drive(steps: int) -> None:
            before(steps)
            stage.cancel.set()

        stage.camera.drive_focus = drive
        return stage

    probe = cancelled_in_the_second_slice()
    with pytest.raises(Cancelled):
        probe.capture(mode=mode)
    assert probe.camera.moves == [40, -40]
    for position in range(probe.moments.index("event returning"), len(probe.moments)):
        stage = cancelled_in_the_second_slice()
        strike_at(stage, position, interrupt)
        with pytest.raises(KeyboardInterrupt):
            stage.capture(mode=mode)
        assert stage.kinds[-1] == "run_finished"
        assert not stage.camera.is_open
        assert stage.manifest().state == "cancelled" or stage.moments[position] == "event result"
        assert bool(stage.codes()) == (stage.manifest().focus.now != 0)
