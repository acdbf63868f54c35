"""What lets light into a dark frame is told, and a photograph is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stackcore.calibration import darkness
from stackcore.calibration.averaging import MosaicMean
from stackcore.calibration.defects import measure_dark
from stackcore.errors import FrameError
from stackcore.events import Warned
from stackcore.metadata.shot import Shot
from stackcore.protocols import Mosaic
from stackcore.testing.dng import RawCamera
from stackcore.testing.photosites import SensorTruth

SENSOR = SensorTruth(width=256, height=192, read_noise=4.0)
LONG = Shot(iso=6400, exposure_s=30.0)


def judged(counts: np.ndarray, sensor: SensorTruth = SENSOR, shot: Shot = LONG, sigma: float = 10.0) -> list[Warned]:
    """What is told of one dark; `FrameError` for a photograph."""
    camera = sensor.written_by
    mosaic = Mosaic(
        values=counts,
        pattern=camera.block,
        colours="RGBG",
        black=tuple(float(camera.black[p]) for p in (0, 1, 3, 2)),
        white=camera.white,
    )
    mean = MosaicMean()
    mean.add(mosaic, "dark.nef")
    found = measure_dark(mean.sums, 1, camera.block, zeros=mean.zeros, sigma_factor=sigma)
    light = darkness.measure_light(mean.sums, 1, mean.description, found)
    darkness.refuse_photograph(light, found, "dark.nef")
    return darkness.doubts(light, found, shot, ["dark.nef"], sigma)


def codes(told: list[Warned]) -> list[str]:
    return [warning.code for warning in told]


@pytest.mark.parametrize(
    "sensor",
    [
        SENSOR,
        replace(SENSOR, read_noise=60.0),
        replace(SENSOR, read_noise=300.0, camera=RawCamera(black=(2048,) * 4)),
        SensorTruth.random(256, 192, hot=30, dead=4),
        replace(SENSOR, dark_current=80.0),
        replace(SENSOR, column_noise=3.0),
        replace(SENSOR, camera=RawCamera(black=(500, 520, 540, 560))),
    ],
    ids=["plain", "noisy", "very noisy", "defects", "current", "columns", "blacks"],
)
def test_a_dark_that_is_dark_raises_no_doubts(sensor: SensorTruth) -> None:
    assert judged(sensor.dark(), sensor) == []


def test_a_body_that_subtracts_black_is_told() -> None:
    sensor = replace(SENSOR, subtracts_black=True)
    (told,) = judged(sensor.dark(), sensor)
    assert told.code == "no_dead_test"
    assert "zero does not mean dead" in told.message
    assert told.frame == "dark.nef"


def test_too_many_hot_ones_in_an_even_frame_are_put_down_to_time_and_warmth() -> None:
    sensor = SensorTruth.random(256, 192, hot=100)
    (told,) = judged(sensor.dark(), sensor)
    assert told.code == "too_many_hot"
    assert "100 hot photosites (0.20%)" in told.message
    assert "long exposure" in told.message
    assert "30 s, ISO 6400" in told.message


def test_as_many_as_one_in_a_thousand_are_not_too_many() -> None:
    sensor = SensorTruth.random(256, 192, hot=49)
    assert judged(sensor.dark(), sensor) == []


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        (np.s_[:, :40], "not_dark", "the left edge"),  # so much that it counts as noise, and nothing as hot
        (np.s_[150:, 220:], "too_many_hot", "the bottom right corner"),
        (np.s_[:30, 100:150], "too_many_hot", "the top edge"),
        (np.s_[72:96, 96:128], "too_many_hot", "the middle"),
    ],
)
def test_light_from_one_side_is_told_with_the_side(place: tuple[slice, slice], code: str, words: str) -> None:
    dark = SENSOR.dark()
    dark[place] += 300
    told = judged(dark)
    assert codes(told) == [code]
    assert words in told[0].message
    assert "viewfinder" in told[0].message
    assert "amplifier" in told[0].message


def test_an_amplifier_that_glows_is_told() -> None:
    sensor = replace(SENSOR, glow=250.0, electrons_per_count=0.0)
    told = judged(sensor.dark(exposure_s=1.0), sensor)
    assert codes(told) == ["too_many_hot"] or codes(told) == ["not_dark"]
    assert "the bottom right corner" in told[0].message


def test_even_light_is_told() -> None:
    sensor = replace(SENSOR, dark_current=330.0, electrons_per_count=0.0)
    (told,) = judged(sensor.dark(), sensor)
    assert told.code == "not_dark"
    assert "2.1%" in told.message
    assert "viewfinder" in told.message
    assert judged(replace(sensor, dark_current=150.0).dark()) == []  # 0.9 %


def test_an_even_level_far_above_black_may_be_a_wrong_black() -> None:
    """A file that does not tell its pedestal of an eighth is no photograph."""
    camera = RawCamera(black=(2048,) * 4)
    counts = replace(SENSOR, camera=camera).dark()
    (told,) = judged(counts, replace(SENSOR, camera=RawCamera(black=(0,) * 4)))
    assert told.code == "not_dark"
    assert "wrong black" in told.message


def picture(level: float) -> np.ndarray:
    """A scene with soft shapes in it."""
    y, x = np.mgrid[: SENSOR.height, : SENSOR.width].astype(np.float32)
    shapes = 0.5 + 0.5 * np.sin(x / 30) * np.sin(y / 25)
    return SENSOR.scene(np.repeat((level * shapes).astype(np.float32)[..., None], 3, axis=2))


@pytest.mark.parametrize("level", [0.1, 0.4, 1.0, 3.0])
def test_a_photograph_is_refused(level: float) -> None:
    with pytest.raises(FrameError, match=r"dark\.nef is not a dark frame"):
        judged(picture(level))


def test_a_grey_card_is_refused() -> None:
    with pytest.raises(FrameError, match="is not a dark frame"):
        judged(SENSOR.grey_card())


def test_a_bright_thing_on_black_is_refused() -> None:
    dark = SENSOR.dark()
    dark[50:120, 60:150] += 4000
    with pytest.raises(FrameError, match="is not a dark frame") as caught:
        judged(dark)
    assert "25" in caught.value.why
    assert "lens cap" in caught.value.fix


@pytest.mark.parametrize(("sigma", "warned"), [(5.4, True), (5.5, False), (10.0, False)])
def test_a_low_factor_is_told(sigma: float, warned: bool) -> None:
    assert codes(judged(SENSOR.dark(), sigma=sigma)) == (["sigma_too_low"] if warned else [])


def test_no_noise_at_all_is_told() -> None:
    counts = np.full((192, 256), 512, np.uint16)
    counts[4, 4] = 513
    assert codes(judged(counts)) == ["no_noise"]


def test_the_odd_one_among_darks_is_named() -> None:
    sensor = replace(SENSOR, dark_current=400.0)
    mean = MosaicMean()
    like = Mosaic(values=SENSOR.dark(), pattern=SENSOR.camera.block, colours="RGBG", black=(512.0,) * 4, white=16383)
    for shot in range(5):
        counts = (sensor if shot == 3 else SENSOR).dark(shot=shot)
        mean.add(replace(like, values=counts), f"{shot}.nef")
    (told,) = darkness.odd_ones(mean.levels, [f"{shot}.nef" for shot in range(5)], like)
    assert (told.code, told.frame) == ("odd_dark", "3.nef")
    assert darkness.odd_ones(mean.levels[2:4], ["2.nef", "3.nef"], like) == []  # of two, who is odd?
