"""Where two slices are sharp in one place, the preferred end of the stack wins, in the picture and in depth."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.fusing.depth_score import favoured
from stackcore.fusing.preference import Preference, PreferringOptions
from stackcore.registry import Registry
from stackcore.terms import Frame, Fused, StackInfo

FRONT, BACK, FRAMES = 1, 7, 9
INNER = np.s_[16:-16, 16:-16]


def blurred(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    return picture if sigma_px < 0.05 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def texture(seed: int) -> np.ndarray:
    return blurred(np.random.default_rng(seed).random((112, 128, 3), dtype=np.float32), 0.7)


@cache
def seen_through(prefer: Preference) -> tuple[np.ndarray, ...]:
    """A pattern behind another, both sharp in their own frame; the one that is not preferred is a little stronger."""
    stronger = {"front": 1.15, "back": 0.87, "none": 1.0}[prefer]
    front, back = texture(1), texture(2)
    return tuple(
        0.5 * blurred(front, 1.2 * abs(index - FRONT))
        + 0.5 * (0.5 + stronger * (blurred(back, 1.2 * abs(index - BACK)) - 0.5))
        for index in range(FRAMES)
    )


def fused(name: str, frames: tuple[np.ndarray, ...], **options: Any) -> Fused:
    fuser = Registry.discover().build("fuser", name, options)
    height, width = frames[0].shape[:2]
    info = StackInfo(width, height, len(frames), 0, "float32", noise_sigma=0.001, finds_depth=True)
    state = fuser.start(info)
    for index, pixels in enumerate(frames):
        state = fuser.add(state, Frame(index, pixels))
    finished: Fused = fuser.finish(state)
    return finished


def depth_of(found: Fused) -> np.ndarray:
    if found.evidence is not None:
        return found.evidence.depth[8:-8, 8:-8]
    assert found.depth is not None
    return found.depth[INNER]


@pytest.mark.parametrize("name", ["blend", "depthmap", "pyramid", "weighted"])
@pytest.mark.parametrize(("prefer", "wanted", "other"), [("front", FRONT, BACK), ("back", BACK, FRONT)])
def test_the_preferred_end_wins_where_both_are_sharp(name: str, prefer: Preference, wanted: int, other: int) -> None:
    frames = seen_through(prefer)

    def is_of_the_wanted(picture: np.ndarray) -> float:
        """Share of the pixels that are more like the wanted frame than like the other."""
        near, far = (np.abs(picture - frames[index]).sum(axis=2)[INNER] for index in (wanted, other))
        return float(np.mean(near < far))

    usual, preferred = fused(name, frames), fused(name, frames, prefer=prefer)
    assert is_of_the_wanted(preferred.pixels) > 0.9
    assert is_of_the_wanted(usual.pixels) < 0.6
    assert np.mean(np.abs(depth_of(preferred) - wanted) < 1) > 0.95
    assert np.mean(np.abs(depth_of(usual) - wanted) < 1) < 0.6


@pytest.mark.parametrize("name", ["blend", "pyramid", "weighted"])
def test_a_subject_that_is_sharp_once_keeps_its_picture_and_its_depth(name: str) -> None:
    sharp = texture(4)
    frames = tuple(blurred(sharp, 1.2 * abs(index - 4)) for index in range(FRAMES))
    usual = fused(name, frames)
    for prefer in ("front", "back"):
        found = fused(name, frames, prefer=prefer)
        assert np.abs(found.pixels - usual.pixels)[INNER].max() < 0.01
        assert np.abs(depth_of(found) - 4).max() < 0.05


def test_no_preference_changes_nothing_and_plain_ground_is_left_even() -> None:
    energy = np.logspace(-7, 0, 50, dtype=np.float32)[None]
    assert favoured(energy, 3, 1e-4, 9, PreferringOptions()) is energy
    options = PreferringOptions(prefer="front", prefer_strength=3)
    last = favoured(energy, 8, 1e-4, 9, options)
    strong = energy > 0.2
    np.testing.assert_allclose((last / energy)[strong], np.exp(-3), rtol=0.2)
    weak = energy < 1.7e-4
    np.testing.assert_allclose(last[weak], energy[weak], rtol=1e-3, atol=1e-10)
