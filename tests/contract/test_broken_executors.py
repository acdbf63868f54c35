"""Each promise of `ExecutorContract` is broken by an executor that is wrong in one way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from stackcore.errors import Cancelled, PluginError, StackcoreError
from stackcore.protocols import FrontOfTree, FusePlan
from stackcore.testing import ExecutorContract


def check(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled("Cancelled.", "it was asked to stop.", "start again.")


class Right:
    """Everything in the thread of the caller."""

    plan: Any = "fold"

    def __init__(self, workers: int = 1) -> None:
        self.workers: Any = workers

    def map(self, function: Any, items: Any, cancel: threading.Event) -> Iterator[Any]:
        for item in items:
            check(cancel)
            yield function(item)

    def fuse(
        self,
        fuser: Any,
        info: Any,
        frames: Any,
        cancel: threading.Event,
        done: Any,
        plan: FusePlan | None = None,
        milestones: Any = None,
    ) -> Any:
        plan = plan or FusePlan.fold(len(frames))
        added, waiting = (0, []) if milestones is None else milestones.begun(lambda: fuser.start(info))
        state = waiting.pop() if plan.kind == "fold" and waiting else fuser.start(info)
        front = FrontOfTree(fuser.merge, waiting, plan.ends.index(added) + 1 if waiting else 0)
        for position in range(added, len(frames)):
            check(cancel)
            state = fuser.add(state, frames.open(position))
            done(position + 1)
            if position + 1 in plan.ends[:-1]:
                if plan.kind == "tree":
                    front.put(state)
                    state = fuser.start(info)
                if milestones is not None:
                    milestones.reached(position + 1, [state] if plan.kind == "fold" else front.waiting)
        if plan.kind == "fold":
            return state
        front.put(state)
        return front.root()

    def close(self) -> None:
        pass


class HasNobody(Right):
    def __init__(self, workers: int = 1) -> None:
        super().__init__(0)


class ClosesOnce(Right):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class LastFirst(Right):
    def map(self, function: Any, items: Any, cancel: threading.Event) -> Iterator[Any]:
        return super().map(function, list(items)[::-1], cancel)


class Wraps(Right):
    def map(self, function: Any, items: Any, cancel: threading.Event) -> Iterator[Any]:
        try:
            yield from super().map(function, items, cancel)
        except StackcoreError as error:
            raise PluginError("A worker failed.", str(error), "look there.") from error


class Deaf(Right):
    """Does not hear that it shall stop."""

    def map(self, function: Any, items: Any, cancel: threading.Event) -> Iterator[Any]:
        return super().map(function, items, threading.Event())

    def fuse(self, fuser: Any, info: Any, frames: Any, cancel: Any, *others: Any) -> Any:
        return super().fuse(fuser, info, frames, threading.Event(), *others)


class Swaps(Right):
    """Takes the frames as they come."""

    def fuse(self, fuser: Any, info: Any, frames: Any, *others: Any) -> Any:
        class Shuffled:
            def __len__(self) -> int:
                return len(frames)

            def open(self, position: int) -> Any:
                return frames.open(len(frames) - 1 - position)

        return super().fuse(fuser, info, Shuffled(), *others)


class LikesTrees(Right):
    def fuse(self, fuser: Any, info: Any, frames: Any, cancel: Any, done: Any, plan: Any = None, m: Any = None) -> Any:
        return super().fuse(fuser, info, frames, cancel, done, plan or FusePlan("tree", (3, len(frames))), m)


class SlabPerWorker(Right):
    def fuse(self, fuser: Any, info: Any, frames: Any, cancel: Any, done: Any, plan: Any = None, m: Any = None) -> Any:
        plan = FusePlan("tree", (3, len(frames))) if self.workers > 1 else plan
        return super().fuse(fuser, info, frames, cancel, done, plan, m)


class Silent(Right):
    def fuse(self, fuser: Any, info: Any, frames: Any, cancel: Any, done: Any, *others: Any) -> Any:
        return super().fuse(fuser, info, frames, cancel, lambda n: None, *others)


class BeginsAnew(Right):
    def fuse(self, fuser: Any, info: Any, frames: Any, cancel: Any, done: Any, plan: Any = None, m: Any = None) -> Any:
        if m is not None:
            m.begun = lambda empty: (0, [fuser.add(empty(), frames.open(0))] if plan.kind == "fold" else [])
        return super().fuse(fuser, info, frames, cancel, done, plan, m)


class TellsNobody(Right):
    def fuse(self, fuser: Any, info: Any, frames: Any, cancel: Any, done: Any, plan: Any = None, m: Any = None) -> Any:
        return super().fuse(fuser, info, frames, cancel, done, plan, None)


class Skips(Right):
    """Leaves out what fails."""

    def fuse(self, fuser: Any, info: Any, frames: Any, *others: Any) -> Any:
        try:
            return super().fuse(fuser, info, frames, *others)
        except Cancelled:
            raise
        except Exception:
            return fuser.start(info)


WRONG = {
    "it_says_what_it_is": (HasNobody, "it has 0 workers"),
    "close_may_be_called_twice": (ClosesOnce, "RuntimeError: closed already"),
    "map_keeps_the_order": (LastFirst, "squares of 23 numbers came as [484, 441"),
    "an_error_in_map_passes_through": (Wraps, "an UnreadableFrame came out as PluginError('A worker failed.'"),
    "a_cancelled_map_ends": (Deaf, "a map that was cancelled meanwhile ended with None"),
    "fusing_follows_the_plan": (Swaps, "frames were added as [6, 5, 4, 3, 2, 1, 0], wanted [0, 1, 2"),
    "without_a_plan_it_folds": (LikesTrees, "no plan: the state differs from that of a plain loop"),
    "the_number_of_workers_changes_no_byte": (SlabPerWorker, "3 workers, fold of slabs ending at 7: the state differs"),
    "done_is_told_of_every_frame": (Silent, "done was called with [] for 7 frames"),
    "work_goes_on_from_a_milestone": (BeginsAnew, "begun after 3 frames, fold of slabs ending at 3, 5, 7: frames were"),
    "milestones_are_told_of_every_slab_but_the_last": (TellsNobody, "milestones heard [], wanted [(3, [0, 1, 2]),"),
    "a_frame_that_cannot_be_read_stops_it": (Skips, "an unreadable frame ended it with None"),
    "an_error_in_a_fuser_passes_through": (Skips, "a ZeroDivisionError came out as None"),
    "a_cancelled_fusion_ends": (Deaf, "cancelled after 0 frames it ended with None"),
}


def contract(executor: Any) -> ExecutorContract:
    tried = ExecutorContract()
    tried.make = executor  # type: ignore[method-assign]
    tried.make_with = executor  # type: ignore[method-assign]
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    executor, words = WRONG[promise]
    assert words in happened_in(contract(executor), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(ExecutorContract) == set(WRONG)


def test_the_right_one_breaks_none() -> None:
    for promise in WRONG:
        getattr(contract(Right), f"test_{promise}")()
