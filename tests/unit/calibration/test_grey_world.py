"""White balance from the picture: grey on the mean, untouched by what is dark or full."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.calibration.grey_world import grey_world
from stackcore.errors import FrameError
from stackcore.protocols import Mosaic
from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import SensorTruth

LAMP = (0.45, 1.0, 0.7, 0.97)
BLACK = (500, 520, 540, 560)


def sensor(pattern: str, **rest: object) -> SensorTruth:
    camera = RawCamera(pattern=pattern, black=BLACK if len(pattern) == 4 else (512,) * 4)
    return SensorTruth(width=240, height=168, camera=camera, **rest)


def mosaic(truth: SensorTruth, light: np.ndarray) -> Mosaic:
    block, camera = truth.camera.block, truth.camera
    black = [0.0] * (int(block.max()) + 1)
    for (y, x), channel in np.ndenumerate(block):
        black[channel] = float(camera.blacks(*block.shape)[y, x])
    return Mosaic(
        values=truth.scene(light),
        pattern=block,
        colours="RGBG"[: len(black)],
        black=tuple(black),
        white=camera.white,
    )


def grey_scene(seed: int = 0) -> np.ndarray:
    """Patches of all colours whose mean is grey."""
    patches = np.random.default_rng(seed).uniform(0.1, 0.6, (12, 10, 3))
    patches = patches / patches.mean(axis=(0, 1)) * 0.35
    return np.kron(patches, np.ones((14, 24, 1))).astype(np.float32)


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG", XTRANS])
def test_a_scene_that_is_grey_on_the_mean_gives_the_multipliers_of_the_lamp(pattern: str) -> None:
    truth = sensor(pattern, lamp=LAMP if len(pattern) == 4 else LAMP[:3])
    found = grey_world(mosaic(truth, grey_scene()), "a.dng")
    assert found == pytest.approx(truth.multipliers, rel=0.005)
    assert min(found) == 1.0


def test_dark_and_full_places_do_not_tint_it() -> None:
    """Where green is full, red and blue are not; taken along, they would make the picture green."""
    truth = sensor("RGGB", lamp=LAMP)
    light = grey_scene()
    light[:84, :100] = 5.0
    light[84:, :60] = np.float32([0.02, 0.0, 0.0])
    assert grey_world(mosaic(truth, light), "a.dng") == pytest.approx(truth.multipliers, rel=0.04)


@pytest.mark.parametrize("level", [0.0, 6.0], ids=["dark", "full"])
def test_a_frame_with_nothing_to_go_by_is_named(level: float) -> None:
    light = np.full((168, 240, 3), level, np.float32)
    with pytest.raises(FrameError, match=r"reference\.dng gives no white balance.*neither dark nor full"):
        grey_world(mosaic(sensor("RGGB"), light), "reference.dng")


def test_a_sensor_without_colours_needs_no_balance() -> None:
    values = np.full((48, 48), 3000, np.uint16)
    mono = Mosaic(values=values, pattern=np.zeros((1, 1), np.uint8), colours="W", black=(512.0,), white=16383)
    assert grey_world(mono, "a.dng") == (1.0, 1.0, 1.0, 1.0)
