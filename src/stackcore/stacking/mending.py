"""Blemishes of finished pictures, at places that are known: filled from the pixels around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Decoded
from stackcore.terms import FULL_SCALE, Pixels

_Pixel = tuple[int, int]


@dataclass(frozen=True)
class Blemish:
    """Column `x` and row `y` of a decoded frame, and how far the blemish reaches in red, green and blue.

    `reach_px` is 0 for the one pixel, 1 for the square of 3 x 3, and so on; -1 where the channel is sound.
    """

    x: int
    y: int
    reach_px: tuple[int, int, int]


class Mender:
    """Fills blemishes of all frames of one size, and of their reduced copies.

    Each filled pixel is the mean of its four neighbours, filled ones among them: the membrane that is spanned over
    the blemish by the pixels around it (Laplace's equation; Perez, Gangnet and Blake, ACM Trans. Graphics 22(3),
    2003, section 2, with no guidance). What runs evenly across a blemish runs on through it.

    Parameters
    ----------
    blemishes
        In the frames as they are decoded.
    width, height
        Of those frames, pixels.
    """

    def __init__(self, blemishes: Sequence[Blemish], width: int, height: int) -> None:
        self._blemishes, self._size = tuple(blemishes), (width, height)
        self._plans: dict[tuple[int, int], _Plan] = {}

    def mend(self, decoded: Decoded) -> Decoded:
        """Fill the blemishes in place (in a copy, where the frame is read-only); all other values stay as they are."""
        pixels = decoded.pixels
        height, width = pixels.shape[:2]
        if (width, height) not in self._plans:
            self._plans[width, height] = self._planned(width, height)
        return Decoded(self._plans[width, height].fill(pixels), decoded.valid)

    def _planned(self, width: int, height: int) -> _Plan:
        channels = []
        for channel in range(3):
            squares = (self._square(b, channel, width, height) for b in self._blemishes if b.reach_px[channel] >= 0)
            channels.append(_membranes({p for square in squares for p in square}, width, height))
        return _Plan.of(channels, width)

    def _square(self, blemish: Blemish, channel: int, width: int, height: int) -> list[_Pixel]:
        """Pixels of a frame of that size that a blemish has touched."""
        reach = blemish.reach_px[channel]
        columns = _span(blemish.x, reach, width, self._size[0])
        rows = _span(blemish.y, reach, height, self._size[1])
        return [(x, y) for y in rows for x in columns]


def _span(place: int, reach: int, size: int, full: int) -> range:
    """Columns of a reduced frame that a blemish of the full one falls into, and one more for the blur of reducing."""
    if size == full:
        return range(max(place - reach, 0), min(place + reach + 1, size))
    first = (place - reach) * size // full - 1
    last = -(-(place + reach + 1) * size // full)
    return range(max(first, 0), min(last + 1, size))


@dataclass(frozen=True)
class _Plan:
    """Which values become which sum of others: `target` (n,) of `weight` x `source`, cut at `start` (n,)."""

    target: NDArray[np.int64]
    source: NDArray[np.int64]
    weight: NDArray[np.float64]
    start: NDArray[np.int64]

    @classmethod
    def of(cls, channels: Iterable[list[tuple[list[_Pixel], list[_Pixel], NDArray[np.float64]]]], width: int) -> _Plan:
        target: list[int] = []
        source: list[int] = []
        weight: list[NDArray[np.float64]] = []
        start: list[int] = []
        for channel, membranes in enumerate(channels):
            for inside, rim, weights in membranes:
                rim_at = [(y * width + x) * 3 + channel for x, y in rim]
                for row, (x, y) in enumerate(inside):
                    start.append(len(source))
                    target.append((y * width + x) * 3 + channel)
                    source.extend(rim_at)
                    weight.append(weights[row])
        flat = np.concatenate(weight) if weight else np.empty(0)
        return cls(np.array(target, np.int64), np.array(source, np.int64), flat, np.array(start, np.int64))

    def fill(self, pixels: Pixels) -> Pixels:
        if not len(self.target):
            return pixels
        if not (pixels.flags.c_contiguous and pixels.flags.writeable):
            pixels = np.array(pixels, order="C")
        flat = pixels.reshape(-1)
        sums = np.asarray(np.add.reduceat(flat[self.source] * self.weight, self.start), np.float64)
        if pixels.dtype != np.float32:
            np.clip(np.rint(sums), 0, FULL_SCALE[pixels.dtype.name], out=sums)
        flat[self.target] = sums.astype(pixels.dtype)
        return pixels


def _membranes(
    holes: set[_Pixel], width: int, height: int
) -> list[tuple[list[_Pixel], list[_Pixel], NDArray[np.float64]]]:
    """Each connected hole with its rim and the weights (inside, rim) that fill it; the frame's edge holds nothing."""
    left, solved = set(holes), {}
    found = []
    while left:
        inside = sorted(_grown(left))
        neighbours = [_beside(pixel, width, height) for pixel in inside]
        within = set(inside)
        rim = sorted({p for group in neighbours for p in group if p not in within})
        if not rim:
            continue  # the whole frame is one hole: there is nothing to fill it from
        x, y = inside[0]
        shape = (tuple((a - x, b - y) for a, b in inside), tuple((a - x, b - y) for a, b in rim))
        if shape not in solved:
            solved[shape] = _weights(inside, rim, neighbours)
        found.append((inside, rim, solved[shape]))
    return found


def _grown(left: set[_Pixel]) -> set[_Pixel]:
    """Take one connected hole out of `left`."""
    ready = [left.pop()]
    whole = set(ready)
    while ready:
        x, y = ready.pop()
        for pixel in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
            if pixel in left:
                left.remove(pixel)
                whole.add(pixel)
                ready.append(pixel)
    return whole


def _beside(pixel: _Pixel, width: int, height: int) -> list[_Pixel]:
    x, y = pixel
    around = ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
    return [(a, b) for a, b in around if 0 <= a < width and 0 <= b < height]


def _weights(inside: list[_Pixel], rim: list[_Pixel], neighbours: list[list[_Pixel]]) -> NDArray[np.float64]:
    row = {pixel: i for i, pixel in enumerate(inside)}
    column = {pixel: i for i, pixel in enumerate(rim)}
    system, known = np.zeros((len(inside), len(inside))), np.zeros((len(inside), len(rim)))
    for i, group in enumerate(neighbours):
        system[i, i] = len(group)
        for pixel in group:
            if pixel in row:
                system[i, row[pixel]] -= 1
            else:
                known[i, column[pixel]] += 1
    return np.asarray(np.linalg.solve(system, known), np.float64)
