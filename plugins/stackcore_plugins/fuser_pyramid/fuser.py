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
from stackcore.fusing.depth_score import favoured
from stackcore.fusing.energy import box_width, detail_energy, noise_floor
from stackcore.fusing.halving import Descent, descend
from stackcore.fusing.logarithms import log_score
from stackcore.fusing.pyramid import collapse, down, halved, render, render_bytes, shapes
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.fusing.strip_levels import bands_of_strip, has_coarse, is_short, means_bytes, means_of_strip
from stackcore.protocols import Task
from stackcore.stacking.transfer import luma
from stackcore.terms import Frame, Fused, StackInfo, Strip
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions

_FINE = 2
"""Levels worked in bands; the rest is 1/16 of the pixels."""

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


class PyramidFuser:
    """See the module; options in `PyramidOptions`."""

    tolerance = 3e-4
    """Fine detail in short numbers, rounded anew by each frame: to an 8000th of itself."""

    def __init__(self, options: PyramidOptions, band_rows: int = _BAND_ROWS) -> None:
        self._options = options
        self._band_rows = band_rows
        self._box = box_width(options.window_px)
        # Level 1 sees half a window beyond its band; with the filters between, this many rows of the frame.
        self._margin = 4 * -(-(self._box - 1) // 2) + 12

    def start(self, info: StackInfo) -> PyramidState:
        """An empty pyramid for pictures of this size."""
        return self.start_strip(info, Strip(0, info.height), is_first=True)

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes per level."""
        return self.strip_bytes(info, Strip(0, info.height))

    def grid_px(self, info: StackInfo) -> int:
        """That of the bands."""
        return self._band_rows

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> PyramidState:
        """An empty pyramid whose fine levels hold what `strip` needs; only the first one has the coarse levels."""
        shapes = self._shapes(info)
        fine = min(_FINE, len(shapes) - 1)
        means = means_of_strip(shapes, fine, strip, self._band_rows, short=is_short(info), with_coarse=is_first)
        return PyramidState(info, strip, means, depth.start_of(info, strip))

    def strip_bytes(self, info: StackInfo, strip: Strip) -> int:
        """As `state_bytes`, with the rows of the fine levels that the strip needs."""
        shapes = self._shapes(info)
        means = means_bytes(shapes, min(_FINE, len(shapes) - 1), strip, self._band_rows, short=is_short(info))
        return means + depth.bytes_of(info, strip)

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes, about 11 float32 planes of its rows, and what a frame brings to the coarse levels."""
        shapes = self._shapes(info)
        h, w = shapes[min(_FINE, len(shapes) - 1)]
        return 44 * (self._band_rows + 2 * depth.read_margin(info, self._margin)) * info.width + 13 * h * w

    def finish_bytes(self, info: StackInfo) -> int:
        """The picture, and the coarse part of it as float32."""
        levels = self._shapes(info)
        h, w = levels[min(_FINE, len(levels) - 1)]
        return render_bytes(info) + 12 * h * w + depth.evidence_making_bytes(info)

    def add(self, state: PyramidState, frame: Frame) -> PyramidState:
        """Take one frame in, band after band."""
        for tasks in self.add_in_steps(state, frame):
            for task in tasks:
                task()
        return state

    def add_in_steps(self, state: PyramidState, frame: Frame) -> Iterable[Sequence[Task]]:
        """The bands of the fine levels side by side, then the coarse levels."""
        shapes = [level.score.shape for level in state.levels]
        fine = min(_FINE, len(shapes) - 1)
        h, w = shapes[fine]
        coarse = np.empty((h, w, 3), np.float32)
        covered = np.ones((h, w), np.bool_)
        tops = bands_of_strip(
            state.levels, fine, frame.height, self._band_rows, depth.strip_of(state.depth, state.strip)
        )
        yield [partial(self._add_band, state, frame, top, fine, coarse, covered) for top in tops]
        if has_coarse(state.levels):
            yield [partial(self._add_coarse, state, frame.index, fine, coarse, covered)]

    def merge(self, left: PyramidState, right: PyramidState) -> PyramidState:
        """Level by level, a few rows at a time, so that it takes no memory; `left` is reused."""
        for mine, other in zip(left.levels, right.levels, strict=True):
            for top in range(mine.top, mine.strip.bottom, self._band_rows):
                theirs = other.rows(top, top + self._band_rows)
                mine.rows(top, top + self._band_rows).absorb(theirs.mean, theirs.score)
        depth.join(left.depth, right.depth)
        return left

    def finish(self, state: PyramidState) -> Fused:
        """Collapse the pyramid, fine levels band by band."""
        return self.finish_strip(state, None)[0]

    def finish_strip(
        self, state: PyramidState, gathered: NDArray[np.float32] | None
    ) -> tuple[Fused, NDArray[np.float32]]:
        """The same of a strip; what is gathered is the coarse picture."""
        fine = min(_FINE, len(state.levels) - 1)
        coarse = gathered
        if coarse is None:
            coarse = collapse([level.floats for level in state.levels[fine:-1]], state.levels[-1].floats)
        levels = state.levels[:fine]
        tops = [level.top for level in levels]
        evidence = depth.evidence_of(state.depth, depth.scoring_of(state.info, self._options))
        picture = render([level.mean for level in levels], coarse, state.info, state.strip, tops)
        return Fused(picture, evidence=evidence), coarse

    def _shapes(self, info: StackInfo) -> list[tuple[int, int]]:
        return shapes(info.height, info.width, self._options.levels)

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
        if level < _FINE:  # on coarse ones the wide blur of a frame at the preferred end would win
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
