"""How much detail is around a pixel, and what noise adds to it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import loops
from stackcore.fusing.pyramid import detail_of, down


def box_width(window_px: int) -> int:
    """Width of the two box filters that make a triangular window of about `window_px`: odd, 1 for no window.

    Examples
    --------
    >>> [box_width(w) for w in (1, 5, 9, 13)]
    [1, 3, 5, 7]
    """
    return 2 * round((window_px - 1) / 4) + 1


def detail_energy(gauss: NDArray[np.float32], below: NDArray[np.float32], box: int) -> NDArray[np.float32]:
    """Mean square of the detail of a level, in a triangular window, as two box filters of width `box` make it.

    A single box would weigh its corners like its centre, and an edge 4 pixels away would decide as much as the
    pixel's own detail. No running sums: they would depend, in the last bits, on where a band begins.

    Parameters
    ----------
    gauss, below
        Brightness (h, w) of the level, and of the one below it, contiguous; not modified. A part of a picture must
        begin at an even row. Looks at `box + 1` rows beyond a pixel.
    box
        That of `box_width`.

    Returns
    -------
    (h, w) float32 >= 0, unitless; edges mirror.
    """
    energy, window = np.empty_like(gauss), _triangle(box)
    width = gauss.shape[1]
    kept, scratch = np.empty((len(window), width), np.float32), _scratch(width, len(window))
    loops.detail_energy(gauss, below, window, energy, kept, scratch)
    return energy


def cell_energy(gauss: NDArray[np.float32], below: NDArray[np.float32], box: int) -> NDArray[np.float32]:
    """`detail_energy` of cells of 2x2 pixels: what it is made of is as wide, and it is made at half the size.

    Parameters
    ----------
    gauss, below, box
        As for `detail_energy`.

    Returns
    -------
    (h / 2, w / 2) float32 >= 0, rounded up in size: the mean squares of cells, in the window as they see it.
    """
    height, width = gauss.shape
    energy, window = np.empty((-(-height // 2), -(-width // 2)), np.float32), _triangle_of_cells(box)
    kept = np.empty((len(window), energy.shape[1]), np.float32)
    loops.cell_energy(gauss, below, window, energy, kept, _scratch(width, len(window)))
    return energy


@lru_cache(maxsize=16)
def _triangle_of_cells(box: int) -> NDArray[np.float32]:
    """Every other weight of `_triangle`, from its top on: 1 3 5 3 1 for 5, of sum 1."""
    weights = _triangle(box)
    radius = (box - 1) // 2
    cut = weights[box - 1 - 2 * radius : box + 2 * radius : 2]
    return np.asarray(cut / cut.sum(), np.float32)


@lru_cache(maxsize=16)
def _triangle(box: int) -> NDArray[np.float32]:
    """What two box filters of width `box` do to a point: 1 2 3 2 1 for 3, of sum 1."""
    one = np.full(box, 1 / box)
    return np.convolve(one, one).astype(np.float32)


def finest_energy(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Energy of the finest detail: that of level 0, (h, w), and half of that of level 1; `first` is made into it.

    Where even the sharpest frame is a little out of focus, level 0 is noise, and level 1 still tells which frame it is.
    """
    loops.add_from_below(first, second, 0.5, _scratch(first.shape[1], 0))
    return first


def _scratch(width: int, size: int) -> NDArray[np.float32]:
    """Rows for loops over planes of a width, with a window of a size."""
    return np.empty((5, width + size + 3), np.float32)


def noise_energy(level: int) -> float:
    """Mean energy of luma detail at `level`, 0 or more, for white noise of variance 1 (measured on seeded noise)."""
    known = _noise_energies()
    coarser = max(0, level - len(known) + 1)
    return known[level - coarser] / 4.0**coarser


@lru_cache(maxsize=1)
def _noise_energies() -> tuple[float, ...]:
    """Of all levels of a picture that has any detail on them."""
    gauss = np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)
    found = []
    while len(gauss) > 1:
        below = down(gauss)
        found.append(float(np.mean(detail_of(gauss, below) ** 2)))
        gauss = below
    return tuple(found)


def noise_floor(noise_sigma: float, level: int, times: float) -> float:
    """Energy to add before a logarithm: `times` what noise of `noise_sigma` (of full scale) has at `level`."""
    return times * noise_sigma**2 * noise_energy(level) + 1e-9
