"""In which order frames become one state, as data, and who may keep that state while the work goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stackcore.terms import Fused, StackInfo, Strip

NodeT = TypeVar("NodeT")

PlanKind = Literal["fold", "tree"]
"""`fold`: every frame enters one state, in order. `tree`: a state per slab, joined pairwise, neighbour by neighbour."""


@dataclass(frozen=True)
class FusePlan:
    """In which order frames are added and states merged: for one plan the result is the same to the bit.

    It follows from the number of frames, the fuser and the options, never from workers or memory.

    Attributes
    ----------
    kind
        See `PlanKind`.
    ends
        For each slab in order, the position after its last frame; the last is the number of frames.
    """

    kind: PlanKind
    ends: tuple[int, ...]

    @classmethod
    def fold(cls, frames: int) -> FusePlan:
        """One slab, one state."""
        return cls("fold", (frames,))

    @property
    def slabs(self) -> list[tuple[int, int]]:
        """First position of each slab, and the one after its last."""
        return list(zip((0, *self.ends[:-1]), self.ends, strict=True))

    @property
    def states(self) -> int:
        """How many states there are at a time where slab follows slab: the one at work, and those that wait."""
        if self.kind == "fold":
            return 1
        return 1 + max(done.bit_count() for done in range(len(self.ends)))

    def waiting(self, added: int) -> int:
        """How many states hold the first `added` frames, which end with a slab."""
        return 1 if self.kind == "fold" else (self.ends.index(added) + 1).bit_count()

    def record(self) -> dict[str, Any]:
        """What the record of a result says of it: all that the bytes of the result depend on."""
        return {"kind": self.kind} if self.kind == "fold" else {"kind": self.kind, "slab_ends": list(self.ends)}


@runtime_checkable
class RegionalFuser(Protocol):
    """A fuser that can do with the state of a strip of the picture at a time, where that of the whole does not fit.

    Each strip takes a pass over all frames, which are seen whole, so that what is made of a strip is the same to the
    bit as those rows of the whole picture. What a fuser needs of all rows (coarse levels) it gathers while the first
    strip is made, and gets it back with each of the others. States of strips are added to and merged like others; the
    fuser must work in tasks (`ParallelFuser`).
    """

    def grid_px(self, info: StackInfo) -> int:
        """Return the number of rows that strips must begin at a multiple of; `info` is that of the whole picture."""
        ...

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> Any:
        """Return the state of an empty stack that holds `strip` alone, and, for the first one, what all rows tell."""
        ...

    def finish_strip(self, state: Any, gathered: Any) -> tuple[Fused, Any]:
        """Return the picture of the strip, and what was gathered, for the strips that are left.

        `gathered` is what finishing the first strip returned, None for the first itself: dataclasses of arrays, or
        None. `state` may be consumed.
        """
        ...

    def strip_bytes(self, info: StackInfo, strip: Strip) -> int:
        """Return how much memory the state of a strip takes at most, the first one's among them, bytes."""
        ...


@runtime_checkable
class DemandingFuser(Protocol):
    """A fuser whose `finish` takes more memory than the picture it returns."""

    def finish_bytes(self, info: StackInfo) -> int:
        """Return how much memory `finish` takes beside the state, bytes, with what it returns."""
        ...


class Milestones(Protocol):
    """Is told of each slab that is done, and knows where an earlier run had come to."""

    def begun(self, empty: Callable[[], Any]) -> tuple[int, list[Any]]:
        """How many frames are in already, and the states they are in, in order; `empty` makes one that may be filled.

        0 and no state where there was none.
        """
        ...

    def reached(self, added: int, states: Sequence[Any]) -> None:
        """Take notice of `states`, which `added` frames are in; they are neither changed nor kept after the call.

        One of a `fold`; of a `tree`, those that wait for a neighbour of their size (`FusePlan.waiting`).
        """
        ...


def joined(nodes: Sequence[NodeT], join: Callable[[NodeT, NodeT], NodeT]) -> NodeT:
    """Join states, or what stands for them, as a `tree` does: neighbours in pairs, pairs in pairs, in order.

    An odd one goes up alone. `FrontOfTree` comes to the same with the nodes one after the other.

    Examples
    --------
    >>> joined("abcde", "({}{})".format)
    '(((ab)(cd))e)'
    """
    level = list(nodes)
    while len(level) > 1:
        odd = level[len(level) // 2 * 2 :]
        level = [join(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]


class FrontOfTree(Generic[NodeT]):
    """The states of a `tree` while slab follows slab: each is joined as soon as its neighbour is there.

    Parameters
    ----------
    join
        Two neighbours, in order.
    waiting
        The nodes that `done` slabs have been joined to, where an earlier run had come to.

    Examples
    --------
    >>> front = FrontOfTree("({}{})".format)
    >>> for slab in "abcde":
    ...     front.put(slab)
    >>> front.waiting
    ['((ab)(cd))', 'e']
    >>> front.root()
    '(((ab)(cd))e)'
    """

    def __init__(self, join: Callable[[NodeT, NodeT], NodeT], waiting: Sequence[NodeT] = (), done: int = 0) -> None:
        self._join, self._done = join, done
        self.waiting = list(waiting)

    def put(self, node: NodeT) -> None:
        """Add the state of the next slab."""
        self._done += 1
        self.waiting.append(node)
        del node
        for _ in range((self._done & -self._done).bit_length() - 1):  # as many pairs are complete with it
            self._join_last()

    def root(self) -> NodeT:
        """Everything; there must be a slab at least."""
        while len(self.waiting) > 1:
            self._join_last()
        return self.waiting[0]

    def _join_last(self) -> None:
        right, left = self.waiting.pop(), self.waiting.pop()
        self.waiting.append(self._join(left, right))
