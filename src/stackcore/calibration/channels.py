"""The photosites of one mosaic channel: their values, and where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Coordinates = tuple[tuple[int, int], ...]
"""Photosites as (x, y) in sensor coordinates: column and row of the visible mosaic, not turned."""


def channel_count(pattern: NDArray[np.uint8]) -> int:
    """How many channels a mosaic has: four for Bayer, whose greens are two; three for X-Trans."""
    return int(pattern.max()) + 1


def planes(values: NDArray[Any], pattern: NDArray[np.uint8], channel: int) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Yield (x, y, view) for each place of the pattern that belongs to `channel`.

    `values` is (H, W), `pattern` (h, w) as in `Mosaic`; a view holds the photosites x, x + w, ... of the rows y,
    y + h, ... and shares the memory of `values`.
    """
    height, width = pattern.shape
    for y, x in zip(*np.nonzero(pattern == channel), strict=True):
        yield int(x), int(y), values[y::height, x::width]


def channel_values(values: NDArray[Any], pattern: NDArray[np.uint8], channel: int) -> NDArray[Any]:
    """Return all values of `channel`, (n,), in the dtype of `values`; a copy, in no particular order."""
    parts = [view.ravel() for _, _, view in planes(values, pattern, channel)]
    return np.concatenate(parts) if len(parts) != 1 else parts[0].copy()


def located(
    values: NDArray[Any], pattern: NDArray[np.uint8], channel: int, above: float | None
) -> list[tuple[int, int]]:
    """Return where `channel` is greater than `above`, or zero for None: (x, y) of each photosite."""
    height, width = pattern.shape
    found: list[tuple[int, int]] = []
    for x, y, view in planes(values, pattern, channel):
        rows, columns = np.nonzero(view == 0 if above is None else view > above)
        found.extend(zip((columns * width + x).tolist(), (rows * height + y).tolist(), strict=True))
    return found


def by_rows(found: list[tuple[int, int]]) -> Coordinates:
    """Sort photosites by row, then column, as a mosaic is read."""
    return tuple(sorted(found, key=lambda place: (place[1], place[0])))
