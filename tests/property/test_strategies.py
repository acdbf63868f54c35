"""What `stackcore.testing.strategies` draws is what it says, and every fuser copes with it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackcore.protocols import Fuser
from stackcore.registry import Registry
from stackcore.terms import FULL_SCALE, Frame, Transform
from stackcore.testing import strategies
from stackcore.testing.strategies import DrawnStack

FUSERS = Registry.discover().names("fuser")

few = settings(max_examples=20)


@cache
def fuser_of(name: str) -> Fuser[Any]:
    built: Fuser[Any] = Registry.discover().build("fuser", name)
    return built


def picture(fuser: Fuser[Any], stack: DrawnStack, parts: list[list[int]]) -> np.ndarray:
    merged = None
    for part in parts:
        state = fuser.start(stack.info)
        for index in part:
            state = fuser.add(state, stack.frames[index])
        merged = state if merged is None else fuser.merge(merged, state)
    pixels = fuser.finish(merged).pixels
    return pixels.astype(np.float64) / FULL_SCALE[pixels.dtype.name]


@pytest.mark.parametrize("name", FUSERS)
@given(data=st.data())
@few
def test_any_cut_of_any_stack_gives_the_same_picture(name: str, data: st.DataObject) -> None:
    fuser, stack = fuser_of(name), data.draw(strategies.stacks(most_frames=4))
    parts = data.draw(strategies.cuts(len(stack.frames)))
    whole, cut = (picture(fuser, stack, plan) for plan in ([list(range(len(stack.frames)))], parts))
    step = 0 if stack.info.dtype == "float32" else 1 / 65535
    assert np.abs(cut - whole).max() <= fuser.tolerance + step


@given(strategies.stacks(most_frames=3))
def test_stacks_are_of_one_piece(stack: DrawnStack) -> None:
    info = stack.info
    assert [frame.index for frame in stack.frames] == list(range(info.frames))
    for frame in stack.frames:
        assert frame.pixels.shape == (info.height, info.width, 3)
        assert frame.pixels.dtype.name == info.dtype
        assert frame.valid.any()


@given(strategies.frames(3, width=5, height=7, dtype="uint8", partial=False))
def test_what_is_given_is_not_drawn(frame: Frame) -> None:
    assert (frame.index, frame.pixels.shape, frame.pixels.dtype) == (3, (7, 5, 3), np.uint8)
    assert frame.valid.all()


@given(strategies.cuts(5))
def test_cuts_hold_every_frame_once(parts: list[list[int]]) -> None:
    assert sorted(index for part in parts for index in part) == list(range(5))


@given(strategies.transforms(101, 81, shift_px=4, rotation_deg=0.5, scale=0.01))
def test_transforms_keep_within_their_bounds(transform: Transform) -> None:
    centre = np.array([[50.0, 40.0]])
    assert np.abs(transform.apply(centre) - centre).max() <= 4 + 1e-9
    turned = transform.matrix[:2, :2]
    assert abs(np.sqrt(np.linalg.det(turned)) - 1) <= 0.01 + 1e-9
    assert abs(np.degrees(np.arctan2(turned[1, 0], turned[0, 0]))) <= 0.5 + 1e-9
