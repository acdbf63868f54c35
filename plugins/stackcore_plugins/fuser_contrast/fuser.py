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

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.banded import BAND_ROWS
from stackcore.fusing.coverage import shrink
from stackcore.fusing.depth import DepthState
from stackcore.fusing.logarithms import log_score
from stackcore.fusing.pyramid import collapse, down, halved, render, render_bytes, shapes
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.fusing.strip_levels import bands_of_strip, has_coarse, is_short, means_bytes, means_of_strip
from stackcore.protocols import Task
from stackcore.stacking.transfer import luma
from stackcore.terms import Frame, Fused, StackInfo, Strip
from stackcore_plugins.fuser_contrast.plugin import ContrastOptions
from stackcore_plugins.fuser_contrast.weights import weight

_FINE = 2
"""Levels worked in bands."""

_NONE = 1e-4
"""Added to weights before the logarithm: a fortieth of a step of 8 bits."""

_SELECT = 60.0
"""Exponent on level 0: a weight larger by a tenth takes all."""

_VOTE = 8.0
"""Exponent on coarser levels, where votes are soft as a blurred mask is. Measured against Enfuse (docs/decisions)."""


@dataclass
class ContrastState:
    """One soft mean per level, finest first; the last is the coarsest gaussian level; depth.

    The fine levels hold what `strip` needs; the coarse ones are empty but for the first strip.
    """

    info: StackInfo
    strip: Strip
    levels: list[SoftMean]
    depth: DepthState | None


@dataclass
class _Coarse:
    """One frame on the first level that is worked whole, filled band by band."""

    gauss: NDArray[np.float32]
    votes: NDArray[np.float32]
    covered: NDArray[np.bool_]


class ContrastFuser:
    """See the module; options in `ContrastOptions`."""

    tolerance = 3e-4
    """Fine detail in short numbers, rounded anew by each frame: to an 8000th of itself."""

    def __init__(self, options: ContrastOptions, band_rows: int = BAND_ROWS) -> None:
        self._options = options
        self._band_rows = band_rows
        self._margin = 4 * -(-(options.contrast_window_size // 2) // 4) + 12
        self._exponents = (_SELECT, _VOTE) if options.hard_mask else (1.0, 1.0)

    def start(self, info: StackInfo) -> ContrastState:
        """An empty pyramid for pictures of this size."""
        return self.start_strip(info, Strip(0, info.height), is_first=True)

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes per level."""
        return self.strip_bytes(info, Strip(0, info.height))

    def grid_px(self, info: StackInfo) -> int:
        """That of the bands."""
        return self._band_rows

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> ContrastState:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        shapes = self._shapes(info)
        fine = min(_FINE, len(shapes) - 1)
        means = means_of_strip(shapes, fine, strip, self._band_rows, short=is_short(info), with_coarse=is_first)
        return ContrastState(info, strip, means, depth.start_of(info, strip))

    def strip_bytes(self, info: StackInfo, strip: Strip) -> int:
        """As `state_bytes`, with the rows of the fine levels that the strip needs."""
        shapes = self._shapes(info)
        means = means_bytes(shapes, min(_FINE, len(shapes) - 1), strip, self._band_rows, short=is_short(info))
        return means + depth.bytes_of(info, strip)

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes, about 18 float32 planes of its rows, and what a frame brings to the coarse levels."""
        shapes = self._shapes(info)
        h, w = shapes[min(_FINE, len(shapes) - 1)]
        return 72 * (self._band_rows + 2 * depth.read_margin(info, self._margin)) * info.width + 17 * h * w

    def finish_bytes(self, info: StackInfo) -> int:
        """The picture, and the coarse part of it as float32."""
        levels = self._shapes(info)
        h, w = levels[min(_FINE, len(levels) - 1)]
        return render_bytes(info) + 12 * h * w + depth.evidence_making_bytes(info)

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
        tops = bands_of_strip(
            state.levels, fine, frame.height, self._band_rows, depth.strip_of(state.depth, state.strip)
        )
        yield [partial(self._add_band, state, frame, top, fine, coarse) for top in tops]
        if has_coarse(state.levels):
            yield [partial(self._add_coarse, state, fine, coarse)]

    def merge(self, left: ContrastState, right: ContrastState) -> ContrastState:
        """Level by level; `left` is reused."""
        for mine, other in zip(left.levels, right.levels, strict=True):
            if mine.strip.rows:
                mine.absorb(other.mean, other.score)
        depth.join(left.depth, right.depth)
        return left

    def finish(self, state: ContrastState) -> Fused:
        """Collapse the pyramid, fine levels band by band."""
        return self.finish_strip(state, None)[0]

    def finish_strip(
        self, state: ContrastState, gathered: NDArray[np.float32] | None
    ) -> tuple[Fused, NDArray[np.float32]]:
        """The same of a strip; what is gathered is the coarse picture."""
        fine = min(_FINE, len(state.levels) - 1)
        coarse = gathered
        if coarse is None:
            coarse = collapse([level.floats for level in state.levels[fine:-1]], state.levels[-1].floats)
        levels = state.levels[:fine]
        tops = [level.top for level in levels]
        picture = render([level.mean for level in levels], coarse, state.info, state.strip, tops)
        return Fused(picture, evidence=depth.evidence_of(state.depth, depth.scoring_of(state.info))), coarse

    def _shapes(self, info: StackInfo) -> list[tuple[int, int]]:
        return shapes(info.height, info.width, self._options.levels)

    def _add_band(self, state: ContrastState, frame: Frame, top: int, fine: int, coarse: _Coarse) -> None:
        bottom = min(top + self._band_rows, frame.height)
        first, rows = depth.read_band(state.depth, state.info, frame, top, bottom, self._margin, luma)
        gauss, valid = rows.pixels, rows.valid
        votes = self._votes(gauss, valid, state.info)
        for level in range(fine):
            a, b = top >> level, halved(bottom, level)
            own = slice(a - (first >> level), b - (first >> level))
            below = down(gauss)
            if state.levels[level].strip.holds(a, b):
                score = self._score(votes[own], None if valid is None else valid[own], level)
                state.levels[level].rows(a, b).absorb_detail(gauss, below, own.start, score)
            gauss, votes, valid = below, down(votes), shrink(valid)
        if not has_coarse(state.levels):
            return
        a, b = top >> fine, halved(bottom, fine)
        own = slice(a - (first >> fine), b - (first >> fine))
        coarse.gauss[a:b], coarse.votes[a:b] = gauss[own], votes[own]
        if valid is not None:
            coarse.covered[a:b] = valid[own]

    def _add_coarse(self, state: ContrastState, fine: int, coarse: _Coarse) -> None:
        gauss, votes = coarse.gauss, coarse.votes
        valid = None if coarse.covered.all() else coarse.covered
        last = len(state.levels) - 1
        for level in range(fine, last):
            below = down(gauss)
            state.levels[level].absorb_detail(gauss, below, 0, self._score(votes, valid, level))
            gauss, votes, valid = below, down(votes), shrink(valid)
        state.levels[last].absorb(gauss, self._score(votes, valid, last))

    def _votes(
        self, pixels: NDArray[np.float32], valid: NDArray[np.bool_] | None, info: StackInfo
    ) -> NDArray[np.float32]:
        """Logarithm of the weight, (h, w); the least there is where the frame covers nothing."""
        weights = weight(pixels, self._options, info.encoding)
        if valid is not None:
            weights[~valid] = 0
        return log_score(weights, _NONE, 1)

    def _score(self, votes: NDArray[np.float32], valid: NDArray[np.bool_] | None, level: int) -> NDArray[np.float32]:
        """Votes (h, w) times the exponent of their level."""
        score: NDArray[np.float32] = votes * np.float32(self._exponents[min(level, 1)])
        if valid is not None:
            score[~valid] = UNCOVERED
        return score
