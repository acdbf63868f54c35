"""The bounded sharpener: steeper edges without overshoot, livelier texture, noise and colours left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.config import resolve_options
from stackcore.stacking.transfer import from_linear, to_linear
from stackcore.terms import FULL_SCALE
from stackcore_plugins.sharpener_bounded.plugin import BoundedOptions
from stackcore_plugins.sharpener_bounded.sharpener import Bounded

WIDTH, HEIGHT = 160, 130
DTYPES = ["uint8", "uint16", "float32"]


def sharpen(pixels: np.ndarray, encoding: str = "srgb", band_rows: int = 512, **values: object) -> np.ndarray:
    return Bounded(resolve_options(BoundedOptions, values, 'sharpener "bounded"'), band_rows).sharpen(pixels, encoding)


def edge() -> np.ndarray:
    """A soft edge from 0.2 to 0.8."""
    picture = np.full((HEIGHT, WIDTH, 3), 0.2, np.float32)
    picture[:, WIDTH // 2 :] = 0.8
    return cv2.GaussianBlur(picture, (0, 0), 1.2)


def texture(amplitude: float, dtype: str = "float32") -> np.ndarray:
    noise = np.random.default_rng(2).standard_normal((HEIGHT, WIDTH, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.3)
    picture = (0.5 + amplitude * soft / soft.std()).clip(0, 1)
    return picture if dtype == "float32" else np.rint(picture * FULL_SCALE[dtype]).astype(dtype)


def test_an_edge_gets_steeper_and_no_halo():
    soft = edge()
    sharp = sharpen(soft)
    mask = soft + 1.0 * (soft - cv2.GaussianBlur(soft, (0, 0), 2))
    assert np.diff(sharp[60, :, 0]).max() > 1.3 * np.diff(soft[60, :, 0]).max()
    assert max(sharp.max() - 0.8, 0.2 - sharp.min()) < 0.02
    assert max(mask.max() - 0.8, 0.2 - mask.min()) > 0.05  # what an unsharp mask does


def test_wide_scales_leave_no_glow_beside_an_edge():
    soft = edge()
    masks = soft
    for sigma, amount in ((22, 0.5), (6, 1.5)):
        masks = masks + amount * (masks - cv2.GaussianBlur(masks, (0, 0), sigma))
    glow = np.abs(sharpen(soft, strength="10:10:0") - soft).max()
    assert glow < 0.05 * np.abs(masks - soft).max()


@pytest.mark.parametrize("strength", ["0:0:1", "0:5:0", "10:0:0"])
def test_faint_texture_gains_contrast_at_every_scale(strength):
    plain = texture(0.02)
    assert sharpen(plain, strength=strength, noise_floor=0).std() > 1.1 * plain.std()


def test_noise_is_left_alone():
    noisy = 0.4 + 0.01 * np.random.default_rng(3).standard_normal((HEIGHT, WIDTH, 3)).astype(np.float32)
    grown = sharpen(noisy, strength="0:0:1").std() / noisy.std()
    assert grown < 1.1
    assert sharpen(noisy, strength="0:0:1", noise_floor=0).std() / noisy.std() > 1.4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("encoding", ["srgb", "linear"])
def test_bands_and_threads_do_not_matter(dtype, encoding):
    pixels = texture(0.1, dtype)
    whole = sharpen(pixels, encoding)
    step = 1e-5 if dtype == "float32" else 1
    for rows in (40, 57):
        cut = sharpen(pixels, encoding, rows)
        assert np.abs(cut.astype(np.float64) - whole).max() <= step
        assert (cut != whole).mean() < 0.01 or dtype == "float32"
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4 if before == 1 else 1)
        np.testing.assert_array_equal(sharpen(pixels, encoding), whole)
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_shape_and_input_are_kept(dtype):
    pixels = texture(0.1, dtype)
    before = pixels.copy()
    sharp = sharpen(pixels)
    assert (sharp.dtype, sharp.shape) == (pixels.dtype, pixels.shape)
    np.testing.assert_array_equal(pixels, before)
    assert not np.array_equal(sharp, pixels)


def test_colours_keep_their_differences():
    pixels = texture(0.05)
    sharp = sharpen(pixels)
    np.testing.assert_allclose(sharp[..., 0] - sharp[..., 2], pixels[..., 0] - pixels[..., 2], atol=1e-6)


def test_linear_light_is_sharpened_as_it_looks():
    pixels = texture(0.05)
    looks = sharpen(to_linear(pixels, "srgb"), "linear")
    np.testing.assert_allclose(from_linear(looks, "srgb"), sharpen(pixels), atol=2e-5)


@pytest.mark.parametrize("strength", [0, "0:0:0"])
def test_strength_0_changes_nothing(strength):
    pixels = texture(0.1)
    assert sharpen(pixels, strength=strength) is pixels


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_a_plain_picture_stays_as_it_is(dtype, level):
    pixels = np.full((60, 80, 3), round(level * FULL_SCALE[dtype]), dtype)
    np.testing.assert_array_equal(sharpen(pixels, strength=3), pixels)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 40), (67, 9)])
def test_tiny_pictures_come_back_whole(size):
    pixels = np.random.default_rng(4).integers(0, 65536, (*size, 3), dtype=np.uint16)
    assert sharpen(pixels).shape == pixels.shape
