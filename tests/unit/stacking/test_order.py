"""The order of focus, found from where each frame is sharp."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.order import order_by_focus


def sharpness(frames: int, noise: float = 0.02) -> list[np.ndarray]:
    """Focus that sweeps over cells of all depths, on a subject with plain and with textured parts."""
    rng = np.random.default_rng(3)
    depth, texture = rng.uniform(0, frames - 1, (8, 12)), rng.uniform(0.01, 1, (8, 12))
    cells = [texture / (1 + (i - depth) ** 2 / 4) for i in range(frames)]
    return [(c * rng.normal(1, noise, c.shape)).astype(np.float32) for c in cells]


@pytest.mark.parametrize("frames", [5, 12, 60])
def test_frames_that_lie_right_are_believed(frames: int) -> None:
    assert order_by_focus(sharpness(frames)) is None
    assert order_by_focus(sharpness(frames)[::-1]) is None


@pytest.mark.parametrize(("here", "there"), [(3, 4), (2, 9), (0, 5)])
def test_two_frames_that_changed_places_are_found(here: int, there: int) -> None:
    order = list(range(12))
    order[here], order[there] = order[there], order[here]
    lie = sharpness(12)
    assert order_by_focus([lie[i] for i in order]) == order  # an exchange is its own inverse


def test_noise_and_sameness_give_no_verdict() -> None:
    rng = np.random.default_rng(1)
    plain = [np.ones((8, 12), np.float32)] * 9
    assert order_by_focus(plain) is None
    assert order_by_focus([np.zeros((8, 12), np.float32)] * 9) is None
    assert order_by_focus([rng.uniform(0.5, 1, (8, 12)).astype(np.float32) for _ in range(4)]) is None
