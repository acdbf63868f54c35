"""Hot and dead pixels, found from the stack itself: they stay where they are while the picture goes by.

A few frames are looked at, the ends among them, where the picture is most out of focus. What stands out from its
neighbours there, and at the same place as strongly in every other look where it could be seen, shines by itself: a
detail moves, breathes or goes out of focus. Two proofs are asked for before anything is touched. Details of the
picture that are as strong must have gone from their places, in the neighbourhood of each hot pixel; and the same
search, with each look shifted by another distance, must find next to nothing: those are coincidences.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from stackcore.events import Emit, Progress, StageStarted, Warned
from stackcore.protocols import Decoded, Executor
from stackcore.stacking.hot_verdict import bear_witness, one_pixel_wide, picture_went_by, shine_alone, strong_ones
from stackcore.stacking.mending import Blemish
from stackcore.stacking.reader import StackReader
from stackcore.stacking.standing_out import (
    MARGIN_PX,
    Look,
    Readings,
    Spots,
    joined,
    look_at_mosaic,
    look_at_picture,
    readings,
    standing_out,
    windows,
)

_T = TypeVar("_T")

STAGE = "hot_pixels"
"""Name of the stage."""

_LOOKS = 5
_LEAST_LOOKS = 3
_MOST = 20_000
"""So many spots of each of the two end frames are followed up, the strongest; most of them are picture."""

_AT_ONCE = 8000
"""So many suspects are followed up by one worker at a time."""

_DETAILS = 3000
"""So many details of each look are followed up as witnesses, evenly over the frame."""

_FEW, _MANY = 200, 1e-4
"""A sensor of which a ten-thousandth part is hot is warm, old, or was exposed for minutes: worth a word."""

_DECOYS = ((17, 5), (-11, 13), (7, -19), (-15, -9))
"""How far each look is shifted from the one before, pixels, in the searches that can only find coincidences."""

_SHIFTED = 3000
"""So many suspects take part in each of them."""

_COINCIDENCES = 0.02
"""Of what is found, this part may be coincidence by that count."""

_ECHO_PX, _ECHO = 16, 0.4
"""JPEG rings around a strong spot, within its block of at most 16 pixels: such echoes are mended, and not counted."""

Seen = Callable[[int, Decoded], None]
"""Is shown each picture that was read in full, with its index: what else is measured need not read it again."""


@dataclass(frozen=True)
class HotPixels:
    """What was found.

    Attributes
    ----------
    places
        (x, y) in sensor coordinates: columns and rows of the file before it is turned upright.
    blemishes
        The same in the decoded picture, with their size; empty where the mosaic is mended.
    doubt
        Why what looks like hot pixels is left alone, or None.
    """

    places: tuple[tuple[int, int], ...] = ()
    blemishes: tuple[Blemish, ...] = ()
    doubt: str | None = None

    def summary(self) -> dict[str, Any]:
        """What the result says of them."""
        return {"source": "stack", "found": len(self.places), "places": [list(place) for place in self.places]}


def find_hot_pixels(
    reader: StackReader,
    executor: Executor,
    emit: Emit,
    cancel: threading.Event,
    seen: Seen = lambda index, decoded: None,
) -> HotPixels:
    """Search a stack for photosites that shine, or stay dark, by themselves.

    Mosaics are searched as they were counted, pictures as they are decoded. At most five frames are read, three of
    them held at a time. Two frames are too few to be sure: nothing is found in them. Warns once where there are many,
    or where there is doubt.
    """
    chosen = sorted({round(i * (len(reader) - 1) / (_LOOKS - 1)) for i in range(_LOOKS)} | {reader.reference})
    if len(chosen) > _LOOKS:
        chosen.remove(min((i for i in chosen[1:-1] if i != reader.reference), key=lambda i: abs(i - reader.reference)))
    if not can_be_found(len(reader)):
        return HotPixels()
    emit(StageStarted(stage=STAGE, total=len(chosen)))
    search = _Search(reader, seen, emit, len(chosen))
    found = search.run(chosen, executor, cancel)
    if found.doubt is not None:
        emit(Warned(code="hot-pixels-uncertain", message=found.doubt))
    elif len(found.places) > max(_FEW, _MANY * reader.info.width * reader.info.height):
        emit(
            Warned(
                code="hot-pixels-many",
                message=f"{len(found.places)} hot pixels are mended, which is many: a dark frame tells them for sure.",
            )
        )
    return found


def can_be_found(frames: int) -> bool:
    """Whether a stack of so many frames can tell a hot pixel from a detail."""
    return frames >= _LEAST_LOOKS


def mended_in(reader: StackReader, found: HotPixels) -> None:
    """Have `reader` mend what was found from now on: in the mosaic where frames have one, else in the picture."""
    if reader.info.has_mosaic and found.places:
        correction = replace(reader.development.correction, defects=found.places)
        reader.develop(replace(reader.development, correction=correction))
    else:
        reader.mend(found.blemishes)


class _Search:
    """One search under way."""

    def __init__(self, reader: StackReader, seen: Seen, emit: Emit, total: int) -> None:
        self._reader, self._seen, self._emit, self._total = reader, seen, emit, total
        self._done = 0

    def run(self, chosen: Sequence[int], executor: Executor, cancel: threading.Event) -> HotPixels:
        middle = chosen.index(self._reader.reference)
        held = (0, middle, len(chosen) - 1)
        looks, out = [], []
        for look, standing in self._counted(executor.map(self._look_closely, [chosen[n] for n in held], cancel)):
            looks.append(look)
            out.append(standing)
        suspects = _merged([out[0], out[-1]], looks[0])
        spots, decoy, share = _followed(suspects, looks, held, executor, cancel)
        if not np.any(decoy == 0):
            for _ in range(self._total - len(held)):  # nothing is left to look at in the others
                self._tell()
            return HotPixels()
        witnesses = _details(looks, out, executor, cancel)
        views = {n: _View.of(look, spots, decoy, n, witnesses) for n, look in zip(held, looks, strict=True)}
        del looks

        def view(number: int) -> _View:
            return _View.of(self._look(chosen[number]), spots, decoy, number, witnesses)

        rest = [n for n in range(len(chosen)) if n not in held]
        views.update(zip(rest, self._counted(executor.map(view, rest, cancel)), strict=True))
        in_order = [views[n] for n in range(len(chosen))]
        least = min(len(chosen), max(_LEAST_LOOKS, -(-3 * len(chosen) // 5)))
        alone = shine_alone([v.spots for v in in_order], least=least)
        hot = alone & (decoy == 0) & _peak([v.windows for v in in_order], spots)
        chance = np.count_nonzero(alone & (decoy > 0)) / len(_DECOYS) / share
        lone = one_pixel_wide([v.spots for v in in_order])[hot]
        went_by = np.zeros(np.count_nonzero(hot), np.bool_)
        for stand, (seen, own, period) in enumerate(witnesses):
            telling, gone = bear_witness([v.witnesses[stand] for v in in_order], np.array(held)[own])
            h, w = period
            at_home = Spots(seen.y * h, seen.x * w, seen.channel, seen.dark)
            went_by |= picture_went_by(spots.chosen(hot), lone, at_home.chosen(telling), gone[telling])
        found = spots.chosen(hot)
        doubt = _doubt(len(found), chance, went_by)
        if doubt is not None or not len(found):
            return HotPixels(doubt=doubt)
        cut = np.stack([v.windows[hot][went_by] for v in in_order])
        return _measured(found.chosen(went_by), cut, self._reader)

    def _look(self, index: int) -> Look:
        if self._reader.info.has_mosaic:
            return look_at_mosaic(self._reader.mosaic(index))
        decoded = self._reader.read(index)
        self._seen(index, decoded)
        return look_at_picture(decoded.pixels, self._reader.encoding)

    def _look_closely(self, index: int) -> tuple[Look, Spots]:
        """A look, and what stands out in it."""
        look = self._look(index)
        return look, standing_out(look, _MOST)

    def _counted(self, results: Iterable[_T]) -> Iterator[_T]:
        """Results as they come, each told as progress."""
        for result in results:
            self._tell()
            yield result

    def _tell(self) -> None:
        self._done += 1
        self._emit(Progress(stage=STAGE, done=self._done, total=self._total))


def _followed(
    suspects: Spots, looks: Sequence[Look], numbers: Sequence[int], executor: Executor, cancel: threading.Event
) -> tuple[Spots, NDArray[np.int64], float]:
    """Suspects that all `looks` agree on, those of shifted searches among them.

    Returns them, the number of the shift of each (0 for none), and which part of the suspects was shifted.
    """
    every = max(1, -(-len(suspects) // _SHIFTED))

    def alike(task: tuple[int, slice]) -> tuple[Spots, NDArray[np.int64]]:
        shift, which = task
        some = suspects.chosen(np.arange(len(suspects))[which])
        decoy = np.full(len(some), shift)
        shown = [readings(k, _shifted(some, decoy, n, k)) for n, k in zip(numbers, looks, strict=True)]
        same = shine_alone(shown, least=1)
        return some.chosen(same), decoy[same]

    parts = [slice(i, i + _AT_ONCE) for i in range(0, len(suspects), _AT_ONCE)]
    shifts = range(1, len(_DECOYS) + 1)
    tasks = [(0, part) for part in parts] + [(shift, slice(None, None, every)) for shift in shifts]
    kept, marks = zip(*executor.map(alike, tasks, cancel), strict=True)
    return joined(list(kept)), np.concatenate(marks), 1 / every


@dataclass(frozen=True)
class _View:
    """What is kept of a look: readings of the suspects, shifted ones among them, and of the witnesses."""

    spots: Readings
    windows: NDArray[np.uint8]
    witnesses: tuple[Readings, ...]

    @classmethod
    def of(
        cls, look: Look, spots: Spots, decoy: NDArray[np.int64], number: int, witnesses: Sequence[_Witnesses]
    ) -> _View:
        there = _shifted(spots, decoy, number, look)
        seen = tuple(readings(stand, w.spots) for stand, w in zip(_stands(look), witnesses, strict=True))
        return cls(readings(look, there, sides=True), windows(look, there), seen)


class _Witnesses(NamedTuple):
    """Details of the picture, the number of the look that shows each, and how far their places are apart."""

    spots: Spots
    own: NDArray[np.int64]
    period: tuple[int, int]


def _stands(look: Look) -> list[Look]:
    """Where details are looked for: in a mosaic those as narrow as a photosite, and in one of its colours wider ones.

    Either may be few: a smooth picture has none of the first, one that hardly changes keeps most of the second.
    """
    return [look] if look.lattice.is_of_picture else [look, look.in_one_colour()]


def _details(
    looks: Sequence[Look], standing: Sequence[Spots], executor: Executor, cancel: threading.Event
) -> list[_Witnesses]:
    """What the picture itself has of strong small details."""

    def of_one(number: int) -> list[Spots]:
        found = []
        for look in _stands(looks[number]):
            spots = standing[number] if look is looks[number] else standing_out(look, _MOST)
            details = spots.chosen(strong_ones(readings(look, spots)))
            details = details.chosen(_peak([windows(look, details)], details))
            found.append(details.chosen(np.arange(len(details))[:: max(1, -(-len(details) // _DETAILS))]))
        return found

    parts = list(executor.map(of_one, range(len(looks)), cancel))
    periods = ((1, 1), looks[0].lattice.period)
    return [
        _Witnesses(joined(list(some)), np.repeat(np.arange(len(looks)), [len(one) for one in some]), period)
        for some, period in zip(zip(*parts, strict=True), periods, strict=False)
    ]


def _doubt(found: int, chance: float, went_by: NDArray[np.bool_]) -> str | None:
    """Why nothing may be touched, or None."""
    if chance > _COINCIDENCES * found:
        return (
            f"{found} places look like hot pixels, but about {chance:.0f} of them would by chance in a picture like "
            "this: none is mended. A dark frame tells them for sure."
        )
    if found and not went_by.any():
        return (
            f"{found} places look like hot pixels, but too little of the picture changes from frame to frame to tell "
            "them from detail: none is mended. A dark frame tells them for sure."
        )
    return None


def _shifted(spots: Spots, decoy: NDArray[np.int64], number: int, look: Look) -> Spots:
    """Spots where look `number` shows them to each search; a multiple of the mosaic's period away, or not at all."""
    shifts = np.array([(0, 0), *_DECOYS])[decoy] * number
    (h, w), period = (look.height, look.width), look.lattice.period
    y = (spots.y + shifts[:, 0] * period[0]) % (h // period[0] * period[0])
    x = (spots.x + shifts[:, 1] * period[1]) % (w // period[1] * period[1])
    still = decoy == 0
    return Spots(np.where(still, spots.y, y), np.where(still, spots.x, x), spots.channel, spots.dark)


def _merged(parts: list[Spots], look: Look) -> Spots:
    """All spots, each once."""
    every = joined(parts)
    key = ((every.y * look.width + every.x) * look.values.shape[2] + every.channel) * 2 + every.dark
    return every.chosen(np.unique(key, return_index=True)[1])


def _peak(cuts: list[NDArray[np.uint8]], spots: Spots) -> NDArray[np.bool_]:
    """Whether a spot is the highest of the 5 x 5 values around it, by the mean of all looks; of equals the first."""
    if cuts[0].shape[3] == 1:
        return np.ones(len(spots), np.bool_)
    number = np.arange(len(spots))
    mean = np.mean([cut[number, 2:7, 2:7, spots.channel] for cut in cuts], axis=0)
    mean[spots.dark] *= -1
    return np.asarray(mean.reshape(len(spots), 25).argmax(axis=1) == 12)


def _measured(found: Spots, cut: NDArray[np.uint8], reader: StackReader) -> HotPixels:
    """Places, each once, and how far their blemishes reach in a picture; `cut` is (looks, n, 9, 9, C)."""
    if reader.info.has_mosaic:
        return HotPixels(tuple(sorted(zip(found.x.tolist(), found.y.tolist(), strict=True), key=lambda p: p[::-1])))
    reach, strength = _reach(cut, found)
    blemishes: dict[tuple[int, int], NDArray[np.int64]] = {}
    origins: list[tuple[int, int, float]] = []
    for n in np.argsort(-strength, kind="stable").tolist():
        x, y = int(found.x[n]), int(found.y[n])
        near = next((p for p in ((x + i, y + j) for j in (-1, 0, 1) for i in (-1, 0, 1)) if p in blemishes), None)
        if near is not None:  # another channel of the same photosite
            blemishes[near] = np.maximum(blemishes[near], reach[n])
            continue
        blemishes[x, y] = reach[n]
        if not any(max(abs(x - a), abs(y - b)) < _ECHO_PX and strength[n] < _ECHO * s for a, b, s in origins):
            origins.append((x, y, float(strength[n])))
    info = reader.info
    places = (_as_stored(x, y, info.width, info.height, info.orientation) for x, y, _ in origins)
    return HotPixels(
        tuple(sorted(places, key=lambda p: p[::-1])),
        tuple(Blemish(x, y, tuple(r.tolist())) for (x, y), r in sorted(blemishes.items(), key=lambda b: b[0][::-1])),
    )


def _reach(cut: NDArray[np.uint8], found: Spots) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """How far each blemish departs from its surroundings in each channel, (n, 3): -1 to 3 pixels; and how much, (n,).

    The looks are averaged: picture and noise differ from one to the next and leave the blemish.
    """
    ring = np.ones((9, 9), np.bool_)
    ring[1:8, 1:8] = False
    values = cut.astype(np.float32)
    level = np.median(values[:, :, ring], axis=2)
    off = np.abs((values - level[:, :, None, None]).mean(axis=0))
    noise = 1.4826 * np.median(np.abs(values[:, :, ring] - level[:, :, None]), axis=(0, 2)) / np.sqrt(len(cut))
    peak = off[:, 4, 4].max(axis=1, keepdims=True)
    limit = np.maximum(np.maximum(2.0, 3 * noise), 0.03 * peak)
    reach = np.full((len(found), 3), -1)
    for distance in range(MARGIN_PX):
        square = np.zeros((9, 9), np.bool_)
        square[4 - distance : 5 + distance, 4 - distance : 5 + distance] = True
        square[5 - distance : 4 + distance, 5 - distance : 4 + distance] = False
        reach[off[:, square].max(axis=1) > limit] = distance
    reach[np.arange(len(found)), found.channel] = np.maximum(reach[np.arange(len(found)), found.channel], 0)
    return reach, off[np.arange(len(found)), 4, 4, found.channel]


def _as_stored(x: int, y: int, width: int, height: int, orientation: int) -> tuple[int, int]:
    """Column and row in the file of a pixel of the upright picture; EXIF 2.32, tag 274."""
    right, bottom = width - 1 - x, height - 1 - y
    return {
        1: (x, y),
        2: (right, y),
        3: (right, bottom),
        4: (x, bottom),
        5: (y, x),
        6: (y, right),
        7: (bottom, right),
        8: (bottom, x),
    }[orientation]
