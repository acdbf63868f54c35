"""Fusers that keep a pyramid of running means: the two finest levels worked in bands of rows, the rest whole.

What such a fuser is asked for beside its scores is alike: the size of its state, strips, merging, collapsing. A fuser
derives from `PyramidalFuser` and says how a frame enters, and what becomes of the coarse picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.depth import DepthState
from stackcore.fusing.depth_score import Scoring
from stackcore.fusing.pyramid import collapse, render, render_bytes, shapes
from stackcore.fusing.softmean import SoftMean
from stackcore.fusing.strip_levels import bands_of_strip, is_short, means_bytes, means_of_strip
from stackcore.protocols import Task
from stackcore.terms import Frame, Fused, StackInfo, Strip

FINE = 2
"""Levels worked in bands; the rest is 1/16 of the pixels."""


class PyramidalState(Protocol):
    """What every state holds: one soft mean per level, finest first, the last the coarsest gaussian.

    The fine levels hold what `strip` needs; the coarse ones are empty but for the first strip.
    """

    info: StackInfo
    strip: Strip
    levels: list[SoftMean]
    depth: DepthState | None


StateT = TypeVar("StateT", bound=PyramidalState)


class PyramidalFuser(Generic[StateT]):
    """See the module.

    Attributes
    ----------
    planes
        About how many float32 planes of a band its task needs at its peak.
    brought_bytes
        What a frame brings to the first coarse level, bytes a pixel of it.
    mending_bytes
        What the state holds at that level beside its mean, bytes a pixel of it.
    cells
        Whether 2x2 pixels of the finest level share a score.
    """

    tolerance = 3e-4
    """Fine detail in short numbers, rounded anew by each frame: to an 8000th of itself."""

    planes: ClassVar[int]
    brought_bytes: ClassVar[int]
    mending_bytes: ClassVar[int] = 0
    cells: ClassVar[bool] = False

    def __init__(self, levels: int, band_rows: int, margin_px: int) -> None:
        self._levels, self._band_rows, self._margin = levels, band_rows, margin_px

    def start(self, info: StackInfo) -> StateT:
        """An empty pyramid for pictures of this size."""
        return self.start_strip(info, Strip(0, info.height), is_first=True)

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> StateT:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        raise NotImplementedError

    def add_in_steps(self, state: StateT, frame: Frame) -> Iterable[Sequence[Task]]:
        """The bands of the fine levels side by side, then the coarse levels."""
        raise NotImplementedError

    def coarse_picture(self, state: StateT) -> NDArray[np.float32]:
        """The first coarse level of the picture, (h, w, 3)."""
        fine = fine_levels(state.levels)
        return collapse([level.floats for level in state.levels[fine:-1]], state.levels[-1].floats)

    def scoring(self, info: StackInfo) -> Scoring:
        """How energy is scored for the depth map."""
        return depth.scoring_of(info)

    def read_margin(self, info: StackInfo) -> int:
        """Rows that are read beyond a band."""
        return depth.read_margin(info, self._margin)

    def state_bytes(self, info: StackInfo) -> int:
        """Three planes of a mean, short on the fine levels, and one of scores per level; what mends; depth."""
        return self.strip_bytes(info, Strip(0, info.height))

    def strip_bytes(self, info: StackInfo, strip: Strip) -> int:
        """As `state_bytes`, with the rows of the fine levels that the strip needs."""
        sizes = self._shapes(info)
        fine, short = fine_levels(sizes), is_short(info)
        means = means_bytes(sizes, fine, strip, self._band_rows, short=short, cells=self.cells)
        return means + self.mending_bytes * self._coarse_px(info) + depth.bytes_of(info, strip)

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes, and what a frame brings to the coarse levels."""
        rows = self._band_rows + 2 * self.read_margin(info)
        return 4 * self.planes * rows * info.width + self.brought_bytes * self._coarse_px(info)

    def finish_bytes(self, info: StackInfo) -> int:
        """The picture, and the coarse part of it as float32."""
        return render_bytes(info) + 12 * self._coarse_px(info) + depth.evidence_making_bytes(info)

    def grid_px(self, info: StackInfo) -> int:
        """That of the bands."""
        return self._band_rows

    def add(self, state: StateT, frame: Frame) -> StateT:
        """Take one frame in, band after band."""
        for tasks in self.add_in_steps(state, frame):
            for task in tasks:
                task()
        return state

    def merge(self, left: StateT, right: StateT) -> StateT:
        """Level by level; `left` is reused."""
        for mine, other in zip(left.levels, right.levels, strict=True):
            if mine.strip.rows:
                mine.absorb(other.mean, other.score)
        depth.join(left.depth, right.depth)
        return left

    def finish(self, state: StateT) -> Fused:
        """Collapse the pyramid, fine levels band by band."""
        return self.finish_strip(state, None)[0]

    def finish_strip(self, state: StateT, gathered: NDArray[np.float32] | None) -> tuple[Fused, NDArray[np.float32]]:
        """The same of a strip; what is gathered is the coarse picture."""
        coarse = self.coarse_picture(state) if gathered is None else gathered
        levels = state.levels[: fine_levels(state.levels)]
        tops = [level.top for level in levels]
        evidence = depth.evidence_of(state.depth, self.scoring(state.info))
        picture = render([level.mean for level in levels], coarse, state.info, state.strip, tops)
        return Fused(picture, evidence=evidence), coarse

    def _means(self, info: StackInfo, strip: Strip, *, is_first: bool) -> list[SoftMean]:
        """The levels of a new state."""
        sizes = self._shapes(info)
        fine, short = fine_levels(sizes), is_short(info)
        return means_of_strip(sizes, fine, strip, self._band_rows, short=short, with_coarse=is_first, cells=self.cells)

    def _tops(self, state: StateT, frame: Frame) -> list[int]:
        """First rows of the bands that a frame is to be worked in."""
        wanted = depth.strip_of(state.depth, state.strip)
        return bands_of_strip(state.levels, fine_levels(state.levels), frame.height, self._band_rows, wanted)

    def _shapes(self, info: StackInfo) -> list[tuple[int, int]]:
        return shapes(info.height, info.width, self._levels)

    def _coarse_px(self, info: StackInfo) -> int:
        """Pixels of the first coarse level."""
        sizes = self._shapes(info)
        height, width = sizes[fine_levels(sizes)]
        return height * width


def fine_levels(levels: Sequence[object]) -> int:
    """How many levels of a pyramid are worked in bands: a small picture has fewer than two beside the coarsest."""
    return min(FINE, len(levels) - 1)
