"""The promise of --memory: kept by fewer decodes at once and by strips, or refused with the number needed."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from stackcore.api.processing import plan_stack, stack
from stackcore.api.stacks import StackOptions
from stackcore.errors import Cancelled, ConfigError
from stackcore.metadata.record import read_record
from stackcore.protocols import Correction, Decoded, Development
from stackcore.stacking import checkpoint
from stackcore.stacking.budget import parse_bytes
from stackcore.stacking.reader import StackReader
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_scene
from stackcore.testing.scene import make_stack

PLAIN = {"align": False, "hot_pixels": False, "workers": 1}


@pytest.fixture(autouse=True)
def _epoch(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture(scope="session")
def tall(tmp_path_factory) -> Path:
    """Three frames of 320 x 1600."""
    folder = tmp_path_factory.mktemp("tall")
    for index, frame in enumerate(make_stack(320, 1600, 3, seed=5).frames):
        assert cv2.imwrite(str(folder / f"t{index}.png"), frame[..., ::-1])
    return folder


def needed(folder, **choices):
    return plan_stack(folder, options=StackOptions(**{**PLAIN, **choices}))["memory_bytes"]


def advised(folder, target, **choices):
    with pytest.raises(ConfigError) as caught:
        stack(folder, target, memory_bytes=1000, **{**PLAIN, **choices})
    match = re.search(r"--memory (\w+)", caught.value.fix)
    assert match is not None
    return parse_bytes(match[1])


def test_too_little_for_the_whole_is_worked_in_strips(tall, tmp_path):
    whole = stack(tall, tmp_path / "whole.tif", **PLAIN)
    limit = needed(tall) - 1
    strips = stack(tall, tmp_path / "strips.tif", memory_bytes=limit, **PLAIN)
    assert np.abs(whole.picture.astype(int) - strips.picture).max() <= 2e-5 * 65535 + 1
    assert read_record(tmp_path / "whole.tif").settings["plan"] == {"kind": "fold"}
    cut = read_record(tmp_path / "strips.tif").settings["plan"]["strips"]
    assert len(cut) > 1
    assert (cut[0][0], cut[-1][1]) == (0, 1600)
    plan = plan_stack(tall, options=StackOptions(memory_bytes=limit, **PLAIN))
    assert plan["plan"]["strips"] == cut
    assert plan["memory_bytes"] <= limit


def test_the_number_that_is_named_is_enough_and_less_than_the_whole_needs(tall, tmp_path):
    enough = advised(tall, tmp_path / "a.tif")
    assert enough < needed(tall)
    stack(tall, tmp_path / "a.tif", memory_bytes=enough, **PLAIN)
    with pytest.raises(ConfigError):
        stack(tall, tmp_path / "b.tif", memory_bytes=enough - 2**20, **PLAIN)


@pytest.mark.parametrize(("plan", "after"), [("fold", 1), ("fold", 4), ("fold", 8), ("tree", 5)])
def test_work_in_strips_is_resumed_to_the_same_bytes(tall, tmp_path, monkeypatch, ear, plan, after):
    monkeypatch.setattr(checkpoint, "EVERY_S", 0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    choices = {**PLAIN, "slab_size": 1, "slab_overlap": 0, "settings": {"executor": {"plan": plan}}}
    choices["memory_bytes"] = needed(tall, **choices) - 1
    stack(tall, tmp_path / "whole.tif", **choices)
    cancel = threading.Event()

    def stop(event):
        if event.kind == "progress" and event.done == after:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(tall, tmp_path / "part.tif", cancel=cancel, listeners=[stop], **choices)
    stack(tall, tmp_path / "part.tif", resume=True, listeners=[ear], **choices)
    assert (tmp_path / "part.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    told = [e.done for e in ear.of("progress") if e.stage == "fuse"]
    assert told[0] > 1 or after == 1
    assert told == list(range(told[0], told[-1] + 1))


def test_other_strips_do_not_fit_a_checkpoint(tall, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_S", 0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    cancel = threading.Event()
    choices = {**PLAIN, "slab_size": 1, "slab_overlap": 0}

    def stop(event):
        if event.kind == "progress" and event.done == 2:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(tall, tmp_path / "a.tif", cancel=cancel, listeners=[stop], **choices)
    less = advised(tall, tmp_path / "b.tif", **choices)
    with pytest.raises(ConfigError, match="other strips fit"):
        stack(tall, tmp_path / "a.tif", resume=True, memory_bytes=less, **choices)


def test_slab_images_are_not_made_in_strips(tall, tmp_path):
    """They are pictures of their own: the number named is that of the whole."""
    assert advised(tall, tmp_path / "a.tif", slabs="images") >= needed(tall)
    assert advised(tall, tmp_path / "a.tif", keep_slabs=tmp_path / "slabs") >= needed(tall)


def test_raws_need_more_for_decoding(tmp_path):
    truth = SensorTruth(width=600, height=400)
    light = np.random.default_rng(1).random((400, 600, 3), np.float32)
    raws = [write_scene(tmp_path / f"{n}.dng", truth, light, shot=n) for n in range(2)]
    frame = 600 * 400 * 6
    pictures = []
    for n in range(2):
        pictures.append(tmp_path / f"{n}.tif")
        assert cv2.imwrite(str(pictures[-1]), np.zeros((400, 600, 3), np.uint16))
    assert needed(raws) - needed(pictures) == 600 * 400 * 18 - frame


class Counting:
    """A developer that notes how many frames are decoded at once."""

    def __init__(self) -> None:
        self.now, self.most = 0, 0
        self.together = threading.Barrier(2)
        self._lock = threading.Lock()

    def prepare(self, reference, development):
        pass

    def probe(self, path):
        from stackcore.protocols import FrameInfo

        return FrameInfo(width=8, height=8, dtype="uint8")

    def read(self, path):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self.together.wait(0.05)  # a second one would come while this one is under way
        except threading.BrokenBarrierError:
            self.together.reset()
        with self._lock:
            self.now -= 1
        return Decoded(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize("allowed", [1, 2])
def test_no_more_frames_are_decoded_at_once_than_there_is_room_for(allowed):
    developer = Counting()
    reader = StackReader([Path(f"{n}.x") for n in range(4)], {".x": developer}, Development(correction=Correction()))
    reader.decode_at_once(allowed)
    threads = [threading.Thread(target=reader.read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert developer.most == allowed
