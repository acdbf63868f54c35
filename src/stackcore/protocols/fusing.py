"""In which order frames become one state, as data, and who may keep that state while the work goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from stackcore.terms import Fused, StackInfo, Strip

PlanKind = Literal["fold", "tree"]
"""`fold`: every frame enters one state, in order. `tree`: a state per slab, joined in the order of the slabs."""


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

    def begun(self, state: Any) -> tuple[int, Any]:
        """How many frames are in already, and the state they are in; `state` is an empty one, which may be filled."""
        ...

    def reached(self, added: int, state: Any) -> None:
        """Take notice of `state`, which `added` frames are in; it is neither changed nor kept after the call."""
        ...
