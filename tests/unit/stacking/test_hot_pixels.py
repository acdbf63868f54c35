"""Hot pixels found from the stack itself: what is found, and above all what is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.api.toolbox import Toolbox
from stackcore.events import BaseEvent
from stackcore.protocols import Development, Mosaic
from stackcore.stacking.hot_pixels import HotPixels, _as_stored, find_hot_pixels, mended_in
from stackcore.stacking.reader import StackReader
from stackcore.stacking.standing_out import look_at_mosaic, standing_out
from stackcore.testing.photosites import HotSite, SensorTruth
from stackcore.testing.raws import write_scene
from stackcore.testing.scene import Scene, SyntheticStack, make_stack
from stackcore.testing.sensor import Motion, Sensor

Search = Callable[..., tuple[StackReader, HotPixels, list[BaseEvent]]]


@pytest.fixture
def search(registry, developers) -> Search:
    """Search some files; gives the reader, what was found, and the events."""

    def run(paths: Sequence[Path]) -> tuple[StackReader, HotPixels, list[BaseEvent]]:
        reader = StackReader(paths, developers, Development())
        events: list[BaseEvent] = []
        executor = Toolbox(registry, {}).executor("local", 2)
        try:
            return reader, find_hot_pixels(reader, executor, events.append, threading.Event()), events
        finally:
            executor.close()

    return run


@pytest.fixture(scope="module")
def moving() -> SyntheticStack:
    return make_stack(720, 480, 7, seed=4, sensor=Sensor(hot_pixels=20, seed=4))


@pytest.fixture(scope="module")
def standing() -> SyntheticStack:
    """Frames of one focus from a rig that does not move, with hot pixels."""
    sensor = Sensor(hot_pixels=20, seed=4)
    scene = Scene.build(480, 320, seed=4)
    light = scene.render(0.5)
    stack = make_stack(480, 320, 3, seed=4, sensor=sensor, motion=Motion.none())
    frames = [sensor.expose(light.copy(), index=index) for index in range(5)]
    return SyntheticStack(**{**vars(stack), "frames": frames})


def scores(found: HotPixels, truth: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """How many of the truth were found, and how many places are none of it."""
    near = [[max(abs(x - a), abs(y - b)) <= 1 for a, b in truth] for x, y in found.places]
    return sum(any(column) for column in zip(*near, strict=True)), sum(not any(row) for row in near)


def test_hot_pixels_are_found_while_the_picture_moves(moving, save, search):
    _, found, events = search(save(moving.frames))
    hits, false = scores(found, [(h.x, h.y) for h in moving.hot])
    assert false == 0
    assert hits >= 16
    assert found.doubt is None
    assert [e.kind for e in events if e.kind == "warning"] == []
    assert [(e.done, e.total) for e in events if e.kind == "progress"] == [(n, 5) for n in range(1, 6)]
    assert found.summary()["found"] == len(found.places)
    assert all(len(place) == 2 for place in found.summary()["places"])


def test_sixteen_bits_are_searched_like_eight(save, search):
    stack = make_stack(720, 480, 7, seed=4, sensor=Sensor(hot_pixels=20, seed=4), dtype="uint16")
    _, found, _ = search(save(stack.frames))
    hits, false = scores(found, [(h.x, h.y) for h in stack.hot])
    assert (hits >= 16, false) == (True, 0)


@pytest.mark.parametrize(("quality", "sampling", "least"), [(95, "444", 15), (92, "420", 6)])
def test_jpeg_spreads_them_and_they_are_found_and_mended_whole(
    moving, quality, sampling, least, tmp_path, search, developers
):
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    paths = [tmp_path / f"f{i}.jpg" for i in range(len(moving.frames))]
    for path, frame in zip(paths, moving.frames, strict=True):
        flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
        assert cv2.imwrite(str(path), frame[..., ::-1], flags)
    reader, found, _ = search(paths)
    hits, false = scores(found, [(h.x, h.y) for h in moving.hot])
    assert false == 0
    assert hits >= least
    before = reader.read(0).pixels.copy()
    mended_in(reader, found)
    after = reader.read(0).pixels
    off = np.ones(before.shape[:2], np.bool_)
    for blemish in found.blemishes:
        off[max(blemish.y - 3, 0) : blemish.y + 4, max(blemish.x - 3, 0) : blemish.x + 4] = False
        left = after[blemish.y, blemish.x].astype(float) - np.median(
            after[blemish.y - 4 : blemish.y + 5, blemish.x - 4 : blemish.x + 5], axis=(0, 1)
        )
        assert np.abs(left).max() < 40  # of a hundred and more; what is left is picture
    assert np.array_equal(before[off], after[off])
    assert not np.array_equal(before, after)


def test_a_stack_without_hot_pixels_is_left_alone(small_stack, save, search):
    _, found, events = search(save(small_stack.frames))
    assert found == HotPixels()
    assert [e.kind for e in events if e.kind == "warning"] == []


def test_frames_that_are_too_alike_prove_nothing(standing, save, search):
    _, found, events = search(save(standing.frames))
    assert found.places == ()
    assert found.blemishes == ()
    assert "too little of the picture changes" in found.doubt
    assert [(e.code, e.message) for e in events if e.kind == "warning"] == [("hot-pixels-uncertain", found.doubt)]


def dotted(frames: int, *, defocus_px: float, shift_px: float = 0.0) -> list[np.ndarray]:
    """A screen of white dots, each one pixel wide, and print; sharp in the middle frame only."""
    rng = np.random.default_rng(3)
    sharp = np.full((320, 480, 3), 60, np.uint8)
    for _ in range(60):
        place = (int(rng.integers(10, 400)), int(rng.integers(20, 300)))
        cv2.putText(sharp, "mm", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (150, 150, 150), 1)
    sharp[8:-8:16, 8:-8:16] = 230
    made = []
    for index in range(frames):
        radius = defocus_px * abs(index - frames // 2) / (frames // 2)
        move = np.array([[1, 0, shift_px * index], [0, 1, shift_px * index / 2]])
        seen = cv2.warpAffine(sharp, move, (480, 320), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        seen = cv2.GaussianBlur(seen, (0, 0), radius) if radius > 0 else seen
        made.append(np.clip(seen + rng.normal(0, 1.5, seen.shape), 0, 255).astype(np.uint8))
    return made


@pytest.mark.parametrize(("defocus_px", "shift_px"), [(0.0, 0.0), (0.3, 0.0), (0.6, 0.0), (2.0, 0.0), (0.5, 0.7)])
def test_dots_of_the_subject_are_no_hot_pixels(defocus_px, shift_px, save, search):
    _, found, _ = search(save(dotted(5, defocus_px=defocus_px, shift_px=shift_px)))
    assert found.places == ()


def test_two_frames_are_not_even_looked_at(moving, save, search):
    _, found, events = search(save(moving.frames[:2]))
    assert found == HotPixels()
    assert events == []


def test_a_held_camera_tells_places_as_the_sensor_has_them():
    """EXIF 6: shown turned by 90 degrees clockwise, so that the sensor's top left is at the top right."""
    sensor = np.arange(12).reshape(3, 4)
    turned = {
        1: sensor,
        2: sensor[:, ::-1],
        3: sensor[::-1, ::-1],
        4: sensor[::-1],
        5: sensor.T,
        6: np.rot90(sensor, -1),
        7: sensor[::-1, ::-1].T,
        8: np.rot90(sensor),
    }
    for orientation, upright in turned.items():
        height, width = upright.shape
        for y in range(height):
            for x in range(width):
                a, b = _as_stored(x, y, width, height, orientation)
                assert sensor[b, a] == upright[y, x], orientation


def shots(folder: Path, truth: SensorTruth, count: int = 7) -> list[Path]:
    scene = Scene.build(truth.width, truth.height, seed=6)
    motion = Motion(seed=6)
    paths = []
    for shot in range(count):
        focus = shot / (count - 1)
        light = scene.render(focus, motion.transform(focus - 0.5, shot, truth.width, truth.height))
        paths.append(write_scene(folder / f"s{shot}.dng", truth, np.minimum(light, 1), shot=shot))
    return paths


def test_raws_are_searched_on_the_mosaic_and_corrected_before_demosaicing(tmp_path, search):
    rng = np.random.default_rng(5)
    places = rng.choice(480 * 320, 24, replace=False)
    hot = tuple(HotSite(int(p % 480), int(p // 480), level=6000.0) for p in places)
    truth = SensorTruth(width=480, height=320, hot=hot)
    reader, found, _ = search(shots(tmp_path, truth))
    sites = {(h.x, h.y) for h in hot}
    assert set(found.places) <= sites
    assert len(found.places) >= 18
    assert found.blemishes == ()
    mended_in(reader, found)
    assert reader.development.correction.defects == found.places
    clean_folder = tmp_path / "clean"
    clean_folder.mkdir()
    clean = shots(clean_folder, SensorTruth(width=480, height=320), 2)
    repaired = reader.read(0).pixels.astype(float)
    mended_in(reader, HotPixels())
    reader.develop(Development())
    spoilt = reader.read(0).pixels.astype(float)
    reader.paths[0] = clean[0]
    wanted = reader.read(0).pixels.astype(float)
    at = tuple(np.array([(y, x) for x, y in found.places]).T)
    assert np.median(np.abs(repaired - wanted)[at]) < 0.1 * np.median(np.abs(spoilt - wanted)[at].max(axis=1))


def mosaic(values: np.ndarray, pattern: list[list[int]], colours: str) -> Mosaic:
    black = (0.0,) * len(colours)
    return Mosaic(
        values=values.astype(np.uint16), pattern=np.array(pattern, np.uint8), colours=colours, black=black, white=1000
    )


XTRANS = [
    [1, 1, 0, 1, 1, 2],
    [1, 1, 2, 1, 1, 0],
    [2, 0, 1, 0, 2, 1],
    [1, 1, 2, 1, 1, 0],
    [1, 1, 0, 1, 1, 2],
    [0, 2, 1, 2, 0, 1],
]


@pytest.mark.parametrize(
    ("pattern", "colours"),
    [([[0, 1], [3, 2]], "RGBG"), (XTRANS, "RGB"), ([[0]], "W")],
    ids=["Bayer", "X-Trans", "grey"],
)
def test_a_photosite_is_compared_with_those_of_its_own_colour(pattern, colours):
    """Channels of quite different brightness: a green among reds is no hot red."""
    block = np.array(pattern)
    levels = np.array([100, 400, 200, 410])
    values = np.tile(levels[block], (60 // len(block), 60 // len(block)))
    values[20, 31], values[33, 12] = 900, 0
    spots = standing_out(look_at_mosaic(mosaic(values, pattern, colours)), 100)
    named = set(zip(spots.x.tolist(), spots.y.tolist(), spots.dark.tolist(), strict=True))
    assert named == {(31, 20, False), (12, 33, True)}


def test_the_strongest_are_kept_where_there_are_too_many(small_stack):
    from stackcore.stacking.standing_out import look_at_picture

    frame = np.full((100, 100, 3), 50, np.uint8)
    strengths: dict[tuple[int, int], Any] = {}
    for number, y in enumerate(range(10, 90, 10)):
        frame[y, 50] = 100 + 10 * number
        strengths[50, y] = number
    spots = standing_out(look_at_picture(frame, "srgb"), 6)
    assert {(int(x), int(y)) for x, y in zip(spots.x, spots.y, strict=True)} == {(50, 80), (50, 70)}
