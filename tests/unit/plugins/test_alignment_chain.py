"""Joining frames in a chain: the same as solving the whole system at once, in time linear in their number."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.protocols import Link, Registration
from stackcore.terms import Transform
from stackcore_plugins.aligner_ecc.chain_system import ChainSystem
from stackcore_plugins.aligner_ecc.joint import solve_jointly


@pytest.mark.parametrize(("frames", "freedom", "reach"), [(1, 4, 1), (7, 2, 3), (12, 4, 5), (9, 3, 20)])
def test_it_finds_what_the_whole_system_says(frames: int, freedom: int, reach: int) -> None:
    rng = np.random.default_rng(frames)
    chain = ChainSystem(frames, freedom, reach)
    whole, aim = np.zeros((frames, freedom) * 2), np.zeros((frames, freedom))
    pairs = [(-1, 0), *((i, i + 1) for i in range(frames - 1)), *((i + reach, i) for i in range(frames - reach))]
    for first, second in pairs:
        half = rng.standard_normal((freedom, freedom))
        weight, pull = half @ half.T + np.eye(freedom), rng.standard_normal(freedom)
        chain.join(first, second, weight, pull)
        for frame, sign in ((first, -1), (second, 1)):
            if frame >= 0:
                whole[frame, :, frame] += weight
                aim[frame] += sign * pull
        if first >= 0 and second >= 0:
            whole[first, :, second] -= weight
            whole[second, :, first] -= weight
    side = frames * freedom
    expected = np.linalg.solve(whole.reshape(side, side), aim.ravel()).reshape(frames, freedom)
    np.testing.assert_allclose(chain.solved(), expected, atol=1e-6)


def shift(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def test_a_link_counts_for_more_in_the_direction_in_which_it_is_sure() -> None:
    """Two links to one frame: one knows x to a tenth of what the other does, and y ten times as badly."""
    basis = np.tile(np.eye(2), (4, 1))
    sure_of_x, sure_of_y = (basis @ np.diag(w) @ basis.T / 16 for w in ((100.0, 1.0), (1.0, 100.0)))
    found = [
        Registration(Link(0, 1), Transform(shift(1.0, 1.0)), 0.9, precision=sure_of_x),
        Registration(Link(0, 1), Transform(shift(1.01, 1.01)), 0.9, precision=sure_of_y),
    ]
    placed = solve_jointly(found, 2, 0, (400, 300), "shift").transforms[1]
    assert placed is not None
    np.testing.assert_allclose(placed.matrix, shift(1 + 0.01 / 101, 1 + 1 / 101), atol=1e-4)
