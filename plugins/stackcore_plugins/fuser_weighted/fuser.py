"""The weighted-mean fuser: one weight per pixel and frame, (energy + floor)^n, and the mean of the frames.

The energy is that of the finest luma detail (level 0 and half of level 1 of a Laplacian pyramid) around the pixel.
The picture is one soft mean at full size: no level can disagree with another, so there is no halo of coarse detail and
no shift of colour, and the state is a quarter leaner than a pyramid. Weights by local energy, with a high exponent to
select, are those of Mertens, Kautz and Van Reeth, Exposure Fusion, Pacific Graphics 2007, section 3, with contrast as
the only measure and no pyramid to blend in.

What it cannot do: on plain ground beside a bright thing the blurred rim of the thing, sharp in no frame there, has
more energy than the ground, and leaves blotches. A wide window, which sees the frame in which the bright edge itself
is sharp, thins them (`wide`); the fuser `blend` has none.

Frames are worked in bands of rows; the bands depend on the height alone, so that the picture is the same to the bit for
any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import depth
from stackcore.fusing.banded import as_picture, as_picture_bytes
from stackcore.fusing.coverage import numbers
from stackcore.fusing.depth import DepthState
from stackcore.fusing.depth_score import favoured
from stackcore.fusing.energy import box_width, noise_floor
from stackcore.fusing.focus import focus_energy
from stackcore.fusing.logarithms import log_score
from stackcore.fusing.pyramid import down, up
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.protocols import Task
from stackcore.stacking.transfer import luma
from stackcore.terms import Frame, Fused, StackInfo, Strip
from stackcore_plugins.fuser_weighted.plugin import WeightedOptions

_BAND_ROWS = 256

_WIDE_REACH = 3
"""Standard deviations of the wide window that are looked at."""


@dataclass
class WeightedState:
    """The running mean of the frames; depth."""

    info: StackInfo
    mean: SoftMean
    depth: DepthState | None


class WeightedFuser:
    """See the module; options in `WeightedOptions`."""

    tolerance = 2e-5
    """Float sums in another order, with a margin, as a fraction of full scale."""

    def __init__(self, options: WeightedOptions, band_rows: int = _BAND_ROWS) -> None:
        self._options = options
        self._band_rows = band_rows
        self._box = box_width(options.window_px)
        # The finest energy sees 2 * (box - 1) + 15 rows on; the wide one is made two levels down and brought back up.
        reach = 2 * (self._box - 1) + 15
        if options.wide > 0:
            reach += 4 * self._wide_radius + 16
        self._margin = 4 * -(-reach // 4)

    def start(self, info: StackInfo) -> WeightedState:
        """Nothing seen yet, for pictures of this size."""
        return WeightedState(info, SoftMean.empty(info.height, info.width), depth.start_of(info))

    def state_bytes(self, info: StackInfo) -> int:
        """Four float32 planes."""
        return 16 * info.height * info.width + depth.bytes_of(info)

    def task_bytes(self, info: StackInfo) -> int:
        """What one band takes while it is worked: about 11 float32 planes of its rows."""
        return 44 * (self._band_rows + 2 * self._margin) * info.width

    def finish_bytes(self, info: StackInfo) -> int:
        """The picture."""
        return as_picture_bytes(info) + depth.evidence_making_bytes(info)

    def grid_px(self, info: StackInfo) -> int:
        """That of the bands."""
        return self._band_rows

    def start_strip(self, info: StackInfo, strip: Strip, *, is_first: bool) -> WeightedState:
        """Nothing seen yet of the strip."""
        mean = SoftMean.empty(strip.rows, info.width, strip.top)
        return WeightedState(info, mean, depth.start_of(info, strip))

    def finish_strip(self, state: WeightedState, gathered: None) -> tuple[Fused, None]:
        """The mean of the strip; nothing is gathered."""
        return self.finish(state), None

    def strip_bytes(self, info: StackInfo, strip: Strip) -> int:
        """Four float32 planes."""
        return 16 * strip.rows * info.width + depth.bytes_of(info, strip)

    def add(self, state: WeightedState, frame: Frame) -> WeightedState:
        """Take one frame in, band after band."""
        for tasks in self.add_in_steps(state, frame):
            for task in tasks:
                task()
        return state

    def add_in_steps(self, state: WeightedState, frame: Frame) -> Iterable[Sequence[Task]]:
        """All bands side by side."""
        held = state.mean.strip
        yield [partial(self._add_band, state, frame, top) for top in range(held.top, held.bottom, self._band_rows)]

    def merge(self, left: WeightedState, right: WeightedState) -> WeightedState:
        """Join the means; `left` is reused."""
        left.mean.absorb(right.mean.mean, right.mean.score)
        depth.join(left.depth, right.depth)
        return left

    def finish(self, state: WeightedState) -> Fused:
        """The mean as it is."""
        evidence = depth.evidence_of(state.depth, depth.scoring_of(state.info, self._options))
        return Fused(as_picture(state.mean.mean, state.info.dtype), evidence=evidence)

    @property
    def _wide_radius(self) -> int:
        """Half-width of the wide window two levels down, pixels there."""
        return int(np.ceil(_WIDE_REACH * self._options.wide_px / 4))

    def _add_band(self, state: WeightedState, frame: Frame, top: int) -> None:
        first = max(0, top - self._margin)
        bottom = min(top + self._band_rows, frame.height)
        rows = numbers(frame, first, min(bottom + self._margin, frame.height), state.info.dtype)
        keep = slice(top - first, bottom - first)
        floor = noise_floor(state.info.noise_sigma, 0, self._options.noise_floor)
        energy = self._energy(luma(rows.pixels))
        scoring = depth.scoring_of(state.info, self._options)
        depth.feed(state.depth, scoring, frame.index, top, keep, energy, rows.valid)
        energy = favoured(energy[keep], frame.index, floor, state.info.frames, self._options)
        score = log_score(energy, floor, self._options.exponent)
        if rows.valid is not None:
            score[~rows.valid[keep]] = UNCOVERED
        state.mean.rows(top, bottom).absorb(rows.pixels[keep], score)

    def _energy(self, brightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Finest energy, with its wide share."""
        energy = focus_energy(brightness, self._options.window_px)
        if self._options.wide > 0:
            half = down(energy)
            radius, sigma = self._wide_radius, self._options.wide_px / 4
            size = (2 * radius + 1, 2 * radius + 1)
            around = cv2.GaussianBlur(down(half), size, sigma, borderType=cv2.BORDER_REFLECT)
            wide = up(up(np.asarray(around, np.float32), half.shape), energy.shape)
            cv2.scaleAdd(wide, self._options.wide, energy, dst=energy)
        return energy
