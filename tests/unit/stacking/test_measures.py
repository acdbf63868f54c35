"""Exposure, noise and sharpness, measured on frames whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.stacking.exposure import PROXY_PX, gain_to_match, proxy
from stackcore.stacking.noise import noise_sigma
from stackcore.stacking.sharpness import GRID_COLUMNS, GRID_ROWS, cell_sharpness, modified_laplacian
from stackcore.stacking.transfer import UNITY
from stackcore.terms import FULL_SCALE, Transform
from stackcore.testing.scene import make_stack
from stackcore.testing.sensor import Motion, Sensor

WIDTH, HEIGHT = 480, 320


def scene(seed: int = 0) -> np.ndarray:
    """Linear light with texture at every scale, between 0.03 and 0.7."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.random((HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), s) * s for s in (1, 6, 25)]
    light = sum(layers)
    light = (light - light.min()) / (light.max() - light.min())
    return (0.03 + 0.67 * light).astype(np.float32)


@pytest.mark.parametrize("gain", [(1.0, 1.0, 1.0), (1.05, 0.97, 1.01), (0.8, 0.8, 0.8)])
def test_known_gains_are_recovered(gain):
    light = scene()
    found = gain_to_match(proxy(light), proxy(light / np.array(gain, np.float32)), Transform.identity(), WIDTH)
    assert found == pytest.approx(gain, rel=0.001)


def test_a_gain_does_not_depend_on_focus():
    light, gain = scene(), np.array([1.03, 1.0, 0.98], np.float32)
    blurred = cv2.GaussianBlur(light, (0, 0), 4) / gain
    found = gain_to_match(proxy(light), proxy(blurred), Transform.identity(), WIDTH)
    assert found == pytest.approx(tuple(gain), rel=0.002)


def test_a_gain_is_measured_where_the_frames_overlap():
    light = scene() * np.linspace(0.3, 1, WIDTH, dtype=np.float32)[None, :, None]
    there = Transform(np.array([[1.02, 0, 9.0], [0, 1.02, -14.0], [0, 0, 1.0]]))
    moved = cv2.warpPerspective(light, there.matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    found = gain_to_match(proxy(light), proxy(moved / np.float32(1.04)), there, WIDTH)
    assert found == pytest.approx((1.04, 1.04, 1.04), rel=0.002)
    astray = gain_to_match(proxy(light), proxy(moved / np.float32(1.04)), Transform.identity(), WIDTH)
    assert max(abs(g / 1.04 - 1) for g in astray) > 0.005  # what is seen at the wrong place


@pytest.mark.parametrize("level", [0.001, 0.95])
def test_where_all_is_dark_or_clipped_nothing_is_changed(level):
    flat = np.full((HEIGHT, WIDTH, 3), level, np.float32)
    assert gain_to_match(proxy(flat), proxy(flat * np.float32(0.9)), Transform.identity(), WIDTH) == UNITY


def test_a_proxy_is_small_and_keeps_the_mean_of_the_light():
    light = scene()
    small = proxy(light).light
    assert small.shape == (round(PROXY_PX * HEIGHT / WIDTH), PROXY_PX, 3)
    assert small.mean(dtype=np.float64) == pytest.approx(light.mean(dtype=np.float64), rel=1e-3)
    assert proxy(light[:30, :40]).light.shape == (30, 40, 3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("sigma", [0.006, 0.02])
def test_known_noise_is_recovered_beside_texture(dtype, sigma):
    # Luma of independent noise in three channels: the root of the sum of the squared weights.
    per_channel = sigma / np.sqrt(0.299**2 + 0.587**2 + 0.114**2)
    frame = cv2.GaussianBlur(scene(), (0, 0), 12)
    frame[:, : WIDTH // 2] = scene(1)[:, : WIDTH // 2]  # one half is full of detail and must not count
    frame = frame + np.random.default_rng(7).normal(0, per_channel, frame.shape).astype(np.float32)
    full = FULL_SCALE[dtype]
    pixels = np.clip(frame * full + (0 if dtype == "float32" else 0.5), 0, full).astype(dtype)
    assert noise_sigma([pixels]) == pytest.approx(sigma, rel=0.12)


def test_the_quietest_frame_decides():
    quiet = np.full((100, 100, 3), 0.5, np.float32)
    loud = quiet + np.random.default_rng(1).normal(0, 0.05, quiet.shape).astype(np.float32)
    assert noise_sigma([loud, quiet]) < 1e-6
    assert noise_sigma([loud]) > 0.02


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_say_nothing_about_noise(level):
    assert noise_sigma([np.full((60, 60, 3), level, np.float32)]) == 0.0


def test_noise_of_a_rendered_stack_is_that_of_its_sensor():
    still = {"motion": Motion.none(), "seed": 2, "dtype": "uint16"}
    noisy = make_stack(480, 320, 2, sensor=Sensor(full_well_e=2000), **still)
    clean = make_stack(480, 320, 2, sensor=Sensor.ideal(), **still)
    luma = (noisy.frames[0].astype(float) - clean.frames[0]) @ (0.299, 0.587, 0.114) / 65535
    usual = float(np.median(np.abs(luma)) / 0.6745)
    assert noise_sigma(noisy.frames) == pytest.approx(usual, rel=0.25)
    assert noise_sigma(clean.frames) < 0.35 * usual


def test_sharpness_is_found_where_the_detail_is():
    luma = np.full((160, 240), 0.5, np.float32)
    luma[40:60, 100:120] += np.random.default_rng(0).normal(0, 0.2, (20, 20)).astype(np.float32)
    cells = cell_sharpness(modified_laplacian(luma))
    assert cells.shape == (GRID_ROWS, GRID_COLUMNS) == (8, 12)
    assert cells.dtype == np.float32
    assert np.unravel_index(cells.argmax(), cells.shape) == (2, 5)
    assert cells.min() >= 0
    assert np.count_nonzero(cells > 1e-6) <= 5  # the kernel reaches one pixel into the neighbours


def test_sharpness_falls_with_blur_and_is_zero_where_nothing_is():
    luma = scene().mean(axis=-1)
    sharp, soft = (
        cell_sharpness(modified_laplacian(luma)),
        cell_sharpness(modified_laplacian(cv2.GaussianBlur(luma, (0, 0), 2))),
    )
    assert np.all(soft < 0.6 * sharp)
    assert cell_sharpness(modified_laplacian(np.full((40, 40), 0.3, np.float32))).max() < 1e-6


def test_the_gain_leaves_out_what_is_not_valid():
    """A corner of another brightness, under alpha, would be read as exposure."""
    light = scene()
    valid = np.ones((HEIGHT, WIDTH), bool)
    valid[:, : WIDTH * 3 // 5] = False
    false = light / np.float32(1.04)
    false[~valid] *= np.float32(0.7)
    found = gain_to_match(proxy(light), proxy(false, valid), Transform.identity(), WIDTH)
    assert found == pytest.approx((1.04,) * 3, rel=0.002)
    assert gain_to_match(proxy(false, valid), proxy(light), Transform.identity(), WIDTH) == pytest.approx(
        (1 / 1.04,) * 3, rel=0.002
    )
    assert gain_to_match(proxy(light), proxy(false), Transform.identity(), WIDTH)[0] > 1.2
    nowhere = proxy(light, np.zeros((HEIGHT, WIDTH), bool))
    assert gain_to_match(nowhere, proxy(false), Transform.identity(), WIDTH) == UNITY


@pytest.mark.parametrize("holed", [False, True])
@pytest.mark.parametrize("rows", [32, 100])
def test_noise_does_not_depend_on_the_bands_it_is_measured_in(monkeypatch, rows, holed):
    pixels = np.random.default_rng(8).normal(0.4, 0.02, (230, 90, 3)).astype(np.float32)
    pixels[60:150] += np.random.default_rng(9).normal(0, 0.1, (90, 90, 3)).astype(np.float32)
    valid = None
    if holed:
        valid = np.ones((230, 90), np.bool_)
        valid[20:70, 10:50] = False
        pixels[~valid] = 0.4
    whole = noise_sigma([pixels], valid)
    monkeypatch.setattr("stackcore.stacking.noise._BAND_ROWS", rows)
    assert noise_sigma([pixels], valid) == pytest.approx(whole, rel=1e-5)


def test_noise_is_not_read_where_nothing_is_valid():
    """What fills a hole is flat, and would be read as a frame without noise."""
    noisy = np.clip(np.random.default_rng(1).normal(0.5, 0.02, (200, 300, 3)), 0, 1).astype(np.float32)
    valid = np.ones((200, 300), bool)
    valid[:, :120] = False
    holed = noisy.copy()
    holed[:, :120] = 0.5
    assert noise_sigma([holed], valid) == pytest.approx(noise_sigma([noisy]), rel=0.1)
    assert noise_sigma([holed]) < 0.5 * noise_sigma([noisy])
    assert noise_sigma([holed], np.zeros_like(valid)) == 0.0


def test_the_sharpness_of_a_cell_is_that_of_its_valid_part():
    luma = np.random.default_rng(1).random((160, 240), np.float32)
    valid = np.ones((160, 240), bool)
    valid[:, :30] = False  # one cell and a half
    holed = np.where(valid, luma, np.float32(0.5))
    whole, cells = cell_sharpness(modified_laplacian(luma)), cell_sharpness(modified_laplacian(holed), valid)
    assert np.all(cells[:, 0] == 0)
    assert cells[:, 1] == pytest.approx(whole[:, 1], rel=0.2)
    assert cells[:, 2:] == pytest.approx(whole[:, 2:], rel=0.02)
    assert cell_sharpness(modified_laplacian(holed))[:, 1] == pytest.approx(whole[:, 1] / 2, rel=0.2)
