"""Fused pixels as numbers of 16 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

_FULL = np.float32(65535)


def to_sixteen_bits(pixels: NDArray[np.float32], out: NDArray[np.uint16]) -> None:
    """Fill `out` with `pixels` of the same shape, 0 to 1, both contiguous: full range, rounded to even, clipped."""
    _round(pixels.reshape(-1), out.reshape(-1))


@kernel
def _round(values: NDArray[np.float32], out: NDArray[np.uint16]) -> None:
    for i in range(values.shape[0]):
        value = min(max(values[i], np.float32(0)), np.float32(1))
        out[i] = np.uint16(np.int32(np.rint(value * _FULL)))
