"""White balance worked out from a picture alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import FrameError
from stackcore.protocols import Mosaic
from stackcore.terms import Multipliers

_DARK = 0.02
"""Share of the range below which a place says more about noise than about the light."""

_FULL = 0.95
"""Share of the range from which a photosite may be full, and its colour wrong."""

_ENOUGH = 0.001
"""Share of the picture that must be left."""

_BAND_ROWS = 240


def grey_world(mosaic: Mosaic, name: str) -> Multipliers:
    """Multipliers that make the mean of a picture grey: Buchsbaum, J. Franklin Institute 310(1), 1980.

    The mean is taken over blocks of the mosaic that are neither dark (all channels under 2 % of the range) nor have a
    photosite that is nearly full (over 95 %). A block counts with all its channels or not at all, so that the choice
    itself does not tint the result.

    Parameters
    ----------
    mosaic
        Corrected as the picture will be; not modified.
    name
        What the picture is called in an error.

    Raises
    ------
    FrameError
        When less than a thousandth of the picture is left.
    """
    h, w = mosaic.pattern.shape
    channels = int(mosaic.pattern.max()) + 1
    rows, columns = mosaic.values.shape[0] // h, mosaic.values.shape[1] // w
    at_once = max(1, _BAND_ROWS // h)
    sums, count = np.zeros(channels), 0
    for top in range(0, rows, at_once):
        band = mosaic.values[top * h : min(top + at_once, rows) * h, : columns * w]
        fine, light = _blocks(band, mosaic, channels)
        count += int(np.count_nonzero(fine))
        sums += light[:, fine].sum(axis=1, dtype=np.float64)
    if count < _ENOUGH * rows * columns or not sums.all():
        raise FrameError(
            f"{name} gives no white balance.",
            f"{count / max(1, rows * columns):.2%} of it is neither dark nor full.",
            "expose it otherwise, or choose a white balance: camera, daylight, a grey card's, or four numbers.",
        )
    factors = (sums.max() / sums).tolist()
    if channels == 1:
        return (1.0, 1.0, 1.0, 1.0)
    red, green, blue, second = (*factors, factors[1])[:4]
    return (red, green, blue, second)


def _blocks(band: NDArray[np.uint16], mosaic: Mosaic, channels: int) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Which blocks of a band count (n, m), and the mean light of each channel (channels, n, m), 1 for full."""
    h, w = mosaic.pattern.shape
    size = (band.shape[0] // h, band.shape[1] // w)
    light, fine = np.zeros((channels, *size), np.float32), np.ones(size, np.bool_)
    places = np.bincount(mosaic.pattern.ravel(), minlength=channels)
    for (y, x), channel in np.ndenumerate(mosaic.pattern):
        black = mosaic.black[channel]
        share = (band[y::h, x::w] - np.float32(black)) / np.float32(mosaic.white - black)
        fine &= share < _FULL
        light[channel] += share / np.float32(places[channel])
    return fine & (light.max(axis=0) > _DARK), light
