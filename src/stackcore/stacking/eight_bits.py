"""Numbers of a frame in 8 bits, encoded so that equal steps look about equal."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel, read_only
from stackcore.terms import Encoding, Pixels


def in_eight_bits(pixels: Pixels, encoding: Encoding) -> NDArray[np.uint8]:
    """A developed frame (H, W, 3) of any dtype, contiguous; itself if it is in 8 bits already, never modified."""
    if pixels.dtype == np.uint8 and encoding == "srgb":
        return pixels
    if pixels.dtype == np.float32:
        curve = np.sqrt if encoding == "linear" else np.asarray
        return np.asarray(np.rint(255 * curve(np.clip(pixels, 0, 1))), np.uint8)
    if encoding == "srgb":
        return _rounded(pixels)
    return looked_up(pixels, _square_roots(int(np.iinfo(pixels.dtype).max)))


def looked_up(numbers: NDArray[np.integer], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a table of 256 or 65536 has for each of `numbers`, uint8 or uint16, in an array of their shape.

    numpy's own `take` makes 8 bytes of each index.
    """
    out = np.empty(numbers.shape, np.uint8)
    _look_up(read_only(np.ascontiguousarray(numbers).reshape(-1)), table, out.reshape(-1))
    return out


@kernel
def _look_up(numbers: NDArray[np.integer], table: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    for i in range(out.shape[0]):
        out[i] = table[numbers[i]]


def _rounded(pixels: Pixels) -> NDArray[np.uint8]:
    out = np.empty(pixels.shape, np.uint8)
    _round(read_only(np.ascontiguousarray(pixels).reshape(-1)), out.reshape(-1))
    return out


@kernel
def _round(numbers: NDArray[np.uint16], out: NDArray[np.uint8]) -> None:
    """To the nearest: 65535 is 257 times 255."""
    for i in range(out.shape[0]):
        out[i] = np.uint8(np.uint32(np.uint32(numbers[i]) + np.uint32(128)) // np.uint32(257))


@lru_cache(maxsize=2)
def _square_roots(full: int) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * np.sqrt(np.linspace(0, 1, full + 1))), np.uint8)
