"""What aligners, fusers, sharpeners and executors must do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from stackcore.protocols.fusing import FusePlan, Milestones, PlanKind

if TYPE_CHECKING:  # discovery loads this with every plugin, and needs no numpy
    import numpy as np
    from numpy.typing import NDArray

    from stackcore.terms import Encoding, Frame, Fused, Pixels, StackInfo, Transform


@dataclass(frozen=True)
class Link:
    """Two frames that the aligner wants registered: `moving` is found in the geometry of `fixed`."""

    fixed: int
    moving: int


@dataclass(frozen=True)
class ReducedFrame:
    """A frame for the survey.

    `luma` is (h, w) float32, linear light, 0 to 1; `width` and `height` are the full size. Linear, because defocus
    spreads light evenly: in encoded values a blurred bright edge creeps outwards and is taken for a change of scale.
    `valid` (h, w) says which pixels are picture, None for all of them; the others hold the colour of the nearest.
    """

    index: int
    luma: NDArray[np.float32]
    width: int
    height: int
    valid: NDArray[np.bool_] | None = None

    @property
    def to_full(self) -> NDArray[np.float64]:
        """3x3 map of reduced pixel coordinates to full-size pixel coordinates."""
        import numpy as np

        h, w = self.luma.shape
        sx, sy = self.width / w, self.height / h
        return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1.0]])


@dataclass(frozen=True)
class Registration:
    """What registering one link gave.

    `transform` maps full-size pixel coordinates of `fixed` to those of `moving`, or is None when it failed for
    `reason`; `score` is the aligner's own confidence, 0 to 1. `about` is the one frame that is to blame, where the
    aligner knows: a featureless frame fails whoever is registered with it. `precision`, where the aligner knows it, is
    the inverse covariance, 1 / pixels^2, of where the link puts the corners (x and y of the centres of the pixels top
    left, top right, bottom left, bottom right), (8, 8) float64; it may be singular.
    """

    link: Link
    transform: Transform | None
    score: float
    reason: str = ""
    about: int | None = None
    precision: NDArray[np.float64] | None = None


class Aligner(Protocol):
    """Finds where every frame lies. Links are independent tasks; `solve` joins what they found."""

    model: str
    """What may differ between frames, for the transforms file (`similarity`); one that chooses sets it in `solve`."""
    work_size_px: int
    """Longer side of the reduced frames that `register` wants."""

    def links(self, frames: int, reference: int) -> Sequence[Link]:
        """Choose the pairs to register; the fewer different frames in a row of links, the less is decoded twice."""
        ...

    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        """Register one pair; never raises for a pair that cannot be registered. Runs in several threads."""
        ...

    def solve(
        self, found: Sequence[Registration], frames: int, reference: int, size: tuple[int, int]
    ) -> Sequence[Transform | None]:
        """One transform per frame (reference to frame), None for a frame that nothing, or nothing right, reaches.

        `size` is the width and height of the frames, pixels; links may have been added to those of `links`.
        """
        ...


StateT = TypeVar("StateT")
Task = Callable[[], None]


class Fuser(Protocol[StateT]):
    """An accumulator over the frames of a stack: one algebra for loop, threads, slabs, live view and cluster.

    `start` is the neutral element of `merge`; `merge` is associative, does not mind the order, may reuse `left`
    and leaves `right` alone; `add(s, f)` is a merge with a stack of one; `finish` is pure and runs last. A state
    is a plain dataclass of arrays whose size does not depend on the number of frames. Every frame is added once.
    """

    tolerance: float
    """Largest difference between two cuts of one stack, as a fraction of full scale; 0 for pure selection."""

    def start(self, info: StackInfo) -> StateT:
        """Return the state of an empty stack."""
        ...

    def add(self, state: StateT, frame: Frame) -> StateT:
        """Take one frame in."""
        ...

    def merge(self, left: StateT, right: StateT) -> StateT:
        """Join two states of the same stack."""
        ...

    def finish(self, state: StateT) -> Fused:
        """Return the picture of everything that was added; `state` may be consumed."""
        ...

    def state_bytes(self, info: StackInfo) -> int:
        """Return how much memory one state takes, bytes."""
        ...


@runtime_checkable
class ParallelFuser(Protocol):
    """A fuser whose `add` falls apart into tasks that may run side by side (the bands of a frame)."""

    def add_in_steps(self, state: Any, frame: Frame) -> Iterable[Sequence[Task]]:
        """Yield groups of tasks: those of a group in any order or at once, the groups one after the other.

        The picture must not depend on how the tasks of a group are scheduled. Exhausting the iterator is `add`.
        """
        ...

    def task_bytes(self, info: StackInfo) -> int:
        """Return how much memory one running task takes, bytes."""
        ...


class Sharpener(Protocol):
    """Sharpens a finished picture."""

    def sharpen(self, pixels: Pixels, encoding: Encoding) -> Pixels:
        """Return the sharpened picture, same shape and dtype; `pixels` (H, W, 3) is not modified."""
        ...


ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class FrameSource(Protocol):
    """The aligned frames of a stack, opened when asked for."""

    def __len__(self) -> int:
        """Return the number of frames that take part."""
        ...

    def open(self, position: int) -> Frame:
        """Decode the frame at `position` (0 to len - 1); it is warped when its rows are asked for."""
        ...


class Executor(Protocol):
    """Where the work is done. For one plan the result is the same to the bit whatever the workers."""

    @property
    def workers(self) -> int:
        """How many tasks run side by side."""
        ...

    @property
    def plan(self) -> PlanKind:
        """In which order it adds and merges."""
        ...

    def map(
        self, function: Callable[[ItemT], ResultT], items: Sequence[ItemT], cancel: threading.Event
    ) -> Iterator[ResultT]:
        """Yield `function(item)` in the order of the items; `Cancelled` as soon as `cancel` is set."""
        ...

    def fuse(
        self,
        fuser: Fuser[Any],
        info: StackInfo,
        frames: FrameSource,
        cancel: threading.Event,
        done: Callable[[int], None],
        plan: FusePlan | None = None,
        milestones: Milestones | None = None,
    ) -> Any:
        """Add every frame as `plan` says (None: `FusePlan.fold`), and return the state.

        `done(n)` after each frame, `milestones` after each slab of the plan but the last; work goes on from where
        `milestones` had come to. `Cancelled` when `cancel` is set.
        """
        ...

    def close(self) -> None:
        """Stop the workers; may be called twice."""
        ...


@runtime_checkable
class BoundExecutor(Protocol):
    """An executor that can do with less than it might, where memory is short; the result stays the same."""

    def bind(self, tasks: int, frames: int) -> None:
        """From now on, run no more than `tasks` at once, of a fuser or of `map`, and hold no more than `frames` frames.

        With 1 frame, none is decoded while another is at work.
        """
        ...
