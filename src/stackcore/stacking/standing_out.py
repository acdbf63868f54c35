"""What stands out from its neighbours in one frame: lone bright or dark spots, on pictures and on mosaics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Mosaic
from stackcore.stacking.eight_bits import in_eight_bits, looked_up
from stackcore.stacking.rings import RING_PX, beyond_ring
from stackcore.stacking.spot_readings import read
from stackcore.terms import Encoding, Pixels

MARGIN_PX = 4
"""How far the neighbours of a spot are looked up. So many rows and columns are mirrored around a mosaic; a picture has
none around it, and nothing is looked for so near to its border."""

LEAST_STEP = 6
"""What a spot must have over the brightest neighbour in its ring, of 255: about where an eye begins to see it."""

_BAND_ROWS = 256


@dataclass(frozen=True)
class Lattice:
    """Where the neighbours of a photosite are that saw light of the same colour.

    Offsets (dy, dx) by phase, which is the place within a block of `period` rows and columns: `close`
    (phases, m, 2) are those that a spot must outshine, `ring` those that give level and spread of its surroundings,
    `near` those between, which tell how wide it is (none on a mosaic, where it has one photosite).
    """

    period: tuple[int, int]
    close: NDArray[np.int64]
    ring: NDArray[np.int64]
    near: NDArray[np.int64]

    @property
    def is_of_picture(self) -> bool:
        """Whether the values are those of a developed picture, where a spot has a width."""
        return bool(self.near.shape[1])

    @property
    def blind_px(self) -> int:
        """Width of the border in which nothing is looked for.

        The outermost pixels of a developed picture are made up, and sharpening leaves a bright line there, whose
        corners stand out. The mirrored margin of a mosaic fits no pattern larger than 2 x 2.
        """
        return MARGIN_PX if self.is_of_picture or max(self.period) > 2 else 0

    @classmethod
    def of_picture(cls) -> Self:
        """All channels at every pixel."""
        close = _square(RING_PX)
        ring = np.concatenate([close, _square(RING_PX + 1)])
        return cls((1, 1), close[None], ring[None], _square(1)[None])

    @classmethod
    def of_mosaic(cls, pattern: NDArray[np.uint8]) -> Self:
        """One channel at every photosite, as the repeating block `pattern` (h, w) has them."""
        h, w = (int(side) for side in pattern.shape)
        reach = range(-MARGIN_PX, MARGIN_PX + 1)
        around = sorted(((dy, dx) for dy in reach for dx in reach if dy or dx), key=lambda o: o[0] ** 2 + o[1] ** 2)
        same = [
            [(dy, dx) for dy, dx in around if pattern[(y + dy) % h, (x + dx) % w] == pattern[y, x]]
            for y in range(h)
            for x in range(w)
        ]
        count = min(24, *map(len, same))
        ring = np.array([offsets[:count] for offsets in same], np.int64)
        return cls((h, w), ring[:, :8], ring, np.empty((h * w, 0, 2), np.int64))

    def phase(self, y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which row of the tables belongs to photosite (x, y)."""
        return (y % self.period[0]) * self.period[1] + x % self.period[1]


@dataclass(frozen=True)
class Look:
    """One frame in 8 bits.

    `values` is (H, W, C) uint8 of a picture, (H + 2 MARGIN_PX, W + 2 MARGIN_PX, 1) of a mosaic with its margin, encoded
    so that equal steps look about equal: 8 bits hold every step that can be seen, and a 24 MP frame stays at 72 MB.
    """

    values: NDArray[np.uint8]
    lattice: Lattice

    @property
    def height(self) -> int:
        """Rows of the frame."""
        return int(self.values.shape[0]) - 2 * self._margin

    @property
    def width(self) -> int:
        """Columns of the frame."""
        return int(self.values.shape[1]) - 2 * self._margin

    @property
    def _margin(self) -> int:
        return 0 if self.lattice.is_of_picture else MARGIN_PX

    def centres(self, spots: Spots) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of `values` where spots are; those too near to the border of a picture are moved away."""
        if not self.lattice.is_of_picture:
            return spots.y + MARGIN_PX, spots.x + MARGIN_PX
        bottom, right = self.height - 1 - MARGIN_PX, self.width - 1 - MARGIN_PX
        return np.clip(spots.y, MARGIN_PX, bottom), np.clip(spots.x, MARGIN_PX, right)

    def in_one_colour(self) -> Look:
        """One photosite of each block of a mosaic, as a small picture; a picture is that already."""
        if self.lattice.is_of_picture:
            return self
        h, w = self.lattice.period
        inner = self.values[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
        return Look(np.ascontiguousarray(inner[::h, min(1, w - 1) :: w]), Lattice.of_picture())


@dataclass(frozen=True)
class Spots:
    """Places that may be hot or dead: row, column, channel, and whether the spot is dark; all (n,)."""

    y: NDArray[np.int64]
    x: NDArray[np.int64]
    channel: NDArray[np.int64]
    dark: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.y)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Spots:
        """Some of them."""
        return Spots(self.y[which], self.x[which], self.channel[which], self.dark[which])

    def moved(self, dy: int, dx: int, height: int, width: int) -> Spots:
        """All of them at other places, round the edge of a frame of that size."""
        return Spots((self.y + dy) % height, (self.x + dx) % width, self.channel, self.dark)


def joined(parts: list[Spots]) -> Spots:
    """Several lists of spots in one; a spot that is named twice stays twice."""
    return Spots(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("y", "x", "channel", "dark")))


@dataclass(frozen=True)
class Readings:
    """What one look shows at n spots, (n,) float32, 0 to 255; dark spots are read upside down, as if bright.

    `centre` is the spot itself, `top` the brightest close neighbour, `level` and `spread` the median of the ring and
    its standard deviation (1.4826 x the median absolute deviation, at least the step of 8 bits), `near` (n, m)
    the pixels that touch the spot: eight, or on a mosaic, where they have other colours, the four at its sides, each by
    what it has over its own ring. It is (n, 0) where it was not asked for.
    """

    centre: NDArray[np.float32]
    top: NDArray[np.float32]
    level: NDArray[np.float32]
    spread: NDArray[np.float32]
    near: NDArray[np.float32]


def look_at_picture(pixels: Pixels, encoding: Encoding) -> Look:
    """A developed frame (H, W, 3) of any dtype; it is not modified."""
    return Look(in_eight_bits(pixels, encoding), Lattice.of_picture())


def look_at_mosaic(mosaic: Mosaic) -> Look:
    """A mosaic, its values as square roots above black: shot noise is then alike in dark and bright areas."""
    eight = np.empty(mosaic.values.shape, np.uint8)
    h, w = mosaic.pattern.shape
    numbers = np.arange(65536, dtype=np.float32)
    for y in range(h):
        for x in range(w):
            black = mosaic.black[int(mosaic.pattern[y, x])]
            light = np.clip((numbers - black) / max(mosaic.white - black, 1), 0, 1)
            table = np.rint(255 * np.sqrt(light)).astype(np.uint8)
            eight[y::h, x::w] = looked_up(mosaic.values[y::h, x::w], table)
    return Look(_with_margin(eight[..., None]), Lattice.of_mosaic(mosaic.pattern))


def standing_out(look: Look, most: int) -> Spots:
    """The spots of a look that outshine all their close neighbours by `LEAST_STEP`, the strongest `most` of them."""
    if look.lattice.is_of_picture:
        places, strengths, dark = _of_picture(look.values, most)
        width, begin = look.width - 2 * MARGIN_PX, MARGIN_PX
    else:
        places, strengths, dark = _of_mosaic(look.values[..., 0], look.lattice, most)
        width, begin = look.width, 0
    if len(places) > most:
        best = np.sort(np.argpartition(strengths, -most)[-most:])
        places, dark = places[best], dark[best]
    channels = look.values.shape[2]
    y, rest = np.divmod(places, max(width, 1) * channels)
    x, channel = np.divmod(rest, channels)
    y, x = y + begin, x + begin
    spots = Spots(y, x, channel, dark)
    edge = look.lattice.blind_px
    return spots.chosen((y >= edge) & (y < look.height - edge) & (x >= edge) & (x < look.width - edge))


def readings(look: Look, spots: Spots, *, sides: bool = False) -> Readings:
    """Read a look at `spots`; `sides` asks for what is near on a mosaic, too, which takes five times as long."""
    _, wide, channels = look.values.shape
    rows, columns = look.centres(spots)
    lattice = look.lattice
    rings, near = ((table[..., 0] * wide + table[..., 1]) * channels for table in (lattice.ring, lattice.near))
    found = read(
        look.values.reshape(-1),
        (rows * wide + columns) * channels + spots.channel,
        spots.dark,
        rings,
        near,
        lattice.phase(spots.y, spots.x),
        lattice.close.shape[1],
    )
    return Readings(
        found.centre,
        found.top,
        found.level,
        np.maximum(np.float32(1.4826) * found.off, np.float32(0.7)),
        _sides(look, spots, found.level) if sides and not lattice.is_of_picture else found.near,
    )


def _sides(look: Look, spots: Spots, level: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = look.height, look.width
    beside = [readings(look, spots.moved(dy, dx, height, width)) for dy, dx in ((-1, 0), (0, -1), (0, 1), (1, 0))]
    return np.stack([there.centre - there.level + level for there in beside], axis=1)


def windows(look: Look, spots: Spots) -> NDArray[np.uint8]:
    """Cut (n, 9, 9, C) out of a look, each around a spot."""
    across = np.arange(-MARGIN_PX, MARGIN_PX + 1)
    rows, columns = look.centres(spots)
    cut: NDArray[np.uint8] = look.values[(rows[:, None] + across)[:, :, None], (columns[:, None] + across)[:, None, :]]
    return cut


_Found = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]


def _of_picture(values: NDArray[np.uint8], most: int) -> _Found:
    """Places are counted in what lies within the border that is not looked at."""
    height, wide, channels = values.shape
    width = wide - 2 * MARGIN_PX
    rows = height - 2 * MARGIN_PX
    found: list[_Found] = []
    for top in range(0, rows if width > 0 else 0, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, rows)
        band = values[top : bottom + 2 * MARGIN_PX]
        for dark, over in zip((False, True), beyond_ring(band, MARGIN_PX), strict=True):
            found.append(_picked(over, top * width * channels, dark, most))
    return _together(found)


def _of_mosaic(values: NDArray[np.uint8], lattice: Lattice, most: int) -> _Found:
    rows, columns = (side - 2 * MARGIN_PX for side in values.shape)
    h, w = lattice.period
    found: list[_Found] = []
    for phase, offsets in enumerate(lattice.close):
        y, x = divmod(phase, w)
        cut = [values[MARGIN_PX + y + dy :: h, MARGIN_PX + x + dx :: w] for dy, dx in ((0, 0), *offsets)]
        size = (len(range(y, rows, h)), len(range(x, columns, w)))
        centre, *others = (np.ascontiguousarray(part[: size[0], : size[1]]) for part in cut)
        low, high = others[0], others[0]
        for other in others[1:]:
            low, high = np.asarray(cv2.min(low, other), np.uint8), np.asarray(cv2.max(high, other), np.uint8)
        for dark in (False, True):
            over = np.asarray(cv2.subtract(low, centre) if dark else cv2.subtract(centre, high), np.uint8)
            places, strengths, marks = _picked(over, 0, dark, most)
            down, along = np.divmod(places, size[1])
            places = (down * h + y) * columns + along * w + x
            found.append((places, strengths, marks))
    return _together(found)


def _picked(over: NDArray[np.uint8], first: int, dark: bool, most: int) -> _Found:
    flat = over.reshape(-1)
    places = np.flatnonzero(flat >= LEAST_STEP)
    if len(places) > most:
        places = places[np.argpartition(flat[places], -most)[-most:]]
    return places + first, flat[places], np.full(len(places), dark)


def _together(found: list[_Found]) -> _Found:
    if not found:  # of a picture that is all border
        return np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.bool_)
    places, strengths, dark = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return places, strengths, dark


def _with_margin(eight: NDArray[np.uint8]) -> NDArray[np.uint8]:
    edge = MARGIN_PX
    height, width, channels = eight.shape
    padded = np.empty((height + 2 * edge, width + 2 * edge, channels), np.uint8)  # in large pages, unlike OpenCV's
    cv2.copyMakeBorder(eight, edge, edge, edge, edge, cv2.BORDER_REFLECT_101, dst=padded)
    return padded


def _square(distance: int) -> NDArray[np.int64]:
    """Offsets of the square around a pixel at `distance`."""
    reach = range(-distance, distance + 1)
    return np.array([(dy, dx) for dy in reach for dx in reach if max(abs(dy), abs(dx)) == distance], np.int64)
