"""Scores: logarithms of powers of energies, in one pass.

The logarithm is a series on the bits of a float32: those of libraries give other last bits in the remainder of a row
than in its vectors, and would tie the picture to the cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore.kernels import kernel

_LN_2 = np.float32(np.log(2))
_ROOT_HALF = np.int32(0x3F3504F3)
"""The bits of sqrt(1/2)."""

_FRACTION = np.int32(0x007FFFFF)
_EXPONENT_BITS = np.int32(23)
_1, _2, _2_3, _2_5, _2_7, _2_9 = (np.float32(c) for c in (1, 2, 2 / 3, 2 / 5, 2 / 7, 2 / 9))


def log_score(energy: NDArray[np.float32], floor: float, exponent: float) -> NDArray[np.float32]:
    """Logarithm of (energy + floor)^exponent, (h, w), within 2e-7 of exponent * max(1, |ln|); no input is modified.

    `energy` >= 0 is contiguous and `floor` at least 1e-30.
    """
    score = np.empty_like(energy)
    _log_score(energy, np.float32(floor), np.float32(exponent), score)
    return score


def joint_score(
    own: NDArray[np.float32],
    own_floor: float,
    own_exponent: float,
    other: NDArray[np.float32],
    floor: float,
    exponent: float,
) -> NDArray[np.float32]:
    """The sum (h, w) of `log_score` of two energies, each with its floor and exponent."""
    score = np.empty_like(own)
    exponents = np.float32(own_exponent), np.float32(exponent)
    _joint_score(own, np.float32(own_floor), exponents[0], other, np.float32(floor), exponents[1], score)
    return score


@kernel
def _logarithm(x: np.float32) -> np.float32:
    """ln(x) for normal x > 0.

    x = 2^k m with m between sqrt(1/2) and sqrt(2), and ln m = 2 artanh(s), s = (m - 1) / (m + 1), by the first terms of
    its series (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 4.1.27).
    """
    bits = np.int32(np.float32(x).view(np.int32) - _ROOT_HALF)
    k = np.int32(bits >> _EXPONENT_BITS)
    m = np.int32((bits & _FRACTION) + _ROOT_HALF).view(np.float32)
    s = (m - _1) / (m + _1)
    z = s * s
    series = _2_3 + z * (_2_5 + z * (_2_7 + z * _2_9))
    return np.float32(k) * _LN_2 + (_2 * s + s * z * series)


@kernel
def _log_score(
    energy: NDArray[np.float32], floor: np.float32, exponent: np.float32, score: NDArray[np.float32]
) -> None:
    for y in range(energy.shape[0]):
        e, out = energy[y], score[y]
        for x in range(e.shape[0]):
            out[x] = exponent * _logarithm(e[x] + floor)


@kernel
def _joint_score(
    own: NDArray[np.float32],
    own_floor: np.float32,
    own_exponent: np.float32,
    other: NDArray[np.float32],
    floor: np.float32,
    exponent: np.float32,
    score: NDArray[np.float32],
) -> None:
    for y in range(own.shape[0]):
        a, b, out = own[y], other[y], score[y]
        for x in range(a.shape[0]):
            out[x] = own_exponent * _logarithm(a[x] + own_floor) + exponent * _logarithm(b[x] + floor)
