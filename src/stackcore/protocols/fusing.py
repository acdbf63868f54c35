"""In which order frames become one state, as data, and who may keep that state while the work goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from stackcore.terms import StackInfo

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


@dataclass(frozen=True)
class Reach:
    """How far the picture of a fuser depends on its surroundings.

    Attributes
    ----------
    margin_px
        Rows beyond a strip of the picture that may change what is in it.
    grid_px
        A strip must begin at a multiple of so many rows.
    least_px
        With fewer rows than this the fuser works otherwise than on the whole picture.
    """

    margin_px: int
    grid_px: int
    least_px: int


@runtime_checkable
class RegionalFuser(Protocol):
    """A fuser that makes the same picture, within its tolerance, of strips that are worked with a margin."""

    def reach(self, info: StackInfo) -> Reach:
        """How strips of the picture must be cut; `info` is that of the whole picture."""
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
