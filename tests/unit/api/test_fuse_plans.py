"""The plan of a fuse: recorded, the same bytes for any number of workers, and refused early where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.api.processing import plan_stack, stack
from stackcore.api.stacks import StackOptions
from stackcore.errors import ConfigError, UsageError
from stackcore.metadata.record import read_record
from stackcore_plugins.fuser_blend.fuser import BlendFuser

TREE = {"executor": {"plan": "tree"}}


@pytest.fixture(autouse=True)
def _epoch(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def made(shoot, target, **choices):
    stack(shoot, target, hot_pixels=False, **choices)
    return target.read_bytes()


@pytest.mark.parametrize("settings", [{}, TREE], ids=["fold", "tree"])
def test_the_same_bytes_for_any_number_of_workers(shoot, tmp_path, settings):
    files = [made(shoot, tmp_path / f"{n}.tif", settings=settings, workers=n) for n in (1, 2, 3)]
    assert files[0] == files[1] == files[2]


def test_a_tree_differs_from_a_fold_by_the_tolerance_alone(shoot, tmp_path):
    fold = stack(shoot, tmp_path / "fold.tif", hot_pixels=False).picture.astype(int)
    tree = stack(shoot, tmp_path / "tree.tif", hot_pixels=False, settings=TREE).picture.astype(int)
    assert np.abs(fold - tree).max() <= BlendFuser.tolerance * 65535


def test_the_plan_is_recorded_with_the_result(shoot, tmp_path):
    made(shoot, tmp_path / "fold.tif", slab_size=2)
    made(shoot, tmp_path / "tree.tif", settings=TREE, slab_size=3)
    assert read_record(tmp_path / "fold.tif").settings["plan"] == {"kind": "fold"}
    assert read_record(tmp_path / "tree.tif").settings["plan"] == {"kind": "tree", "slab_ends": [3, 6], "slab_size": 3}


def test_slabs_have_no_part_in_a_fold(shoot, tmp_path):
    assert made(shoot, tmp_path / "a.tif", slab_size=2) == made(shoot, tmp_path / "b.tif", slab_size=4)


def test_a_dry_run_tells_plan_and_memory(shoot, tmp_path):
    plain = {"align": False, "hot_pixels": False}  # else the survey takes more than these small frames
    fold = plan_stack(shoot, tmp_path / "a.tif", options=StackOptions(**plain))
    tree = plan_stack(shoot, tmp_path / "a.tif", options=StackOptions(settings=TREE, **plain))
    assert fold["plan"] == {"kind": "fold"}
    assert tree["plan"] == {"kind": "tree", "slab_ends": [2, 6]}
    assert tree["memory_bytes"] > fold["memory_bytes"], "a tree needs one more state"


@pytest.mark.parametrize(("choices", "error"), [({"memory_bytes": 1000}, ConfigError), ({"slab_size": 0}, UsageError)])
def test_what_cannot_be_is_refused_before_any_work(shoot, tmp_path, ear, choices, error):
    with pytest.raises(error):
        stack(shoot, tmp_path / "a.tif", listeners=[ear], **choices)
    assert ear.of("stage_started") == []
