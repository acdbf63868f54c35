"""The blending fuser: a Laplacian pyramid whose every level listens to the finest detail.

Each level is a soft maximum over the frames, as in `fuser_pyramid`: a mean with weights that favour the highest score.
What is new is the score. The pyramid alone judges each level by the detail of that level, and so takes the wide
blurred rim of a bright thing for coarse detail of its own; a mean weighted by the finest detail alone (the family
"weighted") knows no such rims, and leaves blotches on plain ground where the finest detail is noise. Here both speak on
every level l:

    score_l = own * log(E_l + floor_l) + handed * log(e_l + floor)

E_l is the local energy of the level's own luma detail; e_1 = E_0 + E_1 / 2 that of the finest detail, kept at the
size of level 1, and e_l is e_(l-1) one level down. Levels 0 and 1, of which e is made, go by e_1 alone: of level 0, 2x2
pixels share a weight. The coarsest level has no detail: it takes the energy of the one above for its own.

That levels should agree is an old thought (Petrovic and Xydeas, Gradient-Based Multiresolution Image Fusion, IEEE
Trans. Image Processing 13(2), 2004, fuse from fine to coarse); the product of both energies in a running soft maximum
is ours. Figures: docs/decisions.

Two things are mended where the fine levels meet the coarse ones: what is darker or brighter than every frame
(`span`), and the surroundings of clipped highlights (`highlights`).

The two finest levels are worked in blocks, the rest whole; the blocks depend on the size of the picture alone, so that
it is the same to the bit for any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.blocks import BLOCK_COLUMNS, Block, blocks_of
from stackcore.fusing.coverage import numbers, shrink
from stackcore.fusing.depth import DepthState
from stackcore.fusing.depth_score import Scoring, favoured
from stackcore.fusing.energy import box_width, cell_energy, detail_energy, noise_floor
from stackcore.fusing.halving import descend, half
from stackcore.fusing.logarithms import joint_score, log_score
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
    """The first level that is worked whole, filled by the blocks: its picture, the energy handed down, two masks."""

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
    cells = True

    def __init__(self, options: BlendOptions, band_rows: int = _BAND_ROWS, block_columns: int = BLOCK_COLUMNS) -> None:
        self._options = options
        self._box = box_width(options.window_px)
        self._block_columns = block_columns
        # Rows and columns of the frame beyond a block, rounded up to 4: e_2 sees e_1 4 pixels of the frame on; that
        # sees, through half a window of E_1 and the filters of two levels, 2 * (box - 1) + 13 more.
        super().__init__(options.levels, band_rows, 4 * -(-(2 * self._box + 15) // 4))

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> BlendState:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        means = self._means(info, strip, is_first=is_first)
        height, width = self._shapes(info)[fine_levels(means)]
        size = (height if is_first else 0), width
        mending = Highlights.empty(*size), Span.empty(*size)
        return BlendState(info, strip, means, *mending, depth.start_of(info, strip))

    def add_in_steps(self, state: BlendState, frame: Frame) -> Iterable[Sequence[Task]]:
        """The blocks of the fine levels side by side, then the coarse levels, and what mends them."""
        fine = fine_levels(state.levels)
        coarse = _Coarse.empty(*state.levels[fine].score.shape) if has_coarse(state.levels) else None
        size = frame.height, frame.width
        blocks = blocks_of(self._tops(state, frame), size, self._band_rows, self._margin, self._block_columns)
        yield [partial(self._add_block, state, frame, block, fine, coarse) for block in blocks]
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

    def _add_block(self, state: BlendState, frame: Frame, block: Block, fine: int, coarse: _Coarse | None) -> None:
        rows = numbers(frame, block.first, block.last, state.info.dtype, block.begin, block.end)
        gauss, handed = self._finest(rows.pixels)
        valid = shrink(rows.valid)
        depth.feed_cells(state.depth, depth.scoring_of(state.info, self._options), frame.index, block, handed, valid)
        floor = noise_floor(state.info.noise_sigma, 0, _FINEST_FLOOR)
        handed = favoured(handed, frame.index, floor, state.info.frames, self._options)
        cells = block.own(1)
        for level in range(fine):
            a, b, left, _ = block.place(level)
            if state.levels[level].strip.holds(a, b):
                score = self._fine_score(state.info, level, np.ascontiguousarray(handed[cells]))
                if valid is not None:
                    score[~valid[cells]] = UNCOVERED
                skip, skip_columns = (part.start for part in block.own(level))
                into = state.levels[level].rows(a, b)
                into.absorb_detail(gauss[level], gauss[level + 1], skip, score, skip_columns, left)
        if coarse is None:
            return
        a, b, left, right = block.place(fine)
        here, own = (slice(a, b), slice(left, right)), block.own(fine)
        coarse.gauss[here] = gauss[fine][own]
        coarse.handed[here] = _at_level(fine, handed, gauss[fine].shape)[own]
        coarse.clipped[here] = clipped(gauss[min(fine, 1)], state.info.encoding, gauss[fine].shape)[own]
        covered = (rows.valid, valid, shrink(valid))[fine]
        if covered is not None:
            coarse.covered[here] = covered[own]

    def task_bytes(self, info: StackInfo) -> int:
        """What one block takes, and what a frame brings to the coarse levels."""
        rows, columns = self._band_rows + 2 * self._margin, min(self._block_columns + 2 * self._margin, info.width)
        return 4 * self.planes * rows * columns + self.brought_bytes * self._coarse_px(info)

    def _finest(self, pixels: NDArray[np.float32]) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
        """Three levels of a picture, and its finest energy at half its size, whatever the number of levels fused."""
        levels = descend(pixels, 2)
        fine, middle, coarse = levels.luma
        energy = cell_energy(fine, middle, self._box)
        energy += np.float32(0.5) * detail_energy(middle, coarse, self._box)
        return levels.colours, energy

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
            own, handed, valid = half(energy), half(handed), shrink(valid)
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


def _at_level(level: int, handed: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The energy of level 1 at a level of `shape` (h, w, ...), 2 at most."""
    if level == 0:  # of a tiny picture, which has no fine level at all
        return np.repeat(np.repeat(handed, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
    return handed if level == 1 else half(handed)
