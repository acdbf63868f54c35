"""Flat frames even out what lens and dust take away, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stackcore.calibration.correcting import corrected
from stackcore.calibration.flattening import flat_factors
from stackcore.errors import FrameError
from stackcore.protocols import Correction, Mosaic
from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import SensorTruth

WIDTH, HEIGHT = 252, 168
PATTERNS = ["RGGB", "GBRG", XTRANS]


def truth(pattern: str = "RGGB", **rest: Any) -> SensorTruth:
    black = (500, 520, 540, 560) if len(pattern) == 4 else (512,) * 4
    camera = RawCamera(pattern=pattern, black=black)
    return SensorTruth(width=WIDTH, height=HEIGHT, camera=camera, vignetting=0.6, seed=3, **rest)


def mosaic(sensor: SensorTruth, values: np.ndarray) -> Mosaic:
    block, camera = sensor.camera.block, sensor.camera
    black = [0.0] * (int(block.max()) + 1)
    for (y, x), channel in np.ndenumerate(block):
        black[channel] = float(camera.blacks(*block.shape)[y, x])
    return Mosaic(values=values, pattern=block, colours="RGBG"[: len(black)], black=tuple(black), white=camera.white)


def above_black(sensor: SensorTruth, values: np.ndarray) -> np.ndarray:
    return values - sensor.camera.blacks(HEIGHT, WIDTH)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_even_light_comes_out_even(pattern: str) -> None:
    sensor = truth(pattern)
    flat = flat_factors(mosaic(sensor, sensor.flat(level=0.7)), "flat.dng")
    even = np.full((HEIGHT, WIDTH, 3), 0.3, np.float32)
    seen = sensor.scene(even, shot=5)
    got = above_black(sensor, corrected(mosaic(sensor, seen), Correction(flat=flat)))
    for channel in np.unique(sensor.camera.block):
        here = sensor.camera.channels(HEIGHT, WIDTH) == channel
        before, after = _unevenness(above_black(sensor, seen), here), _unevenness(got, here)
        assert before > 0.3
        assert after < 0.01


def _unevenness(light: np.ndarray, here: np.ndarray) -> float:
    """Spread of the means of 6 x 6 cells, as a share of their mean."""
    cells = [
        light[y : y + 28, x : x + 42][here[y : y + 28, x : x + 42]].mean()
        for y in range(0, HEIGHT, 28)
        for x in range(0, WIDTH, 42)
    ]
    return float(np.ptp(cells) / np.mean(cells))


@pytest.mark.parametrize(("dust", "share"), [(0, 0.35), (5, 0.8)], ids=["clean", "dusty"])
def test_dust_goes_and_noise_is_not_printed(dust: int, share: float) -> None:
    """At this size a grain of dust is but 3 to 7 pixels wide, with a hard edge; on a real sensor it is blurred."""
    sensor = truth(dust=dust, read_noise=0.0, electrons_per_count=1.0)
    factors = flat_factors(mosaic(sensor, sensor.flat()), "flat.dng")
    exact = 1 / sensor.shading()
    centre = np.s_[HEIGHT // 2 - 12 : HEIGHT // 2 + 12, WIDTH // 2 - 12 : WIDTH // 2 + 12]
    exact /= exact[centre].mean()
    assert np.abs(factors / exact - 1).mean() < 0.006
    rough = flat_factors(mosaic(sensor, sensor.flat()), "flat.dng", smoothing_px=0)
    assert np.std(factors / exact) < share * np.std(rough / exact)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_colour_of_the_centre_stays_whatever_the_light_of_the_flat(pattern: str) -> None:
    lamp = (0.4, 0.9, 1.0)
    sensor = truth(pattern, lamp=lamp)
    factors = flat_factors(mosaic(sensor, sensor.flat()), "flat.dng")
    channels, middle = sensor.camera.channels(HEIGHT, WIDTH), np.s_[72:96, 114:138]
    for channel in np.unique(channels):
        assert factors[middle][channels[middle] == channel].mean() == pytest.approx(1.0, abs=0.01)
    grey = flat_factors(mosaic(sensor, sensor.flat()), "flat.dng", keeps_colour=False)
    for channel, answer in zip((0, 1, 2), lamp, strict=True):
        assert grey[middle][channels[middle] == channel].mean() == pytest.approx(1.0 / answer, rel=0.01)


def test_the_flat_is_not_changed() -> None:
    sensor = truth()
    flat = mosaic(sensor, sensor.flat())
    before = flat.values.copy()
    flat_factors(flat, "flat.dng")
    np.testing.assert_array_equal(flat.values, before)


@pytest.mark.parametrize(("level", "why"), [(0.03, "noise would be printed"), (0.0, "noise"), (1.6, "are full")])
def test_a_flat_that_is_too_dark_or_too_bright_is_named(level: float, why: str) -> None:
    sensor = truth()
    with pytest.raises(FrameError, match=rf"flat\.dng is no good as a flat frame.*{why}"):
        flat_factors(mosaic(sensor, sensor.flat(level=level)), "flat.dng")


def test_black_spots_give_no_endless_factors() -> None:
    sensor = truth(read_noise=0.0, electrons_per_count=0.0)
    flat = mosaic(sensor, sensor.flat())
    spotted = flat.values.copy()
    spotted[40:70, 40:70] = 0
    spotted[100:130, 100:130] = sensor.camera.blacks(HEIGHT, WIDTH)[100:130, 100:130]  # no light at all
    factors = flat_factors(replace(flat, values=spotted), "flat.dng")
    assert np.isfinite(factors).all()
    assert factors.max() == 16.0
    assert factors.min() > 0.5
