"""Runs that go well, that are refused, and that fail half-way."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stackcore.actions import CameraTraits, DriveFocus, Expose, Wait
from stackcore.api.planning import plan_capture
from stackcore.api.shooting import CaptureRequest
from stackcore.capturing import preflight, saving
from stackcore.capturing.plan import estimate
from stackcore.errors import (
    CameraError,
    Cancelled,
    ConfigError,
    FocusDriveError,
    NotReadyError,
    OutputError,
    PluginError,
    UsageError,
)
from stackcore.paths import naming
from stackcore.paths.counters import Counters
from stackcore.protocols import Check

MakeStage = Callable[..., Any]


def fail_at_call(stage: Any, name: str, nth: int, error: BaseException) -> None:
    def hook(moment: str) -> None:
        if moment == name and stage.moments.count(name) == nth:
            raise error

    stage.hook = hook


def test_a_full_run_saves_each_slice_and_returns(stage: Any) -> None:
    result = stage.capture()
    assert result.outcome == "completed"
    assert stage.camera.moves == [40, 40, -80]
    assert [path.read_bytes() for path in result.files] == [b"still at 0", b"still at 40", b"still at 80"]
    assert [path.name for path in result.files] == ["1.jpg", "2.jpg", "3.jpg"]
    assert result.focus.is_back
    assert result.manifest is not None
    assert result.manifest.parent == result.files[0].parent


def test_events_tell_the_run_in_order(stage: Any) -> None:
    stage.capture(slices=2)
    one_slice = ["slice_started", "capturing", "saving", "saved"]
    assert stage.kinds == [
        "run_started",
        *one_slice,
        "moving",
        "waiting",
        *one_slice,
        "returning",
        "result",
        "run_finished",
    ]


@pytest.mark.parametrize(("mode", "unified", "legacy"), [("full", 2, 5), ("preview-images", 2, 2), ("preview", 2, 2)])
def test_the_legacy_style_also_settles_after_each_still(
    make_stage: MakeStage, style: CameraTraits, mode: str, unified: int, legacy: int
) -> None:
    stage = make_stage(style)
    stage.capture(mode=mode)
    assert stage.clock.waits == [0.03] * (legacy if style.style == "legacy" else unified)


def test_a_delay_of_nothing_waits_for_nothing(stage: Any) -> None:
    stage.capture(delay_ms=0)
    assert stage.clock.waits == []
    assert "waiting" not in stage.kinds


def test_long_movements_are_split_into_what_the_body_accepts(make_stage: MakeStage, style: CameraTraits) -> None:
    stage = make_stage(replace(style, max_drive=30))
    stage.capture()
    assert stage.camera.moves == [30, 10, 30, 10, -30, -30, -20]


def test_a_preview_saves_nothing_and_leaves_its_manifest_in_the_state_folder(stage: Any) -> None:
    result = stage.capture(mode="preview")
    assert not stage.folder.exists()
    assert result.manifest is not None
    assert result.manifest.is_relative_to(stage.folder.parent / "state")
    assert [entry.offset for entry in stage.manifest().slices] == [0, 40, 80]
    assert stage.camera.position == 0


def test_the_manifest_tells_what_was_asked_and_done(make_stage: MakeStage, style: CameraTraits) -> None:
    stage = make_stage(replace(style, simulated=True))
    result = stage.capture()
    assert result.manifest is not None
    data = json.loads(result.manifest.read_text(encoding="utf-8"))
    assert data["schema"] == "stackcore.capture/1"
    assert (data["run_id"], data["state"], data["simulated"]) == (result.run_id, "completed", True)
    assert result.manifest.name == f"{result.run_id}.stackcore.json"
    assert data["settings"]["slices"] == 3
    assert data["camera"]["model"] == "Fake 1"
    assert data["focus"] == {"start": 0, "now": 0, "certain": True}
    assert [(each["index"], each["offset"]) for each in data["slices"]] == [(0, 0), (1, 40), (2, 80)]
    [file] = data["slices"][1]["files"]
    assert (file["path"], file["bytes"]) == ("2.jpg", len(b"still at 40"))
    assert data["warnings"] == []


def test_the_manifest_is_whole_after_each_slice(stage: Any) -> None:
    seen = []

    def hook(moment: str) -> None:
        if moment == "event moving":
            manifest = stage.manifest()
            seen.append((manifest.state, len(manifest.slices)))

    stage.hook = hook
    stage.capture()
    assert seen == [("running", 1), ("running", 2)]


def test_the_files_of_one_still_share_a_name(stage: Any) -> None:
    stage.camera.files_per_still = ("jpg", "nef")
    result = stage.capture(slices=2, path=str(stage.folder / "@GCT3"))
    assert [path.name for path in result.files] == ["001.jpg", "001.nef", "002.jpg", "002.nef"]


def test_the_files_of_one_still_go_where_their_type_says(stage: Any) -> None:
    stage.camera.files_per_still = ("jpg", "nef")
    result = stage.capture(slices=2, path=str(stage.folder / "@EXT" / "@GCT3"))
    names = [path.relative_to(stage.folder).as_posix() for path in result.files]
    assert names == ["jpg/001.jpg", "nef/001.nef", "jpg/002.jpg", "nef/002.nef"]


def test_the_files_of_one_still_share_a_name_that_one_of_them_finds_taken(stage: Any) -> None:
    stage.camera.files_per_still = ("jpg", "nef")
    stage.folder.mkdir(parents=True)
    (stage.folder / "1.nef").write_text("mine")
    result = stage.capture(slices=2, path=str(stage.folder / "@MCT"))
    assert [path.name for path in result.files] == ["1-(1).jpg", "1-(1).nef", "2.jpg", "2.nef"]
    assert (stage.folder / "1.nef").read_text() == "mine"
    [warning] = result.warnings
    assert '"-(1)"' in warning.message


def test_a_relative_template_starts_at_the_base_whatever_that_is_called(stage: Any) -> None:
    base = stage.folder / ("@GRP" if os.name == "nt" else "5:1 @GRP. ")
    result = stage.capture(slices=2, path="mid?/@MCT", base=base)
    assert result.files[0] == base / "mid_" / "1.jpg"


def test_nothing_is_ever_overwritten(stage: Any) -> None:
    path = str(stage.folder / "frame")
    first = stage.capture(slices=2, path=path)
    second = stage.capture(slices=2, path=path, step=60)
    assert [path.name for path in (*first.files, *second.files)] == [
        "frame.jpg",
        "frame-(1).jpg",
        "frame-(2).jpg",
        "frame-(3).jpg",
    ]
    assert first.files[1].read_bytes() == b"still at 40"


def test_counters_go_on_in_the_next_run(stage: Any) -> None:
    names = [path.name for _ in range(2) for path in stage.capture(slices=2, path=f"{stage.folder}/@GCT2").files]
    assert names == ["01.jpg", "02.jpg", "03.jpg", "04.jpg"]


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("slices", 1, "2 to 199"),
        ("slices", 200, "2 to 199"),
        ("step", 1, "2 to 999"),
        ("step", 1000, "2 to 999"),
        ("delay_ms", -1, "0 or more"),
    ],
)
def test_a_value_out_of_range_is_refused_before_the_camera_is_touched(
    stage: Any, setting: str, value: int, allowed: str
) -> None:
    with pytest.raises(UsageError, match=allowed) as caught:
        stage.capture(**{setting: value})
    assert str(value) in caught.value.what
    assert stage.camera.calls == []
    assert stage.events[-1].exit_code == 2


@pytest.mark.parametrize(("slices", "step", "delay_ms"), [(2, 2, 0), (199, 999, 1)])
def test_the_ends_of_the_ranges_are_allowed(
    stage: Any, monkeypatch: pytest.MonkeyPatch, slices: int, step: int, delay_ms: int
) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    stage.capture(slices=slices, step=step, delay_ms=delay_ms, mode="preview")
    assert stage.camera.moves[: slices - 1] == [step] * (slices - 1)
    assert sum(stage.camera.moves) == 0


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"mode": "ful"}, PluginError),
        ({"camera": "nikon"}, PluginError),
        ({"path": "@GRPX/@NOPE"}, UsageError),
        ({"settings": {"camera": {"width": 3}}}, ConfigError),
        ({"settings": {"fuser": {"levels": 3}}}, ConfigError),
        ({"profile": "../x"}, UsageError),
        ({"path": "half\udcff"}, UsageError),
    ],
)
def test_a_wrong_name_is_refused_before_the_camera_is_touched(
    stage: Any, option: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        stage.capture(**option)
    assert stage.camera.calls == []
    assert stage.kinds == ["run_started", "run_finished"]


def test_preflight_lists_everything_that_is_missing_and_moves_nothing(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.camera.checks = [
        Check(name="live view", ok=False, detail="off", fix="switch it on"),
        Check(name="lens", ok=False, detail="at MF", fix="set the switch to AF"),
        Check(name="battery", ok=False, detail="10 %", fix="charge it", fatal=False),
    ]
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    with pytest.raises(NotReadyError) as caught:
        stage.capture()
    for part in ("live view", "lens", "room for the run"):
        assert part in caught.value.why
    assert "battery" not in caught.value.why
    assert "switch it on" in caught.value.fix
    assert stage.codes() == ["preflight"]
    assert stage.camera.moves == []
    assert (stage.camera.is_open, stage.camera.live_view) == (False, False)
    assert not stage.folder.exists()
    assert not (stage.folder.parent / "config").exists(), "a run that did not start is not remembered"


def test_counters_that_cannot_be_used_are_told_before_anything_moves(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(OutputError, match="counters"):
        stage.capture(path=f"{stage.folder}/@GCT4")
    assert "expose" not in stage.camera.calls
    assert stage.camera.moves == []
    assert stage.camera.calls[-1] == "close"
    assert stage.capture(path=f"{stage.folder}/@MCT").outcome == "completed"  # it counts nothing


def test_no_room_is_an_output_error(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    with pytest.raises(OutputError, match="room for the run"):
        stage.capture()
    assert stage.camera.moves == []


def test_a_preview_needs_no_room(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    stage.capture(mode="preview")


def test_a_destination_that_is_a_file_is_refused(stage: Any) -> None:
    stage.folder.parent.mkdir(parents=True)
    stage.folder.write_text("in the way")
    with pytest.raises(OutputError, match="destination writable"):
        stage.capture()
    assert stage.camera.moves == []


def test_live_view_is_not_switched_on_when_the_user_says_so(stage: Any) -> None:
    seen = []

    def hook(moment: str) -> None:
        if moment == "preflight-":
            seen.append(stage.camera.live_view)

    stage.hook = hook
    stage.capture(slices=2, start_live_view=False)
    stage.capture(slices=2)
    assert seen == [False, True]


def test_a_drive_that_stops_early_returns_what_it_confirmed(stage: Any) -> None:
    def hook(moment: str) -> None:
        if moment == "drive" and stage.camera.position == 40 and "returning" not in stage.kinds:
            stage.camera.position += 15
            raise FocusDriveError("The lens is at its end.", "it moved 15 of 40.", "reduce the step.", confirmed=15)

    stage.hook = hook
    with pytest.raises(FocusDriveError):
        stage.capture()
    assert stage.camera.moves == [40, -55]
    assert stage.camera.position == 0
    manifest = stage.manifest()
    assert (manifest.state, manifest.focus.now, len(manifest.slices)) == ("failed", 0, 2)
    assert "The lens is at its end." in manifest.warnings[-1].message
    assert stage.events[-1].exit_code == 5


def test_a_drive_that_does_not_know_is_left_alone(stage: Any) -> None:
    fail_at_call(stage, "drive", 2, FocusDriveError("The drive failed.", "no answer.", "look.", confirmed=None))
    with pytest.raises(FocusDriveError):
        stage.capture()
    assert stage.camera.moves == [40]
    [warning] = [event for event in stage.events if event.kind == "warning"]
    assert warning.code == "focus_uncertain"
    assert "between +40 and +80" in warning.message
    assert "by 80 drive units towards the camera at most" in warning.message
    focus = stage.manifest().focus
    assert (focus.now, focus.certain) == (None, False)


def test_a_way_back_that_does_not_know_tells_how_far_at_most(stage: Any) -> None:
    fail_at_call(stage, "drive", 3, FocusDriveError("The drive failed.", "no answer.", "look.", confirmed=None))
    stage.capture()
    [warning] = [event for event in stage.events if event.kind == "warning"]
    assert "between +0 and +80" in warning.message
    assert "by 80 drive units towards the camera at most" in warning.message


def test_a_still_that_fails_keeps_the_frames_and_returns_focus(stage: Any) -> None:
    fail_at_call(stage, "expose", 3, CameraError("The still failed.", "time-out.", "try again."))
    with pytest.raises(CameraError, match="still failed"):
        stage.capture()
    assert stage.camera.position == 0
    assert len(stage.saved()) == 2
    assert stage.manifest().state == "failed"
    assert stage.kinds[-2:] == ["result", "run_finished"]


def test_a_bug_in_a_plugin_returns_focus_too(stage: Any) -> None:
    fail_at_call(stage, "expose", 2, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        stage.capture()
    assert stage.camera.position == 0
    assert stage.events[-1].exit_code == 1


@pytest.mark.parametrize("path", ["@GCT4", "@MCT"])
def test_a_full_disk_keeps_the_frames_and_returns_focus(stage: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def flush(handle: int) -> None:
        if stage.moments and stage.moments[-1] == "event saving" and stage.moments.count("event saving") == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", flush)
    with pytest.raises(OutputError, match=r"(?i)no space left") as caught:
        stage.capture(path=f"{stage.folder}/{path}")
    assert "2.jpg" in caught.value.what
    assert stage.camera.position == 0
    assert [path.name for path in stage.saved()] == ["0001.jpg" if path == "@GCT4" else "1.jpg"]
    assert stage.manifest().state == "failed"
    assert stage.events[-1].exit_code == 7
    if path == "@GCT4":  # the number that was not used is given back
        assert stage.capture(slices=2, path=f"{stage.folder}/{path}").files[0].name == "0002.jpg"


@pytest.mark.parametrize("way", ["busy", "lost", "refuses"])
def test_where_focus_cannot_return_the_user_is_told_how_far(
    make_stage: MakeStage, style: CameraTraits, way: str
) -> None:
    stage = make_stage(replace(style, returns_focus=way != "refuses"))
    stage.camera.ready = way != "busy"
    if way == "lost":
        fail_at_call(stage, "wait_ready", 1, CameraError("The camera is gone.", "no answer.", "plug it in."))
    result = stage.capture()
    assert stage.camera.moves == [40, 40]
    assert stage.codes() == ["focus_not_returned"]
    assert "by 80 drive units towards the camera" in result.warnings[0].message
    assert (result.focus.now, result.focus.certain, result.focus.is_back) == (80, True, False)
    assert stage.manifest().warnings[0].code == "focus_not_returned"


def test_a_clean_up_step_that_fails_stops_neither_the_others_nor_hides_the_failure(stage: Any) -> None:
    def hook(moment: str) -> None:
        if moment == "expose" or moment in ("restore", "close"):
            raise CameraError(f"{moment} failed.", "no answer.", "plug it in.")

    stage.hook = hook
    with pytest.raises(CameraError, match="expose failed"):
        stage.capture()
    assert stage.camera.calls[-2:] == ["restore", "close"]
    assert stage.codes() == ["clean_up", "clean_up"]
    assert stage.manifest().state == "failed"


def test_a_camera_that_delivers_no_file_draws_a_warning(stage: Any) -> None:
    stage.camera.files_per_still = ()
    stage.capture()
    assert stage.codes() == ["no_file"] * 3
    assert [len(entry.warnings) for entry in stage.manifest().slices] == [1, 1, 1]


def test_a_number_whose_file_may_be_in_place_is_never_given_again(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def place_and_stop(*arguments: Any) -> None:
        naming.place(*arguments)
        raise KeyboardInterrupt

    path = f"{stage.folder}/@GCT1"
    with monkeypatch.context() as patch:
        patch.setattr(saving, "place", place_and_stop)
        with pytest.raises(KeyboardInterrupt):
            stage.capture(path=path)
    assert [file.name for file in stage.capture(slices=2, path=path).files] == ["2.jpg", "3.jpg"]
    assert "counter_gap" not in stage.codes()


def test_numbers_that_a_killed_run_left_open_are_told(stage: Any) -> None:
    with pytest.raises(UsageError):
        stage.capture(slices=0)  # sets the folders
    counters = Counters(stage.folder.parent / "state")
    counters.reserve(["global"], lambda numbers: stage.folder / "lost.jpg")
    assert stage.capture(slices=2, path=f"{stage.folder}/@GCT1").files[0].name == "2.jpg"
    assert "counter_gap" in stage.codes()


def test_names_made_of_the_time_differ_even_when_the_clock_stands_still(stage: Any) -> None:
    stage.clock.now = lambda: datetime(2026, 11, 22, 18, 15, tzinfo=UTC)
    names = [file.name for file in stage.capture(path=f"{stage.folder}/@DT1").files]
    assert names == [f"20261122-181500-00{n}.jpg" for n in range(3)]


@pytest.mark.parametrize(
    ("returns", "seconds"), [(True, 2 * 5 + 2 * 0.1 + 0.5 + 2 * 0.1), (False, 2 * 5 + 2 * 0.1 + 0.5)]
)
def test_the_estimate_counts_stills_movements_delays_and_the_way_back(returns: bool, seconds: float) -> None:
    traits = CameraTraits(
        style="unified",
        waits_after_still=False,
        returns_focus=returns,
        still_s=5,
        move_s=0.1,
        max_drive=25,
        still_bytes=7,
    )
    cost = estimate([Expose(0), DriveFocus(50), Wait(500), Expose(1)], traits)
    assert cost.seconds == pytest.approx(seconds)  # 50 units are two commands of 25 each way
    assert (cost.bytes, cost.files, cost.travel) == (14, 2, 50)


def test_the_next_run_starts_from_what_the_last_one_used(stage: Any) -> None:
    stage.capture(slices=4, step=30, delay_ms=5)
    stage.capture(slices=2, save_profile=False, step=None, delay_ms=None)
    assert stage.camera.moves[-2:] == [30, -30]
    again = stage.capture(slices=None, step=None, delay_ms=None, camera=None, path=None, mode=None)
    assert again.settings == again.settings.model_copy(update={"slices": 4, "step": 30, "delay_ms": 5})
    assert again.settings.camera == "fake"


def test_a_run_that_was_cancelled_before_it_moved_is_not_remembered(stage: Any) -> None:
    def hook(moment: str) -> None:
        if moment == "preflight-":
            stage.cancel.set()

    stage.hook = hook
    with pytest.raises(Cancelled):
        stage.capture()
    assert not (stage.folder.parent / "config").exists()


def test_a_profile_that_cannot_be_stored_does_not_stop_the_run(stage: Any) -> None:
    stage.folder.parent.mkdir(parents=True)
    (stage.folder.parent / "config").write_text("in the way")
    with pytest.raises(ConfigError):
        stage.capture()
    (stage.folder.parent / "config").unlink()

    def hook(moment: str) -> None:
        if moment == "preflight-":
            (stage.folder.parent / "config").write_text("in the way")

    stage.hook = hook
    assert stage.capture().outcome == "completed"
    assert stage.codes() == ["profile"]


def test_a_dry_run_touches_nothing(stage: Any) -> None:
    with pytest.raises(UsageError):
        stage.capture(slices=1)  # also sets the folders of this stage
    planned = plan_capture(CaptureRequest(slices=4, step=30, delay_ms=100, mode="full", path=f"{stage.folder}/@GCT4"))
    assert planned.first_file == stage.folder / "0001.jpg"
    assert planned.estimate.files == 4
    assert planned.estimate.travel == 90
    assert not stage.folder.exists()
    assert not Path(os.environ["STACKCORE_STATE_DIR"]).exists()
    assert not Path(os.environ["STACKCORE_CONFIG_DIR"]).exists()
