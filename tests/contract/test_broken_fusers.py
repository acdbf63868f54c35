"""Each promise of `FuserContract` is broken by a fuser that is wrong in one way."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.protocols import Task
from stackcore.terms import DepthEvidence, Frame, Fused, StackInfo
from stackcore.testing import FuserContract


@dataclass
class State:
    total: np.ndarray
    weight: np.ndarray
    dtype: str
    depth: np.ndarray | None = None
    extra: list[Any] = field(default_factory=list)


class Right:
    """The mean, weighted by the local variance."""

    tolerance = 1e-4

    def start(self, info: StackInfo) -> State:
        return State(np.zeros((info.height, info.width, 3)), np.zeros((info.height, info.width)), info.dtype)

    def add(self, state: State, frame: Frame) -> State:
        pixels = frame.rows(0, frame.height).pixels.astype(np.float64)
        counts = frame.valid & np.isfinite(pixels).all(axis=2)
        pixels[~counts] = 0
        grey = pixels.mean(axis=2)
        variance = cv2.blur(grey * grey, (9, 9)) - cv2.blur(grey, (9, 9)) ** 2
        weight = np.where(counts, np.maximum(variance, 0) + 1e-4, 0) ** 2
        state.total += weight[..., None] * pixels
        state.weight += weight
        return state

    def merge(self, left: State, right: State) -> State:
        left.total += right.total
        left.weight += right.weight
        return left

    def finish(self, state: State) -> Fused:
        mean = state.total / np.where(state.weight > 0, state.weight, 1)[..., None]
        if state.dtype == "float32":
            return Fused(mean.astype(np.float32))
        return Fused(np.rint(mean * 65535).astype(np.uint16))

    def state_bytes(self, info: StackInfo) -> int:
        return 32 * info.width * info.height


class BeginsWithGrey(Right):
    def start(self, info: StackInfo) -> State:
        state = super().start(info)
        state.weight += 1
        return state


class LastCountsMost(Right):
    def add(self, state: State, frame: Frame) -> State:
        state.total *= 0.5
        state.weight *= 0.5
        return super().add(state, frame)


class Dithers(Right):
    turns = count()

    def start(self, info: StackInfo) -> State:
        state = super().start(info)
        state.total += next(self.turns) * 1e-3
        state.weight += 1e-3
        return state


class ChangesRight(Right):
    def merge(self, left: State, right: State) -> State:
        return super().merge(right, left)


class ForgetsWeights(Right):
    def merge(self, left: State, right: State) -> State:
        left.total += right.total * 0.5
        left.weight += right.weight * 0.5
        return left


class Masks(Right):
    def add(self, state: State, frame: Frame) -> State:
        frame.pixels[:3] = 0
        return super().add(state, frame)


class EightBits(Right):
    def finish(self, state: State) -> Fused:
        return Fused((super().finish(state).pixels // 257).astype(np.uint8))


class CountsFinishes(Right):
    turns = count()

    def finish(self, state: State) -> Fused:
        fused = super().finish(state)
        fused.pixels[0, 0] = next(self.turns)
        return fused


class Darkens(Right):
    def finish(self, state: State) -> Fused:
        return Fused((super().finish(state).pixels * 0.99).astype(np.uint16))


class TrustsAll(Right):
    def add(self, state: State, frame: Frame) -> State:
        return super().add(state, Frame(frame.index, frame.pixels))


class TakesNan(Right):
    def add(self, state: State, frame: Frame) -> State:
        pixels = frame.rows(0, frame.height).pixels
        state.total += np.where(frame.valid[..., None], pixels, 0)
        state.weight += frame.valid
        return state


class DividesByNothing(Right):
    def finish(self, state: State) -> Fused:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = state.total / state.weight[..., None]
            return Fused(mean.astype(np.float32) if state.dtype == "float32" else (mean * 65535).astype(np.uint16))


class KeepsFrames(Right):
    def add(self, state: State, frame: Frame) -> State:
        state.extra.append(frame.pixels.astype(np.float64))
        return super().add(state, frame)


class FinishesBig(Right):
    def finish_bytes(self, info: StackInfo) -> int:
        return 1000


class WorksBig(Right):
    def add_in_steps(self, state: State, frame: Frame) -> Iterable[Sequence[Task]]:
        yield [partial(super().add, state, frame)]

    def task_bytes(self, info: StackInfo) -> int:
        return 1000


class SharperWithDepth(Right):
    def add(self, state: State, frame: Frame) -> State:
        return super().add(state, frame) if state.depth is None else state

    def start(self, info: StackInfo) -> State:
        state = super().start(info)
        if info.finds_depth:
            state.depth = np.zeros(0)
        return state


class LatestIsDeepest(Right):
    """Its depth is the last frame that was added."""

    def start(self, info: StackInfo) -> State:
        state = super().start(info)
        if info.finds_depth:
            state.depth = np.zeros((-(-info.height // 2), -(-info.width // 2)), np.float32)
        return state

    def add(self, state: State, frame: Frame) -> State:
        if state.depth is not None:
            state.depth[...] = frame.index
        return super().add(state, frame)

    def finish(self, state: State) -> Fused:
        fused = super().finish(state)
        if state.depth is None:
            return fused
        return Fused(fused.pixels, evidence=DepthEvidence(state.depth, state.depth * 0, state.depth * 0))


class Locks(Right):
    def start(self, info: StackInfo) -> State:
        state = super().start(info)
        state.extra.append(threading.Lock())
        return state


class Blurs(Right):
    def finish(self, state: State) -> Fused:
        fused = super().finish(state)
        return Fused(cv2.GaussianBlur(fused.pixels, (0, 0), 6))


SINGLE = "33x17 uint16 frames"

WRONG: dict[str, tuple[Any, str]] = {
    "start_is_neutral": (BeginsWithGrey, f"start is not neutral for {SINGLE}"),
    "every_cut_and_order_gives_the_same_picture": (LastCountsMost, f"{SINGLE} cut as ((0, 1, 2), (3, 4)) differs by"),
    "one_plan_gives_the_same_bytes": (Dithers, f"{SINGLE} cut as ((0, 1, 2), (3, 4)) is different the second time"),
    "merge_leaves_the_right_state_alone": (ChangesRight, f"merge changed its right argument for {SINGLE}"),
    "add_is_a_merge_with_a_stack_of_one": (ForgetsWeights, f"{SINGLE}: add and merge differ by"),
    "add_leaves_the_frame_alone": (Masks, f"add changed the pixels of a frame of {SINGLE}"),
    "the_picture_has_the_size_and_depth_promised": (EightBits, f"{SINGLE} came out as uint8"),
    "finish_is_pure": (CountsFinishes, f"finish gave two pictures of one state of {SINGLE}"),
    "a_stack_of_one_is_that_frame": (Darkens, f"the only frame of {SINGLE} came back changed by 0.01"),
    "equal_frames_give_that_frame": (Darkens, f"equal frames of {SINGLE} differ by 0.01"),
    "pixels_outside_a_frame_never_win": (TrustsAll, f"pixels outside a frame of {SINGLE} change the picture by"),
    "pixels_that_are_no_numbers_stay_out": (TakesNan, "NaN and infinity in one frame of 96x64 float32 frames reach"),
    "what_no_frame_covers_is_still_a_number": (DividesByNothing, "a pixel that no frame covers is no number"),
    "a_state_takes_as_much_memory_as_it_says": (KeepsFrames, f"{SINGLE}: "),
    "finishing_takes_as_much_memory_as_it_says": (FinishesBig, "said 1000"),
    "a_task_takes_as_much_memory_as_it_says": (WorksBig, "said 1000"),
    "depth_that_is_asked_for_changes_nothing_else": (
        SharperWithDepth,
        "asking for depth changes the picture of",
    ),
    "every_cut_and_order_gives_the_same_depth": (LatestIsDeepest, "has another depth"),
    "a_state_travels": (Locks, "TypeError: cannot pickle '_thread.lock' object"),
    "the_sharper_frame_wins": (Blurs, "the picture is no better than one of its frames"),
}


class Tried(FuserContract):
    sizes = ((33, 17),)
    dtypes = ("uint16",)
    fuser: Any = Right

    def make(self) -> Any:
        return self.fuser()


def contract(fuser: Any) -> Tried:
    tried = Tried()
    tried.fuser = fuser
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    fuser, words = WRONG[promise]
    assert words in happened_in(contract(fuser), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(FuserContract) == set(WRONG)
