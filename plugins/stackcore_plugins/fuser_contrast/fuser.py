"""The contrast fuser: masks by local contrast, blended on a Laplacian pyramid, without keeping the frames.

Enfuse (Mertens, Kautz and Van Reeth, Exposure Fusion, Pacific Graphics 2007; the masks of focus stacks are its own)
gives each pixel to the frame with the largest weight, and blends level l of the Laplacian pyramids of all frames with
level l of the gaussian pyramids of these masks, as Burt and Adelson, ACM Trans. Graphics 2(4), 1983. A mask is known
only when all frames have been seen, so that Enfuse reads every frame twice.

We see a frame once. On level 0 the frame with the largest weight wins, as there. On a coarser level, what a mask says
of a pixel is how often its frame won in the neighbourhood; instead of these votes we carry the logarithm of the weight
itself down the gaussian pyramid, and take the frames by a soft maximum of it. Of two frames, Enfuse takes the mean
sign of the difference of log weights, we the difference of their means. They agree where the depth is smooth, and
where two depths meet ours leans towards the side of stronger contrast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.banded import BAND_ROWS
from stackcore.fusing.coverage import numbers, shrink
from stackcore.fusing.pyramid import collapse, detail_of, down, halved, render, render_bytes, shapes
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.protocols import Task
from stackcore.terms import Frame, Fused, StackInfo
from stackcore_plugins.fuser_contrast.plugin import ContrastOptions
from stackcore_plugins.fuser_contrast.weights import weight

_FINE = 2
"""Levels worked in bands."""

_NONE = np.float32(1e-4)
"""Added to weights before the logarithm: a fortieth of a step of 8 bits."""

_SELECT = 60.0
"""Exponent on level 0: a weight larger by a tenth takes all."""

_VOTE = 8.0
"""Exponent on coarser levels, where votes are soft as a blurred mask is. Measured against Enfuse (docs/decisions)."""


@dataclass
class ContrastState:
    """One soft mean per level, finest first; the last is the coarsest gaussian level."""

    info: StackInfo
    levels: list[SoftMean]


@dataclass
class _Coarse:
    """One frame on the first level that is worked whole, filled band by band."""

    gauss: NDArray[np.float32]
    votes: NDArray[np.float32]
    covered: NDArray[np.bool_]


class ContrastFuser:
    """See the module; options in `ContrastOptions`."""

    tolerance = 1e-4
    """Float sums in another order, and large exponents of what is equal but for rounding."""

    def __init__(self, options: ContrastOptions, band_rows: int = BAND_ROWS) -> None:
        self._options = options
        self._band_rows = band_rows
        self._margin = 4 * -(-(options.contrast_window_size // 2) // 4) + 12
        self._exponents = (_SELECT, _VOTE) if options.hard_mask else (1.0, 1.0)

    def start(self, info: StackInfo) -> ContrastState:
        """An empty pyramid for pictures of this size."""
        return ContrastState(info, [SoftMean.empty(h, w) for h, w in self._shapes(info)])

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes per level."""
        return sum(16 * h * w for h, w in self._shapes(info))

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes while it is worked: about 24 float32 planes of its rows."""
        return 96 * (self._band_rows + 2 * self._margin) * info.width

    def finish_bytes(self, info: StackInfo) -> int:
        """The picture, and the coarse part of it as float32."""
        levels = self._shapes(info)
        h, w = levels[min(_FINE, len(levels) - 1)]
        return render_bytes(info) + 12 * h * w

    def add(self, state: ContrastState, frame: Frame) -> ContrastState:
        """Take one frame in, band after band."""
        for tasks in self.add_in_steps(state, frame):
            for task in tasks:
                task()
        return state

    def add_in_steps(self, state: ContrastState, frame: Frame) -> Iterable[Sequence[Task]]:
        """The bands of the fine levels side by side, then the coarse levels."""
        fine = min(_FINE, len(state.levels) - 1)
        size = state.levels[fine].score.shape
        coarse = _Coarse(np.empty((*size, 3), np.float32), np.empty(size, np.float32), np.ones(size, np.bool_))
        tops = range(0, frame.height, self._band_rows)
        yield [partial(self._add_band, state, frame, top, fine, coarse) for top in tops]
        yield [partial(self._add_coarse, state, fine, coarse)]

    def merge(self, left: ContrastState, right: ContrastState) -> ContrastState:
        """Level by level; `left` is reused."""
        for mine, other in zip(left.levels, right.levels, strict=True):
            mine.absorb(other.mean, other.score)
        return left

    def finish(self, state: ContrastState) -> Fused:
        """Collapse the pyramid, fine levels band by band."""
        fine = min(_FINE, len(state.levels) - 1)
        details = [level.mean for level in state.levels[:-1]]
        coarse = collapse(details[fine:], state.levels[-1].mean)
        return Fused(render(details[:fine], coarse, state.info.dtype))

    def _shapes(self, info: StackInfo) -> list[tuple[int, int]]:
        return shapes(info.height, info.width, self._options.levels)

    def _add_band(self, state: ContrastState, frame: Frame, top: int, fine: int, coarse: _Coarse) -> None:
        first = max(0, top - self._margin)
        bottom = min(top + self._band_rows, frame.height)
        rows = numbers(frame, first, min(bottom + self._margin, frame.height), state.info.dtype)
        gauss, valid = rows.pixels, rows.valid
        votes = self._votes(gauss, valid, state.info)
        for level in range(fine):
            a, b = top >> level, halved(bottom, level)
            own = slice(a - (first >> level), b - (first >> level))
            below = down(gauss)
            self._absorb(state.levels[level].rows(a, b), detail_of(gauss, below), votes, valid, own, level)
            gauss, votes, valid = below, down(votes), shrink(valid)
        a, b = top >> fine, halved(bottom, fine)
        own = slice(a - (first >> fine), b - (first >> fine))
        coarse.gauss[a:b], coarse.votes[a:b] = gauss[own], votes[own]
        if valid is not None:
            coarse.covered[a:b] = valid[own]

    def _add_coarse(self, state: ContrastState, fine: int, coarse: _Coarse) -> None:
        gauss, votes = coarse.gauss, coarse.votes
        valid = None if coarse.covered.all() else coarse.covered
        last = len(state.levels) - 1
        whole = slice(None)
        for level in range(fine, last):
            below = down(gauss)
            self._absorb(state.levels[level], detail_of(gauss, below), votes, valid, whole, level)
            gauss, votes, valid = below, down(votes), shrink(valid)
        self._absorb(state.levels[last], gauss, votes, valid, whole, last)

    def _votes(
        self, pixels: NDArray[np.float32], valid: NDArray[np.bool_] | None, info: StackInfo
    ) -> NDArray[np.float32]:
        """Logarithm of the weight, (h, w); the least there is where the frame covers nothing."""
        weights = weight(pixels, self._options, info.encoding)
        if valid is not None:
            weights[~valid] = 0
        return np.asarray(cv2.log(weights + _NONE), np.float32)

    def _absorb(
        self,
        into: SoftMean,
        mean: NDArray[np.float32],
        votes: NDArray[np.float32],
        valid: NDArray[np.bool_] | None,
        own: slice,
        level: int,
    ) -> None:
        score = votes[own] * np.float32(self._exponents[min(level, 1)])
        if valid is not None:
            score[~valid[own]] = UNCOVERED
        into.absorb(np.ascontiguousarray(mean[own]), score)
