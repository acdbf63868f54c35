"""Images of slabs: for retouching beside an unchanged result, or for a second stage."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import pyvips

from stackcore.api.processing import stack, survey
from stackcore.errors import Cancelled, OutputError
from stackcore.metadata.record import read_record
from stackcore.protocols import FrameSource
from stackcore.stacking.slab_frames import SlabFrames, SlabPictures, save
from stackcore.stacking.slabs import Slab
from stackcore.terms import Frame

THREE = {"slab_size": 2, "slab_overlap": 1}


@pytest.fixture(autouse=True)
def _epoch(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def read(path):
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy())


def psnr(one, other):
    return -10 * np.log10((((one.astype(float) - other.astype(float)) / 65535) ** 2).mean())


def test_kept_images_leave_the_result_as_it_is(shoot, tmp_path, ear):
    plain, beside = tmp_path / "plain.tif", tmp_path / "beside.tif"
    stack(shoot, plain, **THREE)
    result = stack(shoot, beside, keep_slabs=tmp_path / "slabs", listeners=[ear], **THREE)
    assert plain.read_bytes() == beside.read_bytes()
    assert [path.name for path in result.slabs] == ["slab_0000.tif", "slab_0002.tif", "slab_0004.tif"]
    assert sorted((tmp_path / "slabs").iterdir()) == result.slabs
    assert [(e.stage, e.total) for e in ear.of("stage_started")][-1] == ("slabs", 8)
    assert [e.done for e in ear.of("progress") if e.stage == "slabs"] == list(range(1, 9))


def test_an_image_of_a_slab_is_the_stack_of_its_frames(shoot, tmp_path):
    transforms = tmp_path / "t.json"
    survey(shoot, transforms=transforms)
    stack(shoot, tmp_path / "a.tif", keep_slabs=tmp_path / "slabs", transforms=transforms, hot_pixels=False, **THREE)
    record = read_record(tmp_path / "slabs" / "slab_0002.tif")
    assert record.frames == ("img10.tif", "img11.tif", "img12.tif")
    assert record.settings["slab"] == [2, 5]
    picture = read(tmp_path / "slabs" / "slab_0002.tif")
    assert picture.dtype == np.uint16
    assert picture.shape == read(tmp_path / "a.tif").shape


def test_a_second_stage_comes_near_to_the_exact_picture(shoot, tmp_path, ear):
    exact = stack(shoot, tmp_path / "exact.tif", crop=False)
    result = stack(shoot, tmp_path / "images.tif", slabs="images", crop=False, listeners=[ear], **THREE)
    assert psnr(exact.picture, result.picture) > 40
    assert not np.array_equal(exact.picture, result.picture)
    assert read_record(tmp_path / "images.tif").settings["plan"] == {
        "kind": "images",
        "slabs": [[0, 3], [2, 5], [4, 6]],
        **THREE,
    }
    assert [(e.stage, e.total) for e in ear.of("stage_started")][-2:] == [("slabs", 8), ("fuse", 3)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["exact.tif", "images.tif", "shoot"], "nothing else stays"


def test_images_of_a_second_stage_can_be_kept_and_are_the_same(shoot, tmp_path):
    stack(shoot, tmp_path / "a.tif", keep_slabs=tmp_path / "one", **THREE)
    stack(shoot, tmp_path / "b.tif", keep_slabs=tmp_path / "two", slabs="images", workers=1, **THREE)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_images_are_not_overwritten_unasked(shoot, tmp_path, ear):
    (tmp_path / "slabs").mkdir()
    (tmp_path / "slabs" / "slab_0002.tif").touch()
    for choices in ({}, {"resume": True}):  # there is nothing to go on with: they are somebody else's
        with pytest.raises(OutputError):
            stack(shoot, tmp_path / "a.tif", keep_slabs=tmp_path / "slabs", listeners=[ear], **THREE, **choices)
    assert ear.of("stage_started") == []
    stack(shoot, tmp_path / "a.tif", keep_slabs=tmp_path / "slabs", overwrite=True, **THREE)
    assert len(read(tmp_path / "slabs" / "slab_0002.tif")) > 100


def test_images_and_aligned_frames_of_a_run_that_ended_early_are_its_own(shoot, tmp_path, ear):
    cancel = threading.Event()
    choices = {"keep_slabs": tmp_path / "slabs", "keep_aligned": tmp_path / "aligned", **THREE}

    def stop(event):
        if event.kind == "progress" and event.stage == "slabs" and event.done == 5:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(shoot, tmp_path / "a.tif", cancel=cancel, listeners=[stop], **choices)
    assert (tmp_path / "slabs" / "slab_0000.tif").exists()
    aligned = {path: path.stat().st_mtime_ns for path in (tmp_path / "aligned").iterdir()}
    assert len(aligned) == 6
    result = stack(shoot, tmp_path / "a.tif", resume=True, listeners=[ear], **choices)
    assert len(result.slabs) == 3
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "aligned").iterdir()} == aligned
    assert "align" not in result.seconds


def test_images_that_wait_for_the_second_stage_are_not_made_again(shoot, tmp_path, ear):
    cancel = threading.Event()

    def stop(event):
        if event.kind == "progress" and event.stage == "slabs" and event.done == 5:
            cancel.set()

    stack(shoot, tmp_path / "whole.tif", slabs="images", **THREE)
    with pytest.raises(Cancelled):
        stack(shoot, tmp_path / "a.tif", slabs="images", cancel=cancel, listeners=[stop], **THREE)
    stack(shoot, tmp_path / "a.tif", slabs="images", resume=True, listeners=[ear], **THREE)
    assert [e.done for e in ear.of("progress") if e.stage == "slabs"] == [4, 5, 6, 7, 8]
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "shoot", "whole.tif"]


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(shoot, tmp_path, ear):
    with pytest.raises(OutputError):
        stack(shoot, tmp_path / "a.tif", keep_slabs=tmp_path / "no" / "slabs", listeners=[ear])
    assert ear.of("stage_started") == []


class Covering(FrameSource):
    """Frames of 4 x 4, each of which covers one row."""

    def __len__(self) -> int:
        return 6

    def open(self, position: int) -> Frame:
        valid = np.zeros((4, 4), np.bool_)
        valid[position % 4] = True
        return Frame(position, np.full((4, 4, 3), position, np.uint8), valid)


def test_a_slab_covers_what_any_of_its_frames_covers(tmp_path):
    some = SlabFrames(Covering(), Slab(1, 2, 4), (4, 4))
    assert len(some) == 3
    assert [some.open(i).index for i in range(3)] == [1, 2, 3]
    for i in range(2):
        some.open(i).rows(0, 4)
    assert some.covered is not None
    assert some.covered.all(axis=1).tolist() == [False, True, True, False]
    save(tmp_path / "one", np.ones((4, 4, 3), np.uint16), some.covered)
    assert np.array_equal(SlabPictures([tmp_path / "one"]).open(0).valid, some.covered)
    everything = SlabFrames(Covering(), Slab(0, 4, 4), (4, 4))
    for i in range(4):
        assert everything.open(i).valid.sum() == 4
    assert everything.covered is None
