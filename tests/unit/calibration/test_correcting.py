"""Dark, flat and defects on the mosaic: signed, per channel, clipped once."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.calibration.correcting import Corrector, corrected
from stackcore.errors import FrameMismatch
from stackcore.protocols import Correction, Mosaic

PATTERN = np.array([[0, 1], [3, 2]], np.uint8)
BLACK = (500.0, 520.0, 540.0, 560.0)
WHITE = 16000
HEIGHT, WIDTH = 502, 36


def black_plane() -> np.ndarray:
    return np.tile(np.array(BLACK, np.float32)[PATTERN], (HEIGHT // 2, WIDTH // 2))


def mosaic(light: np.ndarray | float) -> Mosaic:
    counts = np.rint(np.clip(black_plane() + light, 0, WHITE)).astype(np.uint16)
    return Mosaic(values=counts, pattern=PATTERN, colours="RGBG", black=BLACK, white=WHITE)


def some_light(low: float = 0, high: float = 9000) -> np.ndarray:
    return np.random.default_rng(1).uniform(low, high, (HEIGHT, WIDTH)).astype(np.float32)


def glow() -> np.ndarray:
    """Amplifier glow: up to 900 counts in a corner."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return (900 * np.exp(-(x + y) / 40)).astype(np.float32)


def test_a_dark_takes_away_glow_and_offsets_and_leaves_the_light() -> None:
    light = some_light()
    seen, dark = mosaic(light + glow()), black_plane() + glow()
    got = corrected(seen, Correction(dark=dark))
    np.testing.assert_allclose(got, black_plane() + light, atol=1.01)


def test_subtraction_is_signed() -> None:
    """In places the dark is brighter than the frame; unsigned arithmetic would turn that to white."""
    seen = mosaic(0.0)
    dark = black_plane() + np.where(np.arange(WIDTH) % 3 == 0, 40.25, -10.0).astype(np.float32)
    got = corrected(seen, Correction(dark=dark)).astype(float) - black_plane()
    np.testing.assert_array_equal(got[:, ::3], -40)
    np.testing.assert_array_equal(got[:, 1::3], 10)


def test_below_zero_is_clipped_at_zero_and_above_white_at_white() -> None:
    seen = mosaic(WHITE - 600.0)
    got = corrected(seen, Correction(dark=np.zeros((HEIGHT, WIDTH), np.float32)))
    assert got.max() == WHITE
    got = corrected(mosaic(0.0), Correction(dark=black_plane() + 2000))
    assert got.max() == 0


def test_the_mean_of_noise_survives_the_subtraction() -> None:
    """Clipping at black instead of at zero would make dark areas brighter."""
    rng = np.random.default_rng(2)
    noisy = mosaic(rng.normal(0, 12, (HEIGHT, WIDTH)))
    got = corrected(noisy, Correction(dark=black_plane() + 2))
    assert (got - black_plane()).mean() == pytest.approx(-2, abs=0.4)


def test_a_flat_multiplies_the_light_above_black() -> None:
    light = some_light()
    factors = np.linspace(0.8, 1.7, WIDTH, dtype=np.float32)[None, :].repeat(HEIGHT, axis=0)
    got = corrected(mosaic(light / factors), Correction(flat=factors))
    np.testing.assert_allclose(got, black_plane() + light, atol=1.5)


def test_dark_then_flat_and_rounded_once() -> None:
    light, factors = some_light(), np.float32(1.5) + np.zeros((HEIGHT, WIDTH), np.float32)
    dark = black_plane() + glow()
    seen = mosaic(light / factors + glow())
    got = corrected(seen, Correction(dark=dark, flat=factors))
    exact = np.rint((seen.values - dark.astype(np.float64)) * 1.5 + black_plane())
    assert np.abs(got - np.clip(exact, 0, WHITE)).max() <= 1
    assert (got == np.clip(exact, 0, WHITE)).mean() > 0.999


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.8])
def test_a_white_patch_stays_white_in_every_channel(factor: float) -> None:
    light = some_light()
    light[100:140] = 40_000
    dark, flat = black_plane() + glow() + 30, np.full((HEIGHT, WIDTH), factor, np.float32)
    got = corrected(mosaic(light), Correction(dark=dark, flat=flat))
    np.testing.assert_array_equal(got[100:140], WHITE)


def test_nothing_to_correct_changes_nothing_and_the_input_is_left_alone() -> None:
    seen = mosaic(some_light(high=30_000))
    seen.values[0, 0] = 65_000  # above white, as some bodies count
    before = seen.values.copy()
    np.testing.assert_array_equal(corrected(seen, Correction()), before)
    corrected(seen, Correction(dark=black_plane(), flat=black_plane(), defects=((3, 3),)))
    np.testing.assert_array_equal(seen.values, before)


def test_defects_are_filled_in_after_the_dark_is_subtracted() -> None:
    light = np.full((HEIGHT, WIDTH), 3000.0, np.float32)
    seen = mosaic(light + glow())
    seen.values[20, 10] = 16_000
    got = corrected(seen, Correction(dark=black_plane() + glow(), defects=((10, 20),)))
    assert got[20, 10] == pytest.approx(BLACK[0] + 3000, abs=1)


def test_one_corrector_gives_every_frame_what_it_gets_alone() -> None:
    correction = Correction(
        dark=black_plane() + glow(), flat=1 + glow() / 900, defects=tuple((x, 2 * x) for x in range(WIDTH))
    )
    frames = [mosaic(some_light(high=h)) for h in (100, 5000, 15_000)]
    corrector = Corrector(correction, frames[0])
    for frame in (*frames, *reversed(frames)):
        np.testing.assert_array_equal(corrector.apply(frame.values), corrected(frame, correction))


@pytest.mark.parametrize("name", ["dark", "flat"])
def test_a_calibration_frame_of_another_size_is_refused(name: str) -> None:
    odd = np.ones((HEIGHT, WIDTH - 2), np.float32)
    with pytest.raises(FrameMismatch, match=rf"The {name} frame.*34x502.*36x502"):
        corrected(mosaic(0.0), Correction(**{name: odd}))
