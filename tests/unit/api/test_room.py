"""The promise of --memory: kept by fewer decodes at once and by strips, or refused with the number needed."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from stackcore.api.processing import plan_stack, stack, survey
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
from stackcore_plugins.executor_local.executor import LocalExecutor

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


FUSERS = ("blend", "pyramid", "contrast", "weighted", "average", "max")


@pytest.mark.parametrize("fuser", FUSERS)
def test_too_little_for_the_whole_is_worked_in_strips_to_the_same_bytes(tall, tmp_path, fuser):
    whole = stack(tall, tmp_path / "whole.tif", fuser=fuser, depth=True, **PLAIN)
    assert whole.arrangement == {"workers": 1, "frames": 2, "strips": 1, "decoders": 1}
    limit = advised(tall, tmp_path / "strips.tif", fuser=fuser, depth=True)
    strips = stack(tall, tmp_path / "strips.tif", memory_bytes=limit, fuser=fuser, depth=True, **PLAIN)
    assert strips.arrangement["strips"] > 2
    assert strips.planned_memory_bytes <= limit < whole.planned_memory_bytes
    assert (tmp_path / "strips.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert read_record(tmp_path / "strips.tif").settings["plan"] == {"kind": "fold"}
    assert (whole.depth is None) == (fuser == "average")
    if whole.depth is not None:
        np.testing.assert_array_equal(strips.depth, whole.depth)
        np.testing.assert_array_equal(strips.confidence, whole.confidence)


@pytest.mark.parametrize("plan", ["fold", "tree"])
def test_workers_and_memory_change_no_byte_of_a_whole_run(tall, tmp_path, plan):
    """With frames that are warped and matched; strips and workers in every combination."""
    survey(tall, transforms=tmp_path / "transforms.json", hot_pixels=False)
    choices = {"settings": {"executor": {"plan": plan}}, "slab_size": 2, "transforms": tmp_path / "transforms.json"}
    least = advised(tall, tmp_path / "a.tif", **choices)
    seen = {}
    for number, (workers, limit) in enumerate([(1, None), (2, None), (4, least + 2**21), (1, least), (2, least)]):
        target = tmp_path / f"{number}.tif"
        result = stack(tall, target, memory_bytes=limit, **{**choices, "workers": workers})
        seen[number] = (target.read_bytes(), result.arrangement["strips"])
    assert len({data for data, _ in seen.values()}) == 1
    assert seen[0][1] == 1 < seen[3][1]


def test_the_plan_is_told_before_the_work_and_by_a_dry_run(tall, tmp_path, ear):
    limit = needed(tall) - 1
    plan = plan_stack(tall, options=StackOptions(memory_bytes=limit, **PLAIN))
    result = stack(tall, tmp_path / "a.tif", memory_bytes=limit, listeners=[ear], **PLAIN)
    assert plan["arrangement"] == result.arrangement == result.summary()["arrangement"]
    [told] = [event.plan for event in ear.of("stage_started") if event.stage == "fuse"]
    assert re.fullmatch(r"1 worker, \d+ strips?(, 1 frame at a time)?, \d+ MiB of \d+ MiB", told)
    assert f"of {limit / 2**20:.0f} MiB" in told


def test_fewer_workers_are_bound_to_less(tall, tmp_path, monkeypatch):
    choices, bound = {**PLAIN, "workers": 12}, []
    limit = needed(tall, **choices) - 2**20
    monkeypatch.setattr(LocalExecutor, "bind", lambda self, tasks, frames: bound.append((tasks, frames)))
    result = stack(tall, tmp_path / "a.tif", memory_bytes=limit, **choices)
    assert bound == [(12, 2), (result.arrangement["workers"], result.arrangement["frames"])]
    assert 1 < bound[1][0] < 12
    assert result.arrangement["strips"] == 1


def test_the_number_that_is_named_is_enough_and_less_than_the_whole_needs(tall, tmp_path):
    enough = advised(tall, tmp_path / "a.tif")
    assert enough < needed(tall)
    stack(tall, tmp_path / "a.tif", memory_bytes=enough, **PLAIN)
    with pytest.raises(ConfigError):
        stack(tall, tmp_path / "b.tif", memory_bytes=enough - 2**20, **PLAIN)


@pytest.fixture
def often(monkeypatch):
    """A checkpoint at the end of each slab."""
    monkeypatch.setattr(checkpoint, "EVERY_S", 0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)


@pytest.mark.parametrize(("plan", "after"), [("fold", 1), ("fold", 4), ("fold", 5), ("tree", 5)])
@pytest.mark.parametrize("fuser", ["blend", "max"])
def test_work_in_strips_is_resumed_to_the_same_bytes(tall, tmp_path, often, ear, plan, after, fuser):
    choices = {**PLAIN, "slab_size": 1, "slab_overlap": 0, "settings": {"executor": {"plan": plan}}, "fuser": fuser}
    choices["depth"] = True
    whole = stack(tall, tmp_path / "whole.tif", **choices)
    choices["memory_bytes"] = advised(tall, tmp_path / "part.tif", **choices)
    cancel = threading.Event()

    def stop(event):
        if event.kind == "progress" and event.done == after:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(tall, tmp_path / "part.tif", cancel=cancel, listeners=[stop], **choices)
    resumed = stack(tall, tmp_path / "part.tif", resume=True, listeners=[ear], **choices)
    np.testing.assert_array_equal(resumed.depth, whole.depth)
    np.testing.assert_array_equal(resumed.confidence, whole.confidence)
    assert (tmp_path / "part.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    told = [e.done for e in ear.of("progress") if e.stage == "fuse"]
    assert told[0] > 1 or after == 1
    assert told == list(range(told[0], told[-1] + 1))


def test_a_run_without_depth_is_not_gone_on_with_for_depth(tall, tmp_path, often):
    cancel = threading.Event()
    choices = {**PLAIN, "slab_size": 1, "slab_overlap": 0}

    def stop(event):
        if event.kind == "progress" and event.done == 2:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(tall, tmp_path / "a.tif", cancel=cancel, listeners=[stop], **choices)
    with pytest.raises(ConfigError, match="depth: it was false then, and is true now"):
        stack(tall, tmp_path / "a.tif", resume=True, depth=True, **choices)


def test_depth_needs_room(tall):
    """22 bytes in the state for each pixel of the evidence, which is of half the size; finishing makes that of it."""
    evidence = 160 * 800
    more = needed(tall, depth=True) - needed(tall)
    assert 22 * evidence <= more <= (22 + 14) * evidence + 2 * 80 * 128 * 160  # two bands at work
    assert needed(tall, depth=True, fuser="average") == needed(tall, fuser="average")


def test_a_run_with_more_memory_goes_on_with_the_strips_it_finds(tall, tmp_path, often):
    cancel = threading.Event()
    choices = {**PLAIN, "slab_size": 1, "slab_overlap": 0}
    stack(tall, tmp_path / "whole.tif", **choices)
    less = advised(tall, tmp_path / "a.tif", **choices)

    def stop(event):
        if event.kind == "progress" and event.done == 5:
            cancel.set()

    with pytest.raises(Cancelled):
        stack(tall, tmp_path / "a.tif", memory_bytes=less, cancel=cancel, listeners=[stop], **choices)
    resumed = stack(tall, tmp_path / "a.tif", resume=True, **choices)
    assert resumed.arrangement["strips"] > 2
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_run_with_less_memory_than_its_checkpoint_needs_is_told_so(tall, tmp_path, often):
    cancel = threading.Event()
    choices = {**PLAIN, "slab_size": 1, "slab_overlap": 0}

    def stop(event):
        if event.kind == "progress" and event.done == 2:
            cancel.set()

    less = advised(tall, tmp_path / "b.tif", **choices)
    with pytest.raises(Cancelled):
        stack(tall, tmp_path / "a.tif", cancel=cancel, listeners=[stop], **choices)
    with pytest.raises(ConfigError, match="memory limit"):
        stack(tall, tmp_path / "a.tif", resume=True, memory_bytes=less, **choices)


def test_too_little_names_what_else_would_help(tall, tmp_path):
    def fix(**choices):
        with pytest.raises(ConfigError) as caught:
            stack(tall, tmp_path / "a.tif", memory_bytes=1000, **{**PLAIN, **choices})
        return caught.value.fix

    assert "--keep-slabs" in fix(keep_slabs=tmp_path / "slabs")
    assert '"depthmap" cannot work strip by strip' in fix(fuser="depthmap")
    assert "executor.plan" not in fix(settings={"executor": {"plan": "tree"}}), "there is one slab"
    tree = {"settings": {"executor": {"plan": "tree"}}, "slab_size": 1, "slab_overlap": 0}
    assert "executor.plan=fold`, which needs one state instead of 2" in fix(**tree)
    assert fix().count(";") == 0


def test_too_little_for_the_survey_names_its_search(tall, tmp_path):
    with pytest.raises(ConfigError, match="surveying") as caught:
        stack(tall, memory_bytes=1000, fuser="average", workers=1)
    assert "--no-hot-pixels" in caught.value.fix


def test_slab_images_are_not_made_in_strips(tall, tmp_path):
    """They are pictures of their own: the state of the whole is reckoned with."""
    exact = advised(tall, tmp_path / "a.tif")
    assert advised(tall, tmp_path / "a.tif", slabs="images") > exact + 900_000
    assert advised(tall, tmp_path / "a.tif", keep_slabs=tmp_path / "slabs") > exact + 4_000_000


def test_raws_need_more_for_decoding(tmp_path):
    truth = SensorTruth(width=600, height=400)
    light = np.random.default_rng(1).random((400, 600, 3), np.float32)
    raws = [write_scene(tmp_path / f"{n}.dng", truth, light, shot=n) for n in range(2)]
    frame = 600 * 400 * 6
    pictures = []
    for n in range(2):
        pictures.append(tmp_path / f"{n}.tif")
        assert cv2.imwrite(str(pictures[-1]), np.zeros((400, 600, 3), np.uint16))
    more = 600 * 400 * 18 - frame
    assert more <= needed(raws) - needed(pictures) <= 1.05 * more


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
