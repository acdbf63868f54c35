"""What stands where a frame is not valid: the colour of its nearest valid pixel, whatever stood there before."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.protocols import Decoded
from stackcore.stacking.filling import filled

HEIGHT, WIDTH = 60, 90


def noise(dtype: str = "uint8") -> np.ndarray:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    return (np.random.default_rng(5).random((HEIGHT, WIDTH, 3)) * full).astype(dtype)


def holes() -> np.ndarray:
    valid = np.ones((HEIGHT, WIDTH), np.bool_)
    valid[:8], valid[:, -5:], valid[30:44, 20:50], valid[50, 70] = False, False, False, False
    return valid


def test_a_whole_frame_is_left_as_it_is():
    decoded = Decoded(noise())
    assert filled(decoded) is decoded
    opaque = Decoded(noise(), np.ones((HEIGHT, WIDTH), np.bool_))
    assert filled(opaque) is opaque


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_hole_takes_the_colour_of_a_nearest_pixel(dtype):
    pixels, valid = noise(dtype), holes()
    before = pixels.copy()
    result = filled(Decoded(pixels, valid))
    assert np.array_equal(pixels, before)
    assert result.pixels.dtype == pixels.dtype
    assert np.array_equal(result.valid, valid)
    assert np.array_equal(result.pixels[valid], pixels[valid])
    there = np.argwhere(valid)
    for y, x in np.argwhere(~valid)[::7]:
        away = np.hypot(there[:, 0] - y, there[:, 1] - x)
        near = there[away <= away.min() * 1.03]  # the chamfer metric is within 2 % of Euclidean
        assert any(np.array_equal(result.pixels[y, x], pixels[ny, nx]) for ny, nx in near)


def test_what_stood_there_does_not_matter():
    valid = holes()
    results = []
    for under in (0, 255):
        pixels = noise()
        pixels[~valid] = under
        results.append(filled(Decoded(pixels, valid)).pixels)
    assert np.array_equal(*results)


def test_one_valid_pixel_fills_everything():
    valid = np.zeros((HEIGHT, WIDTH), np.bool_)
    valid[17, 33] = True
    assert np.array_equal(filled(Decoded(noise(), valid)).pixels, np.broadcast_to(noise()[17, 33], (HEIGHT, WIDTH, 3)))
