"""The reference fusers do what their names say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stackcore.terms import Frame, StackInfo
from stackcore.testing.fusers import half_sharp_pair
from stackcore_plugins.fuser_reference.average import AverageFuser
from stackcore_plugins.fuser_reference.largest import MaxFuser
from stackcore_plugins.fuser_reference.plugin import AverageOptions, MaxOptions


def folded(fuser: Any, frames: list[Frame], dtype: str = "float32") -> Any:
    height, width = frames[0].height, frames[0].width
    state = fuser.start(StackInfo(width=width, height=height, frames=len(frames), reference=0, dtype=dtype))
    for frame in frames:
        state = fuser.add(state, frame)
    return fuser.finish(state)


def test_the_average_is_the_mean_of_the_frames_that_cover_a_pixel() -> None:
    rng = np.random.default_rng(1)
    pixels = [rng.integers(0, 65536, (150, 20, 3), dtype=np.uint16) for _ in range(3)]
    left_only = np.zeros((150, 20), np.bool_)
    left_only[:, :8] = True
    frames = [Frame(0, pixels[0]), Frame(1, pixels[1], left_only), Frame(2, pixels[2])]
    picture = folded(AverageFuser(AverageOptions()), frames, "uint16").pixels.astype(np.float64)
    everyone = np.mean(pixels, axis=0)
    np.testing.assert_allclose(picture[:, :8], everyone[:, :8], atol=1)
    np.testing.assert_allclose(picture[:, 8:], np.mean([pixels[0], pixels[2]], axis=0)[:, 8:], atol=1)


def test_the_average_shows_what_no_frame_covers_rather_than_black() -> None:
    pixels = np.full((5, 6, 3), 0.5, np.float32)
    nowhere = np.zeros((5, 6), np.bool_)
    picture = folded(AverageFuser(AverageOptions()), [Frame(0, pixels, nowhere), Frame(1, pixels, nowhere)]).pixels
    np.testing.assert_allclose(picture, 0.5, atol=1e-4)


def test_max_takes_whole_pixels_from_the_sharper_frame() -> None:
    _, (left, right) = half_sharp_pair()
    fused = folded(MaxFuser(MaxOptions()), [Frame(3, left), Frame(7, right)])
    from_left = (fused.pixels == left).all(axis=2)
    np.testing.assert_array_equal(fused.pixels[~from_left], right[~from_left])
    assert from_left[:, :40].mean() > 0.95
    assert from_left[:, 56:].mean() < 0.05


def test_max_gives_equal_scores_to_the_nearer_slice() -> None:
    _, (left, _) = half_sharp_pair()
    fuser = MaxFuser(MaxOptions())
    state = fuser.start(StackInfo(left.shape[1], left.shape[0], 3, 0, "float32"))
    for index in (4, 2, 9):
        state = fuser.add(state, Frame(index, left))
    assert set(np.unique(state.origin)) == {2}


@pytest.mark.parametrize("band_rows", [32, 128, 1000])
@pytest.mark.parametrize("window_px", [1, 9, 17])
def test_max_does_not_depend_on_its_bands(band_rows: int, window_px: int) -> None:
    rng = np.random.default_rng(2)
    frames = [Frame(i, rng.integers(0, 256, (301, 40, 3), dtype=np.uint8)) for i in range(3)]
    options = MaxOptions(window_px=window_px)
    whole, cut = (folded(MaxFuser(options, rows), frames, "uint8") for rows in (2000, band_rows))
    np.testing.assert_array_equal(cut.pixels, whole.pixels)
