"""A fuser without an algorithm, and frames without a file: what executors are tried with.

Sums of pixels in float64, weighted by the position of the frame, tell in which order they were added. Everything can
be pickled, so that it travels to workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Task
from stackcore.terms import Frame, Fused, StackInfo

_BAND_ROWS = 16


@dataclass
class Sum:
    """`total` (H, W, 3) float64, which depends on the order; `frames` as they were added."""

    total: NDArray[np.float64]
    frames: NDArray[np.int64]


class PlainSum:
    """Adds a third of what it has to each frame, so that another order gives another sum. Works frame by frame."""

    tolerance = 1.0

    def start(self, info: StackInfo) -> Sum:
        """Return nothing at all."""
        return Sum(np.zeros((info.height, info.width, 3)), np.zeros(0, np.int64))

    def add(self, state: Sum, frame: Frame) -> Sum:
        """Take a frame in."""
        self._add_rows(state, frame, 0, frame.height)
        state.frames = np.append(state.frames, frame.index)
        return state

    def merge(self, left: Sum, right: Sum) -> Sum:
        """Join two states, in a way that tells which was left."""
        left.total = left.total / 3 + right.total
        left.frames = np.append(left.frames, right.frames)
        return left

    def finish(self, state: Sum) -> Fused:
        """Return the sum as a picture."""
        return Fused(state.total.astype(np.float32))

    def state_bytes(self, info: StackInfo) -> int:
        """Size of one state."""
        return 24 * info.width * info.height

    def _add_rows(self, state: Sum, frame: Frame, top: int, bottom: int) -> None:
        state.total[top:bottom] = state.total[top:bottom] / 3 + frame.rows(top, bottom).pixels


class SumInTasks(PlainSum):
    """The same in bands, which may run side by side; then the same on top of it, as a second group."""

    def add(self, state: Sum, frame: Frame) -> Sum:
        """Take a frame in."""
        for tasks in self.add_in_steps(state, frame):
            for task in tasks:
                task()
        return state

    def add_in_steps(self, state: Sum, frame: Frame) -> Iterable[Sequence[Task]]:
        """Two groups of bands; the second builds on the first."""
        for _ in range(2):
            yield [
                partial(self._add_rows, state, frame, top, min(top + _BAND_ROWS, frame.height))
                for top in range(0, frame.height, _BAND_ROWS)
            ]
        state.frames = np.append(state.frames, frame.index)

    def task_bytes(self, info: StackInfo) -> int:
        """Size of the rows of one task."""
        return 48 * _BAND_ROWS * info.width


@dataclass
class MadeFrames:
    """A stack that is made when it is opened; position `broken_at` cannot be, and raises `error`."""

    info: StackInfo
    broken_at: int | None = None
    error: Exception | None = None
    seed: int = 7

    def __len__(self) -> int:
        return self.info.frames

    def open(self, position: int) -> Frame:
        """Make the frame of a position."""
        if position == self.broken_at and self.error is not None:
            raise self.error
        rng = np.random.default_rng([self.seed, position])
        pixels = rng.integers(0, 65536, (self.info.height, self.info.width, 3), dtype=np.uint16)
        return Frame(position, pixels)


class Landmarks:
    """Milestones in memory: what was `reached`, and where to begin.

    `seen` holds how many frames were in, and which, each time.
    """

    def __init__(self, added: int = 0, states: Sequence[Sum] = ()) -> None:
        self._added, self._states = added, list(states)
        self.seen: list[tuple[int, list[int]]] = []

    def begun(self, empty: Callable[[], Any]) -> tuple[int, list[Any]]:
        """Where an earlier run had come to."""
        return self._added, list(self._states)

    def reached(self, added: int, states: Sequence[Any]) -> None:
        """Note how far it is, and which frames the states hold."""
        self.seen.append((added, [frame for state in states for frame in state.frames.tolist()]))
