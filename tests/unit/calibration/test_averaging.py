"""The mean of mosaics: exact, in any order, in the memory of one."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from stackcore.calibration.averaging import MosaicMean
from stackcore.errors import FrameMismatch, UsageError
from stackcore.protocols import Mosaic

BAYER = np.array([[0, 1], [3, 2]], np.uint8)


def mosaic(values: np.ndarray) -> Mosaic:
    return Mosaic(values=values.astype(np.uint16), pattern=BAYER, colours="RGBG", black=(512.0,) * 4, white=16383)


def dark(shot: int, height: int = 16, width: int = 24) -> Mosaic:
    return mosaic(np.random.default_rng(shot).integers(480, 545, (height, width)))


def mean_of(mosaics: list[Mosaic]) -> MosaicMean:
    mean = MosaicMean()
    for number, each in enumerate(mosaics):
        mean.add(each, f"dark {number}")
    return mean


def test_one_frame_stays_what_it_is() -> None:
    one = dark(0)
    mean = mean_of([one])
    assert mean.mean().dtype == np.uint16
    np.testing.assert_array_equal(mean.mean(), one.values)
    assert mean.frames == 1


def test_several_frames_are_averaged() -> None:
    darks = [dark(shot) for shot in range(5)]
    mean = mean_of(darks)
    assert mean.mean().dtype == np.float32
    np.testing.assert_allclose(mean.mean(), np.mean([d.values for d in darks], axis=0), rtol=1e-7)
    np.testing.assert_array_equal(mean.sums, np.sum([d.values for d in darks], axis=0, dtype=np.uint32))
    assert mean.description.colours == "RGBG"
    assert mean.description.values.size == 0  # no frame is kept


def test_full_photosites_do_not_overflow() -> None:
    mean = mean_of([mosaic(np.full((4, 4), 65535)) for _ in range(300)])
    assert (mean.mean() == 65535).all()


def test_the_order_makes_no_difference() -> None:
    darks = [dark(shot) for shot in range(3)]
    means = [mean_of(list(order)).mean() for order in permutations(darks)]
    for other in means[1:]:
        np.testing.assert_array_equal(other, means[0])


def test_frames_are_not_changed() -> None:
    one = dark(1)
    before = one.values.copy()
    one.values.flags.writeable = False
    mean_of([one, one])
    np.testing.assert_array_equal(one.values, before)


def test_memory_does_not_grow_with_the_number_of_frames() -> None:
    def peak(frames: int) -> int:
        tracemalloc.start()
        mean = MosaicMean()
        for shot in range(frames):
            mean.add(dark(shot, 256, 256), "a dark")
        mean.mean()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(1)
    few, many = peak(3), peak(30)
    assert many < few + 40_000  # a mosaic is 131,072 bytes, so not even one more


def test_zeros_are_those_of_the_worst_frame() -> None:
    """The mean hides them: where half is zero in each of twelve frames, hardly any sum is."""
    frames = [mosaic(np.random.default_rng(shot).integers(0, 2, (64, 64))) for shot in range(12)]
    mean = mean_of(frames)
    assert np.mean(mean.sums == 0) < 0.001
    for channel, share in enumerate(mean.zeros):
        y, x = divmod(int(np.flatnonzero(channel == BAYER)[0]), 2)
        assert share == max(np.mean(f.values[y::2, x::2] == 0) for f in frames)


def test_levels_tell_frame_by_frame_and_channel_by_channel() -> None:
    offsets = np.tile(np.array([[0, 10], [30, 20]]), (32, 32))
    frames = [mosaic(500 + offsets), mosaic(600 + offsets)]
    for frame in frames:
        frame.values[:2, :2] = 16383  # a few hot ones
    mean = mean_of(frames)
    assert mean.levels == [(500, 510, 520, 530), (600, 610, 620, 630)]


def test_a_body_may_measure_black_for_each_frame() -> None:
    mean = mean_of([dark(0), replace(dark(1), black=(514.0, 512.0, 511.0, 512.0))])
    assert mean.frames == 2
    assert mean.description.black == (513.0, 512.0, 511.5, 512.0)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (dark(1, 16, 26), "26x16"),
        (replace(dark(1), colours="RGBE"), "colour filters"),
        (replace(dark(1), pattern=BAYER[::-1]), "colour filters"),
        (replace(dark(1), white=4095), "4095"),
        (replace(dark(1), black=(480.0,) * 4), "480"),
    ],
    ids=["size", "colours", "pattern", "white", "black"],
)
def test_another_kind_of_mosaic_is_refused_by_name(other: Mosaic, reason: str) -> None:
    mean = mean_of([dark(0)])
    with pytest.raises(FrameMismatch, match=r"odd\.nef") as caught:
        mean.add(other, "odd.nef")
    assert reason in caught.value.why
    assert mean.frames == 1


def test_more_than_can_be_summed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackcore.calibration.averaging.MOST_FRAMES", 2)
    with pytest.raises(UsageError, match="too many"):
        mean_of([dark(shot) for shot in range(3)])


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="nothing"):
        MosaicMean().mean()
    with pytest.raises(ValueError, match="nothing"):
        _ = MosaicMean().description
