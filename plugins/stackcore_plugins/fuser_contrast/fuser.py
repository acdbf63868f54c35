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
from stackcore.fusing.pyramid import down, halved
from stackcore.fusing.pyramidal import PyramidalFuser, fine_levels
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.fusing.strip_levels import has_coarse
from stackcore.protocols import Task
from stackcore.stacking.transfer import luma
from stackcore.terms import Frame, StackInfo, Strip
from stackcore_plugins.fuser_contrast.plugin import ContrastOptions
from stackcore_plugins.fuser_contrast.weights import weight

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


class ContrastFuser(PyramidalFuser[ContrastState]):
    """See the module; options in `ContrastOptions`."""

    planes = 18
    brought_bytes = 17

    def __init__(self, options: ContrastOptions, band_rows: int = BAND_ROWS) -> None:
        margin = 4 * -(-(options.contrast_window_size // 2) // 4) + 12
        super().__init__(options.levels, band_rows, margin)
        self._options = options
        self._exponents = (_SELECT, _VOTE) if options.hard_mask else (1.0, 1.0)

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> ContrastState:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        return ContrastState(info, strip, self._means(info, strip, is_first=is_first), depth.start_of(info, strip))

    def add_in_steps(self, state: ContrastState, frame: Frame) -> Iterable[Sequence[Task]]:
        """The bands of the fine levels side by side, then the coarse levels."""
        fine = fine_levels(state.levels)
        size = state.levels[fine].score.shape
        coarse = _Coarse(np.empty((*size, 3), np.float32), np.empty(size, np.float32), np.ones(size, np.bool_))
        yield [partial(self._add_band, state, frame, top, fine, coarse) for top in self._tops(state, frame)]
        if has_coarse(state.levels):
            yield [partial(self._add_coarse, state, fine, coarse)]

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
