"""`stack` from Python: its result, its events, its settings, and how pictures compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pyvips

import stackcore.api as api
from stackcore.api.processing import StackOptions, plan_stack, sharpen, stack
from stackcore.errors import (
    AlignmentFailed,
    ConfigError,
    FrameError,
    FrameMismatch,
    OutputError,
    PluginError,
    UnreadableFrame,
    UsageError,
)


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    difference = picture.astype(float) / np.iinfo(picture.dtype).max - truth.astype(float) / np.iinfo(truth.dtype).max
    return float(-10 * np.log10((difference**2).mean()))


def read(path: Path) -> np.ndarray:
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy())


def test_a_stack_becomes_one_sharp_picture(shoot, small_stack, tmp_path, ear):
    target = tmp_path / "sharp.tif"
    result = api.stack(shoot, target, listeners=[ear])
    x, y, width, height = result.crop
    assert result.picture.shape == (height, width, 3) == (result.height, result.width, 3)
    assert result.picture.dtype == np.uint16
    truth = small_stack.truth[y : y + height, x : x + width]
    best = max(psnr(frame[y : y + height, x : x + width], truth) for frame in small_stack.frames)
    assert psnr(result.picture, truth) > best + 4
    assert psnr(result.picture, truth) > 29
    assert result.frames == 6
    assert result.skipped == []
    assert result.warnings == []
    assert set(result.seconds) == {"hot_pixels", "align", "fuse", "write"}
    assert result.hot_pixels.places == ()
    assert result.survey.reference == 3
    assert result.peak_memory_bytes is None or result.peak_memory_bytes > 10_000_000
    assert result.output == target
    assert np.array_equal(read(target), result.picture)


def test_what_a_run_tells(shoot, tmp_path, ear):
    result = stack(shoot, tmp_path / "a.png", sharpen="1", listeners=[ear])
    assert ear.kinds[0] == "run_started"
    assert ear.kinds[-2:] == ["result", "run_finished"]
    assert ear.kinds.count("run_finished") == ear.kinds.count("result") == 1
    assert [event.seq for event in ear.events] == list(range(1, len(ear.events) + 1))
    stages = [("hot_pixels", 5), ("align", 9), ("fuse", 6), ("sharpen", 1)]
    assert [(e.stage, e.total) for e in ear.of("stage_started")] == stages
    for stage, total in stages:
        told = [e.done for e in ear.of("progress") if e.stage == stage]
        assert told == list(range(1, total + 1)) or (stage == "hot_pixels" and told == sorted(set(told)))
        assert told[-1] == total
    assert all(e.done <= e.total for e in ear.of("progress"))
    started, finished = ear.events[0], ear.events[-1]
    assert started.command == "stack"
    assert started.settings["output"] == str(tmp_path / "a.png")
    assert started.settings["sharpen"] == "1"
    assert (finished.outcome, finished.exit_code, finished.error) == ("completed", 0, None)
    [told] = ear.of("result")
    assert told.data == json.loads(json.dumps(result.summary()))
    assert told.data["frames"] == 6


@pytest.mark.parametrize("form", ["folder", "files", "glob", "strings"])
def test_every_form_of_input_gives_the_same_picture(shoot, form):
    files = sorted(shoot.iterdir(), key=lambda p: int(p.stem[3:]))
    forms: dict[str, Any] = {
        "folder": shoot,
        "files": files,
        "glob": str(shoot / "*.tif"),
        "strings": [str(f) for f in files],
    }
    picture = stack(forms[form], align=False).picture
    assert np.array_equal(picture, stack(files, align=False).picture)


def test_the_number_of_workers_does_not_change_a_byte(shoot, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")  # a result tells when it was made
    written = []
    for workers in (1, 2, 3):
        target = tmp_path / f"{workers}.tif"
        stack(shoot, target, workers=workers, sharpen="1")
        written.append(target.read_bytes())
    assert written[0] == written[1] == written[2]


def test_what_the_survey_found_can_be_used_again(shoot, tmp_path, small_stack):
    found = api.survey(shoot, transforms=tmp_path / "t.json")
    direct = stack(shoot)
    again = stack(shoot, transforms=tmp_path / "t.json")
    assert np.array_equal(direct.picture, again.picture)
    assert again.crop == direct.crop == (found.crop.x, found.crop.y, found.crop.width, found.crop.height)
    assert "align" in again.seconds
    by_name = stack(shoot, transforms=str(tmp_path / "t.json"))
    assert np.array_equal(by_name.picture, again.picture)


def test_without_aligning_frames_are_taken_as_they_lie(shoot, ear):
    result = stack(shoot, align=False, listeners=[ear])
    assert (result.width, result.height) == (360, 240)
    assert result.crop == (0, 0, 360, 240)
    assert all(frame.transform.is_identity for frame in result.survey.frames)
    assert [e.stage for e in ear.of("stage_started")] == ["hot_pixels", "fuse"]
    assert not np.array_equal(result.picture, stack(shoot, crop=False).picture)


def test_aligned_frames_fuse_to_the_same_picture(shoot, tmp_path, ear):
    found = api.survey(shoot, aligned=tmp_path / "aligned", listeners=[ear])
    names = [f"aligned_{i:04d}.tif" for i in range(6)]
    assert sorted(p.name for p in (tmp_path / "aligned").iterdir()) == names
    assert ear.of("result")[0].data["aligned"] == [str(tmp_path / "aligned" / name) for name in names]
    assert [e.done for e in ear.of("progress") if e.stage == "write"] == [1, 2, 3, 4, 5, 6]
    frames = [read(tmp_path / "aligned" / name) for name in names]
    assert all(f.shape == (found.crop.height, found.crop.width, 3) and f.dtype == np.uint16 for f in frames)
    assert np.array_equal(
        frames[3] // 257, read(shoot / "img11.tif")[found.crop.y : found.crop.bottom, found.crop.x : found.crop.right]
    )
    apart, direct = stack(tmp_path / "aligned", align=False).picture, stack(shoot).picture
    assert apart.shape == direct.shape
    assert psnr(apart, direct) > 40  # the frames were rounded to 16 bits, and their noise is measured after the warp


def test_the_whole_reference_is_kept_when_asked(shoot):
    result = stack(shoot, crop=False)
    assert (result.width, result.height, result.crop) == (360, 240, (0, 0, 360, 240))


def test_flicker_is_matched_unless_it_is_not_wanted(shoot, small_stack):
    matched, left = stack(shoot), stack(shoot, match_exposure=False)
    assert [f.gain for f in left.survey.frames] == [(1, 1, 1)] * 6
    assert max(abs(f.gain[0] - 1) for f in matched.survey.frames) > 0.01
    assert not np.array_equal(matched.picture, left.picture)


def test_a_manifest_is_an_input(tmp_path):
    shot = api.capture(
        slices=4,
        base=tmp_path,
        path="run/@MCT",
        delay_ms=0,
        save_profile=False,
        settings={"camera": {"width_px": 180, "height_px": 120}},
    )
    assert shot.manifest is not None
    result = stack(shot.manifest, tmp_path / "a.jpg")
    assert result.frames == 4
    assert max(result.width, result.height) <= 180
    assert np.array_equal(result.picture, stack(list(shot.files)).picture)


def test_the_colour_profile_is_that_of_the_reference(tmp_path, small_stack):
    kinds = ["srgb", "srgb", "p3", "srgb"]  # the reference is the third
    profiles = {k: pyvips.Image.black(4, 4).icc_export(output_profile=k).get("icc-profile-data") for k in set(kinds)}
    for index, kind in enumerate(kinds):
        image = pyvips.Image.new_from_array(small_stack.frames[index]).copy(interpretation="srgb")
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profiles[kind])
        image.write_to_file(str(tmp_path / f"{index}.tif"))
    target = tmp_path / "out.png"
    stack(tmp_path / "*.tif", target, align=False)
    api.survey(tmp_path / "[0-3].tif", aligned=tmp_path / "aligned", align=False)
    for path in (tmp_path / "aligned").iterdir():
        assert pyvips.Image.new_from_file(str(path)).get("icc-profile-data") == profiles["p3"]
    assert profiles["p3"] != profiles["srgb"]
    assert pyvips.Image.new_from_file(str(target)).get("icc-profile-data") == profiles["p3"]


def test_sixteen_bit_and_float_frames_go_through(tmp_path, small_stack):
    for kind, dtype in (("u16", np.uint16), ("f32", np.float32)):
        (tmp_path / kind).mkdir()
        for index, frame in enumerate(small_stack.frames[:3]):
            deep = (frame * np.uint16(257)) if dtype is np.uint16 else (frame / np.float32(255)).astype(np.float32)
            assert cv2.imwrite(str(tmp_path / kind / f"{index}.tif"), deep[..., ::-1])
    deep, fractions = (stack(tmp_path / kind).picture for kind in ("u16", "f32"))
    assert (deep.dtype, fractions.dtype) == (np.uint16, np.float32)
    assert np.abs(deep / 65535 - np.clip(fractions, 0, 1)).max() < 0.002


def test_a_skipped_frame_is_told(shoot, small_stack, ear):
    grey = 128 + np.random.default_rng(1).integers(-1, 2, small_stack.frames[0].shape)
    assert cv2.imwrite(str(shoot / "img9.tif"), grey.astype(np.uint8))
    result = stack(shoot, listeners=[ear])
    assert (result.frames, result.skipped) == (5, ["img9.tif"])
    [warning] = ear.of("warning")
    assert (warning.code, warning.frame) == ("frame-skipped", "img9.tif")
    assert result.warnings == [warning.message]
    with pytest.raises(AlignmentFailed, match=r"img9\.tif"):
        stack(shoot, on_unaligned="stop")


def test_sharpening_makes_it_sharper(shoot):
    def detail(picture: np.ndarray) -> float:
        return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())

    plain, sharp, off = (stack(shoot, align=False, sharpen=s).picture for s in (None, "0:0:1", "0"))
    assert detail(sharp) > 1.2 * detail(plain)
    assert np.array_equal(off, plain)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"fuser": "pyramyd"}, PluginError, '"pyramid"'),
        ({"aligner": "ecs"}, PluginError, '"ecc"'),
        ({"executor": "lokal"}, PluginError, '"local"'),
        ({"sharpener": "unsharp", "sharpen": "1"}, PluginError, '"unsharp3"'),
        ({"settings": {"fusser": {"levels": 3}}}, ConfigError, '"fuser"'),
        ({"settings": {"fuser": {"level": 3}}}, ConfigError, '"levels"'),
        ({"settings": {"fuser": {"levels": 99}}}, ConfigError, "levels"),
        ({"settings": {"executor": {"workers": 0}}}, ConfigError, "workers"),
        ({"workers": 0}, UsageError, "workers"),
        ({"sharpen": "1:2"}, UsageError, "1:2"),
        ({"sharpen": "strong"}, UsageError, "strong"),
        ({"transforms": Path("nowhere.json")}, ConfigError, "nowhere.json"),
    ],
)
def test_what_is_wrong_is_told_before_any_work(shoot, tmp_path, ear, snapshot, options, error, told):
    before = snapshot(tmp_path)
    with pytest.raises(error) as caught:
        stack(shoot, tmp_path / "a.tif", listeners=[ear], **options)
    assert told in str(caught.value)
    assert ear.of("stage_started") == []
    assert ear.kinds[-1] == "run_finished"
    assert (ear.events[-1].outcome, ear.events[-1].exit_code) == ("failed", error.exit_code)
    assert ear.events[-1].error.what == caught.value.what
    assert snapshot(tmp_path) == before


def test_too_little_memory_names_the_number_needed(shoot, tmp_path, ear):
    with pytest.raises(ConfigError) as caught:
        stack(shoot, tmp_path / "a.tif", memory_bytes=1_000_000, listeners=[ear])
    assert "--memory" in caught.value.fix
    needed = int(caught.value.fix.split("--memory ")[1].split("MiB")[0])
    assert not (tmp_path / "a.tif").exists()
    assert stack(shoot, memory_bytes=needed * 2**20).frames == 6


def test_an_input_is_never_written_over(shoot, ear, snapshot):
    before = snapshot(shoot)
    for target in (shoot / "img9.tif", shoot / ".." / "shoot" / "img8.tif"):
        with pytest.raises(OutputError, match="one of the inputs"):
            stack(shoot, target, overwrite=True, listeners=[ear])
        with pytest.raises(OutputError, match="one of the inputs"):
            sharpen(target, target, overwrite=True)
        with pytest.raises(OutputError, match="one of the inputs"):
            api.survey(shoot, transforms=target, overwrite=True)
    assert ear.of("stage_started") == []
    assert snapshot(shoot) == before


def test_the_result_replaces_an_older_one_only_when_asked(shoot, tmp_path):
    target = tmp_path / "a.tif"
    target.write_bytes(b"older")
    with pytest.raises(OutputError, match="exists already"):
        stack(shoot, target)
    assert target.read_bytes() == b"older"
    stack(shoot, target, overwrite=True, align=False)
    assert read(target).shape == (240, 360, 3)


def test_a_target_that_appears_meanwhile_is_not_touched(shoot, tmp_path):
    target = tmp_path / "a.tif"

    def intrude(event: Any) -> None:
        if event.kind == "progress":
            target.write_bytes(b"somebody else's")

    with pytest.raises(OutputError, match="appeared while"):
        stack(shoot, target, listeners=[intrude], align=False)
    assert target.read_bytes() == b"somebody else's"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "shoot"]


def test_a_truncated_frame_is_named_and_nothing_is_written(shoot, small_stack, tmp_path, snapshot):
    for path in sorted(shoot.iterdir()):
        image = cv2.imread(str(path))
        assert cv2.imwrite(str(path.with_suffix(".jpg")), image)
        path.unlink()
    broken = shoot / "img10.jpg"
    broken.write_bytes(broken.read_bytes()[:-3000])
    before = snapshot(tmp_path)
    for align in (True, False):
        with pytest.raises(UnreadableFrame, match=r"img10\.jpg"):
            stack(shoot, tmp_path / "a.tif", align=align)
    assert snapshot(tmp_path) == before


def test_too_few_or_unlike_frames(shoot, tmp_path):
    with pytest.raises(FrameError, match="One frame"):
        stack(shoot / "img8.tif")
    with pytest.raises(FrameError, match="no frames"):
        stack(tmp_path / "*.jpg")
    assert cv2.imwrite(str(shoot / "img14.tif"), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(FrameMismatch, match=r"img14\.tif"):
        stack(shoot)


def test_a_plan_tells_what_would_be_done_and_does_nothing(shoot, tmp_path, ear, snapshot):
    before = snapshot(tmp_path)
    plan = plan_stack(shoot, tmp_path / "a.tif", options=StackOptions(sharpen="1"), listeners=[ear])
    assert plan["stages"] == ["hot_pixels", "align", "fuse", "sharpen", "write"]
    assert (plan["frames"], plan["width"], plan["height"], plan["dtype"]) == (6, 360, 240, "uint8")
    assert plan["reference"] == "img11.tif"
    assert plan["memory_bytes"] > 1_000_000
    assert ear.kinds == ["run_started", "result", "run_finished"]
    assert snapshot(tmp_path) == before
    assert plan_stack(shoot, options=StackOptions(align=False, hot_pixels=False))["stages"] == ["fuse"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"fuser": "pyramyd"}, PluginError),
        ({"executor": "lokal"}, PluginError),
        ({"sharpen": "1:2"}, UsageError),
        ({"memory_bytes": 1000}, ConfigError),
    ],
)
def test_a_plan_finds_the_same_faults(shoot, tmp_path, options, error):
    with pytest.raises(error):
        plan_stack(shoot, tmp_path / "a.tif", options=StackOptions(**options))
    with pytest.raises(OutputError):
        plan_stack(shoot, tmp_path / "no" / "a.tif")
    with pytest.raises(OutputError):
        plan_stack(shoot, shoot / "img8.tif", options=StackOptions(overwrite=True))


def test_aligned_frames_kept_beside_an_unchanged_result_say_what_they_cover(shoot, tmp_path):
    plain = stack(shoot, crop=False).picture
    kept = stack(shoot, tmp_path / "a.tif", crop=False, keep_aligned=tmp_path / "aligned")
    assert np.array_equal(kept.picture, plain)
    [*paths] = sorted((tmp_path / "aligned").iterdir())
    assert len(paths) == 6
    bands = [pyvips.Image.new_from_file(str(path)).bands for path in paths]
    assert bands[3] == 3  # the reference covers all of itself
    assert bands.count(4) >= 2
    moved = pyvips.Image.new_from_file(str(paths[bands.index(4)])).numpy()
    assert moved.dtype == np.uint16
    assert set(np.unique(moved[..., 3])) == {0, 65535}
    covered = np.count_nonzero(moved[..., 3]) / moved[..., 3].size
    assert 0.9 < covered < 1
    again = stack(tmp_path / "aligned", align=False, crop=False, match_exposure=False).picture
    assert np.percentile(np.abs(again.astype(int) - plain.astype(int)), 99) < 4 * 257


def test_aligned_frames_within_the_common_area_have_no_alpha(shoot, tmp_path):
    stack(shoot, keep_aligned=tmp_path / "aligned")
    assert {pyvips.Image.new_from_file(str(path)).bands for path in (tmp_path / "aligned").iterdir()} == {3}


def test_nothing_is_done_where_aligned_frames_cannot_go(shoot, tmp_path, ear):
    with pytest.raises(OutputError):
        stack(shoot, keep_aligned=tmp_path / "missing" / "aligned", listeners=[ear])
    assert "stage_started" not in ear.kinds
