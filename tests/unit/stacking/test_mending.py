"""Blemishes are filled from around them, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.protocols import Decoded
from stackcore.stacking.mending import Blemish, Mender


def slope(height: int = 24, width: int = 32, dtype: str = "uint8") -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    plane = (40 + 3 * x + 2 * y)[..., None] + np.array([0, 10, 20])
    full = {"uint8": 1, "uint16": 257, "float32": 1 / 255}[dtype]
    return (plane * full).astype(dtype)


def spoilt(frame: np.ndarray, x: int, y: int, reach: int, channels: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    broken = frame.copy()
    square = (slice(max(y - reach, 0), y + reach + 1), slice(max(x - reach, 0), x + reach + 1))
    for channel in channels:
        broken[(*square, channel)] = {"uint8": 255, "uint16": 65535, "float32": 2.0}[frame.dtype.name]
    return broken


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("reach", [0, 1, 2, 3])
def test_what_runs_evenly_across_a_blemish_runs_on_through_it(dtype, reach):
    frame = slope(dtype=dtype)
    mender = Mender([Blemish(15, 11, (reach, reach, reach))], 32, 24)
    mended = mender.mend(Decoded(spoilt(frame, 15, 11, reach))).pixels
    assert mended.dtype == frame.dtype
    assert np.allclose(mended, frame, atol=1e-6)


def test_only_the_channels_that_are_blemished_are_filled():
    frame = np.random.default_rng(1).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    mended = Mender([Blemish(15, 11, (-1, 1, 0))], 32, 24).mend(Decoded(frame.copy())).pixels
    changed = mended != frame
    allowed = np.zeros_like(changed)
    allowed[10:13, 14:17, 1] = True
    allowed[11, 15, 2] = True
    assert changed.any()
    assert not (changed & ~allowed).any()


@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 23), (0, 12), (16, 23)])
def test_at_the_edge_of_the_frame_what_there_is_is_used(x, y):
    frame = np.full((24, 32, 3), 90, np.uint8)
    mended = Mender([Blemish(x, y, (2, 2, 2))], 32, 24).mend(Decoded(spoilt(frame, x, y, 2))).pixels
    assert np.array_equal(mended, frame)


def test_blemishes_that_touch_are_filled_as_one():
    frame = slope()
    broken = spoilt(spoilt(frame, 12, 11, 1), 15, 12, 1)
    mended = Mender([Blemish(12, 11, (1, 1, 1)), Blemish(15, 12, (1, 1, 1))], 32, 24).mend(Decoded(broken)).pixels
    assert np.array_equal(mended, frame)


def test_a_reduced_frame_is_mended_where_its_blemish_has_gone():
    frame = np.full((240, 320, 3), 90, np.uint8)
    broken = spoilt(frame, 150, 110, 2)
    small = broken.reshape(60, 4, 80, 4, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    assert (small != 90).any()
    mended = Mender([Blemish(150, 110, (2, 2, 2))], 320, 240).mend(Decoded(small)).pixels
    assert (mended == 90).all()


def test_a_frame_that_may_not_be_written_is_copied():
    frame = spoilt(slope(), 15, 11, 1)
    frame.flags.writeable = False
    valid = np.ones((24, 32), np.bool_)
    mended = Mender([Blemish(15, 11, (1, 1, 1))], 32, 24).mend(Decoded(frame, valid))
    assert np.array_equal(mended.pixels, slope())
    assert (frame[11, 15] == 255).all()
    assert mended.valid is valid


def test_a_frame_that_is_one_hole_stays_as_it_is():
    frame = np.full((4, 4, 3), 7, np.uint8)
    mended = Mender([Blemish(2, 2, (3, 3, 3))], 4, 4).mend(Decoded(frame.copy())).pixels
    assert np.array_equal(mended, frame)
