"""`survey` and `sharpen` from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import pyvips

import stackcore.api as api
from stackcore.api.processing import sharpen
from stackcore.errors import AlignmentFailed, OutputError, UsageError
from stackcore.testing.scene import make_stack


def read(path: Path) -> np.ndarray:
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy())


def test_a_survey_writes_what_is_asked_for(shoot, tmp_path, ear):
    found = api.survey(shoot, transforms=tmp_path / "t.json", matrices=tmp_path / "m.json", listeners=[ear])
    record = json.loads((tmp_path / "t.json").read_text())
    assert [frame["path"] for frame in record["frames"]] == [f"shoot/img{i}.tif" for i in range(8, 14)]
    matrices = np.array(json.loads((tmp_path / "m.json").read_text()))
    assert np.array_equal(matrices, [frame.transform.matrix for frame in found.frames])
    [told] = ear.of("result")
    assert told.data["frames"] == 6
    assert told.data["files"] == {"transforms": str(tmp_path / "t.json"), "matrices": str(tmp_path / "m.json")}
    assert ear.kinds[-1] == "run_finished"


def test_a_survey_without_files_writes_none(shoot, snapshot):
    before = snapshot(shoot.parent)
    assert api.survey(shoot).noise_sigma > 0
    assert snapshot(shoot.parent) == before


def test_an_existing_file_stays_unless_asked(shoot, tmp_path):
    (tmp_path / "t.json").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        api.survey(shoot, transforms=tmp_path / "t.json")
    assert (tmp_path / "t.json").read_text() == "mine"
    api.survey(shoot, transforms=tmp_path / "t.json", overwrite=True)
    assert json.loads((tmp_path / "t.json").read_text())["reference"] == 3


def test_aligned_frames_that_exist_stay(shoot, tmp_path, ear, snapshot):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "aligned_0004.tif").write_bytes(b"mine")
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match=r"aligned_0004\.tif"):
        api.survey(shoot, aligned=tmp_path / "out", listeners=[ear])
    assert ear.of("stage_started") == []
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("place", ["no/out", "file"])
def test_a_place_where_no_folder_can_be(shoot, tmp_path, ear, place):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        api.survey(shoot, aligned=tmp_path / place, listeners=[ear])
    assert ear.of("stage_started") == []


def test_a_survey_that_fails_leaves_no_folder(shoot, tmp_path, small_stack):
    for path in shoot.iterdir():
        pyvips.Image.black(360, 240, bands=3).write_to_file(str(path))
    with pytest.raises(AlignmentFailed):
        api.survey(shoot, aligned=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_aligned_frames_are_never_written_over_their_sources(shoot, tmp_path):
    folder = tmp_path / "aligned"
    api.survey(shoot, aligned=folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match="one of the inputs"):
        api.survey(folder, aligned=folder, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_sharpening_a_picture(shoot, tmp_path, ear):
    source, target = shoot / "img11.tif", tmp_path / "sharp.png"
    assert sharpen(source, target, strength="0:0:2", listeners=[ear]) == target
    before, after = read(source).astype(float), read(target).astype(float)
    assert after.shape == before.shape
    assert np.abs(np.diff(after, axis=1)).mean() > 1.3 * np.abs(np.diff(before, axis=1)).mean()
    assert abs(after.mean() - before.mean()) < 2
    assert ear.kinds == ["run_started", "stage_started", "progress", "result", "run_finished"]
    assert ear.of("result")[0].data == {"output": str(target), "width": 360, "height": 240}


def test_strength_0_changes_nothing(shoot, tmp_path):
    sharpen(shoot / "img11.tif", tmp_path / "same.tif", strength="0")
    assert np.array_equal(read(tmp_path / "same.tif"), read(shoot / "img11.tif"))


def test_a_folder_is_not_one_picture(shoot, tmp_path):
    with pytest.raises(UsageError, match="not one picture"):
        sharpen(shoot, tmp_path / "a.tif")


@pytest.mark.parametrize("command", ["stack", "sharpen"])
def test_what_becomes_of_colours_is_told_once(tmp_path, ear, command):
    pixels = np.random.default_rng(1).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    inks = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").colourspace("cmyk")
    paths = [tmp_path / f"f{index}.tif" for index in range(2)]
    for path in paths:
        inks.write_to_file(str(path))
    if command == "sharpen":
        sharpen(paths[0], tmp_path / "out.tif", listeners=[ear])
    else:
        api.stack(paths, tmp_path / "out.tif", align=False, listeners=[ear])
    [warning] = [event for event in ear.of("warning") if event.code == "colours"]
    assert "converted from CMYK" in warning.message
    assert ("1 of 1" if command == "sharpen" else "2 of 2") in warning.message


def test_a_survey_is_judged_in_words():
    stack = make_stack(360, 240, 9, seed=3)
    found = api.align(stack.frames, hot_pixels=False)
    half = api.align(stack.frames[:5], hot_pixels=False)
    assert "last-gaining" not in [finding.code for finding in api.judge_coverage(found)]
    said = {finding.code: finding for finding in api.judge_coverage(half)}
    assert said["last-gaining"].level == "warning"
    assert said["last-gaining"].advice
    files = api.align(stack.frames, align=False, hot_pixels=False)
    assert [finding.code for finding in api.judge_coverage(files, crop=False)] == ["unknown"]
