"""Arrays in, arrays out: the same bytes as from files, and clear words for what is no stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

import stackcore
from stackcore.cli.app import main
from stackcore.errors import (
    AlignmentFailed,
    Cancelled,
    FrameError,
    FrameMismatch,
    PluginError,
    StackcoreError,
    UnreadableFrame,
    UsageError,
)
from stackcore.stacking.arrays import ArrayDeveloper
from stackcore.terms import Region, Transform
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_scene
from stackcore_plugins.developer_image.developer import ImageDeveloper

QUICK: dict[str, Any] = {"align": False, "fuser": "average", "hot_pixels": False}

KINDS = {"uint8": "srgb", "uint16": "rgb16", "float32": "rgb"}


def as_kind(frame: np.ndarray, dtype: str) -> np.ndarray:
    return {
        "uint8": lambda: frame,
        "uint16": lambda: frame.astype(np.uint16) * 257,
        "float32": lambda: (frame / np.float32(255)).astype(np.float32),
    }[dtype]()


def write(pixels: np.ndarray, path: Path) -> Path:
    pyvips.Image.new_from_array(pixels).copy(interpretation=KINDS[pixels.dtype.name]).write_to_file(str(path))
    return path


@pytest.fixture
def stackcore_cli(capsys) -> Callable[..., int]:
    """Call the command line with arguments; returns its exit code."""

    def call(*arguments: str) -> int:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code

    return call


@pytest.fixture
def frames(small_stack) -> list[np.ndarray]:
    return list(small_stack.frames)


@pytest.mark.parametrize(("dtype", "linear"), [("uint8", False), ("uint16", True), ("float32", False)])
def test_arrays_give_the_bytes_of_the_command_line(frames, tmp_path, stackcore_cli, dtype, linear):
    arrays = [as_kind(frame, dtype) for frame in frames]
    for index, array in enumerate(arrays):
        write(array, tmp_path / f"f{index}.tif")
    searches = dtype == "uint8"  # for hot pixels, which takes as long as all the rest
    options = [*(["--linear"] if linear else []), *([] if searches else ["--no-hot-pixels"])]
    assert stackcore_cli("stack", str(tmp_path), "-o", str(tmp_path / "out.tif"), *options) == 0
    written = pyvips.Image.new_from_file(str(tmp_path / "out.tif")).numpy()
    result = stackcore.fuse(iter(arrays), linear=linear, hot_pixels=searches)
    assert result.picture.dtype == ("float32" if dtype == "float32" else "uint16")
    assert result.picture.tobytes() == written.tobytes()
    assert result.encoding == ("linear" if linear else "srgb")


def test_without_aligning_it_is_the_command_fuse(frames, shoot, tmp_path, stackcore_cli):
    told = stackcore_cli("fuse", str(shoot), "-o", str(tmp_path / "out.tif"), "--fuser", "average", "--no-hot-pixels")
    assert told == 0
    written = pyvips.Image.new_from_file(str(tmp_path / "out.tif")).numpy()
    assert np.array_equal(stackcore.fuse(frames, **QUICK).picture, written)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("size", [(67, 131), (300, 200), (64, 48), (701, 459), (453, 1201)])
def test_arrays_are_reduced_as_files_are(tmp_path, dtype, size):
    """The survey sees reduced frames; those of the small stack are not."""
    noise = np.random.default_rng(5).integers(0, 256, (*size, 3)).astype(np.uint8)
    array = as_kind(noise, dtype)
    path = write(array, tmp_path / "f.tif")
    of_file, of_array = ImageDeveloper().read_reduced(path, 64), ArrayDeveloper([array])
    reduced = of_array.read_reduced(of_array.paths[0], 64)
    assert reduced.pixels.dtype == of_file.pixels.dtype == dtype
    assert max(reduced.pixels.shape) == 64
    assert np.array_equal(reduced.pixels, of_file.pixels)


def with_alpha(array: np.ndarray) -> np.ndarray:
    """An array whose left and upper parts are transparent, with nonsense beneath."""
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[array.dtype.name]
    alpha = np.full((*array.shape[:2], 1), full, array.dtype)
    alpha[:, :40], alpha[:25] = 0, full // 2
    hidden = array.copy()
    hidden[:, :40] = np.nan if array.dtype == np.float32 else 7
    return np.concatenate([hidden, alpha], axis=2)


@pytest.mark.parametrize("dtype", KINDS)
def test_alpha_says_what_is_picture_as_in_files(frames, tmp_path, dtype):
    arrays = [with_alpha(as_kind(frame, dtype)) for frame in frames[:3]]
    paths = [write(array, tmp_path / f"f{index}.tif") for index, array in enumerate(arrays)]
    of_file, of_array = ImageDeveloper(), ArrayDeveloper(arrays)
    for size in (64, 1024):
        one, other = of_file.read_reduced(paths[0], size), of_array.read_reduced(of_array.paths[0], size)
        assert other.valid is not None
        assert np.array_equal(one.valid, other.valid)
        assert np.array_equal(one.pixels[other.valid], other.pixels[other.valid])
    quick = {**QUICK, "crop": False}
    assert np.array_equal(stackcore.fuse(arrays, **quick).picture, stackcore.stack(paths, **quick).picture)


def test_every_form_of_frames_gives_the_same(frames):
    expected = stackcore.fuse(frames, **QUICK).picture

    class Lazy(list[Any]):
        def __getitem__(self, place: Any) -> Any:
            return super().__getitem__(place).copy()

    def generated() -> Iterator[np.ndarray]:
        yield from frames

    forms: list[Any] = [tuple(frames), np.stack(frames), Lazy(frames), generated(), np.asfortranarray(np.stack(frames))]
    for form in forms:
        assert np.array_equal(stackcore.fuse(form, **QUICK).picture, expected)


def test_grey_and_other_floats(frames):
    grey = [frame[..., 1] for frame in frames]
    of_grey = stackcore.fuse(grey, **QUICK).picture
    assert np.array_equal(of_grey, stackcore.fuse(np.stack(grey), **QUICK).picture)
    assert np.array_equal(of_grey, stackcore.fuse([plane[..., None] for plane in grey], **QUICK).picture)
    assert np.array_equal(of_grey[..., 0], of_grey[..., 2])
    for dtype in (np.float64, np.float16, ">f4"):
        floats = [(frame / 255).astype(dtype) for frame in frames]
        picture = stackcore.fuse(floats, **QUICK).picture
        assert picture.dtype == np.float32
        assert abs(picture.mean() - np.mean(floats, dtype=np.float64)) < 1e-3


def test_nothing_given_is_modified(frames):
    hot = [frame.copy() for frame in frames]
    for frame in hot:
        frame[100, 100] = 255
    before = [frame.tobytes() for frame in hot]
    result = stackcore.fuse(hot, sharpen="1")
    assert result.hot_pixels is not None
    assert result.hot_pixels.places
    assert [frame.tobytes() for frame in hot] == before
    picture = frames[0].copy()
    stackcore.sharpen(picture)
    stackcore.warp(picture, np.eye(3), gain=(2.0, 1.0, 1.0)).pixels[...] = 0
    assert np.array_equal(picture, frames[0])


def test_depth_and_events_and_seconds(frames, ear):
    result = stackcore.fuse(frames, depth=True, fuser="weighted", listeners=[ear])
    assert result.depth is not None
    assert result.confidence is not None
    assert result.depth.shape == result.confidence.shape == result.picture.shape[:2]
    assert (result.depth.min() >= 0, result.depth.max() <= 5) == (True, True)
    assert [event.stage for event in ear.of("stage_started")] == ["hot_pixels", "align", "fuse"]
    assert ear.events[0].command == "fuse"
    assert ear.events[0].settings["inputs"][:2] == ["array 0", "array 1"]
    assert ear.kinds[-2:] == ["result", "run_finished"]


def test_frames_of_files_are_decoded_when_they_are_asked_for(shoot, frames):
    read = stackcore.read_frames(shoot)
    assert repr(read) == "<6 frames, 360 x 240, uint8, srgb>"
    assert [path.name for path in read.paths] == [f"img{i}.tif" for i in range(8, 14)]
    assert all(np.array_equal(array, frame) for array, frame in zip(read, frames, strict=True))
    assert np.array_equal(read[-1], frames[5])
    assert [array.shape for array in read[1:3]] == [(240, 360, 3)] * 2
    with pytest.raises(IndexError, match="there are 6 frames"):
        read[6]
    read.paths[2].write_bytes(b"")
    with pytest.raises(UnreadableFrame, match=r"img10\.tif"):
        read[2]
    assert np.array_equal(read[3], frames[3])


def test_frames_of_files_are_fused_as_the_files_are(tmp_path, small_stack):
    for index, frame in enumerate(small_stack.frames):
        pyvips.Image.new_from_array(frame).write_to_file(str(tmp_path / f"{index}.jpg"), Q=80)
    read = stackcore.read_frames(tmp_path, linear=True)
    assert read.encoding == "linear"
    quick = {"hot_pixels": False, "fuser": "weighted"}
    whole = stackcore.stack(tmp_path, linear=True, **quick)
    assert np.array_equal(stackcore.fuse(read, **quick).picture, whole.picture)


def test_a_raw_becomes_the_array_of_its_development(tmp_path):
    truth = SensorTruth.random(96, 64, hot=0, dead=0, seed=4)
    light = np.random.default_rng(2).uniform(0, 0.8, (64, 96, 3)).astype(np.float32)
    raws = [write_scene(tmp_path / f"{shot}.dng", truth, light, shot=shot) for shot in range(2)]
    for choices in ({}, {"linear": True, "white_balance": "1 1 1 1"}):
        read = stackcore.read_frames(raws, **choices)
        done = stackcore.develop(raws, tmp_path / f"out{len(choices)}", **choices)
        assert (read.dtype, read.encoding) == ("uint16", "linear" if choices else "srgb")
        assert read.development["white_balance"] == ("1 1 1 1" if choices else "camera")
        for array, path in zip(read, done.files, strict=True):
            assert np.array_equal(array, pyvips.Image.new_from_file(str(path)).numpy())


def test_one_survey_serves_another_light(frames):
    found = stackcore.align(frames, hot_pixels=False)
    assert found.reference == 3
    quick = {**QUICK, "align": found}
    there = stackcore.fuse(frames, **quick)
    assert np.array_equal(there.picture, stackcore.fuse(frames, **{**quick, "align": True}).picture)
    dim = stackcore.fuse([frame // 2 for frame in frames], **quick)
    assert dim.crop == there.crop != (0, 0, 360, 240)
    assert 0.45 < dim.picture.mean() / there.picture.mean() < 0.55


def test_aligning_arrays_and_files_is_the_same(frames, shoot, tmp_path):
    of_arrays = stackcore.align(frames, hot_pixels=False)
    of_files = stackcore.align(shoot, tmp_path / "aligned", matrices=tmp_path / "m.json", hot_pixels=False)
    for one, other in zip(of_arrays.frames, of_files.frames, strict=True):
        assert one.transform is not None
        assert other.transform is not None
        assert np.array_equal(one.transform.matrix, other.transform.matrix)
    names = sorted((tmp_path / "aligned").iterdir())
    warped = list(stackcore.aligned(frames, of_arrays))
    assert len(names) == len(warped) == 6
    for name, frame in zip(names, warped, strict=True):
        written = pyvips.Image.new_from_file(str(name)).numpy()
        assert np.array_equal(written[..., :3], frame.pixels.astype(np.uint16) * 257)
    uncropped = next(iter(stackcore.aligned(frames, of_arrays, crop=False)))
    assert uncropped.pixels.shape == (240, 360, 3)
    assert not all(frame.valid.all() for frame in stackcore.aligned(frames, of_arrays, crop=False))


def test_warping_one_picture(frames):
    by_five = np.array([[1, 0, 5], [0, 1, -2], [0, 0, 1.0]])
    moved = stackcore.warp(frames[0], by_five)
    assert np.array_equal(moved.pixels[2:, :-5], frames[0][:-2, 5:])
    assert np.array_equal(moved.valid[2:, :-5], np.ones((238, 355), bool))
    assert not moved.valid[:2].any()
    assert np.array_equal(stackcore.warp(frames[0], Transform(by_five)).pixels, moved.pixels)
    part = stackcore.warp(frames[0], np.eye(3), region=Region(7, 3, 20, 10))
    assert np.array_equal(part.pixels, frames[0][3:13, 7:27])
    twice = stackcore.warp(np.full((8, 8, 3), 0.25, np.float32), np.eye(3), gain=(2, 2, 2), encoding="linear")
    assert np.allclose(twice.pixels, 0.5)


def test_sharpening_an_array_is_sharpening_its_file(shoot, tmp_path, frames):
    written = stackcore.sharpen(shoot / "img11.tif", tmp_path / "sharp.tif", strength="1:0:2")
    sharp = stackcore.sharpen(frames[3], strength="1:0:2")
    assert np.array_equal(sharp, pyvips.Image.new_from_file(str(written)).numpy())
    floats = stackcore.sharpen((frames[3] / 255).astype(np.float32), strength=1, encoding="linear")
    assert floats.dtype == np.float32
    assert not np.array_equal(floats, frames[3] / np.float32(255))


NAN = np.full((20, 30, 3), np.nan, np.float32)
GOOD = np.full((20, 30, 3), 0.5, np.float32)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([], FrameError, "There are no frames"),
        (iter([]), FrameError, "There are no frames"),
        (None, FrameError, "a NoneType was given"),
        (7, FrameError, "a int was given"),
        ([GOOD], FrameError, "One frame is not a stack"),
        (GOOD, FrameError, r"One frame is not a stack\. why: an array of shape \(20, 30, 3\)"),
        (GOOD[None], FrameError, "One frame is not a stack"),
        (np.zeros(5), FrameError, "That is no stack"),
        ("shoot", FrameError, r"read it with `stackcore\.read_frames`"),
        ([Path("a.tif"), Path("b.tif")], FrameError, "Arrays are wanted here"),
        ([GOOD, GOOD[:-1]], FrameMismatch, r"array 0\) does not match .* it is 30x20, the reference array 1 is 30x19"),
        ([GOOD, (GOOD * 255).astype(np.uint8)], FrameMismatch, "float32 values, the reference array 1 uint8"),
        ([GOOD, NAN], UnreadableFrame, "array 1 holds pixels that are no numbers. why: 600 of its pixels"),
        ([GOOD, GOOD * np.inf], UnreadableFrame, "NaN or infinite"),
        ([GOOD * 300, GOOD * 300], UnreadableFrame, r"its floats reach 150, where 1 is white\. .* such as 255"),
        ([GOOD * 60000, GOOD * 300], UnreadableFrame, "such as 65535"),
        ([GOOD.astype(np.int64), GOOD], UnreadableFrame, "array 0 holds int64 numbers"),
        ([GOOD > 0, GOOD > 0], UnreadableFrame, "holds bool numbers"),
        ([GOOD * 1j, GOOD], UnreadableFrame, "complex64"),
        ([np.array(["a", "b"])] * 2, UnreadableFrame, "no picture|numbers"),
        ([np.moveaxis(GOOD, -1, 0)] * 2, UnreadableFrame, r"its shape is \(3, 20, 30\);.* `numpy\.moveaxis"),
        ([np.zeros((20, 30, 4), np.uint8)] * 2, UnreadableFrame, r"transparent all over\. .* `frame\[\.\.\., :3\]`"),
        ([np.zeros((20, 30, 5), np.uint8)] * 2, UnreadableFrame, "is no picture"),
        ([np.zeros((20, 30, 2), np.uint8)] * 2, UnreadableFrame, "is no picture"),
        ([np.zeros((0, 30, 3), np.uint8)] * 2, UnreadableFrame, "is empty"),
        ([np.zeros(30, np.uint8)] * 2, UnreadableFrame, r"its shape is \(30,\)"),
    ],
)
def test_what_is_no_stack_says_so(given, error, words):
    with pytest.raises(error, match=words) as caught:
        stackcore.fuse(given, align=False)
    assert type(caught.value) is error


def test_one_frame_of_nan_is_found_wherever_it_lies(frames):
    floats = [(frame / 255).astype(np.float32) for frame in frames]
    floats[1][5, 5, 2] = np.nan
    for work in (stackcore.align, stackcore.fuse):
        with pytest.raises(UnreadableFrame, match=r"array 1 holds pixels that are no numbers\. why: 1 of"):
            work(floats, hot_pixels=False)


def test_frames_without_anything_in_common(frames):
    flat = [np.full((64, 64, 3), 90, np.uint8), np.full((64, 64, 3), 91, np.uint8)]
    with pytest.raises(AlignmentFailed):
        stackcore.fuse(flat)


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        ({"fuser": "weihgted"}, PluginError, "weighted"),
        ({"sharpen": "much"}, UsageError, "much"),
        ({"settings": {"camera": {}}}, StackcoreError, "camera"),
        ({"memory_bytes": 1}, StackcoreError, "too small"),
    ],
)
def test_choices_are_checked_as_ever(frames, choices, error, words):
    with pytest.raises(error, match=words):
        stackcore.fuse(frames, align=False, **choices)


def test_a_survey_of_another_stack_is_refused(frames):
    found = stackcore.align(frames, hot_pixels=False)
    for other in (frames[:5], [frame[:-1] for frame in frames]):
        with pytest.raises(FrameMismatch, match=r"of 6 frames of 360x240"):
            stackcore.fuse(other, align=found)
        with pytest.raises(FrameMismatch, match=r"of 6 frames of 360x240"):
            stackcore.aligned(other, found)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.eye(2), r"its shape is \(2, 2\)"),
        (np.full((3, 3), np.nan), "NaN or infinity"),
        (np.zeros((3, 3)), "has no inverse"),
        ([["a"]], "does not consist of numbers"),
    ],
)
def test_what_is_no_transform_says_so(frames, given, words):
    with pytest.raises(UsageError, match=words):
        stackcore.warp(frames[0], given)


def test_what_else_is_refused(frames, shoot, tmp_path):
    for work in (stackcore.sharpen, lambda picture: stackcore.warp(picture, np.eye(3))):
        with pytest.raises(UnreadableFrame, match="four channels"):
            work(with_alpha(frames[0]))
    with pytest.raises(UsageError, match="The region is empty"):
        stackcore.warp(frames[0], np.eye(3), region=Region(0, 0, 0, 5))
    with pytest.raises(UsageError, match="no place for the result"):
        stackcore.sharpen(shoot / "img8.tif")
    with pytest.raises(UsageError, match="not sharpened into a file"):
        stackcore.sharpen(frames[0], tmp_path / "a.tif")  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="Arrays have no names for files"):
        stackcore.align(frames, tmp_path / "aligned")  # type: ignore[call-overload]
    with pytest.raises(FrameError, match="no-such-folder does not exist"):
        stackcore.read_frames(tmp_path / "no-such-folder")
    assert not list(tmp_path.glob("a*"))


@pytest.mark.parametrize(
    "work",
    [
        lambda frames, **ears: stackcore.fuse(frames, fuser="average", hot_pixels=False, sharpen="1", **ears),
        lambda frames, **ears: stackcore.align(frames, hot_pixels=False, **ears),
        lambda frames, **ears: stackcore.sharpen(frames[0], **ears),
    ],
    ids=["fuse", "align", "sharpen"],
)
def test_a_cancel_at_every_event_is_obeyed(frames, work, cancel_at):
    few = frames[2:5]
    whole = cancel_at()
    work(few, listeners=[whole], cancel=whole.cancel)
    kinds = [event.kind for event in whole.events]
    assert kinds[-1] == "run_finished"
    last = kinds.index("result") if "result" in kinds else len(kinds) - 1
    for moment in range(last):
        run = cancel_at(moment)
        with pytest.raises(Cancelled):
            work(few, listeners=[run], cancel=run.cancel)
        assert (run.events[-1].kind, run.events[-1].outcome) == ("run_finished", "cancelled")
        assert len(run.events) <= moment + 3  # it stops soon


def test_several_at_once_do_not_mind_each_other(frames):
    few = [frame[:120, :180] for frame in frames]
    alone = {name: stackcore.fuse(few, fuser=name, hot_pixels=False).picture for name in ("weighted", "pyramid")}
    runs = [(name, stackcore.background(stackcore.fuse, few, fuser=name, hot_pixels=False)) for name in [*alone] * 2]
    assert all(np.array_equal(run.result().picture, alone[name]) for name, run in runs)
