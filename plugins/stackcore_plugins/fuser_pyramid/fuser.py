"""The pyramid fuser: per level and pixel, a soft maximum over the frames by local energy.

The pyramid is that of Burt and Adelson, The Laplacian Pyramid as a Compact Image Code, IEEE Trans. Comm. 31(4),
1983. Where multi-focus fusion takes the largest coefficient, we take a weighted mean with weights
(energy + floor)^n: where one frame is clearly sharper it wins alone, and where all are equal (flat areas) the mean
of all of them averages the noise that "largest wins" would collect.

A coarse level also inherits the energy of the next finer one: wide blur of a bright edge looks like coarse detail,
and fine detail beside it tells which frame is truly sharp. Measured on the judge's stacks this takes the colour
shift from dE 1.4 to 0.6 and the halo from 0.36 to 0.24 at +0.25 dB (docs/decisions).

The finest levels are worked in bands of rows, the coarse ones whole: memory follows the size of the picture, never
the number of frames. The band grid depends on the height alone, and a band reads the rows that its filters reach,
so the picture is the same to the bit for any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.coverage import shrink
from stackcore.fusing.depth import DepthState
from stackcore.fusing.depth_score import Scoring, favoured
from stackcore.fusing.energy import box_width, detail_energy, noise_floor
from stackcore.fusing.halving import Descent, descend
from stackcore.fusing.logarithms import log_score
from stackcore.fusing.pyramid import down, halved
from stackcore.fusing.pyramidal import FINE, PyramidalFuser, fine_levels
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.fusing.strip_levels import has_coarse
from stackcore.protocols import Task
from stackcore.stacking.transfer import luma
from stackcore.terms import Frame, StackInfo, Strip
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions

_INHERITS_FROM = 3
"""The first level that hands its energy on; finer ones are for detail alone."""

_BAND_ROWS = 128


@dataclass
class PyramidState:
    """One soft mean per level, finest first; the last is the coarsest gaussian level; depth.

    The fine levels hold what `strip` needs; the coarse ones are empty but for the first strip.
    """

    info: StackInfo
    strip: Strip
    levels: list[SoftMean]
    depth: DepthState | None


class PyramidFuser(PyramidalFuser[PyramidState]):
    """See the module; options in `PyramidOptions`."""

    planes = 11
    brought_bytes = 13

    def __init__(self, options: PyramidOptions, band_rows: int = _BAND_ROWS) -> None:
        self._options = options
        self._box = box_width(options.window_px)
        # Level 1 sees half a window beyond its band; with the filters between, this many rows of the frame.
        super().__init__(options.levels, band_rows, 4 * -(-(self._box - 1) // 2) + 12)

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> PyramidState:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        return PyramidState(info, strip, self._means(info, strip, is_first=is_first), depth.start_of(info, strip))

    def add_in_steps(self, state: PyramidState, frame: Frame) -> Iterable[Sequence[Task]]:
        """The bands of the fine levels side by side, then the coarse levels."""
        fine = fine_levels(state.levels)
        h, w = state.levels[fine].score.shape
        coarse = np.empty((h, w, 3), np.float32)
        covered = np.ones((h, w), np.bool_)
        yield [partial(self._add_band, state, frame, top, fine, coarse, covered) for top in self._tops(state, frame)]
        if has_coarse(state.levels):
            yield [partial(self._add_coarse, state, frame.index, fine, coarse, covered)]

    def scoring(self, info: StackInfo) -> Scoring:
        """With what is preferred."""
        return depth.scoring_of(info, self._options)

    def _add_band(
        self,
        state: PyramidState,
        frame: Frame,
        top: int,
        fine: int,
        coarse: NDArray[np.float32],
        covered: NDArray[np.bool_],
    ) -> None:
        bottom = min(top + self._band_rows, frame.height)
        first, rows = depth.read_band(state.depth, state.info, frame, top, bottom, self._margin, luma, self._options)
        levels, valid = descend(rows.pixels, fine), rows.valid
        for level in range(fine):
            a, b = top >> level, halved(bottom, level)
            skip = a - (first >> level)
            if state.levels[level].strip.holds(a, b):
                into, keep = state.levels[level].rows(a, b), slice(skip, skip + b - a)
                self._take(state, frame.index, level, into, levels, level, valid, keep)
            valid = shrink(valid)
        if not has_coarse(state.levels):
            return
        a, b = top >> fine, halved(bottom, fine)
        skip = a - (first >> fine)
        coarse[a:b] = levels.colours[fine][skip : skip + b - a]
        if valid is not None:
            covered[a:b] = valid[skip : skip + b - a]

    def _add_coarse(
        self, state: PyramidState, index: int, fine: int, gauss: NDArray[np.float32], covered: NDArray[np.bool_]
    ) -> None:
        valid = None if covered.all() else covered
        inherited = None
        last = len(state.levels) - 1
        levels = descend(gauss, last - fine)
        for level in range(fine, last):
            n = level - fine
            whole = slice(0, len(levels.luma[n]))
            energy = self._take(state, index, level, state.levels[level], levels, n, valid, whole, inherited)
            inherited = down(energy) if level >= _INHERITS_FROM else None
            valid = shrink(valid)
        self._take_base(state, levels.colours[-1], valid, inherited)

    def _take(
        self,
        state: PyramidState,
        index: int,
        level: int,
        into: SoftMean,
        levels: Descent,
        n: int,
        valid: NDArray[np.bool_] | None,
        keep: slice,
        inherited: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Add a level of a frame, the `n`-th of `levels`, to `into`; return its energy. `keep` are the rows for it."""
        energy = detail_energy(levels.luma[n], levels.luma[n + 1], self._box)[keep]
        if inherited is not None:
            energy += np.float32(self._options.inherit) * inherited
        preferred = energy
        if level < FINE:  # on coarse ones the wide blur of a frame at the preferred end would win
            floor = noise_floor(state.info.noise_sigma, level, self._options.noise_floor)
            preferred = favoured(energy, index, floor, state.info.frames, self._options)
        score = self._score(preferred, level, state.info)
        if valid is not None:
            score[~valid[keep]] = UNCOVERED
        into.absorb_detail(levels.colours[n], levels.colours[n + 1], keep.start, score)
        return energy

    def _take_base(
        self,
        state: PyramidState,
        gauss: NDArray[np.float32],
        valid: NDArray[np.bool_] | None,
        inherited: NDArray[np.float32] | None,
    ) -> None:
        """The coarsest level has no detail of its own: it goes to the frames whose detail above it is sharpest."""
        if inherited is None:
            score = np.zeros(gauss.shape[:2], np.float32)
        else:
            score = self._score(inherited, len(state.levels) - 1, state.info)
        if valid is not None:
            score[~valid] = UNCOVERED
        state.levels[-1].absorb(gauss, score)

    def _score(self, energy: NDArray[np.float32], level: int, info: StackInfo) -> NDArray[np.float32]:
        floor = noise_floor(info.noise_sigma, level, self._options.noise_floor)
        return log_score(energy, floor, self._options.sharpness)
