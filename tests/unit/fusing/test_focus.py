"""The focus measure: larger where a picture is sharper, the same in every band, calibrated on noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.fusing.focus import REACH_PX, WIDE_REACH_PX, focus_energy, noise_focus_energy, wide_focus_energy


def test_sharp_texture_has_more_energy_than_blurred_texture() -> None:
    sharp = np.random.default_rng(0).random((64, 96), dtype=np.float32)
    energies = [sharp, *(np.asarray(cv2.GaussianBlur(sharp, (0, 0), s), np.float32) for s in (1, 2, 4))]
    means = [float(focus_energy(plane, 9).mean()) for plane in energies]
    assert means == sorted(means, reverse=True)
    assert means[0] > 20 * means[2]


def test_a_plain_picture_and_a_ramp_have_no_energy() -> None:
    ramp = np.tile(np.linspace(0, 1, 80, dtype=np.float32), (60, 1))
    assert focus_energy(np.full((60, 80), 0.7, np.float32), 9).max() < 1e-12
    assert focus_energy(ramp, 9)[20:-20, 20:-20].max() < 1e-9


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (33, 2)])
def test_tiny_pictures_have_finite_energy_of_their_size(shape: tuple[int, int]) -> None:
    energy = focus_energy(np.random.default_rng(1).random(shape, dtype=np.float32), 9)
    assert energy.shape == shape
    assert energy.min() >= 0
    assert np.isfinite(energy).all()


@pytest.mark.parametrize("window_px", [1, 5, 9, 17])
def test_a_band_with_its_margin_gives_the_same_energy(window_px: int) -> None:
    plane = np.random.default_rng(2).random((203, 31), dtype=np.float32)
    whole = focus_energy(plane, window_px)
    top, bottom = 64, 128
    part = focus_energy(plane[top - REACH_PX : bottom + REACH_PX], window_px)
    np.testing.assert_array_equal(part[REACH_PX : REACH_PX + 64], whole[top:bottom])


@pytest.mark.parametrize("window_px", [1, 9])
def test_noise_has_the_energy_that_is_expected_of_it(window_px: int) -> None:
    noise = np.random.default_rng(3).normal(0, 0.02, (400, 300)).astype(np.float32)
    assert focus_energy(noise, window_px).mean() == pytest.approx(0.02**2 * noise_focus_energy(window_px), rel=0.03)


def test_wide_energy_reaches_around_and_is_the_same_in_a_band() -> None:
    plane = np.full((404, 60), 0.3, np.float32)
    plane[:160] += np.random.default_rng(4).random((160, 60), dtype=np.float32)
    whole = wide_focus_energy(plane, 9, 0.5)
    assert focus_energy(plane, 9)[190:200].max() < 1e-9
    assert whole[190:200].min() > 1e-4
    part = wide_focus_energy(plane[192 - WIDE_REACH_PX : 256 + WIDE_REACH_PX], 9, 0.5)
    np.testing.assert_array_equal(part[WIDE_REACH_PX : WIDE_REACH_PX + 64], whole[192:256])
