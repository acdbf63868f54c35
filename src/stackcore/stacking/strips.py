"""Strips of the canvas: where one state of a fuser does not fit into memory, the picture is made strip by strip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import FrameSource, Reach
from stackcore.terms import Frame, Fused, Pixels, Rows, StackInfo


@dataclass(frozen=True)
class Strip:
    """Rows `top` to `bottom` (not included) of the picture, made from the rows `first` to `last` of the frames."""

    top: int
    bottom: int
    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many rows are worked."""
        return self.last - self.first

    @property
    def own(self) -> slice:
        """The rows of the strip among those that are worked."""
        return slice(self.top - self.first, self.bottom - self.first)


def ways_to_cut(height: int, reach: Reach) -> Iterator[tuple[Strip, ...]]:
    """Cuts of a picture into ever more strips, the whole first, as long as more of them need less memory.

    Strips begin on the fuser's grid and are worked with its margin on both sides, and with no fewer rows than it needs.
    """
    least = height + 1
    for count in range(1, -(-height // reach.grid_px) + 1):
        cut = _cut(height, count, reach)
        if (rows := max(strip.rows for strip in cut)) < least:
            least = rows
            yield cut


def _cut(height: int, count: int, reach: Reach) -> tuple[Strip, ...]:
    own = -(-height // (count * reach.grid_px)) * reach.grid_px
    margin = -(-reach.margin_px // reach.grid_px) * reach.grid_px
    found = []
    for top in range(0, height, own):
        bottom = min(height, top + own)
        first, last = max(0, top - margin), min(height, bottom + margin)
        if last - first < reach.least_px:
            last = min(height, first + reach.least_px)
            first = max(0, last - reach.least_px) // reach.grid_px * reach.grid_px
        found.append(Strip(top, bottom, first, last))
    return tuple(found)


class Strips:
    """The picture that finished strips make up; `pixels` (H, W, 3) uint16, or float32 for float sources."""

    def __init__(self, info: StackInfo) -> None:
        self.pixels: Pixels = np.empty((info.height, info.width, 3), _result_dtype(info))
        self._depth: list[NDArray[np.float32] | None] = []
        self._confidence: list[NDArray[np.float32] | None] = []
        self._rows = 0

    def put(self, strip: Strip, finished: Fused) -> None:
        """Put the rows of a strip at their place; strips come from top to bottom."""
        self.pixels[strip.top : strip.bottom] = finished.pixels[strip.own]
        self._depth.append(None if finished.depth is None else finished.depth[strip.own])
        self._confidence.append(None if finished.confidence is None else finished.confidence[strip.own])
        self._rows += strip.bottom - strip.top

    @property
    def fused(self) -> Fused:
        """The whole picture; with its depth, if every strip was put here and has one."""
        return Fused(self.pixels, self._joined(self._depth), self._joined(self._confidence))

    def _joined(self, parts: list[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
        known = [part for part in parts if part is not None]
        if len(known) < len(parts) or self._rows < len(self.pixels):
            return None
        return np.concatenate(known)


def _result_dtype(info: StackInfo) -> str:
    return "float32" if info.dtype == "float32" else "uint16"


class StripFrames:
    """The frames of a stack, of which only the rows of a strip are seen."""

    def __init__(self, frames: FrameSource, strip: Strip) -> None:
        self._frames, self._strip = frames, strip

    def __len__(self) -> int:
        return len(self._frames)

    def open(self, position: int) -> Frame:
        """Decode the frame at `position`; only its rows in the strip are warped."""
        return _StripOfFrame(self._frames.open(position), self._strip)


class _StripOfFrame(Frame):
    """Some rows of a frame as a frame of their own."""

    def __init__(self, frame: Frame, strip: Strip) -> None:
        self.index, self.width, self.height = frame.index, frame.width, strip.rows
        self._frame, self._strip = frame, strip

    @property
    def pixels(self) -> Pixels:
        return self._frame.pixels[self._strip.first : self._strip.last]

    @property
    def valid(self) -> NDArray[np.bool_]:
        rows = self.rows(0, self.height)
        return np.ones((self.height, self.width), np.bool_) if rows.valid is None else rows.valid

    def rows(self, top: int, bottom: int) -> Rows:
        return self._frame.rows(self._strip.first + top, self._strip.first + bottom)
