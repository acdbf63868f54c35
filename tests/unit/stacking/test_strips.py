"""Strips: every row once, on the grid, and the same bytes as the whole picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.protocols import ParallelFuser, RegionalFuser
from stackcore.registry import Registry
from stackcore.stacking.strips import StripFuser, Strips, ways_to_cut
from stackcore.terms import Frame, Fused, StackInfo, Strip
from stackcore_plugins.fuser_blend.fuser import BlendFuser
from stackcore_plugins.fuser_blend.plugin import BlendOptions
from stackcore_plugins.fuser_contrast.fuser import ContrastFuser
from stackcore_plugins.fuser_contrast.plugin import ContrastOptions
from stackcore_plugins.fuser_pyramid.fuser import PyramidFuser
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions
from stackcore_plugins.fuser_reference.average import AverageFuser
from stackcore_plugins.fuser_reference.largest import MaxFuser
from stackcore_plugins.fuser_reference.plugin import AverageOptions, MaxOptions
from stackcore_plugins.fuser_weighted.fuser import WeightedFuser
from stackcore_plugins.fuser_weighted.plugin import WeightedOptions

ROWS = 32
"""Of a band here, that a small picture may have many."""

FUSERS: dict[str, Any] = {
    "blend": BlendFuser(BlendOptions(), ROWS),
    "blend of two levels": BlendFuser(BlendOptions(levels=2), ROWS),
    "blend of three levels": BlendFuser(BlendOptions(levels=3, window_px=1), ROWS),
    "pyramid": PyramidFuser(PyramidOptions(), ROWS),
    "pyramid of two levels": PyramidFuser(PyramidOptions(levels=2, window_px=17), ROWS),
    "contrast": ContrastFuser(ContrastOptions(), ROWS),
    "contrast, soft": ContrastFuser(ContrastOptions(levels=3, hard_mask=False), ROWS),
    "weighted": WeightedFuser(WeightedOptions(), ROWS),
    "weighted, wide": WeightedFuser(WeightedOptions(wide=0.3), ROWS),
    "average": AverageFuser(AverageOptions(), ROWS),
    "max": MaxFuser(MaxOptions(), ROWS),
}


@given(st.integers(1, 1200), st.integers(1, 300))
def test_strips_cover_every_row_once_and_lie_on_the_grid(height: int, grid: int) -> None:
    for cut in ways_to_cut(height, grid):
        assert [row for strip in cut for row in range(strip.top, strip.bottom)] == list(range(height))
        assert all(strip.top % grid == 0 and strip.rows > 0 for strip in cut)


@given(st.integers(1, 1200), st.integers(1, 300))
def test_the_whole_comes_first_and_each_cut_needs_less(height: int, grid: int) -> None:
    rows = [max(strip.rows for strip in cut) for cut in ways_to_cut(height, grid)]
    assert rows[0] == height
    assert rows == sorted(set(rows), reverse=True)
    assert rows[-1] == min(height, grid)


class Frames:
    """Frames of noise with blank, dark and clipped places, and corners that are not covered."""

    def __init__(self, height: int, width: int, dtype: str) -> None:
        self.info = StackInfo(width, height, 3, 1, dtype, noise_sigma=0.01, finds_depth=dtype != "uint16")

    def __len__(self) -> int:
        return self.info.frames

    def open(self, position: int) -> Frame:
        height, width = self.info.height, self.info.width
        rng = np.random.default_rng([position, height, width])
        pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        pixels[:, : 20 * (position + 1)] //= 8
        pixels[height // 2 : height // 2 + 9, 40:60] = 255
        valid = np.ones((height, width), np.bool_)
        valid[: 40 * position, :30] = False
        valid[height - 11 * position :] = False
        if self.info.dtype == "float32":
            floats = pixels.astype(np.float32) / np.float32(255)
            floats[rng.random((height, width)) < 0.003] = np.nan
            return Frame(position, floats, valid)
        return Frame(position, pixels.astype(self.info.dtype) * (257 if self.info.dtype == "uint16" else 1), valid)


def fused(fuser: Any, frames: Frames, *, as_tree: bool = False) -> Any:
    """The state of all frames; of a tree, the last frame is added to a state of its own."""
    info = frames.info
    states = [fuser.start(info), fuser.start(info)]
    for position in range(len(frames)):
        at = 1 if as_tree and position == len(frames) - 1 else 0
        states[at] = fuser.add(states[at], frames.open(position))
    return fuser.merge(*states) if as_tree else states[0]


def in_strips(fuser: Any, frames: Frames, cut: tuple[Strip, ...], *, as_tree: bool = False) -> Fused:
    gathered, parts = None, []
    for number, strip in enumerate(cut):
        confined = StripFuser(fuser, strip, is_first=number == 0)
        part, gathered = fuser.finish_strip(fused(confined, frames, as_tree=as_tree), gathered)
        assert part.pixels.shape == (strip.rows, frames.info.width, 3)
        parts.append(part)
    strips = Strips(frames.info)
    for strip, part in zip(cut, parts, strict=True):
        strips.put(strip, part)
    return strips.fused


def same(one: Fused, other: Fused) -> None:
    assert one.pixels.dtype == other.pixels.dtype
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert (one.depth is None) == (other.depth is None)
    if one.depth is not None:
        np.testing.assert_array_equal(one.depth, other.depth)
    assert (one.evidence is None) == (other.evidence is None)
    if one.evidence is not None:
        np.testing.assert_array_equal(one.evidence.depth, other.evidence.depth)
        np.testing.assert_array_equal(one.evidence.aloneness, other.evidence.aloneness)
        np.testing.assert_array_equal(one.evidence.strength, other.evidence.strength)


@pytest.mark.parametrize("name", FUSERS)
@pytest.mark.parametrize(("height", "width"), [(256, 75), (331, 101), (77, 40), (300, 20)], ids=str)
def test_strips_are_the_rows_of_the_whole_to_the_bit(name: str, height: int, width: int) -> None:
    fuser, frames = FUSERS[name], Frames(height, width, "uint8")
    whole = fuser.finish(fused(fuser, frames))
    cuts = list(ways_to_cut(height, fuser.grid_px(frames.info)))
    assert len(cuts) > 2 or height < 100
    for cut in cuts:
        same(in_strips(fuser, frames, cut), whole)


@pytest.mark.parametrize("name", FUSERS)
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_so_are_those_of_other_frames_and_of_a_tree(name: str, dtype: str) -> None:
    fuser, frames = FUSERS[name], Frames(203, 67, dtype)
    whole = fuser.finish(fused(fuser, frames, as_tree=True))
    *_, least = ways_to_cut(203, fuser.grid_px(frames.info))
    same(in_strips(fuser, frames, least, as_tree=True), whole)


def test_strips_that_are_unequal_and_few() -> None:
    fuser, frames = FUSERS["blend"], Frames(331, 101, "uint8")
    whole = fuser.finish(fused(fuser, frames))
    same(in_strips(fuser, frames, (Strip(0, 32), Strip(32, 256), Strip(256, 331))), whole)


@pytest.mark.parametrize("name", Registry.discover().names("fuser"))
def test_every_fuser_that_is_offered_can_be_cut_but_the_one_that_borrows_depth_from_far(name: str) -> None:
    fuser = Registry.discover().build("fuser", name)
    assert isinstance(fuser, RegionalFuser) == (name != "depthmap")
    assert isinstance(fuser, ParallelFuser)


@pytest.mark.parametrize("name", FUSERS)
def test_the_state_of_a_strip_takes_as_much_memory_as_it_says(name: str) -> None:
    fuser, info = FUSERS[name], StackInfo(300, 640, 3, 1, "uint8")
    assert fuser.strip_bytes(info, Strip(0, 640)) == fuser.state_bytes(info)
    strip = Strip(64, 192)
    for is_first in (True, False):
        confined = StripFuser(fuser, strip, is_first=is_first)
        real = sum(array.nbytes for array in arrays(confined.start(info)))
        promised = confined.state_bytes(info)
        assert real <= promised
        assert not is_first or promised <= 1.3 * real
    assert fuser.strip_bytes(info, strip) < 0.75 * fuser.state_bytes(info)


def arrays(state: Any) -> list[np.ndarray]:
    if isinstance(state, np.ndarray):
        return [state]
    if isinstance(state, list):
        return [array for inner in state for array in arrays(inner)]
    return [array for inner in vars(state).values() for array in arrays(inner)] if hasattr(state, "__dict__") else []
