"""The survey on a stack whose truth is known: geometry, exposure, and what is done about frames that do not fit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from stackcore.errors import AlignmentFailed, Cancelled
from stackcore.events import BaseEvent, Progress, StageStarted, Warned
from stackcore.protocols import Aligner, Registration
from stackcore.registry import Registry
from stackcore.stacking.inputs import collect
from stackcore.stacking.reader import StackReader
from stackcore.stacking.survey import Survey, run_survey, survey_record, unaligned
from stackcore.terms import Region, Transform
from stackcore.testing.scene import SyntheticStack, make_stack
from stackcore.testing.sensor import Motion

Open = Callable[[Sequence[Path]], StackReader]


class Surveyor:
    """Runs surveys with the built-in aligner and remembers what they told."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.events = registry, list[BaseEvent]()
        self.aligner: Aligner = registry.build("aligner", "ecc")
        self.cancel = threading.Event()

    def __call__(self, reader: StackReader, *, workers: int = 2, **options: Any) -> Survey:
        executor = self.registry.build("executor", "local", {"workers": workers})
        try:
            return run_survey(reader, self.aligner, executor, self.events.append, self.cancel, **options)
        finally:
            executor.close()

    def of(self, kind: type[BaseEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def surveyor(registry: Registry) -> Surveyor:
    return Surveyor(registry)


@pytest.fixture
def reader(stack_folder: Path, open_stack: Open) -> StackReader:
    return open_stack(collect([stack_folder], {".tif"}))


def grey(stack: SyntheticStack) -> np.ndarray:
    noise = np.random.default_rng(9).integers(-1, 2, stack.frames[0].shape)
    return (128 + noise).astype(np.uint8)


def matrices(survey: Survey) -> list[np.ndarray | None]:
    return [None if frame.transform is None else frame.transform.matrix for frame in survey.frames]


def corner_error(found: Transform, true: Transform, width: int = 360, height: int = 240) -> float:
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1.0]])
    return float(np.sqrt(((found.apply(corners) - true.apply(corners)) ** 2).sum(axis=1).mean()))


def test_geometry_and_exposure_are_recovered(surveyor, reader, small_stack):
    survey = surveyor(reader)
    assert (survey.width, survey.height, survey.reference, survey.model) == (360, 240, 3, "similarity")
    furthest = max(corner_error(Transform.identity(), true) for true in small_stack.transforms)
    assert furthest > 2  # the frames did move
    for frame, true, gain in zip(survey.frames, small_stack.transforms, small_stack.gains, strict=True):
        assert corner_error(frame.transform, true) < 0.3
        assert frame.gain == pytest.approx((gain,) * 3, rel=0.01)
    assert survey.frames[3].transform.is_identity
    assert survey.frames[3].gain == (1, 1, 1)
    assert [frame.index for frame in survey.used] == list(range(6))


def test_the_crop_lies_in_every_frame_and_wastes_little(surveyor, reader):
    survey = surveyor(reader)
    crop = survey.crop
    corners = np.array([[x, y] for x in (crop.x, crop.right - 1) for y in (crop.y, crop.bottom - 1)], float)
    for frame in survey.frames:
        there = frame.transform.apply(corners)
        assert np.all(there > -1e-3)
        assert np.all(there < np.array([359, 239]) + 1e-3)
    assert 0.9 * 360 * 240 < crop.width * crop.height < 360 * 240
    assert survey.whole == Region(0, 0, 360, 240)


def test_sharpness_moves_through_the_stack(surveyor, reader):
    sharpness = surveyor(reader).sharpness
    assert sharpness.shape == (6, 8, 12)
    assert len(set(sharpness.argmax(axis=0).ravel())) >= 4  # cells are sharpest in different frames


def test_what_is_told(surveyor, reader):
    surveyor(reader)
    assert surveyor.of(StageStarted) == [StageStarted(stage="align", total=9)]  # 5 neighbours, 4 next but one
    assert [event.done for event in surveyor.of(Progress)] == list(range(1, 10))
    assert surveyor.of(Warned) == []


def test_parallelism_does_not_matter(surveyor, reader):
    one, *others = [surveyor(reader, workers=workers) for workers in (1, 2, 3)]
    for other in others:
        assert np.array_equal(matrices(one), matrices(other))
        assert [f.gain for f in one.frames] == [f.gain for f in other.frames]
        assert np.array_equal(one.sharpness, other.sharpness)
        assert (one.crop, one.noise_sigma) == (other.crop, other.noise_sigma)


def test_the_order_of_the_frames_does_not_matter(surveyor, stack_folder, open_stack):
    paths = collect([stack_folder], {".tif"})[:5]  # an odd number has the same middle in both orders
    forth, back = surveyor(open_stack(paths)), surveyor(open_stack(paths[::-1]))
    for here, there in zip(forth.frames, back.frames[::-1], strict=True):  # two as far from the reference: one is fixed
        assert corner_error(here.transform, there.transform) < 0.01
    assert np.allclose([f.gain for f in forth.frames], [f.gain for f in back.frames][::-1], rtol=1e-4)
    assert forth.crop == back.crop


def test_exposure_is_left_alone_when_asked(surveyor, reader):
    assert all(frame.gain == (1, 1, 1) for frame in surveyor(reader, match_exposure=False).frames)


@pytest.mark.parametrize("bad", [1, 4])
def test_a_frame_that_shows_nothing_is_left_out_and_those_beyond_it_are_placed(
    surveyor, small_stack, save, open_stack, bad
):
    frames = list(small_stack.frames)
    frames[bad] = grey(small_stack)
    survey = surveyor(open_stack(save(frames)))
    assert survey.frames[bad].transform is None
    assert survey.frames[bad].reason
    assert [frame.index for frame in survey.used] == [i for i in range(6) if i != bad]
    for frame in survey.used:
        assert corner_error(frame.transform, small_stack.transforms[frame.index]) < 0.4
    [warning] = surveyor.of(Warned)
    assert (warning.code, warning.frame) == ("frame-skipped", f"f{bad}.tif")
    assert f"f{bad}.tif is left out" in warning.message


def test_two_bad_frames_in_a_row_are_bridged_too(surveyor, small_stack, save, open_stack):
    frames = list(small_stack.frames)
    frames[1] = frames[2] = grey(small_stack)
    survey = surveyor(open_stack(save(frames)))
    assert [frame.index for frame in survey.used] == [0, 3, 4, 5]
    assert corner_error(survey.frames[0].transform, small_stack.transforms[0]) < 0.5
    assert [warning.frame for warning in surveyor.of(Warned)] == ["f1.tif", "f2.tif"]


def test_a_bad_frame_costs_no_registration_for_each_frame_beyond(surveyor, small_stack, save, open_stack):
    sharp = small_stack.frames[3]
    reader = open_stack(save([*[sharp] * 6, grey(small_stack), *[sharp] * 4]))  # the reference is frame 5
    pairs = []
    register = surveyor.aligner.register

    def counted(fixed: Any, moving: Any) -> Registration:
        pairs.append((fixed.index, moving.index))
        return register(fixed, moving)

    surveyor.aligner.register = counted
    assert len(surveyor(reader).used) == 10
    planned = {(link.fixed, link.moving) for link in surveyor.aligner.links(11, 5)}
    assert set(pairs) - planned <= {(5, 7)}  # across the gap
    assert len(pairs) <= len(planned) + 1


def test_a_bad_frame_stops_the_run_when_asked(surveyor, small_stack, save, open_stack):
    frames = list(small_stack.frames)
    frames[4] = grey(small_stack)
    with pytest.raises(AlignmentFailed) as caught:
        surveyor(open_stack(save(frames)), on_failure="stop")
    assert "Frame 4 (f4.tif)" in caught.value.what
    assert "--on-unaligned skip" in caught.value.fix


def test_a_stack_of_which_one_frame_is_left_is_an_error(surveyor, small_stack, save, open_stack):
    nothing = grey(small_stack)
    with pytest.raises(AlignmentFailed) as caught:
        surveyor(open_stack(save([nothing, small_stack.frames[3], nothing])))
    assert "2 of 3 frames" in caught.value.why
    assert "--no-align" in caught.value.fix
    assert "f1.tif" in caught.value.fix


def test_frames_of_black_are_told_as_such(surveyor, small_stack, save, open_stack):
    black = np.zeros_like(small_stack.frames[0])
    with pytest.raises(AlignmentFailed):
        surveyor(open_stack(save([black, black])))
    assert surveyor.of(Warned)[0].message.endswith("the frame is nearly black.")


@pytest.mark.parametrize("blank", ["grey", "black", "another scene"])
def test_a_bad_middle_frame_does_not_sink_the_stack(surveyor, small_stack, save, open_stack, blank):
    frames = list(small_stack.frames)
    other = np.ascontiguousarray(frames[3][::-1])  # upside down
    frames[3] = {"grey": grey(small_stack), "black": np.zeros_like(frames[0]), "another scene": other}[blank]
    survey = surveyor(open_stack(save(frames)))
    assert survey.reference == 2
    assert [frame.index for frame in survey.used] == [0, 1, 2, 4, 5]
    assert survey.frames[2].transform.is_identity
    assert survey.frames[2].gain == (1, 1, 1)
    back = small_stack.transforms[2].inverse()
    for frame in survey.used:
        assert corner_error(frame.transform, back.then(small_stack.transforms[frame.index])) < 0.4
    warnings = surveyor.of(Warned)
    assert [warning.code for warning in warnings] == ["frame-skipped", "reference-moved"]
    assert (warnings[0].frame, warnings[1].frame) == ("f3.tif", "f2.tif")


def test_a_bad_middle_frame_stops_the_run_when_asked(surveyor, small_stack, save, open_stack):
    frames = list(small_stack.frames)
    frames[3] = grey(small_stack)
    with pytest.raises(AlignmentFailed) as caught:
        surveyor(open_stack(save(frames)), on_failure="stop")
    assert "Frame 3 (f3.tif)" in caught.value.what


def test_a_frame_of_another_scene_is_left_out(surveyor, small_stack, save, open_stack):
    frames = list(small_stack.frames)
    frames[1] = np.ascontiguousarray(frames[1][::-1])  # upside down
    survey = surveyor(open_stack(save(frames)))
    assert [frame.index for frame in survey.used] == [0, 2, 3, 4, 5]
    assert survey.reference == 3
    [warning] = surveyor.of(Warned)
    assert warning.frame == "f1.tif"


def test_the_same_picture_twice_counts_once(surveyor, small_stack, save, open_stack):
    frames = list(small_stack.frames)
    frames.insert(3, frames[3])  # 3 and 4, and of these 3 is the middle one of seven
    survey = surveyor(open_stack(save(frames)))
    assert [frame.index for frame in survey.used] == [0, 1, 2, 3, 5, 6]
    [warning] = surveyor.of(Warned)
    assert warning.message == "f4.tif is left out: it is the same picture as f3.tif."
    assert survey.frames[4].reason == "it is the same picture as f3.tif"


def test_a_stack_of_one_picture_is_left_whole(surveyor, small_stack, save, open_stack):
    assert len(surveyor(open_stack(save([small_stack.frames[2]] * 3))).used) == 3


def test_frames_out_of_order_are_told_of_and_used_as_given(surveyor, save, open_stack):
    stack = make_stack(360, 240, 8, seed=3)
    mixed = [0, 5, 2, 3, 4, 1, 6, 7]
    survey = surveyor(open_stack(save([stack.frames[i] for i in mixed])))
    assert len(survey.used) == 8
    [warning] = surveyor.of(Warned)
    assert warning.code == "frames-out-of-order"
    assert "f5.tif, f1.tif" in warning.message
    for frame, true in zip(survey.frames, mixed, strict=True):
        assert corner_error(frame.transform, stack.transforms[4].inverse().then(stack.transforms[true])) < 0.5


def test_each_frame_is_read_once_for_all_its_links(surveyor, stack_folder, open_stack, monkeypatch):
    reader = open_stack(collect([stack_folder], {".tif"}))
    asked: list[int] = []
    reduced = reader.reduced
    monkeypatch.setattr(reader, "reduced", lambda index, size: asked.append(index) or reduced(index, size))
    surveyor(reader, workers=1)
    assert sorted(asked) == list(range(6))


def test_an_unmoved_stack_is_left_exactly_as_it_is(surveyor, save, open_stack):
    still = make_stack(300, 200, 5, seed=1, motion=Motion.none())
    survey = surveyor(open_stack(save(still.frames)))
    assert all(frame.transform.is_identity for frame in survey.frames)
    assert survey.crop == Region(0, 0, 300, 200)


@pytest.mark.parametrize(
    ("away_px", "is_left"),
    [((0.06, 0.03, 0.0, 0.04, 0.2), True), ((0.14, 0.12, 0.0, 0.13, 0.12), False), ((0.0, 0.0, 0.0, 0.0, 0.3), False)],
)
def test_what_differs_by_no_more_than_is_known_is_left_as_it_is(
    surveyor, save, open_stack, monkeypatch, away_px: tuple[float, ...], is_left: bool
):
    """0.1 px over the frames, of which one may be off by more; one that is really elsewhere is moved."""
    found = [Transform(np.array([[1, 0, 0], [0, 1, px], [0, 0, 1.0]])) for px in away_px]
    monkeypatch.setattr(surveyor.aligner, "solve", lambda *_: found)
    survey = surveyor(open_stack(save(make_stack(300, 200, 5, seed=1, motion=Motion.none()).frames)))
    assert [frame.transform.is_identity for frame in survey.frames] == [is_left or px == 0 for px in away_px]


def test_a_cancel_ends_it(surveyor, reader):
    surveyor.cancel.set()
    with pytest.raises(Cancelled):
        surveyor(reader)
    assert surveyor.of(Progress) == []


def test_frames_that_are_aligned_already_are_taken_as_they_lie(reader):
    survey = unaligned(reader)
    assert all(frame.transform.is_identity for frame in survey.frames)
    assert survey.crop == survey.whole
    assert survey.model == "none"
    assert survey.noise_sigma > 0
    assert survey_record(survey) == {"noise_sigma": survey.noise_sigma, "sharpness": None, "sharpness_cells": None}


def test_the_record_for_reports(surveyor, reader):
    survey = surveyor(reader)
    record = survey_record(survey)
    assert np.array(record["sharpness_cells"]).shape == (6, 8, 12)
    assert record["sharpness"] == pytest.approx(survey.sharpness.mean(axis=(1, 2)), abs=1e-6)


def test_what_is_not_valid_is_measured_nowhere(surveyor, small_stack, save, open_stack, tmp_path):
    """A frame of which alpha leaves two fifths: the rest of it, filled in, would mislead every measure."""
    plain = surveyor(open_stack(save(small_stack.frames)))
    alpha = np.full(small_stack.truth.shape[:2], 255, np.uint8)
    alpha[:, : 360 * 3 // 5] = 0
    paths = save(small_stack.frames)
    tifffile.imwrite(
        paths[0], np.dstack([small_stack.frames[0], alpha]), photometric="rgb", extrasamples=["unassalpha"]
    )
    masked = surveyor(open_stack(paths))
    assert surveyor.of(Warned) == []
    assert masked.noise_sigma == pytest.approx(plain.noise_sigma, rel=0.2)
    assert masked.frames[0].gain == pytest.approx(plain.frames[0].gain, rel=0.004)
    assert corner_error(masked.frames[0].transform, small_stack.transforms[0]) < 0.8
    assert np.all(masked.sharpness[0][:, :7] == 0)
    assert masked.sharpness[0][:, 8:] == pytest.approx(plain.sharpness[0][:, 8:], rel=0.02)
    for index in range(1, 6):
        assert np.array_equal(masked.sharpness[index], plain.sharpness[index])


def test_noise_is_asked_of_what_is_valid(save, open_stack, monkeypatch):
    asked = []
    monkeypatch.setattr("stackcore.stacking.noise._one", lambda pixels, valid: asked.append(valid) or 0.01)
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    paths = save([pixels] * 3)
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, :9] = 0
    tifffile.imwrite(paths[2], np.dstack([pixels, alpha]), photometric="rgb", extrasamples=["unassalpha"])
    assert unaligned(open_stack(paths)).noise_sigma == 0.01
    assert asked[:2] == [None, None]
    assert np.array_equal(asked[2], alpha == 255)
