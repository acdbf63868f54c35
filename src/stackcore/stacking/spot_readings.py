"""What a look shows at each of many places: the place itself, the ring around it, and what touches it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

_STEPS = 256


class Read(NamedTuple):
    """See `read`."""

    centre: NDArray[np.float32]
    top: NDArray[np.float32]
    level: NDArray[np.float32]
    off: NDArray[np.float32]
    near: NDArray[np.float32]


def read(
    values: NDArray[np.uint8],
    places: NDArray[np.int64],
    dark: NDArray[np.bool_],
    rings: NDArray[np.int64],
    near: NDArray[np.int64],
    phase: NDArray[np.int64],
    close: int,
) -> Read:
    """Read n places; dark ones upside down, as if bright.

    Parameters
    ----------
    values
        Of the look, one after the other.
    places, dark, phase
        Index of each place, whether it is dark, and which of the tables is its own; (n,).
    rings, near
        Tables (phases, m): how far from a place its neighbours are.
    close
        The first so many of a ring are those that count for `top`.

    Returns
    -------
    `centre`, `top` (the brightest of the close ones), `level` and `off` (the upper medians of the ring, and of what it
    is off that), (n,), and `near` (n, m); 0 to 255.
    """
    count = len(places)
    centre, top, level, off = np.empty((4, count), np.float32)
    found = Read(centre, top, level, off, np.empty((count, near.shape[1]), np.float32))
    kept = np.empty(rings.shape[1], np.int64)
    _read(values, places, dark, rings, near, phase, close, kept, np.zeros(_STEPS, np.int64), *found)
    return found


@kernel
def _read(
    values: NDArray[np.uint8],
    places: NDArray[np.int64],
    dark: NDArray[np.bool_],
    rings: NDArray[np.int64],
    near: NDArray[np.int64],
    phase: NDArray[np.int64],
    close: int,
    kept: NDArray[np.int64],
    counts: NDArray[np.int64],
    centres: NDArray[np.float32],
    tops: NDArray[np.float32],
    levels: NDArray[np.float32],
    offs: NDArray[np.float32],
    nears: NDArray[np.float32],
) -> None:
    for i in range(places.shape[0]):
        ring, beside = rings[phase[i]], near[phase[i]]
        centres[i] = _value(values, places[i], dark[i])
        top = 0
        for k in range(ring.shape[0]):
            kept[k] = _value(values, places[i] + ring[k], dark[i])
            if k < close:
                top = max(top, kept[k])
        level = _upper_median(kept, counts)
        for k in range(ring.shape[0]):
            kept[k] = abs(kept[k] - level)
        tops[i], levels[i], offs[i] = top, level, _upper_median(kept, counts)
        for k in range(beside.shape[0]):
            nears[i, k] = _value(values, places[i] + beside[k], dark[i])


@kernel
def _value(values: NDArray[np.uint8], place: int, dark: bool) -> int:
    value = int(values[place])
    return 255 - value if dark else value


@kernel
def _upper_median(kept: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """Of numbers from 0 to 255, the one that half of them, rounded up, do not exceed; `counts` are 0, and stay so."""
    for k in range(kept.shape[0]):
        counts[kept[k]] += 1
    middle, below = -1, 0
    while below <= kept.shape[0] // 2:
        middle += 1
        below += counts[middle]
    for k in range(kept.shape[0]):
        counts[kept[k]] = 0
    return middle
