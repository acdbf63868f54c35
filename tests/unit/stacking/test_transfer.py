"""The sRGB curve, and gains in linear light by table and by formula."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.transfer import UNITY, from_linear, linear_light, normalise, to_linear
from stackcore.terms import FULL_SCALE

GAIN = (1.1, 0.9, 1.03)


def pixels(dtype: str) -> np.ndarray:
    random = np.random.default_rng(5).random((17, 23, 3))
    return (random * FULL_SCALE[dtype]).astype(dtype)


@pytest.mark.parametrize(
    ("encoded", "linear"), [(0.0, 0.0), (0.04045, 0.0031308), (0.5, 0.2140411), (0.8, 0.6038274), (1.0, 1.0)]
)
def test_the_curve_is_that_of_the_standard(encoded, linear):
    assert to_linear(np.array([encoded], np.float32), "srgb")[0] == pytest.approx(linear, abs=2e-7)
    assert from_linear(np.array([linear], np.float32), "srgb")[0] == pytest.approx(encoded, abs=1e-6)


def test_there_and_back_is_where_it_was_even_beyond_black_and_white():
    values = np.linspace(-0.1, 1.3, 5001, dtype=np.float32)
    assert np.abs(from_linear(to_linear(values, "srgb"), "srgb") - values).max() < 1e-6
    assert np.all(np.diff(to_linear(values, "srgb")) > 0)


def test_linear_frames_are_left_alone():
    values = np.linspace(0, 1, 11, dtype=np.float32)
    assert np.array_equal(to_linear(values, "linear"), values)
    assert np.array_equal(from_linear(values, "linear"), values)


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_lines_give_what_the_formula_gives(dtype, encoding):
    frame = pixels(dtype)
    as_float = frame.astype(np.float32) / np.float32(FULL_SCALE[dtype])
    by_formula = from_linear(to_linear(as_float, encoding) * np.array(GAIN, np.float32), encoding)
    off = np.abs(normalise(frame, GAIN, encoding) - by_formula)
    assert off[as_float > 0.05].max() < 2e-6
    assert off.max() < 3e-5
    assert np.abs(by_formula - as_float).max() > 0.01


@pytest.mark.parametrize(("gain", "steps"), [(0.95, 1), (1.05, 1), (1.3, 13), (0.5, 64), (2.0, 104)])
def test_the_lines_are_as_near_the_curve_as_they_say(gain, steps):
    values = np.linspace(0, 1.2, 100_001, dtype=np.float32)[:, None, None].repeat(3, axis=2)
    exact = from_linear(to_linear(values, "srgb") * np.float32(gain), "srgb")
    found = normalise(values, (gain, gain, gain), "srgb")
    assert np.abs(found - exact).max() * 65535 < steps
    assert np.all(np.diff(found[:, 0, 0]) > 0)


def test_a_gain_multiplies_light_not_numbers():
    grey = np.full((1, 1, 3), 128, np.uint8)
    doubled = normalise(grey, (2.0, 2.0, 2.0), "srgb")
    assert to_linear(doubled, "srgb") == pytest.approx(2 * to_linear(np.float32(128 / 255) * np.ones(1), "srgb")[0])
    assert doubled[0, 0, 0] == pytest.approx(0.6885, abs=1e-3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_without_a_gain_a_frame_is_only_scaled(dtype):
    frame = pixels(dtype)
    scaled = normalise(frame, UNITY, "srgb")
    assert scaled.dtype == np.float32
    assert np.allclose(scaled, frame / FULL_SCALE[dtype], rtol=0, atol=1e-7)
    assert normalise(np.full((1, 1, 3), FULL_SCALE[dtype], dtype), UNITY, "srgb").max() == 1.0


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_linear_light_of_every_dtype(dtype, encoding):
    frame = pixels(dtype)
    expected = to_linear((frame / FULL_SCALE[dtype]).astype(np.float32), encoding)
    light = linear_light(frame, encoding)
    assert light.dtype == np.float32
    assert np.abs(light - expected).max() < 1e-6
