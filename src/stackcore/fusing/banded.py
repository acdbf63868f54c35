"""Fusers that work a frame in bands of rows: what a band holds, and the tasks an executor runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.coverage import numbers
from stackcore.fusing.sixteen_bits import to_sixteen_bits
from stackcore.protocols import Task
from stackcore.terms import Frame, Fused, Pixels, StackInfo, Strip

BAND_ROWS = 128
"""Rows of a band: the grid depends on the height of the picture alone, never on the workers."""


class State(Protocol):
    """What every state of a banded fuser holds, beside its arrays."""

    info: StackInfo


StateT = TypeVar("StateT", bound=State)


@dataclass(frozen=True)
class Band:
    """Rows `top` to `bottom` (not included) of a frame, with a margin above and below for filters.

    Attributes
    ----------
    index
        Slice index of the frame.
    top, bottom
        The rows that this band answers for, in the picture.
    first
        Row of the picture that the first row of `pixels` is; even, and `margin_px` above `top` where there is room.
    pixels
        (n, W, 3) float32, 0 to 1, margins included, all finite.
    valid
        (n, W) bool, or None when the source covered every pixel with numbers.
    """

    index: int
    top: int
    bottom: int
    first: int
    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_] | None

    @property
    def own(self) -> slice:
        """The rows of `pixels` that this band answers for."""
        return slice(self.top - self.first, self.bottom - self.first)

    @property
    def uncovered(self) -> NDArray[np.bool_] | None:
        """Where the source covered nothing, (bottom - top, W) bool; None for nowhere."""
        return None if self.valid is None else ~self.valid[self.own]


class BandedFuser(Generic[StateT]):
    """Adds frames band by band; a fuser derives from it and says what to do with one band.

    Bands of a frame run side by side, so `take` may write the rows of `state` that its band answers for and no
    others.

    Attributes
    ----------
    margin_px
        Rows that the fuser's filters reach beyond a band; a multiple of 4, so that a pyramid of two levels lies on
        the same grid in every band.
    planes
        About how many float32 planes of a band `take` needs at its peak.
    """

    margin_px: int = 0
    planes: int = 12

    def __init__(self, band_rows: int = BAND_ROWS) -> None:
        self.band_rows = band_rows

    def take(self, state: StateT, band: Band) -> None:
        """Add one band of one frame to `state`."""
        raise NotImplementedError

    def add(self, state: StateT, frame: Frame) -> StateT:
        """Take one frame in, band after band."""
        for tasks in self.add_in_steps(state, frame):
            for task in tasks:
                task()
        return state

    def add_in_steps(self, state: StateT, frame: Frame) -> Iterable[Sequence[Task]]:
        """One group: all bands, in any order."""
        yield [partial(self._take_at, state, frame, top) for top in range(0, frame.height, self.band_rows)]

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes while it is worked."""
        return 4 * self.planes * (self.band_rows + 2 * self.margin_px) * info.width

    def _take_at(self, state: StateT, frame: Frame, top: int) -> None:
        bottom = min(top + self.band_rows, frame.height)
        self.take(state, band_of(frame, top, bottom, self.margin_px, state.info.dtype))


class StripState(State, Protocol):
    """What every state of a `PixelwiseFuser` holds: `top` is the row of the picture that its first row is, 0 at first.

    `info` is that of the rows it holds.
    """

    top: int


StripStateT = TypeVar("StripStateT", bound=StripState)


class PixelwiseFuser(BandedFuser[StripStateT]):
    """A banded fuser whose `finish` looks at every pixel for itself: it can make a picture strip by strip.

    `Band.top`, `bottom` and `first` count from the first row of the state.
    """

    def grid_px(self, info: StackInfo) -> int:
        """That of the bands."""
        return self.band_rows

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> StripStateT:
        """The state of an empty stack of as many rows."""
        state = self.start(replace(info, height=strip.rows))
        state.top = strip.top
        return state

    def start(self, info: StackInfo) -> StripStateT:
        """Return the state of an empty stack."""
        raise NotImplementedError

    def finish(self, state: StripStateT) -> Fused:
        """Return the picture of everything that was added."""
        raise NotImplementedError

    def finish_strip(self, state: StripStateT, gathered: None) -> tuple[Fused, None]:
        """The picture of the strip; nothing is gathered."""
        return self.finish(state), None

    def state_bytes(self, info: StackInfo) -> int:
        """Return how much memory one state takes, bytes."""
        raise NotImplementedError

    def strip_bytes(self, info: StackInfo, strip: Strip) -> int:
        """As a picture of so many rows."""
        return self.state_bytes(replace(info, height=strip.rows))

    def add_in_steps(self, state: StripStateT, frame: Frame) -> Iterable[Sequence[Task]]:
        """One group: all bands of the strip, in any order."""
        tops = range(state.top, state.top + state.info.height, self.band_rows)
        yield [partial(self._take_at, state, frame, top) for top in tops]

    def _take_at(self, state: StripStateT, frame: Frame, top: int) -> None:
        bottom = min(top + self.band_rows, state.top + state.info.height)
        band = band_of(frame, top, bottom, self.margin_px, state.info.dtype)
        first = band.first - state.top
        self.take(state, replace(band, top=top - state.top, bottom=bottom - state.top, first=first))


def band_of(frame: Frame, top: int, bottom: int, margin_px: int, dtype: str) -> Band:
    """Read the rows of a band and its margin, as `stackcore.fusing.coverage.numbers` does; `dtype` is the stack's."""
    first = max(0, top - margin_px)
    rows = numbers(frame, first, min(bottom + margin_px, frame.height), dtype)
    return Band(frame.index, top, bottom, first, rows.pixels, rows.valid)


def as_picture(pixels: NDArray[np.float32], dtype: str) -> Pixels:
    """Fused pixels (H, W, 3) float32 as a picture: as they are for float32 sources, else uint16, clipped."""
    if dtype == "float32":
        return pixels
    out = np.empty(pixels.shape, np.uint16)
    to_sixteen_bits(pixels, out)
    return out


def as_picture_bytes(info: StackInfo) -> int:
    """Memory that `as_picture` takes: what it returns; nothing for float sources."""
    return 0 if info.dtype == "float32" else 6 * info.height * info.width
