"""How much detail is around a pixel, what noise adds to it, and a score made of both."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.pyramid import detail_of, down, up


def box_width(window_px: int) -> int:
    """Width of the two box filters that make a triangular window of about `window_px`: odd, 1 for no window.

    Examples
    --------
    >>> [box_width(w) for w in (1, 5, 9, 13)]
    [1, 3, 5, 7]
    """
    return 2 * round((window_px - 1) / 4) + 1


def local_energy(detail: NDArray[np.float32], box: int) -> NDArray[np.float32]:
    """Mean square of `detail` (h, w) in a triangular window, as two box filters of width `box` make it.

    A single box would weigh its corners like its centre, and an edge 4 pixels away would decide as much as the
    pixel's own detail. `box` is that of `box_width`; edges mirror. Reaches `box - 1` pixels. Filtered in one go:
    OpenCV's boxes carry running sums, which take twice the time and depend, in the last bits, on where a band begins.
    """
    window = _triangle(box)
    energy = cv2.multiply(detail, detail)
    return np.asarray(cv2.sepFilter2D(energy, -1, window, window, borderType=cv2.BORDER_REFLECT), np.float32)


@lru_cache(maxsize=16)
def _triangle(box: int) -> NDArray[np.float32]:
    """What two box filters of width `box` do to a point: 1 2 3 2 1 for 3, of sum 1."""
    one = np.full(box, 1 / box)
    return np.convolve(one, one).astype(np.float32)


def finest_energy(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Energy of the finest detail: that of level 0, (h, w), and half of that of level 1; both stay as they are.

    Where even the sharpest frame is a little out of focus, level 0 is noise, and level 1 still tells which frame it is.
    """
    energy = up(second, first.shape)
    return np.asarray(cv2.scaleAdd(energy, 0.5, first, dst=energy), np.float32)


@lru_cache(maxsize=16)
def noise_energy(level: int) -> float:
    """Mean energy of luma detail at `level` for white noise of variance 1 (measured on seeded noise)."""
    gauss = np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)
    for _ in range(level):
        gauss = down(gauss)
    return float(np.mean(detail_of(gauss, down(gauss)) ** 2))


def noise_floor(noise_sigma: float, level: int, times: float) -> float:
    """Energy to add before a logarithm: `times` what noise of `noise_sigma` (of full scale) has at `level`."""
    return times * noise_sigma**2 * noise_energy(level) + 1e-9


def log_score(energy: NDArray[np.float32], floor: float, exponent: float) -> NDArray[np.float32]:
    """Logarithm of (energy + floor)^exponent, (h, w); `energy` is not modified."""
    score = energy + np.float32(floor)
    cv2.log(score, dst=score)
    score *= np.float32(exponent)
    return score
