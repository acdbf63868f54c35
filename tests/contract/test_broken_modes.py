"""Each promise of `ModeContract` is broken by a mode that is wrong in one way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from stackcore.actions import CameraTraits, CapturePlan, DriveFocus, Expose, Wait
from stackcore.testing import DoesNotApply, ModeContract


class Right:
    needs: ClassVar[frozenset[str]] = frozenset({"still", "focus_drive"})
    saves: ClassVar[Any] = True

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        for index in range(plan.slices):
            yield Expose(index)
            if index + 1 < plan.slices:
                yield DriveFocus(plan.step)
                yield Wait(plan.delay_ms)


class Talks(Right):
    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        yield "ready"
        yield from super().actions(plan, traits)


class Remembers(Right):
    def __init__(self) -> None:
        self.asked = 0

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        self.asked += 1
        yield from list(super().actions(plan, traits))[: -self.asked]


class Backwards(Right):
    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        for action in super().actions(plan, traits):
            yield Expose(plan.slices - 1 - action.slice_index) if isinstance(action, Expose) else action


class Overshoots(Right):
    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        for action in super().actions(plan, traits):
            yield DriveFocus(action.steps + 1) if isinstance(action, DriveFocus) else action


class GoesOn(Right):
    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        yield from super().actions(plan, traits)
        yield DriveFocus(plan.step)


class Idles(Right):
    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        yield DriveFocus(0)
        yield from super().actions(plan, traits)


class Hurries(Right):
    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        yield from (action for action in super().actions(plan, traits) if not isinstance(action, Wait))


class NeedsNothing(Right):
    needs = frozenset()


class Denies(Right):
    saves = False


WRONG = {
    "it_yields_actions_and_nothing_else": (Talks, "a plan of 2 slices, step 2, delay 0 ms yields 'ready'"),
    "equal_plans_give_equal_actions": (Remembers, "gives other actions the second time"),
    "it_arrives_at_every_slice_in_order": (Backwards, "arrives at 1, 0, wanted 0, 1"),
    "every_slice_lies_a_step_behind_the_one_before": (Overshoots, "has moved +3 at slice 1, wanted +2"),
    "nothing_moves_after_the_last_slice": (GoesOn, "moves +4 in all, wanted +2"),
    "no_movement_is_empty": (Idles, "asks for a movement of 0 drive units"),
    "movements_are_followed_by_the_delay": (Hurries, "after DriveFocus(steps=2) comes Expose(slice_index=1)"),
    "needs_names_what_the_actions_use": (NeedsNothing, "uses focus_drive, still, which its needs do not name"),
    "saves_is_true_for_modes_that_save": (Denies, "saves is False, and it takes pictures"),
}


def contract(mode: type) -> ModeContract:
    tried = ModeContract()
    tried.make = mode  # type: ignore[method-assign]
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    mode, words = WRONG[promise]
    assert words in happened_in(contract(mode), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(ModeContract) == set(WRONG)


def test_the_right_one_breaks_none() -> None:
    tried = contract(Right)
    for promise in WRONG:
        getattr(tried, f"test_{promise}")()


class StillsAlone(Right):
    needs = frozenset({"still"})

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Any]:
        for index in range(plan.slices):
            yield Expose(index)


def test_one_that_needs_no_focus_drive_is_not_asked_where_it_moves() -> None:
    tried = contract(StillsAlone)
    skipped = []
    for promise in WRONG:
        try:
            getattr(tried, f"test_{promise}")()
        except DoesNotApply:
            skipped.append(promise)
    assert skipped == ["every_slice_lies_a_step_behind_the_one_before", "nothing_moves_after_the_last_slice"]
