"""`stackcore stack`, `survey`, `align`, `fuse` and `sharpen` from the outside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

Run = Callable[..., Any]


@pytest.fixture
def shoot(stack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small stack in the folder `shoot` of the folder where the command runs."""
    shutil.copytree(stack_folder, tmp_path / "shoot")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shoot"


def read(path: str | Path) -> np.ndarray:
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy())


def events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def result_of(out: str) -> dict[str, Any]:
    [data] = [event["data"] for event in events(out) if event["kind"] == "result"]
    assert isinstance(data, dict)
    return data


def test_stack_writes_the_picture_and_says_where(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "sharp.tif", "--sharpen", "1")
    assert done.code == 0, done.err
    picture = read("sharp.tif")
    assert picture.dtype == np.uint16
    assert picture.shape[0] > 220
    assert "sharp.tif" in done.out
    for stage in ("align: 9 to do", "fuse: 6 to do", "sharpen: 1 to do"):
        assert stage in done.err


@pytest.mark.parametrize(("name", "dtype"), [("a.tif", np.uint16), ("a.png", np.uint16), ("a.jpg", np.uint8)])
def test_the_extension_chooses_the_format(stackcore: Run, shoot: Path, name: str, dtype: type) -> None:
    assert stackcore("stack", "shoot", "-o", name, "--no-align", "--quiet").code == 0
    picture = read(name)
    assert (picture.shape, picture.dtype) == ((240, 360, 3), dtype)


def test_json_has_one_event_a_line_and_ends_with_run_finished(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "a.tif", "--json")
    told = events(done.out)
    assert (done.code, done.err) == (0, "")
    assert told[0]["kind"] == "run_started"
    assert told[-1]["kind"] == "run_finished"
    assert (told[-1]["outcome"], told[-1]["exit_code"]) == ("completed", 0)
    assert len({event["run_id"] for event in told}) == 1
    data = result_of(done.out)
    assert data["output"] == "a.tif"
    assert data["frames"] == 6
    assert data["width"] == read("a.tif").shape[1]


def test_quiet_says_only_where_the_picture_is(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "a.png", "-q", "--no-align")
    assert (done.code, done.out.strip(), done.err) == (0, "a.png", "")


def test_a_dry_run_shows_the_plan_and_writes_nothing(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "a.tif", "--dry-run", "--sharpen", "1", "--json")
    data = result_of(done.out)
    assert done.code == 0
    assert data["dry_run"] is True
    assert data["stages"] == ["hot_pixels", "align", "fuse", "sharpen", "write"]
    assert data["memory_bytes"] > 0
    assert [path.name for path in shoot.parent.iterdir()] == ["shoot"]


def test_a_quiet_dry_run_names_no_picture_that_is_not_there(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "a.tif", "--dry-run", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_options_reach_the_plugins(stackcore: Run, shoot: Path) -> None:
    assert stackcore("stack", "shoot", "-o", "a.tif", "--no-align").code == 0
    assert stackcore("stack", "shoot", "-o", "b.tif", "--no-align", "--set", "fuser.levels=3").code == 0
    done = stackcore(
        *("stack", "shoot", "-o", "c.tif", "--set", "aligner.model=shift", "--set", "executor.workers=1"),
        *("--no-crop", "--no-match-exposure", "--on-unaligned", "stop", "--memory", "1GiB", "--json"),
    )
    assert done.code == 0
    assert not np.array_equal(read("a.tif"), read("b.tif"))
    started = events(done.out)[0]["settings"]
    assert started["settings"] == {"aligner": {"model": "shift"}, "executor": {"workers": 1}}
    assert (started["crop"], started["match_exposure"], started["on_unaligned"]) == (False, False, "stop")
    assert started["memory_bytes"] == 2**30
    assert result_of(done.out)["crop"] == [0, 0, 360, 240]


def test_sharpener_none_leaves_it(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "a.tif", "--no-align", "--sharpen", "2", "--sharpener", "none", "--json")
    assert [e["stage"] for e in events(done.out) if e["kind"] == "stage_started"] == ["hot_pixels", "fuse"]


def test_survey_keeps_what_it_found_and_stack_uses_it(stackcore: Run, shoot: Path) -> None:
    surveyed = stackcore("survey", "shoot", "--transforms", "t.json", "--json")
    assert surveyed.code == 0, surveyed.err
    assert events(surveyed.out)[0]["command"] == "survey"
    assert json.loads(Path("t.json").read_text())["schema"] == "stackcore.transforms/1"
    assert stackcore("stack", "shoot", "-o", "direct.tif", "--quiet").code == 0
    reused = stackcore("stack", "shoot", "-o", "reused.tif", "--transforms", "t.json", "--json")
    assert [e["stage"] for e in events(reused.out) if e["kind"] == "stage_started"] == ["hot_pixels", "fuse"]
    assert np.array_equal(read("direct.tif"), read("reused.tif"))


def test_align_writes_transforms_matrices_and_frames_and_fuse_takes_them(stackcore: Run, shoot: Path) -> None:
    done = stackcore("align", "shoot", "-o", "aligned", "--transforms", "t.json", "--matrices", "m.json", "--json")
    assert done.code == 0, done.err
    assert events(done.out)[0]["command"] == "align"
    assert len(json.loads(Path("m.json").read_text())) == 6
    assert len(result_of(done.out)["aligned"]) == len(list(Path("aligned").iterdir())) == 6
    assert stackcore("stack", "shoot", "-o", "whole.tif", "--quiet").code == 0
    assert stackcore("fuse", "shoot", "-o", "file.tif", "--transforms", "t.json", "--quiet").code == 0
    assert np.array_equal(read("whole.tif"), read("file.tif"))
    fused = stackcore("fuse", "aligned", "-o", "frames.tif", "--json")
    assert events(fused.out)[0]["command"] == "fuse"
    apart = read("frames.tif").astype(float) - read("whole.tif")
    assert np.sqrt((apart**2).mean()) < 0.01 * 65535


def test_align_with_nothing_to_write_still_tells(stackcore: Run, shoot: Path) -> None:
    done = stackcore("align", "shoot", "--no-crop", "--json")
    assert result_of(done.out)["crop"] == [0, 0, 360, 240]
    assert result_of(done.out)["files"] == {}


def test_sharpen_alone(stackcore: Run, shoot: Path) -> None:
    before = (shoot / "img11.tif").read_bytes()
    done = stackcore("sharpen", "shoot/img11.tif", "-o", "sharp.png", "--sharpen", "0:0.5:2")
    assert done.code == 0, done.err
    plain, sharp = read(shoot / "img11.tif"), read("sharp.png")
    assert (
        np.abs(np.diff(sharp.astype(float), axis=1)).mean() > 1.2 * np.abs(np.diff(plain.astype(float), axis=1)).mean()
    )
    assert (shoot / "img11.tif").read_bytes() == before


def test_overwrite(stackcore: Run, shoot: Path) -> None:
    Path("a.tif").write_bytes(b"older")
    assert stackcore("stack", "shoot", "-o", "a.tif", "--no-align").code == 7
    assert Path("a.tif").read_bytes() == b"older"
    assert stackcore("stack", "shoot", "-o", "a.tif", "--no-align", "--overwrite").code == 0
    assert read("a.tif").shape == (240, 360, 3)


def test_from_the_simulated_camera_to_a_picture(stackcore: Run, shoot: Path) -> None:
    shot = stackcore(
        *("capture", "--slices", "4", "--delay-ms", "0", "--path", "run/@MCT", "--no-save", "--json"),
        *("--set", "camera.width_px=180", "--set", "camera.height_px=120"),
    )
    assert shot.code == 0, shot.err
    done = stackcore("stack", result_of(shot.out)["manifest"], "-o", "beetle.jpg", "--json")
    assert done.code == 0, done.err
    assert result_of(done.out)["frames"] == 4


@pytest.mark.parametrize("command", ["stack", "survey", "align", "fuse", "sharpen"])
def test_help_of_each_command(stackcore: Run, command: str) -> None:
    done = stackcore(command, "--help")
    assert done.code == 0
    for option in ("--json", "--quiet", "--verbose", "--overwrite", "--set"):
        assert option in done.out


def test_a_depth_map_beside_the_picture(stackcore: Run, shoot: Path) -> None:
    done = stackcore(*("stack", "shoot", "-o", "a.tif", "--fuser", "depthmap", "--depth-map", "d.tif", "--json"))
    assert done.code == 0, done.err
    told = result_of(done.out)["depth_map"]
    assert (told["file"], told["colour"], told["slices"]) == ("d.tif", "d-colour.png", 6)
    assert read("d.tif").shape[:2] == read("a.tif").shape[:2] == read("d-colour.png").shape[:2]
    fused = stackcore("fuse", "shoot", "-o", "b.tif", "--fuser", "max", "--depth-map", "e.png", "--quiet")
    assert fused.code == 0, fused.err
    refused = stackcore("stack", "shoot", "-o", "c.tif", "--fuser", "average", "--depth-map", "f.png")
    assert refused.code == 2
    assert "--fuser depthmap" in refused.err
    assert not Path("c.tif").exists()


@pytest.mark.parametrize("command", ["survey", "align"])
def test_the_model_is_named_and_found_in_the_transforms_file(stackcore: Run, shoot: Path, command: str) -> None:
    for model in ("rigid", "auto"):
        done = stackcore(command, "shoot", "--transforms", f"{model}.json", "--model", model, "-q")
        assert done.code == 0, done.err
    rigid, auto = (json.loads(Path(f"{model}.json").read_text()) for model in ("rigid", "auto"))
    assert rigid["model"] == "rigid"
    assert auto["model"] == "similarity"  # they breathe
    for frame in rigid["frames"]:
        assert np.linalg.det(np.array(frame["matrix"])) == pytest.approx(1, abs=1e-9)


def test_an_unknown_model_is_refused_with_those_there_are(stackcore: Run, shoot: Path) -> None:
    done = stackcore("stack", "shoot", "-o", "a.tif", "--model", "spline")
    assert done.code == 3
    assert "homography" in done.err
