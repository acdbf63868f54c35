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
from functools import lru_cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Task
from stackcore.stacking.transfer import luma
from stackcore.terms import Frame, Fused, Rows, StackInfo
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions
from stackcore_plugins.fuser_pyramid.softmax import UNCOVERED, SoftMean

_FINE = 2
"""Levels worked in bands; the rest is 1/16 of the pixels."""

_INHERITS_FROM = 3
"""The first level that hands its energy on; finer ones are for detail alone."""

_BAND_ROWS = 128
_NEIGHBOURS = 9
"""Pixels of a row that fill the place of one that is no number."""

_COARSEST_PX = 16
"""The shorter side of the coarsest level is not made smaller than this."""


@dataclass
class PyramidState:
    """One soft mean per level, finest first; the last is the coarsest gaussian level."""

    info: StackInfo
    levels: list[SoftMean]


class PyramidFuser:
    """See the module; options in `PyramidOptions`."""

    tolerance = 2e-5
    """Float sums in another order: measured 4e-6 of full scale between cuts, with a margin."""

    def __init__(self, options: PyramidOptions, band_rows: int = _BAND_ROWS) -> None:
        self._options = options
        self._band_rows = band_rows
        self._box = 2 * round((options.window_px - 1) / 4) + 1
        # Level 1 sees half a window beyond its band; with the filters between, this many rows of the frame.
        self._margin = 4 * -(-(self._box - 1) // 2) + 12

    def start(self, info: StackInfo) -> PyramidState:
        """An empty pyramid for pictures of this size."""
        return PyramidState(info, [SoftMean.empty(h, w) for h, w in self._shapes(info)])

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes per level."""
        return sum(16 * h * w for h, w in self._shapes(info))

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes while it is worked: about 20 float32 planes of its rows."""
        return 80 * (self._band_rows + 2 * self._margin) * info.width

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
        yield [
            partial(self._add_band, state, frame, top, fine, coarse, covered)
            for top in range(0, frame.height, self._band_rows)
        ]
        yield [partial(self._add_coarse, state, fine, coarse, covered)]

    def merge(self, left: PyramidState, right: PyramidState) -> PyramidState:
        """Level by level; `left` is reused."""
        for mine, other in zip(left.levels, right.levels, strict=True):
            mine.absorb(other.mean, other.score)
        return left

    def finish(self, state: PyramidState) -> Fused:
        """Collapse the pyramid, fine levels band by band."""
        fine = min(_FINE, len(state.levels) - 1)
        picture = state.levels[-1].mean
        for level in reversed(state.levels[fine:-1]):
            picture = _up(picture, level.mean.shape[:2]) + level.mean
        info = state.info
        out = np.empty((info.height, info.width, 3), np.float32 if info.dtype == "float32" else np.uint16)
        for top in range(0, info.height, self._band_rows):
            bottom = min(top + self._band_rows, info.height)
            band = self._collapse_band(state, picture, fine, top, bottom)
            out[top:bottom] = band if info.dtype == "float32" else np.rint(np.clip(band, 0, 1) * np.float32(65535))
        return Fused(out)

    def _shapes(self, info: StackInfo) -> list[tuple[int, int]]:
        shapes = [(info.height, info.width)]
        while len(shapes) < self._options.levels and min(shapes[-1]) >= 2 * _COARSEST_PX:
            shapes.append(((shapes[-1][0] + 1) // 2, (shapes[-1][1] + 1) // 2))
        return shapes

    def _add_band(
        self,
        state: PyramidState,
        frame: Frame,
        top: int,
        fine: int,
        coarse: NDArray[np.float32],
        covered: NDArray[np.bool_],
    ) -> None:
        first = max(0, top - self._margin)
        bottom = min(top + self._band_rows, frame.height)
        rows = frame.rows(first, min(bottom + self._margin, frame.height))
        gauss, valid = (rows.pixels, rows.valid) if state.info.dtype != "float32" else _numbers(rows)
        for level in range(fine):
            a, b = top >> level, _halved(bottom, level)
            below = _down(gauss)
            skip = a - (first >> level)
            self._take(state, level, state.levels[level].rows(a, b), gauss, below, valid, slice(skip, skip + b - a))
            gauss = below
            valid = _shrink(valid, gauss.shape[:2])
        a, b = top >> fine, _halved(bottom, fine)
        skip = a - (first >> fine)
        coarse[a:b] = gauss[skip : skip + b - a]
        if valid is not None:
            covered[a:b] = valid[skip : skip + b - a]

    def _add_coarse(
        self, state: PyramidState, fine: int, gauss: NDArray[np.float32], covered: NDArray[np.bool_]
    ) -> None:
        valid = None if covered.all() else covered
        inherited = None
        for level in range(fine, len(state.levels) - 1):
            below = _down(gauss)
            whole = slice(0, gauss.shape[0])
            energy = self._take(state, level, state.levels[level], gauss, below, valid, whole, inherited)
            inherited = _down(energy) if level >= _INHERITS_FROM else None
            gauss = below
            valid = _shrink(valid, gauss.shape[:2])
        self._take_base(state, gauss, valid, inherited)

    def _take(
        self,
        state: PyramidState,
        level: int,
        into: SoftMean,
        gauss: NDArray[np.float32],
        below: NDArray[np.float32],
        valid: NDArray[np.bool_] | None,
        keep: slice,
        inherited: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Add one level of one frame to `into`, return its energy; `keep` are the rows of `gauss` that belong to it."""
        detail = np.asarray(cv2.subtract(gauss, _up(below, gauss.shape[:2])), np.float32)
        brightness = luma(detail)
        energy = self._energy(brightness)[keep]
        if inherited is not None:
            energy += np.float32(self._options.inherit) * inherited
        score = self._score(energy, self._floor(state.info, level))
        if valid is not None:
            score[~valid[keep]] = UNCOVERED
        into.absorb(detail[keep], score)
        return energy

    def _energy(self, brightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean square in a triangular window: two box filters, a cheap gaussian without its corners' weight."""
        box = (self._box, self._box)
        energy = cv2.sqrBoxFilter(brightness, cv2.CV_32F, box, normalize=True, borderType=cv2.BORDER_REFLECT)
        return np.asarray(cv2.boxFilter(energy, -1, box, borderType=cv2.BORDER_REFLECT), np.float32)

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
            score = self._score(inherited, self._floor(state.info, len(state.levels) - 1))
        if valid is not None:
            score[~valid] = UNCOVERED
        state.levels[-1].absorb(gauss, score)

    def _floor(self, info: StackInfo, level: int) -> float:
        return self._options.noise_floor * info.noise_sigma**2 * noise_energy(level) + 1e-9

    def _score(self, energy: NDArray[np.float32], floor: float) -> NDArray[np.float32]:
        score = np.asarray(cv2.log(energy + np.float32(floor)), np.float32)
        score *= np.float32(self._options.sharpness)
        return score

    def _collapse_band(
        self, state: PyramidState, coarse: NDArray[np.float32], fine: int, top: int, bottom: int
    ) -> NDArray[np.float32]:
        margin = 16
        first, last = max(0, top - margin), min(state.info.height, bottom + margin)
        picture = coarse[first >> fine : _halved(last, fine)]
        for level in range(fine - 1, -1, -1):
            detail = state.levels[level].mean[first >> level : _halved(last, level)]
            picture = _up(picture, detail.shape[:2]) + detail
        return picture[top - first : bottom - first]


def _numbers(rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Pixels and validity of a band; what is NaN or infinite is uncovered, else it would spread over every level.

    Its place takes the mean of its neighbours in the row, so that it has no edge; in the row only, so that the
    band does not matter.
    """
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(rows.pixels).all(axis=2))
    if finite.all():
        return rows.pixels, rows.valid
    kept = np.where(finite[..., None], rows.pixels, np.float32(0))
    near = (_NEIGHBOURS, 1)
    share = cv2.blur(finite.astype(np.float32), near, borderType=cv2.BORDER_CONSTANT)[..., None]
    mean = cv2.blur(kept, near, borderType=cv2.BORDER_CONSTANT) / np.maximum(share, np.float32(0.5 / _NEIGHBOURS))
    filled = np.where(finite[..., None], kept, mean)
    return np.asarray(filled, np.float32), finite if rows.valid is None else finite & rows.valid


def _halved(rows: int, times: int) -> int:
    """Rows left after halving `times` times, rounding up each time as `pyrDown` does."""
    return (rows + (1 << times) - 1) >> times


def _down(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.pyrDown(picture), np.float32)


def _up(picture: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.pyrUp(picture, dstsize=(shape[1], shape[0])), np.float32)


def _shrink(valid: NDArray[np.bool_] | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Validity one level down: a pixel counts as covered when most of what it is made of is.

    All of it would be too much to ask: a coarse pixel sees hundreds of fine ones, and frames that miss a few of them
    at the border would lose it to worse ones. What lies beyond a frame repeats its edge, which is a fair guess.
    """
    if valid is None:
        return None
    covered: NDArray[np.bool_] = _down(valid.astype(np.float32))[: shape[0], : shape[1]] > 0.5
    return covered


@lru_cache(maxsize=16)
def noise_energy(level: int) -> float:
    """Mean energy of luma detail at `level` for white noise of variance 1 (measured on seeded noise)."""
    gauss = np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)
    for _ in range(level):
        gauss = _down(gauss)
    detail = gauss - _up(_down(gauss), gauss.shape)
    return float(np.mean(detail**2))
