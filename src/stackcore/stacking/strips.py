"""Strips of the canvas: where the state of the whole does not fit into memory, the picture is made strip by strip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Task
from stackcore.terms import DEPTH_REDUCTION, DepthEvidence, Frame, Fused, Pixels, StackInfo, Strip


def ways_to_cut(height: int, grid_px: int) -> Iterator[tuple[Strip, ...]]:
    """Cuts of a picture into ever more strips, the whole first, the last with as few rows as the grid allows."""
    least = height + 1
    for count in range(1, -(-height // grid_px) + 1):
        rows = min(height, -(-height // (count * grid_px)) * grid_px)
        if rows < least:
            least = rows
            yield tuple(Strip(top, min(height, top + rows)) for top in range(0, height, rows))


class StripFuser:
    """A fuser confined to one strip: what an executor gets in place of the fuser itself.

    Parameters
    ----------
    fuser
        A `RegionalFuser`.
    strip
        What is made.
    is_first
        Whether it has to gather what all rows tell.
    """

    def __init__(self, fuser: Any, strip: Strip, *, is_first: bool) -> None:
        self._fuser, self._strip, self._is_first = fuser, strip, is_first
        self.tolerance: float = fuser.tolerance

    def start(self, info: StackInfo) -> Any:
        """The state of an empty stack, confined to the strip; `info` is that of the whole picture."""
        return self._fuser.start_strip(info, self._strip, is_first=self._is_first)

    def add(self, state: Any, frame: Frame) -> Any:
        """Take one frame in, which is seen whole."""
        return self._fuser.add(state, frame)

    def add_in_steps(self, state: Any, frame: Frame) -> Iterable[Sequence[Task]]:
        """The same in tasks."""
        steps: Iterable[Sequence[Task]] = self._fuser.add_in_steps(state, frame)
        return steps

    def merge(self, left: Any, right: Any) -> Any:
        """Join two states of the strip."""
        return self._fuser.merge(left, right)

    def finish(self, state: Any) -> Fused:
        """The picture of a strip that nothing was gathered for: the first one."""
        fused: Fused = self._fuser.finish_strip(state, None)[0]
        return fused

    def state_bytes(self, info: StackInfo) -> int:
        """What its state takes."""
        return int(self._fuser.strip_bytes(info, self._strip))

    def task_bytes(self, info: StackInfo) -> int:
        """As for the whole: the bands are the same."""
        return int(self._fuser.task_bytes(info))


class Strips:
    """The picture that finished strips make up; `pixels` (H, W, 3) uint16, or float32 for float sources."""

    def __init__(self, info: StackInfo) -> None:
        self._size = (info.height, info.width)
        self.pixels: Pixels = np.empty((*self._size, 3), _result_dtype(info))
        self.depth: NDArray[np.float32] | None = None
        self.confidence: NDArray[np.float32] | None = None
        self.evidence: list[NDArray[np.float32]] | None = None

    def put(self, strip: Strip, finished: Fused) -> None:
        """Put the rows of a strip at their place; a fuser finds depth in all strips or in none."""
        rows = slice(strip.top, strip.bottom)
        self.pixels[rows] = finished.pixels
        if finished.depth is not None:
            self.depth = self._plane(self.depth)
            self.depth[rows] = finished.depth
        if finished.confidence is not None:
            self.confidence = self._plane(self.confidence)
            self.confidence[rows] = finished.confidence
        if (found := finished.evidence) is not None:
            size = tuple(-(-side // DEPTH_REDUCTION) for side in self._size)
            self.evidence = self.evidence or [np.zeros(size, np.float32) for _ in range(3)]
            reduced = slice(strip.top // DEPTH_REDUCTION, -(-strip.bottom // DEPTH_REDUCTION))
            for whole, part in zip(self.evidence, (found.depth, found.aloneness, found.strength), strict=True):
                whole[reduced] = part

    def parts(self) -> tuple[Any, ...]:
        """All that is put together so far, in the order that `take` wants."""
        return self.pixels, self.depth, self.confidence, self.evidence

    def take(
        self,
        pixels: Pixels,
        depth: NDArray[np.float32] | None,
        confidence: NDArray[np.float32] | None,
        evidence: list[NDArray[np.float32]] | None = None,
    ) -> None:
        """Take over what another run has put together; the arguments belong to this from now on."""
        self.pixels, self.depth, self.confidence, self.evidence = pixels, depth, confidence, evidence

    @property
    def fused(self) -> Fused:
        """The whole picture, once every strip was put here."""
        evidence = None if self.evidence is None else DepthEvidence(*self.evidence)
        return Fused(self.pixels, self.depth, self.confidence, evidence)

    def _plane(self, known: NDArray[np.float32] | None) -> NDArray[np.float32]:
        return np.zeros(self._size, np.float32) if known is None else known


def _result_dtype(info: StackInfo) -> str:
    return "float32" if info.dtype == "float32" else "uint16"
