"""Movement, flicker, noise and encoding."""

import numpy as np
import pytest

from stackcore.testing.sensor import Motion, Sensor

GREY = np.full((300, 400, 3), 0.25, np.float32)


def linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(("full_well", "read"), [(20_000.0, 8.0), (2_000.0, 30.0), (1_000.0, 0.0)])
def test_the_noise_is_as_strong_as_asked_for(full_well: float, read: float) -> None:
    sensor = Sensor(full_well_e=full_well, read_e=read, seed=3)
    seen = linear(sensor.expose(GREY, index=0, dtype="uint16") / 65535)
    expected = np.sqrt(0.25 * full_well + read**2) / full_well
    assert sensor.noise_sigma(0.25) == pytest.approx(expected)
    assert seen.std() == pytest.approx(expected, rel=0.02)
    assert seen.mean() == pytest.approx(0.25, abs=4 * expected / np.sqrt(seen.size) + 1e-4)


def test_frames_have_noise_of_their_own_and_the_same_frame_the_same() -> None:
    sensor = Sensor(seed=3)
    first, again, other = (sensor.expose(GREY, index=i, dtype="uint16").astype(float) for i in (0, 0, 1))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.02


def test_an_ideal_sensor_adds_nothing_and_leaves_its_input_alone() -> None:
    light = np.array([[[0.0, 0.0025, 0.5], [1.0, 3.0, -0.1]]], np.float32)
    before = light.copy()
    seen = Sensor.ideal().expose(light, index=0)
    assert seen.tolist() == [[[0, 8, 188], [255, 255, 0]]]
    assert np.array_equal(light, before)
    assert Sensor.ideal().noise_sigma(0.5) == 0


def test_sixteen_bits_are_fine_grained() -> None:
    light = np.linspace(0, 1, 3000, dtype=np.float32).reshape(10, 100, 3)
    assert np.allclose(linear(Sensor.encode(light, "uint16") / 65535), light, atol=1e-5)


def test_exposure_multiplies_the_light() -> None:
    seen = Sensor.ideal().expose(GREY, index=0, exposure=2.0, dtype="uint16")
    assert linear(seen / 65535).mean() == pytest.approx(0.5, abs=1e-4)


def test_hot_pixels_belong_to_the_sensor() -> None:
    hot = Sensor(hot_pixels=30, seed=1).hot(40, 20)
    assert hot == Sensor(hot_pixels=30, seed=1).hot(40, 20)
    assert hot != Sensor(hot_pixels=30, seed=2).hot(40, 20)
    assert len({(pixel.x, pixel.y) for pixel in hot}) == 30
    assert all(0 <= p.x < 40 and 0 <= p.y < 20 and 0.25 <= p.level <= 1.5 for p in hot)


def test_dead_pixels_count_nothing_and_none_of_them_is_hot() -> None:
    sensor = Sensor(hot_pixels=200, dead_pixels=300, seed=1, full_well_e=0, read_e=0)
    dead = sensor.dead(40, 20)
    assert len(set(dead)) == 300
    assert not set(dead) & {(pixel.x, pixel.y) for pixel in sensor.hot(40, 20)}
    seen = sensor.count(GREY[:20, :40], index=0)
    assert {(x, y) for y, x in np.argwhere(seen.max(axis=2) == 0).tolist()} == set(dead)


def test_what_the_sensor_makes_itself_follows_its_current() -> None:
    black = np.zeros((30, 40, 3), np.float32)
    once, twice = (
        Sensor(full_well_e=0, read_e=0, hot_pixels=3, glow=0.1, current=current).count(black, index=0)
        for current in (1.0, 2.0)
    )
    assert np.allclose(2 * once, twice)
    assert once[-1, -1].max() == pytest.approx(0.1)
    assert once.max() > 0.25


def test_breathing_scales_about_the_centre() -> None:
    motion = Motion(breathing=0.1, drift_px=0, jitter_px=0, rotation_deg=0)
    transform = motion.transform(0.5, 3, 101, 51)
    assert transform.matrix == pytest.approx(np.array([[1.05, 0, -2.5], [0, 1.05, -1.25], [0, 0, 1]]))
    assert Motion.none().transform(0.5, 3, 101, 51).is_identity


def test_the_wandering_stays_within_its_bounds_and_is_not_the_same_everywhere() -> None:
    motion = Motion(breathing=0, drift_px=2.0, jitter_px=0.2, rotation_deg=0.3, seed=9)
    centres = np.array([motion.transform(0, n, 201, 101).apply(np.array([[100.0, 50.0]]))[0] for n in range(300)])
    moves = centres - [100, 50]
    assert np.abs(moves).max() < 2.0 * 2 / 1.5 + 5 * 0.2
    assert moves.std(axis=0).min() > 0.5
    angles = [np.rad2deg(np.arcsin(motion.transform(0, n, 201, 101).matrix[1, 0])) for n in range(300)]
    assert 0.2 < np.abs(angles).max() <= 0.4


def test_flicker_is_as_strong_as_asked_for() -> None:
    motion = Motion(flicker=0.05, seed=9)
    exposures = np.array([motion.exposure(n) for n in range(400)])
    assert np.log(exposures).std() == pytest.approx(0.05, rel=0.12)
    assert Motion.none().exposure(7) == 1
