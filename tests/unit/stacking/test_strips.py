"""Strips: every row once, on the grid, with their margin, and the same picture as the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.protocols import Reach, RegionalFuser
from stackcore.stacking.strips import StripFrames, ways_to_cut
from stackcore.terms import Frame, StackInfo
from stackcore_plugins.fuser_blend.fuser import BlendFuser
from stackcore_plugins.fuser_blend.plugin import BlendOptions
from stackcore_plugins.fuser_pyramid.fuser import PyramidFuser
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions
from stackcore_plugins.fuser_weighted.fuser import WeightedFuser
from stackcore_plugins.fuser_weighted.plugin import WeightedOptions

reaches = st.builds(Reach, st.integers(0, 90), st.integers(1, 64), st.integers(1, 300))


@given(st.integers(1, 1200), reaches)
def test_strips_cover_every_row_once_and_see_their_margin(height, reach):
    for cut in ways_to_cut(height, reach):
        assert [row for strip in cut for row in range(strip.top, strip.bottom)] == list(range(height))
        for strip in cut:
            assert strip.first <= max(0, strip.top - reach.margin_px)
            assert strip.last >= min(height, strip.bottom + reach.margin_px)
            assert 0 <= strip.first < strip.last <= height
            assert strip.first % reach.grid_px == 0
            assert strip.top % reach.grid_px == 0
            assert strip.rows >= min(height, reach.least_px)
            assert strip.own.stop - strip.own.start == strip.bottom - strip.top


@given(st.integers(1, 1200), reaches)
def test_the_whole_comes_first_and_each_cut_needs_less(height, reach):
    rows = [max(strip.rows for strip in cut) for cut in ways_to_cut(height, reach)]
    assert rows[0] == height
    assert rows == sorted(set(rows), reverse=True)


class Frames:
    """Frames of noise with blank corners."""

    def __init__(self, height: int, width: int) -> None:
        self.size = height, width

    def __len__(self) -> int:
        return 3

    def open(self, position: int) -> Frame:
        rng = np.random.default_rng(position)
        pixels = rng.integers(0, 256, (*self.size, 3), np.uint8)
        pixels[:, : 50 * (position + 1)] //= 8
        valid = np.ones(self.size, np.bool_)
        valid[: 40 * position, :60] = False
        return Frame(position, pixels, valid)


def fused(fuser, info, frames):
    state = fuser.start(info)
    for position in range(len(frames)):
        state = fuser.add(state, frames.open(position))
    return fuser.finish(state).pixels


@pytest.mark.parametrize(
    "fuser",
    [BlendFuser(BlendOptions(levels=4)), BlendFuser(BlendOptions(levels=2)), WeightedFuser(WeightedOptions(wide=0.3))],
    ids=["blend", "blend of two levels", "weighted"],
)
def test_other_fusers_make_of_strips_what_they_make_of_the_whole(fuser):
    assert isinstance(fuser, RegionalFuser)
    strips_are_as_the_whole(fuser, 1401)


@pytest.mark.parametrize("levels", [2, 4, 5])
@pytest.mark.parametrize("window", [1, 9, 17])
@pytest.mark.parametrize("height", [1100, 1401])
def test_the_pyramid_of_strips_is_that_of_the_whole(levels, window, height):
    fuser = PyramidFuser(PyramidOptions(levels=levels, window_px=window))
    assert isinstance(fuser, RegionalFuser)
    strips_are_as_the_whole(fuser, height)


def strips_are_as_the_whole(fuser, height):
    frames = Frames(height, 300)
    info = StackInfo(width=300, height=height, frames=3, reference=1, dtype="uint8", noise_sigma=0.01)
    whole = fused(fuser, info, frames).astype(int)
    *_, cut = ways_to_cut(height, fuser.reach(info))
    assert len(cut) > 1
    for strip in cut:
        some = StackInfo(width=300, height=strip.rows, frames=3, reference=1, dtype="uint8", noise_sigma=0.01)
        part = fused(fuser, some, StripFrames(frames, strip)).astype(int)[strip.own]
        difference = np.abs(part - whole[strip.top : strip.bottom]).max()
        assert difference <= fuser.tolerance * 65535, f"{strip} differs by {difference}"
