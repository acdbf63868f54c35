"""What of a single dark is subtracted: glow and offsets, not noise, not defects."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.calibration.smooth_dark import smooth_dark
from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import HotSite, SensorTruth


def deviation(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("black", [(512,) * 4, (500, 520, 540, 560)])
def test_glow_and_offsets_stay_and_noise_goes(black: tuple[int, int, int, int]):
    truth = SensorTruth(width=480, height=320, glow=120.0, read_noise=8.0, camera=RawCamera(black=black))
    dark = truth.dark().astype(np.float32)

    smooth = smooth_dark(dark, truth.camera.block, ())

    assert deviation(dark - truth.unlit()) > 8
    assert deviation(smooth - truth.unlit()) < 1.5  # of which a corner of the glow is the most


def test_defects_leave_no_trace():
    sound = SensorTruth(width=96, height=64, read_noise=3.0)
    faulty = SensorTruth(width=96, height=64, read_noise=3.0, hot=(HotSite(30, 20, 9000.0),), dead=((31, 21), (95, 63)))
    defects = faulty.defects()

    with_them = smooth_dark(faulty.dark().astype(np.float32), faulty.camera.block, defects)

    assert np.abs(with_them - smooth_dark(sound.dark().astype(np.float32), sound.camera.block, ())).max() < 0.5
    without = smooth_dark(faulty.dark().astype(np.float32), faulty.camera.block, ())
    assert np.abs(without - with_them).max() > 5


def test_the_dark_is_not_changed_and_a_wholly_bad_frame_does_no_harm():
    dark = np.full((8, 8), 512.0, np.float32)
    every = tuple((x, y) for y in range(8) for x in range(8))

    smooth = smooth_dark(dark, np.array([[0, 1], [3, 2]], np.uint8), every)

    np.testing.assert_array_equal(smooth, dark)
    assert (dark == 512).all()


def test_x_trans_and_sizes_that_are_no_multiple_of_anything():
    truth = SensorTruth(
        width=331, height=217, glow=100.0, read_noise=8.0, electrons_per_count=0, camera=RawCamera(pattern=XTRANS)
    )
    dark = truth.dark().astype(np.float32)

    smooth = smooth_dark(dark, truth.camera.block, ())

    assert deviation(dark - truth.unlit()) > 7.5
    assert deviation(smooth - truth.unlit()) < 3
