"""The blending fuser: a Laplacian pyramid whose every level listens to the finest detail.

Each level is a soft maximum over the frames, as in `fuser_pyramid`: a mean with weights that favour the highest score.
What is new is the score. The pyramid alone judges each level by the detail of that level, and so takes the wide
blurred rim of a bright thing for coarse detail of its own; a mean weighted by the finest detail alone (the family
"weighted") knows no such rims, and leaves blotches on plain ground where the finest detail is noise. Here both speak on
every level l:

    score_l = own * log(E_l + floor_l) + handed * log(e_l + floor)

E_l is the local energy of the level's own luma detail; e_0 = E_0 + E_1 / 2 that of the finest detail, and e_l is
e_(l-1) one level down. Levels 0 and 1, of which e is made, go by e alone. The coarsest level has no detail: it takes
the energy of the one above for its own.

That levels should agree is an old thought (Petrovic and Xydeas, Gradient-Based Multiresolution Image Fusion, IEEE
Trans. Image Processing 13(2), 2004, fuse from fine to coarse); the product of both energies in a running soft maximum
is ours. Figures: docs/decisions.

Two things are mended where the fine levels meet the coarse ones: what is darker or brighter than every frame
(`span`), and the surroundings of clipped highlights (`highlights`).

The two finest levels are worked in bands of rows, the rest whole; the bands depend on the height alone, so that the
picture is the same to the bit for any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.coverage import numbers, shrink
from stackcore.fusing.depth import DepthState
from stackcore.fusing.depth_score import Scoring, favoured
from stackcore.fusing.energy import box_width, detail_energy, finest_energy, noise_floor
from stackcore.fusing.halving import descend
from stackcore.fusing.logarithms import joint_score, log_score
from stackcore.fusing.pyramid import down, halved
from stackcore.fusing.pyramidal import PyramidalFuser, fine_levels
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.fusing.strip_levels import has_coarse
from stackcore.protocols import Task
from stackcore.terms import Frame, StackInfo, Strip
from stackcore_plugins.fuser_blend.highlights import Highlights, clipped
from stackcore_plugins.fuser_blend.plugin import BlendOptions
from stackcore_plugins.fuser_blend.span import Span

_BAND_ROWS = 256

_FINEST_FLOOR = 16.0
"""Added to the finest energy, in units of noise: what is handed down must be surer than what a level finds itself."""

_MEAN_EXPONENT = 16.0
"""Of the finest energy in the plain mean: there is nothing else that speaks."""


@dataclass
class BlendState:
    """One soft mean per level, finest first, the last the coarsest gaussian; what mends the coarse picture; depth.

    The fine levels hold what `strip` needs; the coarse ones, and what mends them, are empty but for the first strip.
    """

    info: StackInfo
    strip: Strip
    levels: list[SoftMean]
    highlights: Highlights
    span: Span
    depth: DepthState | None


@dataclass
class _Coarse:
    """The first level that is worked whole, filled by the bands: its picture, the energy handed down, two masks."""

    gauss: NDArray[np.float32]
    handed: NDArray[np.float32]
    covered: NDArray[np.bool_]
    clipped: NDArray[np.bool_]

    @classmethod
    def empty(cls, height: int, width: int) -> _Coarse:
        plane = (height, width)
        masks = np.ones(plane, np.bool_), np.zeros(plane, np.bool_)
        return cls(np.empty((*plane, 3), np.float32), np.empty(plane, np.float32), *masks)


class BlendFuser(PyramidalFuser[BlendState]):
    """See the module; options in `BlendOptions`."""

    planes = 12
    brought_bytes = 18
    mending_bytes = 41

    def __init__(self, options: BlendOptions, band_rows: int = _BAND_ROWS) -> None:
        self._options = options
        self._box = box_width(options.window_px)
        # Rows of the frame beyond a band, rounded up to 4: e_2 sees e_0 6 rows on; that sees E_1 2 rows on; that sees,
        # through half a window and the filters of two levels, 2 * (box - 1) + 13 rows more.
        super().__init__(options.levels, band_rows, 4 * -(-(2 * self._box + 19) // 4))

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> BlendState:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        means = self._means(info, strip, is_first=is_first)
        height, width = self._shapes(info)[fine_levels(means)]
        size = (height if is_first else 0), width
        mending = Highlights.empty(*size), Span.empty(*size)
        return BlendState(info, strip, means, *mending, depth.start_of(info, strip))

    def add_in_steps(self, state: BlendState, frame: Frame) -> Iterable[Sequence[Task]]:
        """The bands of the fine levels side by side, then the coarse levels, and what mends them."""
        fine = fine_levels(state.levels)
        coarse = _Coarse.empty(*state.levels[fine].score.shape) if has_coarse(state.levels) else None
        yield [partial(self._add_band, state, frame, top, fine, coarse) for top in self._tops(state, frame)]
        if coarse is not None:
            yield [partial(self._remember, state, coarse), partial(self._add_coarse, state, fine, coarse)]

    def merge(self, left: BlendState, right: BlendState) -> BlendState:
        """Level by level, and what mends the coarse ones; `left` is reused."""
        if has_coarse(left.levels):
            left.highlights.absorb(right.highlights)
            left.span.absorb(right.span)
        return super().merge(left, right)

    def coarse_picture(self, state: BlendState) -> NDArray[np.float32]:
        """Collapse the coarse levels, keep them within the span, mend the highlights."""
        coarse = super().coarse_picture(state)
        if self._options.within_span:
            coarse = state.span.within(coarse)
        reach = self._options.highlights_px / (1 << fine_levels(state.levels))
        return state.highlights.mended(coarse, reach, self._options.highlights)

    def scoring(self, info: StackInfo) -> Scoring:
        """With what is preferred."""
        return depth.scoring_of(info, self._options)

    def read_margin(self, info: StackInfo) -> int:
        """What the finest energy needs is what the depth map needs."""
        return self._margin

    def _add_band(self, state: BlendState, frame: Frame, top: int, fine: int, coarse: _Coarse | None) -> None:
        first = max(0, top - self._margin)
        bottom = min(top + self._band_rows, frame.height)
        rows = numbers(frame, first, min(bottom + self._margin, frame.height), state.info.dtype)
        valid = rows.valid
        gauss, handed = self._finest(rows.pixels)
        own = slice(top - first, bottom - first)
        depth.feed(state.depth, depth.scoring_of(state.info, self._options), frame.index, top, own, handed, valid)
        floor = noise_floor(state.info.noise_sigma, 0, _FINEST_FLOOR)
        handed = favoured(handed, frame.index, floor, state.info.frames, self._options)
        for level in range(fine):
            a, b = top >> level, halved(bottom, level)
            skip = a - (first >> level)
            keep = slice(skip, skip + b - a)
            if state.levels[level].strip.holds(a, b):
                score = self._fine_score(state.info, level, handed[keep])
                if valid is not None:
                    score[~valid[keep]] = UNCOVERED
                state.levels[level].rows(a, b).absorb_detail(gauss[level], gauss[level + 1], skip, score)
            handed, valid = down(handed), shrink(valid)
        if coarse is None:
            return
        a, b = top >> fine, halved(bottom, fine)
        keep = slice(a - (first >> fine), b - (first >> fine))
        coarse.gauss[a:b], coarse.handed[a:b] = gauss[fine][keep], handed[keep]
        coarse.clipped[a:b] = clipped(gauss[min(fine, 1)], state.info.encoding, gauss[fine].shape)[keep]
        if valid is not None:
            coarse.covered[a:b] = valid[keep]

    def _finest(self, pixels: NDArray[np.float32]) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
        """Three levels of a picture and its finest energy, whatever the number of levels fused."""
        levels = descend(pixels, 2)
        first, second = (detail_energy(level, below, self._box) for level, below in pairwise(levels.luma))
        return levels.colours, finest_energy(first, second)

    def _add_coarse(self, state: BlendState, fine: int, coarse: _Coarse) -> None:
        last = len(state.levels) - 1
        levels = descend(coarse.gauss, last - fine)
        handed, own = coarse.handed, None
        valid = None if coarse.covered.all() else coarse.covered
        for level in range(fine, last):
            n = level - fine
            energy = detail_energy(levels.luma[n], levels.luma[n + 1], self._box)
            score = self._score(state.info, level, energy, handed)
            if valid is not None:
                score[~valid] = UNCOVERED
            state.levels[level].absorb_detail(levels.colours[n], levels.colours[n + 1], 0, score)
            own, handed, valid = down(energy), down(handed), shrink(valid)
        score = self._score(state.info, last, own, handed)
        if valid is not None:
            score[~valid] = UNCOVERED
        state.levels[last].absorb(levels.colours[-1], score)

    def _remember(self, state: BlendState, coarse: _Coarse) -> None:
        score = log_score(coarse.handed, noise_floor(state.info.noise_sigma, 0, _FINEST_FLOOR), _MEAN_EXPONENT)
        score[~coarse.covered] = UNCOVERED
        state.highlights.mean.absorb(coarse.gauss, score)
        state.span.see(coarse.gauss, coarse.covered)
        state.highlights.clipped |= coarse.clipped & coarse.covered

    def _fine_score(self, info: StackInfo, level: int, handed: NDArray[np.float32]) -> NDArray[np.float32]:
        """By the finest energy alone; level 1, which has less of the noise, believes half of it."""
        floor = noise_floor(info.noise_sigma, 0, self._options.noise_floor if level else _FINEST_FLOOR)
        return log_score(handed, floor, self._options.own + self._options.handed)

    def _score(
        self, info: StackInfo, level: int, own: NDArray[np.float32] | None, handed: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """What the module says; without energy of its own, a level goes by the one handed down alone."""
        options = self._options
        floor = noise_floor(info.noise_sigma, 0, _FINEST_FLOOR)
        if own is None:
            return log_score(handed, floor, options.own + options.handed)
        own_floor = noise_floor(info.noise_sigma, level, options.noise_floor)
        return joint_score(own, own_floor, options.own, handed, floor, options.handed)
