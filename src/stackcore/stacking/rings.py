"""How far each value of a picture is beyond all values on a square around it, brighter or darker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

RING_PX = 3
"""Half the side of the square, which has 24 pixels. A spot of a developed picture is at most 5 pixels wide:
demosaicing, sharpening and the chroma of 4:2:0 spread it."""


def beyond_ring(band: NDArray[np.uint8], margin_px: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How far values are above the brightest, and below the darkest, of the 24 neighbours 3 pixels away, or 0.

    Parameters
    ----------
    band
        (h + 2 m, w + 2 m, C), with a margin m of `margin_px`, at least 3; not modified. Channels do not mix.

    Returns
    -------
    Two of (h, w, C).
    """
    height, width, channels = band.shape
    size = (height - 2 * margin_px, (width - 2 * margin_px) * channels)
    above, below = np.empty(size, np.uint8), np.empty(size, np.uint8)
    rows, scratch = (
        np.ascontiguousarray(band).reshape(height, -1),
        np.zeros((4 * RING_PX + 4, width * channels), np.uint8),
    )
    _compare(rows, margin_px, channels, above, below, scratch)
    return above.reshape(size[0], -1, channels), below.reshape(size[0], -1, channels)


@kernel
def _compare(
    rows: NDArray[np.uint8],
    margin: int,
    channels: int,
    above: NDArray[np.uint8],
    below: NDArray[np.uint8],
    scratch: NDArray[np.uint8],
) -> None:
    """Of each row the extremes of 7 in a row are kept until the last row that needs them; those of 7 in a column not.

    `rows` holds the values of a row one after the other, so a neighbour at the side is `channels` away.
    """
    length = rows.shape[1]
    most, least = scratch[: 2 * RING_PX + 1], scratch[2 * RING_PX + 1 : -2]
    highest, lowest = scratch[-2], scratch[-1]
    ready = margin - RING_PX
    edge, side = margin * channels, RING_PX * channels
    for y in range(above.shape[0]):
        row = y + margin
        while ready <= row + RING_PX:
            _extremes_along(rows[ready], channels, most[ready % len(most)], least[ready % len(least)])
            ready += 1
        _extremes(
            rows[row - 3],
            rows[row - 2],
            rows[row - 1],
            rows[row],
            rows[row + 1],
            rows[row + 2],
            rows[row + 3],
            highest,
            lowest,
        )
        up, down = (row - RING_PX) % len(most), (row + RING_PX) % len(most)
        _beyond(
            rows[row, edge : length - edge],
            (most[up, edge : length - edge], most[down, edge : length - edge]),
            (least[up, edge : length - edge], least[down, edge : length - edge]),
            (highest[edge - side :], highest[edge + side :]),
            (lowest[edge - side :], lowest[edge + side :]),
            above[y],
            below[y],
        )


@kernel
def _extremes_along(row: NDArray[np.uint8], step: int, most: NDArray[np.uint8], least: NDArray[np.uint8]) -> None:
    """Extremes of the 7 values around each, `step` apart; those that do not have 7 are left as they are."""
    count = len(row) - 2 * RING_PX * step
    inner = slice(RING_PX * step, RING_PX * step + count)
    _extremes(
        row,
        row[step:],
        row[2 * step :],
        row[3 * step :],
        row[4 * step :],
        row[5 * step :],
        row[6 * step :],
        most[inner],
        least[inner],
    )


@kernel
def _extremes(
    a: NDArray[np.uint8],
    b: NDArray[np.uint8],
    c: NDArray[np.uint8],
    d: NDArray[np.uint8],
    e: NDArray[np.uint8],
    f: NDArray[np.uint8],
    g: NDArray[np.uint8],
    most: NDArray[np.uint8],
    least: NDArray[np.uint8],
) -> None:
    """Extremes of seven rows."""
    for i in range(len(most)):
        most[i] = max(max(max(a[i], b[i]), max(c[i], d[i])), max(max(e[i], f[i]), g[i]))
    for i in range(len(least)):
        least[i] = min(min(min(a[i], b[i]), min(c[i], d[i])), min(min(e[i], f[i]), g[i]))


_Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@kernel
def _beyond(
    values: NDArray[np.uint8],
    most: _Pair,
    least: _Pair,
    highest: _Pair,
    lowest: _Pair,
    above: NDArray[np.uint8],
    below: NDArray[np.uint8],
) -> None:
    """From the extremes of the four sides of the square."""
    for i in range(len(values)):
        top = max(max(most[0][i], most[1][i]), max(highest[0][i], highest[1][i]))
        bottom = min(min(least[0][i], least[1][i]), min(lowest[0][i], lowest[1][i]))
        above[i] = max(values[i], top) - top
        below[i] = bottom - min(values[i], bottom)
