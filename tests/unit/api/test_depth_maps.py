"""`depth_map=`: what is written beside the result, what it means, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.api import depth_maps
from stackcore.api.processing import plan_stack, stack
from stackcore.api.stacks import StackOptions
from stackcore.errors import OutputError, PluginError, UsageError
from stackcore.stacking.depth_picture import colours, grey, grey_confidence
from stackcore.terms import Fused


def read(path: Path) -> np.ndarray:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_depth_is_written_in_slices_beside_its_colours_and_confidence(shoot, tmp_path, ear, suffix):
    target, depth_map = tmp_path / "a.tif", tmp_path / f"depth{suffix}"
    result = stack(shoot, target, fuser="depthmap", depth_map=depth_map, align=False, listeners=[ear])
    files = [depth_map, tmp_path / "depth-colour.png", tmp_path / "depth-confidence.png"]
    assert sorted(tmp_path.iterdir()) == sorted([shoot, target, *files])
    depth, colour, confidence = map(read, files)
    assert depth.dtype == confidence.dtype == np.uint16
    assert colour.dtype == np.uint8
    assert depth.shape == confidence.shape == result.picture.shape[:2]
    assert colour.shape == result.picture.shape
    np.testing.assert_allclose(depth / 65535 * 5, result.depth, atol=1e-4)
    np.testing.assert_allclose(confidence / 65535, result.confidence, atol=1e-4)
    told = ear.of("result")[0].data["depth_map"]
    assert told == {
        "file": str(files[0]),
        "colour": str(files[1]),
        "confidence": str(files[2]),
        "slices": 6,
        "value_per_slice": 13107.0,
    }


def test_the_depth_of_the_scene_is_found(shoot, small_stack, tmp_path):
    """The scene grows more distant from the bottom of the picture to its top."""
    result = stack(shoot, fuser="depthmap", align=False)
    sure = result.confidence > 0.7
    assert sure.mean() > 0.3
    rows = np.nonzero(sure)[0]
    assert np.corrcoef(rows, result.depth[sure])[0, 1] < -0.5


@pytest.mark.parametrize("fuser", ["blend", "contrast", "max", "pyramid", "weighted"])
def test_every_fuser_that_chooses_gives_the_same_depth(shoot, tmp_path, fuser):
    """Where it is sure of it: they all measure the same, and none needs another pass."""
    expected = stack(shoot, fuser="depthmap", align=False)
    result = stack(shoot, tmp_path / "a.tif", fuser=fuser, depth_map=tmp_path / "d.tif", align=False)
    sure = (result.confidence > 0.7) & (expected.confidence > 0.7)
    assert sure.mean() > 0.2
    apart = np.abs(result.depth - expected.depth)[sure]
    assert np.median(apart) < 0.15
    assert np.quantile(apart, 0.9) < 0.6
    plain = stack(shoot, fuser=fuser, align=False)
    assert plain.depth is plain.confidence is None
    np.testing.assert_array_equal(plain.picture, result.picture)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("d")) == [
        "d-colour.png",
        "d-confidence.png",
        "d.tif",
    ]


def test_depth_without_files(shoot):
    assert stack(shoot, align=False, depth=True).depth is not None
    assert stack(shoot, align=False, depth=True, fuser="average").depth is None
    assert stack(shoot, align=False, depth=True, slabs="images").depth is None


def test_depth_counts_frames_that_were_left_out(shoot, tmp_path):
    """Slices keep their numbers when the first cannot be registered."""
    first = shoot / "img8.tif"
    assert cv2.imwrite(str(first), np.zeros_like(read(first)))
    result = stack(shoot, fuser="depthmap", depth_map=tmp_path / "d.png")
    assert result.skipped == [first.name]
    assert result.depth.min() >= 1
    assert result.depth.max() > 4.5
    assert result.depth_map["slices"] == 6


def test_a_fuser_without_confidence_writes_none(shoot, tmp_path, monkeypatch):
    monkeypatch.setattr(
        depth_maps, "finished", lambda work, fused: Fused(fused.pixels, np.zeros(fused.pixels.shape[:2], np.float32))
    )
    result = stack(shoot, depth_map=tmp_path / "d.png", align=False)
    assert result.confidence is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d-colour.png", "d.png", "shoot"]
    assert "confidence" not in result.depth_map


def test_a_fuser_that_breaks_its_promise_is_named(shoot, tmp_path, monkeypatch):
    monkeypatch.setattr("stackcore.fusing.depth.start_of", lambda info, strip=None: None)
    with pytest.raises(PluginError, match='"blend" gave no depth map'):
        stack(shoot, depth_map=tmp_path / "d.png", align=False)
    assert [p.name for p in tmp_path.iterdir()] == ["shoot"]


def test_no_depth_map_unless_asked(shoot, tmp_path, ear):
    result = stack(shoot, tmp_path / "a.tif", fuser="depthmap", align=False, listeners=[ear])
    assert result.depth_map is None
    assert ear.of("result")[0].data["depth_map"] is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "shoot"]


@pytest.mark.parametrize(
    ("options", "name", "error", "said"),
    [
        ({"fuser": "average"}, "d.png", UsageError, "--fuser depthmap or --fuser max or --fuser pyramid"),
        ({"slabs": "images"}, "d.png", UsageError, "slab images"),
        ({}, "d.jpg", UsageError, "16 bits"),
        ({}, "missing/d.png", OutputError, "does not exist"),
        ({}, "there.png", OutputError, "exists already"),
        ({}, "other.tif", OutputError, "other-confidence.png exists already"),
        ({}, "out.tif", OutputError, "two pictures"),
        ({"overwrite": True}, "shoot/IN", OutputError, "one of the inputs"),
    ],
    ids=str,
)
def test_what_is_refused_before_any_work(
    shoot: Path, tmp_path: Path, ear: Any, snapshot: Any, options: dict[str, Any], name: str, error: Any, said: str
) -> None:
    for file in ("there.png", "other-confidence.png"):
        (tmp_path / file).write_text("mine")
    inputs = sorted(shoot.iterdir())
    if name.endswith("IN"):
        inputs[0].rename(shoot / "x.png")
        name = "shoot/x.png"
    before = snapshot(tmp_path)
    chosen = {"fuser": "depthmap", "depth_map": tmp_path / name, **options}
    for run in (stack, plan_stack):
        with pytest.raises(error) as caught:
            run(shoot, tmp_path / "out.tif", options=StackOptions(**chosen), listeners=[ear])
        assert said in " ".join(caught.value.args)
    assert ear.of("stage_started") == []
    assert snapshot(tmp_path) == before


def test_grey_spans_the_stack_and_colours_grow_brighter() -> None:
    depth = np.array([[0, 1, 2.5, 5]], np.float32)
    assert grey(depth, 6).tolist() == [[0, 13107, 32768, 65535]]
    assert grey(np.zeros((1, 1), np.float32), 1).tolist() == [[0]]
    brightness = colours(depth, 6).astype(int) @ (2, 7, 1)
    assert (np.diff(brightness[0]) > 0).all()
    assert colours(depth, 6)[0, -1].tolist() == [253, 231, 37]  # the yellow end of viridis, as RGB
    assert grey_confidence(np.array([[0, 0.5, 1]], np.float32)).tolist() == [[0, 32768, 65535]]
