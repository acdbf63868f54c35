"""The mean of any number of mosaics, with one of them in memory at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.calibration.agreement import same_levels
from stackcore.calibration.channels import channel_count, planes
from stackcore.errors import FrameMismatch, UsageError
from stackcore.protocols import Mosaic

MOST_FRAMES = 65_537
"""So many values of 16 bits fit into a sum of 32."""

_SAMPLED = 8
"""The level of a frame is told from every 8th row and column of each channel: a 64th, within the noise of its mean."""


class MosaicMean:
    """Adds up mosaics exactly, in integers, so that their order makes no difference.

    Holds one plane of sums, (H, W) uint32, whatever the number of mosaics.

    Attributes
    ----------
    frames
        How many mosaics were added.
    levels
        Of each mosaic, the median of each channel, raw numbers; estimated from a part of its photosites.
    zeros
        Of each channel, the largest share of photosites that are zero in any one mosaic, 0 to 1. A mean hides zeros:
        where half of them are in each frame, ten frames leave one in a thousand.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.levels: list[tuple[float, ...]] = []
        self.zeros: tuple[float, ...] = ()
        self._first: Mosaic | None = None
        self._blacks: list[tuple[float, ...]] = []
        self._sums: NDArray[np.uint32] | None = None

    def add(self, mosaic: Mosaic, name: str) -> None:
        """Take one more mosaic in; it is not changed and not kept.

        `FrameMismatch`, which calls it `name`, when size, colour filters, black or white are not those of the first
        (bodies that measure black for each frame are given their tolerance); `UsageError` when there are too many for
        exact sums.
        """
        if self._first is None or self._sums is None:
            self._first = _without_values(mosaic)
            self._sums = np.zeros(mosaic.values.shape, np.uint32)
            self.zeros = (0.0,) * channel_count(mosaic.pattern)
        elif reason := _difference(self._first, self._sums.shape, mosaic):
            raise FrameMismatch(
                f"{name} does not match the darks before it.", reason, "leave it out, or average it with its own kind."
            )
        if self.frames >= MOST_FRAMES:
            raise UsageError("These are too many frames.", f"at most {MOST_FRAMES} are averaged.", "leave some out.")
        self._sums += mosaic.values
        self._blacks.append(mosaic.black)
        self.frames += 1
        self.levels.append(_levels(mosaic))
        self.zeros = tuple(map(max, self.zeros, _zero_shares(mosaic)))

    @property
    def sums(self) -> NDArray[np.uint32]:
        """The sums, (H, W): mean times `frames`, exact."""
        if self._sums is None:
            raise ValueError("nothing was added")
        return self._sums

    @property
    def description(self) -> Mosaic:
        """Colour filters, mean black and white of all; its `values` are empty."""
        if self._first is None:
            raise ValueError("nothing was added")
        return replace(self._first, black=tuple(np.mean(np.sort(self._blacks, axis=0), axis=0).tolist()))

    def mean(self) -> NDArray[Any]:
        """Return the mean, (H, W) raw numbers with black included: uint16 for a single mosaic, float32 for several."""
        if self.frames == 1:
            return self.sums.astype(np.uint16)
        mean = self.sums.astype(np.float32)  # exact up to 256 frames of 16 bits, and within 1e-7 beyond
        mean /= np.float32(self.frames)
        return mean


def _without_values(mosaic: Mosaic) -> Mosaic:
    return Mosaic(
        values=np.empty((0, 0), np.uint16),
        pattern=mosaic.pattern,
        colours=mosaic.colours,
        black=mosaic.black,
        white=mosaic.white,
    )


def _difference(first: Mosaic, shape: tuple[int, ...], other: Mosaic) -> str | None:
    if other.values.shape != shape:
        here, there = other.values.shape, shape
        return f"its mosaic is {here[1]}x{here[0]}, theirs {there[1]}x{there[0]}."
    if other.colours != first.colours or not np.array_equal(other.pattern, first.pattern):
        return "its colour filters are arranged in another way."
    if not same_levels(first.black, first.white, other.black, other.white):
        return f"its black is {other.black} and its white {other.white}, theirs {first.black} and {first.white}."
    return None


def _levels(mosaic: Mosaic) -> tuple[float, ...]:
    found = []
    for channel in range(channel_count(mosaic.pattern)):
        views = [view[::_SAMPLED, ::_SAMPLED].ravel() for _, _, view in planes(mosaic.values, mosaic.pattern, channel)]
        found.append(float(np.median(np.concatenate(views))))
    return tuple(found)


def _zero_shares(mosaic: Mosaic) -> tuple[float, ...]:
    shares = []
    for channel in range(channel_count(mosaic.pattern)):
        views = [view for _, _, view in planes(mosaic.values, mosaic.pattern, channel)]
        zeros = sum(int(view.size) - int(np.count_nonzero(view)) for view in views)
        shares.append(zeros / max(1, sum(int(view.size) for view in views)))
    return tuple(shares)
