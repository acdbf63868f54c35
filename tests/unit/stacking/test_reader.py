"""Frames as files: whether they fit together, and that nothing is decoded twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips

from stackcore.errors import FrameMismatch, UnreadableFrame
from stackcore.protocols import Decoded, Development, FrameInfo
from stackcore.stacking.reader import StackReader
from stackcore.testing.dng import RawCamera, write_dng


def noise(height: int = 48, width: int = 64, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(2).integers(0, np.iinfo(dtype).max, (height, width, 3)).astype(dtype)


def turned(path: Path, orientation: int) -> Path:
    image = pyvips.Image.new_from_array(noise()).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(path))
    return path


class CountingDeveloper:
    def __init__(self, size: int = 8) -> None:
        self.reads: list[tuple[str, int]] = []
        self.prepared: list[Path] = []
        self._pixels = np.zeros((size, size, 3), np.uint8)

    def prepare(self, reference: Path, development: Development) -> None:
        self.prepared.append(reference)

    def probe(self, path: Path) -> FrameInfo:
        return FrameInfo(width=8, height=8, dtype="uint8")

    def read(self, path: Path) -> Decoded:
        return Decoded(self._pixels)

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        self.reads.append((path.name, max_size_px))
        return Decoded(self._pixels)


def counting(frames: int = 10, size: int = 8) -> tuple[CountingDeveloper, StackReader]:
    developer = CountingDeveloper(size)
    return developer, StackReader([Path(f"{i}.jpg") for i in range(frames)], {".jpg": developer}, Development())


def test_frames_come_back_as_they_were_written(save, open_stack):
    frames = [noise(), noise()[::-1]]
    reader = open_stack(save(frames))
    assert (len(reader), reader.reference) == (2, 1)
    assert (reader.info.width, reader.info.height, reader.info.dtype) == (64, 48, "uint8")
    for index, frame in enumerate(frames):
        assert np.array_equal(reader.read(index).pixels, frame)
    assert reader.reduced(0, 32).pixels.shape == (24, 32, 3)


def test_every_developer_is_prepared_once_with_the_reference():
    developer, reader = counting(5)
    assert developer.prepared == [Path("2.jpg")]
    assert reader.reference == 2


def test_a_frame_of_another_size_is_named_with_both_sizes(save, open_stack):
    with pytest.raises(FrameMismatch) as caught:
        open_stack(save([noise(), noise(), noise(), noise(47, 64)]))
    assert "Frame 3 (f3.tif)" in caught.value.what
    assert "64x47" in caught.value.why
    assert "f2.tif is 64x48" in caught.value.why


def test_a_frame_of_another_depth_is_named_with_both_depths(save, open_stack):
    with pytest.raises(FrameMismatch) as caught:
        open_stack(save([noise(dtype="uint16"), noise(), noise()]))
    assert "Frame 0 (f0.tif)" in caught.value.what
    assert "uint16" in caught.value.why
    assert "uint8" in caught.value.why


def test_a_frame_that_is_not_what_its_header_said():
    _, reader = counting(3, size=9)
    with pytest.raises(FrameMismatch, match=r"Frame 1 \(1\.jpg\)"):
        reader.read(1)


@pytest.mark.parametrize("keep", [0.9, 0.5])
def test_a_truncated_jpeg_is_named(save, open_stack, keep):
    paths = save([noise(), noise(), noise()], ".jpg")
    paths[1].write_bytes(paths[1].read_bytes()[: int(paths[1].stat().st_size * keep)])
    reader = open_stack(paths)
    for read in (lambda: reader.read(1), lambda: reader.reduced(1, 32)):
        with pytest.raises(UnreadableFrame) as caught:
            read()
        assert "f1.jpg" in caught.value.what
        assert "truncated" in caught.value.why


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff"])
def test_a_file_that_is_no_picture_is_named_at_once(save, open_stack, content):
    paths = save([noise(), noise()], ".jpg")
    paths[0].write_bytes(content)
    with pytest.raises(UnreadableFrame, match=r"f0\.jpg"):
        open_stack(paths)


def test_a_reduced_frame_is_decoded_once_and_forgotten_after_some_others():
    developer, reader = counting()
    for index in (0, 1, 0, 1, 2):
        reader.reduced(index, 32)
    assert developer.reads == [("0.jpg", 32), ("1.jpg", 32), ("2.jpg", 32)]
    reader.reduced(0, 16)
    assert developer.reads[-1] == ("0.jpg", 16)
    for index in range(3, 10):
        reader.reduced(index, 32)
    before = len(developer.reads)
    reader.reduced(0, 32)
    assert len(developer.reads) == before + 1


def test_two_threads_that_ask_at_once_decode_once():
    developer, reader = counting()
    barrier, another = threading.Barrier(4), threading.Event()
    decode = developer.read_reduced

    def wait_for_another(path: Path, max_size_px: int) -> np.ndarray:
        if developer.reads:
            another.set()
        pixels = decode(path, max_size_px)
        another.wait(0.1)  # time for a second decode to begin, if one were let in
        return pixels

    developer.read_reduced = wait_for_another

    def ask(_: int) -> np.ndarray:
        barrier.wait()
        return reader.reduced(3, 32)

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(ask, range(4))
    assert developer.reads == [("3.jpg", 32)]
    assert all(other is first for other in others)


def test_a_failed_decode_is_tried_again():
    developer, reader = counting()
    answers = iter([OSError("gone"), None])

    def once(path: Path, max_size_px: int) -> Decoded:
        error = next(answers)
        if error is not None:
            raise error
        return Decoded(np.zeros((8, 8, 3), np.uint8))

    developer.read_reduced = once
    with pytest.raises(OSError, match="gone"):
        reader.reduced(0, 32)
    assert reader.reduced(0, 32).pixels.shape == (8, 8, 3)


def test_sixteen_bits_survive(tmp_path, open_stack):
    frame = noise(dtype="uint16")
    paths = [tmp_path / "a.png", tmp_path / "b.tif"]
    for path in paths:
        assert cv2.imwrite(str(path), frame[..., ::-1])
    reader = open_stack(paths)
    assert reader.info.dtype == "uint16"
    assert np.array_equal(reader.read(0).pixels, frame)
    assert np.array_equal(reader.read(1).pixels, frame)


@pytest.mark.parametrize("odd", [3, 6])
def test_mixed_orientations_are_refused_with_both_names(tmp_path, open_stack, odd):
    held = [1, odd, 1]
    paths = [turned(tmp_path / f"f{index}.jpg", orientation) for index, orientation in enumerate(held)]
    with pytest.raises(FrameMismatch) as caught:
        open_stack([paths[1], paths[0], paths[2]])
    assert "Frame 0 (f1.jpg)" in caught.value.what
    assert f"EXIF orientation is {odd}" in caught.value.why
    assert "f0.jpg is 1" in caught.value.why
    assert "exiftool" in caught.value.fix


def test_frames_that_are_all_turned_alike_are_a_stack(tmp_path, open_stack):
    reader = open_stack([turned(tmp_path / f"f{index}.jpg", 6) for index in range(3)])
    assert (reader.info.width, reader.info.height, reader.info.orientation) == (48, 64, 6)
    assert reader.read(0).pixels.shape == (64, 48, 3)


@pytest.mark.parametrize("order", [("a.dng", "b.tif"), ("b.tif", "a.dng")])
def test_raws_among_pictures_are_refused_with_both_names(tmp_path, save, open_stack, order):
    write_dng(tmp_path / "a.dng", np.full((48, 64, 3), 0.2, np.float32), RawCamera())
    save([noise()])[0].rename(tmp_path / "b.tif")
    with pytest.raises(FrameMismatch) as caught:
        open_stack([tmp_path / name for name in order])
    assert order[0] in caught.value.what
    assert order[1] in caught.value.why
    assert "raw file" in caught.value.why


def test_what_is_done_to_colours_is_one_warning_for_all(tmp_path, open_stack):
    paths = [tmp_path / f"f{index}.tif" for index in range(8)]
    image = pyvips.Image.new_from_array(noise()).copy(interpretation="srgb")
    for index, path in enumerate(paths):
        image.write_to_file(str(path), **({"profile": "p3"} if index in (0, 1, 2, 6) else {}))
    [warning] = open_stack(paths[3:] + paths[:3]).warnings
    assert (warning.code, warning.frame) == ("colours", None)
    assert warning.message.startswith("The colours of 4 of 8 frames are ")
    assert "converted from " in warning.message
    assert "f6.tif, f0.tif, f1.tif, ..." in warning.message
    assert open_stack(paths[3:6]).warnings == []


def test_what_is_not_valid_is_filled(tmp_path, open_stack):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    alpha = np.full((48, 64, 1), 255, np.uint8)
    alpha[:, :20] = 0
    image = pyvips.Image.new_from_array(np.concatenate([noise(), alpha], axis=2)).copy(interpretation="srgb")
    for path in paths:
        image.write_to_file(str(path))
    reader = open_stack(paths)
    whole, reduced = reader.read(0), reader.reduced(0, 32)
    assert np.array_equal(whole.valid, alpha[..., 0] == 255)
    assert np.array_equal(whole.pixels[:, 20:], noise()[:, 20:])
    assert np.array_equal(whole.pixels[:, 19], noise()[:, 20])  # a straight edge: straight across
    assert 40 / 64 <= reduced.valid.mean() <= 44 / 64  # one column may hold something of both
    assert np.array_equal(reduced.pixels[:, 3], reduced.pixels[:, 9])
