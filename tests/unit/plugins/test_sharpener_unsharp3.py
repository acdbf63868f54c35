"""Three unsharp masks: the formula, the notation of strength, and the ends of the scale."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.config import resolve_options
from stackcore.errors import ConfigError
from stackcore.terms import FULL_SCALE
from stackcore_plugins.sharpener_unsharp3.plugin import Unsharp3Options
from stackcore_plugins.sharpener_unsharp3.sharpener import Unsharp3

WIDTH, HEIGHT = 160, 120
DTYPES = ["uint8", "uint16", "float32"]


def options(**values: object) -> Unsharp3Options:
    return resolve_options(Unsharp3Options, values, 'sharpener "unsharp3"')


def sharpen(pixels: np.ndarray, **values: object) -> np.ndarray:
    return Unsharp3(options(**values)).sharpen(pixels, "srgb")


def texture(dtype: str, low: float = 0.4, high: float = 0.6) -> np.ndarray:
    rng = np.random.default_rng(2)
    light = cv2.GaussianBlur(rng.random((HEIGHT, WIDTH, 3), dtype=np.float32), (0, 0), 1.5)
    light = low + (high - low) * (light - light.min()) / (light.max() - light.min())
    if dtype == "float32":
        return light.astype(np.float32)
    return np.rint(light * FULL_SCALE[dtype]).astype(dtype)


def by_hand(pixels: np.ndarray, scales: list[tuple[float, float]]) -> np.ndarray:
    """The workflow's formula with OpenCV's gaussian, scale after scale, 0 to 1."""
    sharp = pixels.astype(np.float64) / FULL_SCALE[pixels.dtype.name]
    for sigma, amount in scales:
        blurred = cv2.GaussianBlur(sharp, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        sharp = sharp + amount * (sharp - blurred)
    return sharp


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("strength", "scales"),
    [
        ("0:0:1", [(2.0, 1.0)]),
        ("0:1:0", [(6.0, 0.15)]),
        ("1:0:0", [(22.0, 0.05)]),
        ("1", [(22.0, 0.05), (6.0, 0.15), (2.0, 1.0)]),
        ("2", [(22.0, 0.1), (6.0, 0.3), (2.0, 2.0)]),
        ("3:2:0.5", [(22.0, 0.15), (6.0, 0.3), (2.0, 0.5)]),
    ],
)
def test_it_is_the_formula_of_the_workflow(dtype: str, strength: str, scales: list[tuple[float, float]]) -> None:
    """Within a rounding step, and 4e-4 for a gaussian that ends at 1 % of its middle."""
    pixels = texture(dtype)
    sharp = sharpen(pixels, strength=strength).astype(np.float64) / FULL_SCALE[dtype]
    step = 0 if dtype == "float32" else 0.51 / FULL_SCALE[dtype]
    np.testing.assert_allclose(sharp, by_hand(pixels, scales), atol=step + 4e-4 * sum(a for _, a in scales), rtol=0)


def test_large_comes_before_small() -> None:
    """Clipping makes the order visible: nothing is clipped between the scales."""
    pixels = texture("float32")
    scales = [(8.0, 2.0), (4.0, 1.0), (1.0, 3.0)]
    settings = {"sigma_px": (8, 4, 1), "base": (2, 1, 3), "strength": 1}
    forward = sharpen(pixels, **settings)
    backward = sharpen(pixels, sigma_px=(1, 4, 8), base=(3, 1, 2), strength=1)
    border = np.s_[:6, :6]  # filters commute but for the border, where each repeats the last pixel
    expected = by_hand(pixels, scales)
    assert np.abs(forward - expected)[border].max() < 0.1 * np.abs(backward - expected)[border].max()


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_shape_and_input_are_kept(dtype: str) -> None:
    pixels = texture(dtype)
    before = pixels.copy()
    sharp = sharpen(pixels)
    assert (sharp.dtype, sharp.shape) == (pixels.dtype, pixels.shape)
    np.testing.assert_array_equal(pixels, before)
    assert not np.array_equal(sharp, pixels)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("strength", [0, "0", "0:0:0"])
def test_strength_0_changes_nothing(dtype: str, strength: object) -> None:
    pixels = texture(dtype)
    np.testing.assert_array_equal(sharpen(pixels, strength=strength), pixels)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_a_plain_picture_stays_as_it_is(dtype: str, level: float) -> None:
    pixels = np.full((60, 80, 3), round(level * FULL_SCALE[dtype]), dtype)
    np.testing.assert_array_equal(sharpen(pixels, strength=3), pixels)


def test_a_plain_float_picture_stays_as_it_is() -> None:
    np.testing.assert_allclose(sharpen(np.full((60, 80, 3), 0.37, np.float32), strength=3), 0.37, atol=2e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_black_and_white_are_clipped_and_never_wrap(dtype: str) -> None:
    pixels = np.zeros((60, 80, 3), dtype)
    pixels[:, 40:] = FULL_SCALE[dtype]
    np.testing.assert_array_equal(sharpen(pixels, strength=5), pixels)


def test_float_is_not_clipped() -> None:
    pixels = np.zeros((60, 80, 3), np.float32)
    pixels[:, 40:] = 1.0
    sharp = sharpen(pixels, strength=5)
    assert sharp.min() < -0.5
    assert sharp.max() > 1.5


def test_a_view_with_gaps_is_read_rightly() -> None:
    pixels = texture("uint16")
    np.testing.assert_array_equal(sharpen(pixels[::2, ::3]), sharpen(np.ascontiguousarray(pixels[::2, ::3])))


def test_a_picture_smaller_than_the_blur_works() -> None:
    assert sharpen(texture("uint16")[:5, :7]).shape == (5, 7, 3)


def test_a_picture_of_many_tiles_has_no_seams() -> None:
    wide = np.tile(texture("uint16"), (3, 4, 1))
    sharp = sharpen(wide, strength="0:0:2").astype(np.float64) / 65535
    np.testing.assert_allclose(sharp, np.clip(by_hand(wide, [(2.0, 2.0)]), 0, 1), atol=1e-3)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (2, (2, 2, 2)),
        (0.5, (0.5, 0.5, 0.5)),
        ("1", (1, 1, 1)),
        ("0:0:1", (0, 0, 1)),
        ("1:.5:2", (1, 0.5, 2)),
        ([3, 2, 1], (3, 2, 1)),
    ],
)
def test_notation_of_strength(given: object, meant: tuple[float, float, float]) -> None:
    assert options(strength=given).strength == meant


@pytest.mark.parametrize("given", ["1:2", "1:2:3:4", "", "a", "1:b:2", "-1", "0:0:101", "nan", 1000, True, None, [1]])
def test_a_wrong_strength_is_refused_by_name(given: object) -> None:
    with pytest.raises(ConfigError) as caught:
        options(strength=given)
    assert "strength" in caught.value.what
    assert "unsharp3" in caught.value.what


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("strength", "0:0:101", "between 0 and 100"),
        ("strength", "1:2", "three joined by colons"),
        ("sigma_px", (0, 6, 2), "between 0.3 and 500"),
        ("base", (-1, 0, 0), "between 0 and 10"),
        ("base", (0, 0, float("nan")), "between 0 and 10"),
    ],
)
def test_a_refusal_names_the_limits(key: str, value: object, limit: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options(**{key: value})
    assert limit in caught.value.why


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("band_rows", [1, 17, 119])
def test_the_picture_does_not_depend_on_its_bands(dtype: str, band_rows: int) -> None:
    settings = options(sigma_px=(9, 6, 2))
    cut = Unsharp3(settings, band_rows).sharpen(texture(dtype), "srgb").astype(np.float64)
    whole = Unsharp3(settings, 10_000).sharpen(texture(dtype), "srgb").astype(np.float64)
    step = 1e-6 if dtype == "float32" else 1.0  # float sums in another order, once in a while across a rounding
    assert np.abs(cut - whole).max() <= step
    assert (cut != whole).mean() < (1.0 if dtype == "float32" else 0.001)
