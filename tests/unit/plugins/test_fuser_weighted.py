"""The weighted-mean fuser: exact weights, and what its wide window does."""

from __future__ import annotations

import cv2
import numpy as np

from stackcore.terms import Frame, StackInfo
from stackcore_plugins.fuser_weighted.fuser import WeightedFuser
from stackcore_plugins.fuser_weighted.plugin import WeightedOptions

SIZE = 160


def fused(frames: list[np.ndarray], **options: float) -> np.ndarray:
    info = StackInfo(SIZE, SIZE, len(frames), 0, "float32", noise_sigma=0.003)
    fuser = WeightedFuser(WeightedOptions(**options))
    state = fuser.start(info)
    for index, pixels in enumerate(frames):
        state = fuser.add(state, Frame(index, pixels))
    return fuser.finish(state).pixels


def grain(contrast: float, seed: int = 1) -> np.ndarray:
    """White noise around grey, which has the same energy everywhere but for chance."""
    noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE, 1), dtype=np.float32)
    return np.repeat(np.float32(0.5) + np.float32(contrast) * noise, 3, axis=2)


def test_weights_are_a_power_of_the_energy() -> None:
    """Twice the contrast is four times the energy; of equal details, the share of each can be read off the mean."""
    strong, weak = grain(0.04), 1.0 - grain(0.02)  # of opposite sign, else it would not show which was taken
    picture = fused([strong, weak], exponent=1, noise_floor=0)
    expected = (4 * strong + weak) / 5
    np.testing.assert_allclose(picture[10:-10, 10:-10], expected[10:-10, 10:-10], atol=2e-5)
    picked = fused([strong, weak], exponent=60, noise_floor=0)
    np.testing.assert_allclose(picked, strong, atol=1e-6)


def test_the_floor_of_noise_makes_plain_areas_a_mean() -> None:
    frames = [grain(0.003, seed) for seed in range(8)]
    quiet, loud = fused(frames, noise_floor=16), fused(frames, noise_floor=0)
    assert quiet.std() < 1.3 * 0.003 / np.sqrt(8)
    assert loud.std() > 1.5 * quiet.std()


def test_a_wide_window_thins_the_blotches_beside_a_bright_thing() -> None:
    plain = np.full((SIZE, SIZE, 3), 0.3, np.float32)
    sharp = plain.copy()
    sharp[60:100, 60:100] = 0.9
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (61, 61)).astype(np.float32)
    blurred = cv2.filter2D(sharp, -1, disc / disc.sum())
    ring = np.zeros((SIZE, SIZE), np.bool_)
    ring[34:126, 34:126] = True
    ring[40:120, 40:120] = False
    narrow, wide = (float(np.abs(fused([sharp, blurred], wide=share) - sharp)[ring].mean()) for share in (0.0, 0.3))
    assert narrow > 0.005
    assert wide < 0.2 * narrow
