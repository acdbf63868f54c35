"""Resuming from Python: what a checkpoint holds, what does not fit it, and that nothing of it stays."""

from __future__ import annotations

import os
import shutil
import threading

import numpy as np
import pytest

from stackcore.api.processing import stack
from stackcore.errors import Cancelled, ConfigError, FrameMismatch, OutputError
from stackcore.metadata.record import read_record
from stackcore.stacking import checkpoint

TREE = {"executor": {"plan": "tree"}}


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """A checkpoint at the end of each slab, and equal bytes for equal work."""
    monkeypatch.setattr(checkpoint, "EVERY_S", 0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def cut_off(shoot, target, after, ear, **choices):
    """A run that ends when so many frames are in, and what it leaves."""
    cancel = threading.Event()

    def stop(event):
        if event.kind == "progress" and event.stage == "fuse" and event.done == after:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(shoot, target, cancel=cancel, listeners=[stop, ear], **{"slab_size": 2, "slab_overlap": 0, **choices})
    return target.with_name(f".stackcore-{target.name}.checkpoint")


def codes(ear):
    return [event.code for event in ear.of("warning")]


@pytest.mark.parametrize("settings", [{}, TREE], ids=["fold", "tree"])
@pytest.mark.parametrize("after", [2, 3, 5])
def test_a_resumed_run_gives_the_same_bytes_and_reads_no_frame_again(shoot, tmp_path, ear, settings, after):
    whole, target = tmp_path / "whole.tif", tmp_path / "part.tif"
    choices = {"slab_size": 2, "slab_overlap": 0, "settings": settings, "workers": 2}
    stack(shoot, whole, **choices)
    folder = cut_off(shoot, target, after, type(ear)(), settings=settings)
    assert folder.is_dir()
    result = stack(shoot, target, resume=True, listeners=[ear], **{**choices, "workers": 1})
    assert target.read_bytes() == whole.read_bytes()
    assert not folder.exists()
    assert [e.stage for e in ear.of("stage_started")] == ["fuse"]
    told = [e.done for e in ear.of("progress")]
    assert told == list(range(told[0], 7))
    assert told[0] > 2
    assert result.frames == 6
    assert read_record(target) == read_record(whole)


def test_a_run_that_ends_well_leaves_nothing(shoot, tmp_path):
    stack(shoot, tmp_path / "a.tif", slab_size=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "shoot"]


def test_short_runs_write_no_checkpoint(shoot, tmp_path, ear, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_S", 30.0)
    assert not cut_off(shoot, tmp_path / "a.tif", 5, ear).exists()


def test_without_resume_a_leftover_is_named_and_replaced(shoot, tmp_path, ear):
    folder = cut_off(shoot, tmp_path / "a.tif", 3, ear)
    before = (folder / "checkpoint.json").read_text()
    cut_off(shoot, tmp_path / "a.tif", 5, ear)
    assert codes(ear) == ["checkpoint-left"]
    assert "2 frames in" in ear.of("warning")[0].message
    assert (folder / "checkpoint.json").read_text() != before
    stack(shoot, tmp_path / "a.tif")
    assert not folder.exists()


def test_resume_without_a_checkpoint_starts_at_the_beginning(shoot, tmp_path, ear):
    stack(shoot, tmp_path / "a.tif", resume=True, listeners=[ear])
    assert codes(ear) == ["checkpoint-missing"]
    assert (tmp_path / "a.tif").exists()


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ({"settings": {"fuser": {"levels": 5}}}, "levels: it was 7 then, and is 5 now"),
        ({"crop": False}, "crop: it was true then, and is false now"),
        ({"slab_size": 3}, "slabs"),
        ({"hot_pixels": False}, "hot_pixels"),
        ({"settings": TREE}, "its slabs end elsewhere"),
        ({"align": False}, "align"),
    ],
)
def test_other_options_do_not_fit(shoot, tmp_path, ear, choices, named):
    folder = cut_off(shoot, tmp_path / "a.tif", 3, ear)
    with pytest.raises(ConfigError) as caught:
        stack(shoot, tmp_path / "a.tif", resume=True, **{"slab_size": 2, "slab_overlap": 0, **choices})
    assert named in caught.value.why
    assert folder.is_dir(), "what does not fit is not thrown away"


def test_what_has_no_part_in_the_picture_may_change(shoot, tmp_path, ear):
    cut_off(shoot, tmp_path / "a.tif", 3, ear)
    choices = {"workers": 1, "memory_bytes": 2**33, "overwrite": True}
    stack(shoot, tmp_path / "a.tif", resume=True, slab_size=2, slab_overlap=0, **choices)


def _touched(shoot):
    os.utime(shoot / "img9.tif", ns=(1, 1))


def _longer(shoot):
    with (shoot / "img12.tif").open("ab") as file:
        file.write(b"x")


def _fewer(shoot):
    (shoot / "img8.tif").unlink()


def _more(shoot):
    shutil.copy(shoot / "img9.tif", shoot / "img20.tif")


def _renamed(shoot):
    (shoot / "img8.tif").rename(shoot / "img7.tif")


@pytest.mark.parametrize("change", [_touched, _longer, _fewer, _more, _renamed])
def test_other_frames_do_not_fit(shoot, tmp_path, ear, change):
    cut_off(shoot, tmp_path / "a.tif", 3, ear)
    change(shoot)
    with pytest.raises(FrameMismatch) as caught:
        stack(shoot, tmp_path / "a.tif", resume=True, slab_size=2, slab_overlap=0)
    assert "img" in caught.value.why or "frames" in caught.value.why


@pytest.mark.parametrize(("old", "new"), [('checkpoint/2"', 'checkpoint/9"'), ('"stackcore": "', '"stackcore": "9')])
def test_another_version_does_not_fit(shoot, tmp_path, ear, old, new):
    index = cut_off(shoot, tmp_path / "a.tif", 3, ear) / "checkpoint.json"
    assert index.read_text().count(old) == 1
    index.write_text(index.read_text().replace(old, new))
    with pytest.raises(ConfigError):
        stack(shoot, tmp_path / "a.tif", resume=True, slab_size=2, slab_overlap=0)


def test_a_damaged_state_is_refused(shoot, tmp_path, ear):
    folder = cut_off(shoot, tmp_path / "a.tif", 3, ear)
    [array, *_] = sorted(folder.glob("at-*/state/0.npy"))
    array.write_bytes(array.read_bytes()[:-1])
    with pytest.raises(ConfigError) as caught:
        stack(shoot, tmp_path / "a.tif", resume=True, slab_size=2, slab_overlap=0)
    assert "its state cannot be read: 0.npy is damaged" in caught.value.why


def test_a_disk_that_is_full_costs_the_checkpoint_and_not_the_picture(shoot, tmp_path, ear, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_state", full)
    stack(shoot, tmp_path / "a.tif", slab_size=1, listeners=[ear])
    assert codes(ear) == ["checkpoint-failed"]
    assert (tmp_path / "a.tif").exists()


def test_a_result_that_is_there_already_is_told_and_what_was_left_is_cleared_up(shoot, tmp_path, ear):
    target = tmp_path / "a.tif"
    kept = cut_off(shoot, target, 3, type(ear)())
    shutil.copytree(kept, tmp_path / "kept")
    first = stack(shoot, target, resume=True, slab_size=2, slab_overlap=0)
    before = target.read_bytes()
    shutil.move(tmp_path / "kept", kept)  # as if the run had been killed right then
    again = stack(shoot, target, resume=True, listeners=[ear], slab_size=2, slab_overlap=0)
    assert codes(ear) == ["already-done"]
    assert target.read_bytes() == before
    assert not kept.exists()
    np.testing.assert_array_equal(again.picture, first.picture)
    assert (again.frames, again.crop, again.output) == (first.frames, first.crop, target)


@pytest.mark.parametrize(
    "choices",
    [
        {"settings": {"fuser": {"levels": 5}}},
        {"crop": False},
        {"settings": TREE},
        {"slabs": "images"},
        {"sharpen": "1"},
    ],
)
def test_a_result_that_was_made_otherwise_is_not_taken_for_it(shoot, tmp_path, choices):
    target = tmp_path / "a.tif"
    stack(shoot, target, slab_size=2, slab_overlap=0)
    before = target.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        stack(shoot, target, resume=True, slab_size=2, slab_overlap=0, **choices)
    assert target.read_bytes() == before


def test_nor_is_one_that_is_older_than_a_frame_or_tells_nothing(shoot, tmp_path):
    target = tmp_path / "a.tif"
    stack(shoot, target)
    os.utime(target, (0, 0))
    with pytest.raises(OutputError, match="exists already"):
        stack(shoot, target, resume=True)
    target.write_bytes(b"no picture")
    with pytest.raises(OutputError, match="exists already"):
        stack(shoot, target, resume=True)
    assert target.read_bytes() == b"no picture"
