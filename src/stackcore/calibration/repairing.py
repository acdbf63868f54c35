"""Defective photosites filled in from sound ones of their own colour, for any mosaic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.errors import FrameMismatch

Floats = NDArray[np.float32]

_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Steps (rows, columns) along a row, a column and the two diagonals."""

_REACH = 6
"""A neighbour is looked for this many steps away: the width of an X-Trans block, three of Bayer's."""

_RADIUS = 3
"""Half-width of the window in which the least gradient is looked for, pixels."""

_WINDOW_SIGMA_PX = 1.5
"""Standard deviation of the weights in that window."""

_BEND = np.float32(0.75)
"""Share of the other colour's bend that is taken over."""

_RATIOS = (np.float32(0.25), np.float32(2.0))
"""Bounds of the own colour's light over the other's: beyond, one of them is noise."""

_AT_ONCE = 16_384
"""Defects worked on at one time; bounds the memory at some ten megabytes."""

_MUCH = np.float32(1e9)
"""A gradient for directions that have none; above any difference of two 16-bit numbers."""


class Repair:
    """What is known beforehand about filling in the defects of one sensor; used for one frame after another.

    A defect takes the distance-weighted mean of its two nearest sound neighbours of the same colour on opposite sides,
    in the direction, of four, in which the picture around it changes least: what Hamilton and Adams do to fill in
    colours (US patent 5 629 734, 1997, expired), with gradients that draw on all colours as theirs do, for along an
    edge all of them agree, and with their second step: where another colour lies between, it tells how the line bends,
    and that is added in proportion. Only three quarters of it, for more would serve pictures whose colours agree and
    harm those where they do not.

    Unlike theirs, the gradient is a mean over a window of 7x7 without its defects, and directions share by the inverse
    cube of their gradients, so that even areas are not noisier than they need be. Where no direction has sound
    neighbours on both sides (corners, large clusters), those that there are on any side are averaged by distance, and
    where there are none within six steps, the nearest photosite of the colour is taken, however far. A defect is never
    filled in from another.

    Neighbours of the same colour are those of the same letter: the two greens of a Bayer mosaic stand in for one
    another, each above its own black.

    Parameters
    ----------
    defects
        (x, y) in sensor coordinates; none is worked on twice. `FrameMismatch` if one lies outside.
    pattern, colours
        As in `Mosaic`.
    shape
        Height and width of the mosaic.
    """

    def __init__(
        self, defects: Sequence[tuple[int, int]], pattern: NDArray[np.uint8], colours: str, shape: tuple[int, int]
    ) -> None:
        self._shape = shape
        self._channels = pattern
        self._letters = np.array([colours.index(letter) for letter in colours], np.uint8)[pattern]
        places = np.unique(np.asarray(defects, np.int64).reshape(-1, 2), axis=0)
        self._x, self._y = places[:, 0], places[:, 1]
        _refuse_outside(self._x, self._y, shape)
        self._sound = np.ones(shape, np.bool_)
        self._sound[self._y, self._x] = False
        self._alike = _alike(self._letters)
        self._index, self._steps = self._neighbours()
        self._bends = self._with_another_between()
        self._lonely = np.flatnonzero((self._index < 0).all(axis=(0, 1)))
        self._nearest = self._far_neighbours()

    def apply(self, values: NDArray[np.uint16], black: Sequence[float]) -> None:
        """Fill in the defects of `values` (H, W), in place; `black` is the number of no light per channel."""
        levels = np.asarray(black, np.float32)[self._channels]
        filled = np.empty(len(self._x), np.float32)
        for begin in range(0, len(self._x), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            filled[part] = self._filled(values, levels, part)
        filled[self._lonely] = self._light_at(self._nearest, values, levels)
        filled += levels[self._y % levels.shape[0], self._x % levels.shape[1]]
        values[self._y, self._x] = np.rint(np.clip(filled, 0, 65535)).astype(np.uint16)

    def _filled(self, values: NDArray[np.uint16], levels: Floats, part: slice) -> Floats:
        """Light above black at the defects of `part`, (n,)."""
        index, steps = self._index[..., part], self._steps[..., part]
        found = index >= 0
        light = np.where(found, self._light_at(index, values, levels), 0)
        nearness = np.where(found, 1 / steps, 0).astype(np.float32)
        both = found.all(axis=1)
        along = (light * nearness).sum(axis=1) / np.maximum(nearness.sum(axis=1), np.float32(1e-9))
        window, sound = self._windows(values, levels, self._y[part], self._x[part])
        along += np.where(self._bends[:, part], _BEND * _bend(window, along), 0)
        gradient = self._gradients(window, sound, part) * steps.max(axis=1)
        gradient = np.where(both, gradient, _MUCH)
        share = _shares(gradient) * both
        total = share.sum(axis=0)
        anyhow = (light * nearness**2).sum(axis=(0, 1)) / np.maximum((nearness**2).sum(axis=(0, 1)), np.float32(1e-9))
        along_share: Floats = (along * share).sum(axis=0) / np.maximum(total, np.float32(1e-9))
        return np.where(total > 0, along_share, anyhow)

    def _gradients(self, light: Floats, sound: NDArray[np.bool_], part: slice) -> Floats:
        """Mean change per pixel along each direction in the windows (n, 7, 7) around the defects of `part`, (4, n)."""
        rows, columns = self._y[part], self._x[part]
        h, w = self._letters.shape
        phase = (rows % h) * w + columns % w
        out = np.empty((len(_DIRECTIONS), len(rows)), np.float32)
        for number, (dy, dx) in enumerate(_DIRECTIONS):
            change, weight = np.zeros(len(rows), np.float32), np.full(len(rows), 1e-9, np.float32)
            for steps, weights in self._alike[number]:
                here, there = _cut(light, steps * dy, steps * dx)
                fine = np.logical_and(*_cut(sound, steps * dy, steps * dx)) * weights[phase]
                change += np.einsum("nyx,nyx->n", np.abs(there - here), fine) / (steps * np.float32(np.hypot(dy, dx)))
                weight += fine.sum(axis=(1, 2))
            out[number] = change / weight
        return out

    def _windows(
        self, values: NDArray[np.uint16], levels: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Light above black, and which of it is sound, around the places: (n, 7, 7) each."""
        height, width = self._shape
        around = np.arange(-_RADIUS, _RADIUS + 1)
        y, x = (rows[:, None] + around)[:, :, None], (columns[:, None] + around)[:, None, :]
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
        light = values[y, x] - levels[y % levels.shape[0], x % levels.shape[1]]
        return light, inside & self._sound[y, x]

    def _neighbours(self) -> tuple[NDArray[np.int64], Floats]:
        """For each direction, side and defect: index of the nearest sound neighbour of its colour (-1: none), steps.

        Both are (4, 2, n); the distance is in pixels.
        """
        height, width = self._shape
        index = np.full((len(_DIRECTIONS), 2, len(self._x)), -1, np.int64)
        distance = np.ones(index.shape, np.float32)
        own = self._letter(self._y, self._x)
        for number, (dy, dx) in enumerate(_DIRECTIONS):
            for side, sign in enumerate((-1, 1)):
                for steps in range(_REACH, 0, -1):  # the nearest last: it stays
                    y, x = self._y + sign * steps * dy, self._x + sign * steps * dx
                    fit = (y >= 0) & (y < height) & (x >= 0) & (x < width)
                    y, x = np.where(fit, y, 0), np.where(fit, x, 0)
                    fit &= self._sound[y, x] & (self._letter(y, x) == own)
                    index[number, side, fit] = (y * width + x)[fit]
                    distance[number, side, fit] = steps * np.hypot(dy, dx)
        return index, distance

    def _with_another_between(self) -> NDArray[np.bool_]:
        """Where the own colour comes every second step and one other colour, sound, between: (4, n)."""
        height, width = self._shape
        fit = np.empty((len(_DIRECTIONS), len(self._x)), np.bool_)
        for number, (dy, dx) in enumerate(_DIRECTIONS):
            own = (self._index[number] >= 0) & np.isclose(self._steps[number], 2 * np.hypot(dy, dx))
            fit[number] = own.all(axis=0)
            between = self._letter(self._y + dy, self._x + dx)
            for step in (-3, -1, 1, 3):
                y, x = self._y + step * dy, self._x + step * dx
                inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
                y, x = np.where(inside, y, 0), np.where(inside, x, 0)
                fit[number] &= inside & self._sound[y, x] & (self._letter(y, x) == between)
        return fit

    def _far_neighbours(self) -> NDArray[np.int64]:
        """Index of the nearest sound photosite of the same colour, however far, for the lonely defects; else itself."""
        rows, columns = self._y[self._lonely], self._x[self._lonely]
        index = rows * self._shape[1] + columns
        own = self._letter(rows, columns)
        for letter in np.unique(own):
            of_it = own == letter
            index[of_it] = self._nearest_of(int(letter), rows[of_it], columns[of_it])
        return index

    def _nearest_of(self, letter: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
        height, width = self._shape
        h, w = self._letters.shape
        mask = np.tile(self._letters == letter, (-(-height // h), -(-width // w)))[:height, :width] & self._sound
        if not mask.any():
            return rows * width + columns
        _, label = cv2.distanceTransformWithLabels(
            (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        place = np.zeros(int(label.max()) + 1, np.int64)
        place[label[mask]] = np.flatnonzero(mask)
        nearest: NDArray[np.int64] = place[label[rows, columns]]
        return nearest

    def _letter(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = self._letters[rows % self._letters.shape[0], columns % self._letters.shape[1]]
        return found

    def _light_at(self, index: NDArray[np.int64], values: NDArray[np.uint16], levels: Floats) -> Floats:
        rows, columns = np.divmod(index, self._shape[1])
        light: Floats = values[rows, columns] - levels[rows % levels.shape[0], columns % levels.shape[1]]
        return light


def _bend(window: Floats, along: Floats) -> Floats:
    """How far each line through the centre lies above the chord of the own neighbours, by the colour in between.

    `window` is (n, 7, 7), `along` the mean of the own neighbours (4, n), which scales one colour to the other.
    Returns (4, n), of meaning only where the colours alternate.
    """
    centre = _RADIUS
    out = np.empty_like(along)
    for number, (dy, dx) in enumerate(_DIRECTIONS):
        near, far = (
            window[:, centre + s * dy, centre + s * dx] + window[:, centre - s * dy, centre - s * dx] for s in (1, 3)
        )
        ratio = np.clip(2 * along[number] / np.maximum((near + far) / 2, np.float32(1)), *_RATIOS)
        out[number] = ratio * (near - far) / 4
    return out


def _shares(gradient: Floats) -> Floats:
    """How much each direction counts, (4, n), 1 for the best: the inverse cube of its gradient."""
    least = np.maximum(gradient.min(axis=0), np.float32(1.0))  # below one count there is nothing to tell apart
    shares: Floats = (least / np.maximum(gradient, least)) ** 3
    return shares


def _alike(letters: NDArray[np.uint8]) -> list[list[tuple[int, Floats]]]:
    """For each direction, the steps at which colours repeat, with the weights (phases, ., .) of the pairs in a window.

    A pair counts at the first step at which its two photosites have one colour. A weight belongs to the first of the
    two, and falls with the distance of their middle from the centre.
    """
    h, w = letters.shape
    around = np.arange(-_RADIUS, _RADIUS + 1)
    phases = [(p // w, p % w) for p in range(h * w)]
    windows = np.stack([letters[(y + around)[:, None] % h, (x + around)[None, :] % w] for y, x in phases])
    rows, columns = np.meshgrid(around, around, indexing="ij")
    found = []
    for dy, dx in _DIRECTIONS:
        taken = np.zeros(windows.shape, np.bool_)
        of_direction = []
        for steps in range(1, 4):
            here, there = _cut(windows, steps * dy, steps * dx)
            new = (here == there) & ~_cut(taken, steps * dy, steps * dx)[0]
            _cut(taken, steps * dy, steps * dx)[0][new] = True
            middle = [_cut(axis[None], steps * dy, steps * dx) for axis in (rows, columns)]
            squared = sum(((a + b) / 2) ** 2 for a, b in middle)
            weights = (new * np.exp(-squared / (2 * _WINDOW_SIGMA_PX**2))).astype(np.float32)
            if weights.any():
                of_direction.append((steps, weights))
        found.append(of_direction)
    return found


def _cut(windows: NDArray[Any], dy: int, dx: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Views of windows (n, h, w): all that have a partner `dy` rows and `dx` columns on, and the partners."""
    h, w = windows.shape[1:]
    left = max(0, -dx)
    here = windows[:, : h - dy, left : w - max(0, dx)]
    there = windows[:, dy:, left + dx : w - max(0, dx) + dx]
    return here, there


def _refuse_outside(x: NDArray[np.int64], y: NDArray[np.int64], shape: tuple[int, int]) -> None:
    height, width = shape
    outside = (x < 0) | (y < 0) | (x >= width) | (y >= height)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise FrameMismatch(
            "The defects are those of another sensor.",
            f"[{x[first]}, {y[first]}] lies outside the {width}x{height} photosites of this one.",
            "make the list from dark frames of this very camera, at this crop.",
        )
