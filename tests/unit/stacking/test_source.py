"""The aligned frames of a stack, opened as the fuser asks for them."""

from __future__ import annotations

import numpy as np

from stackcore.stacking.source import AlignedFrames
from stackcore.stacking.survey import FrameGeometry, Survey
from stackcore.stacking.transfer import normalise
from stackcore.terms import Region, StackInfo, Transform


def test_frames_that_take_part_are_opened_in_order_on_the_canvas(save, open_stack):
    random = np.random.default_rng(1)
    frames = [random.integers(0, 256, (40, 60, 3)).astype(np.uint8) for _ in range(4)]
    gain, canvas = (1.1, 1.0, 0.9), Region(4, 3, 50, 30)
    move = Transform(np.array([[1, 0, 2.0], [0, 1, 1.0], [0, 0, 1.0]]))
    geometry = (
        FrameGeometry(0, Transform.identity()),
        FrameGeometry(1, None, reason="bad"),
        FrameGeometry(2, Transform.identity()),
        FrameGeometry(3, move, gain),
    )
    survey = Survey(60, 40, 2, "linear", Region(0, 0, 60, 40), geometry, 0.0123)
    aligned = AlignedFrames(open_stack(save(frames)), survey, canvas)
    assert len(aligned) == 3
    assert [aligned.open(position).index for position in range(3)] == [0, 2, 3]
    assert np.array_equal(aligned.open(0).pixels, frames[0][3:33, 4:54])
    moved = aligned.open(2).rows(0, 30).pixels
    assert np.array_equal(moved, normalise(frames[3][4:34, 6:56], gain, "linear"))
    assert aligned.info == StackInfo(
        width=50, height=30, frames=3, reference=2, dtype="uint8", encoding="linear", noise_sigma=0.0123
    )
