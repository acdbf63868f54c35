"""The transforms file: written, read back, and refused with the name of the key that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackcore.errors import ConfigError, FrameMismatch
from stackcore.stacking import transforms_file
from stackcore.stacking.survey import FrameGeometry, Survey
from stackcore.terms import Region, Transform

PATHS = [Path("/data/shoot/a.jpg"), Path("/data/shoot/b.jpg"), Path("/data/other/c.jpg")]
MATRIX = np.array([[1.01, -0.002, 3.25], [0.002, 1.01, -1.5], [0, 0, 1.0]])


def survey() -> Survey:
    frames = (
        FrameGeometry(0, Transform(MATRIX), (1.02, 0.98, 1.0)),
        FrameGeometry(1, Transform.identity()),
        FrameGeometry(2, None, reason="the frame is featureless"),
    )
    sharpness = np.arange(3 * 96, dtype=np.float32).reshape(3, 8, 12) / 1000
    return Survey(640, 480, 1, "srgb", Region(4, 2, 630, 470), frames, 0.0042, sharpness)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "t.json"
    path.write_text(transforms_file.to_json(survey(), PATHS, Path("/data/shoot")))
    return path


@pytest.fixture
def edited(written: Path) -> Callable[[Callable[[dict[str, Any]], object]], Path]:
    def edit(change: Callable[[dict[str, Any]], object]) -> Path:
        record = json.loads(written.read_text())
        change(record)
        written.write_text(json.dumps(record))
        return written

    return edit


def read(path: Path, **changed: Any) -> Survey:
    given: dict[str, Any] = {"paths": PATHS, "size": (640, 480), "encoding": "srgb", **changed}
    return transforms_file.read(path, **given)


def test_what_is_written_is_read_back(written):
    back, before = read(written), survey()
    for here, there in zip(back.frames, before.frames, strict=True):
        assert (here.index, here.gain, here.reason) == (there.index, there.gain, there.reason)
        assert (here.transform is None) == (there.transform is None)
        if here.transform is not None and there.transform is not None:
            assert np.array_equal(here.transform.matrix, there.transform.matrix)
    for field in ("width", "height", "reference", "encoding", "crop", "noise_sigma", "model"):
        assert getattr(back, field) == getattr(before, field)


def test_the_file_is_as_the_design_says(written):
    record = json.loads(written.read_text())
    assert record["schema"] == "stackcore.transforms/1"
    assert (record["reference"], record["width"], record["height"]) == (1, 640, 480)
    assert record["crop"] == [4, 2, 630, 470]
    assert [frame["path"] for frame in record["frames"]] == ["a.jpg", "b.jpg", "../other/c.jpg"]
    assert record["frames"][0]["gain"] == [1.02, 0.98, 1.0]
    assert record["frames"][2]["status"] == "skipped"
    assert record["frames"][2]["reason"] == "the frame is featureless"
    assert len(record["survey"]["sharpness"]) == 3


def test_bare_matrices_have_one_for_every_frame():
    matrices = np.array(json.loads(transforms_file.matrices_json(survey())))
    assert np.array_equal(matrices, [MATRIX, np.eye(3), np.eye(3)])


def test_a_file_of_hand_needs_only_what_matters(edited):
    def strip(record: dict[str, Any]) -> None:
        del record["survey"]
        for frame in record["frames"]:
            for key in ("gain", "status", "reason"):
                del frame[key]

    back = read(edited(strip))
    assert back.noise_sigma == 0
    assert [frame.gain for frame in back.frames] == [(1, 1, 1)] * 3
    assert all(frame.transform is not None for frame in back.frames)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda r: r.update(hieght=3), "hieght"),
        (lambda r: r.pop("crop"), "crop"),
        (lambda r: r.update(schema="stackcore.transforms/2"), "schema"),
        (lambda r: r.update(width="wide"), "width"),
        (lambda r: r.update(reference=3), "reference"),
        (lambda r: r.update(reference=-1), "reference"),
        (lambda r: r.update(crop=[600, 0, 100, 100]), "crop"),
        (lambda r: r.update(crop=[0, 0, 0, 100]), "crop"),
        (lambda r: r["frames"][1].update(matrix=[[1, 0], [0, 1]]), "frames.1.matrix"),
        (lambda r: r["frames"][1].update(matrix=[[1, 0, 0], [2, 0, 0], [0, 0, 1]]), "frames.1.matrix"),
        (lambda r: r["frames"][1]["matrix"][0].__setitem__(0, float("nan")), "frames.1.matrix"),
        (lambda r: r["frames"][0].update(gain=[1, 0, 1]), "frames.0.gain"),
        (lambda r: r["frames"][0].update(gain=[1, 1]), "frames.0.gain"),
        (lambda r: r["frames"][0].update(status="good"), "frames.0.status"),
        (lambda r: r["frames"][0].update(index=5), "index"),
        (lambda r: r["frames"][0].update(status="skipped"), "status"),
    ],
)
def test_a_wrong_key_or_value_is_named(edited, change, named):
    path = edited(change)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert str(path) in caught.value.what
    assert named in caught.value.why


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe{\x00}\x00"])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a valid transforms file"):
        read(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"paths": PATHS[:2]}, "these are 2 of 640x480"),
        ({"size": (641, 480)}, "641x480"),
        ({"encoding": "linear"}, "srgb"),
    ],
)
def test_frames_it_was_not_made_for_are_refused_with_both_figures(written, changed, named):
    with pytest.raises(FrameMismatch) as caught:
        read(written, **changed)
    assert named in caught.value.why


def test_other_names_do_not_matter(written):
    assert read(written, paths=[Path(name) for name in "xyz"]).frames[0].index == 0


def test_the_encoding_travels(tmp_path):
    path = tmp_path / "t.json"
    path.write_text(transforms_file.to_json(replace(survey(), encoding="linear"), PATHS, tmp_path))
    assert read(path, encoding="linear").encoding == "linear"
    with pytest.raises(FrameMismatch) as caught:
        read(path)
    assert "--linear" in caught.value.fix
