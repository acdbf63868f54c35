"""Each promise of `AlignerContract` is broken by an aligner that is wrong in one way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.protocols import Link, ReducedFrame, Registration
from stackcore.terms import Transform
from stackcore.testing import AlignerContract


def shift(x: float, y: float) -> Transform:
    return Transform(np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]))


class Right:
    """Shifts by phase correlation, along a chain; enough for all promises but that of a stack that breathes."""

    model = "shift"
    work_size_px = 512

    def links(self, frames: int, reference: int) -> Sequence[Link]:
        right = [Link(i, i + 1) for i in range(reference, frames - 1)]
        return [*right, *(Link(i, i - 1) for i in range(reference, 0, -1))]

    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        link = Link(fixed.index, moving.index)
        for frame in (moving, fixed):
            if float(frame.luma.max()) < 0.01:
                return Registration(link, None, 0.0, "it is black", about=frame.index)
        window = cv2.createHanningWindow(fixed.luma.shape[::-1], cv2.CV_32F)
        # It multiplies its arguments by the window in place.
        (x, y), score = cv2.phaseCorrelate(fixed.luma.copy(), moving.luma.copy(), window)
        return Registration(link, shift(x, y), float(min(max(score, 0), 1)))

    def solve(
        self, found: Sequence[Registration], frames: int, reference: int, size: tuple[int, int]
    ) -> Sequence[Transform | None]:
        solved: list[Transform | None] = [None] * frames
        solved[reference] = Transform.identity()
        for each in found:
            start = solved[each.link.fixed]
            if start is not None and each.transform is not None:
                solved[each.link.moving] = start.then(each.transform)
        return solved


class Nameless(Right):
    model = ""


class LosesTheLast(Right):
    def links(self, frames: int, reference: int) -> Sequence[Link]:
        return super().links(frames, reference)[:-1]


class OffByOne(Right):
    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        found = super().register(fixed, moving)
        return found if found.transform is None else replace(found, transform=found.transform.then(shift(1, 0)))


class StaysPut(Right):
    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        return replace(super().register(fixed, moving), transform=Transform.identity())


class FearsTheDark(Right):
    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        found = super().register(fixed, moving)
        differs = abs(float(fixed.luma.mean()) - float(moving.luma.mean())) > 0.05
        return replace(found, transform=Transform.identity()) if differs else found


class Normalises(Right):
    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        moving.luma[...] *= np.float32(0.5)
        return super().register(fixed, moving)


class Drifts(Right):
    turns = count()

    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        return replace(super().register(fixed, moving), transform=shift(1e-9 * next(self.turns), 0))


class GivesUpLoudly(Right):
    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        found = super().register(fixed, moving)
        if found.transform is None:
            raise ValueError("no match")
        return found


class BlamesNobody(Right):
    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        return replace(super().register(fixed, moving), about=None)


class MovesEverything(Right):
    def solve(self, found: Any, frames: int, reference: int, size: Any) -> Sequence[Transform | None]:
        return [None if t is None else shift(1e-12, 0).then(t) for t in super().solve(found, frames, reference, size)]


class Hopes(Right):
    def solve(self, found: Any, frames: int, reference: int, size: Any) -> Sequence[Transform | None]:
        return [t or Transform.identity() for t in super().solve(found, frames, reference, size)]


WRONG = {
    "it_says_how_it_works": (Nameless, "its model is empty"),
    "its_links_reach_every_frame": (LosesTheLast, "of 2 frames, reference 0, no link reaches [1]"),
    "equal_frames_lie_where_they_are": (OffByOne, "a frame compared with itself is moved by 1.0"),
    "a_known_shift_is_recovered": (StaysPut, "a shift of +3, -2 px is missed by 3.61 px, allowed 0.5"),
    "exposure_makes_no_difference": (FearsTheDark, "in a dimmer frame the shift is missed by 3.61 px"),
    "register_leaves_its_frames_alone": (Normalises, "register changed its moving frame"),
    "equal_pairs_give_equal_transforms": (Drifts, "one pair gives [["),
    "what_cannot_be_registered_raises_nothing": (GivesUpLoudly, "ValueError: no match"),
    "a_black_frame_is_named": (BlamesNobody, "a black frame 1 failed, and `about` is None"),
    "a_moving_stack_comes_to_rest": (StaysPut, "frame 0 is missed by"),
    "the_reference_stays_where_it_is": (MovesEverything, "the reference of 1 frames is given Transform"),
    "a_frame_that_nothing_reaches_is_given_up": (Hopes, "a black frame is given Transform"),
}


def contract(aligner: Any) -> AlignerContract:
    tried = AlignerContract()
    tried.make = aligner  # type: ignore[method-assign]
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    aligner, words = WRONG[promise]
    assert words in happened_in(contract(aligner), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(AlignerContract) == set(WRONG)


def test_a_simple_one_keeps_nearly_all_of_them() -> None:
    for promise in set(WRONG) - {"a_moving_stack_comes_to_rest"}:
        getattr(contract(Right), f"test_{promise}")()
