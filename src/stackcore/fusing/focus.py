"""How sharp every pixel of a frame is: the energy of its fine detail, beside that of noise."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.energy import box_width, detail_energy, finest_energy
from stackcore.fusing.pyramid import down, up

REACH_PX = 32
"""Rows beyond a band that `focus_energy` looks at, for windows up to 17 pixels; a multiple of 4."""


def focus_energy(luma: NDArray[np.float32], window_px: int) -> NDArray[np.float32]:
    """Mean square of the two finest levels of the Laplacian pyramid, in a triangular window.

    The energy of the Laplacian (Subbarao, Choi and Nikzad, Focusing techniques, Optical Engineering 32(11), 1993)
    with the band-passes of Burt and Adelson (1983) for the Laplacian, which see less of the noise.

    Parameters
    ----------
    luma
        (h, w) float32, 0 to 1, any encoding; not modified. A part of a picture must begin at a row divisible by 4.
    window_px
        Width of the window at full size, pixels, 1 or more; it is as wide in pixels one octave down.

    Returns
    -------
    (h, w) float32 >= 0, unitless; edges mirror.
    """
    box = box_width(window_px)
    half = down(luma)
    fine = detail_energy(luma, half, box)
    coarse = detail_energy(half, down(half), box)
    return finest_energy(fine, coarse)


WIDE_REACH_PX = REACH_PX + 72
"""Rows beyond a band that `wide_focus_energy` looks at; a multiple of 4."""

_WIDE_SIGMA = 6.0
_WIDE_TAPS = 2 * 15 + 1


def wide_focus_energy(luma: NDArray[np.float32], window_px: int, share: float) -> NDArray[np.float32]:
    """`focus_energy`, and a `share` of what lies around: its mean in a gaussian of 24 pixels.

    Beside a bright edge, its blur in a wrong frame outscores plain ground. The sharp edge is within sight of the
    gaussian, and speaks for the right frame.

    Returns (h, w) float32 >= 0; parameters and edges as for `focus_energy`.
    """
    energy = focus_energy(luma, window_px)
    half = down(energy)
    quarter = down(half)
    blurred = cv2.GaussianBlur(quarter, (_WIDE_TAPS, _WIDE_TAPS), _WIDE_SIGMA, borderType=cv2.BORDER_REFLECT)
    around = up(up(np.asarray(blurred, np.float32), half.shape), energy.shape)
    return np.asarray(cv2.scaleAdd(around, share, energy), np.float32)


@lru_cache(maxsize=16)
def noise_focus_energy(window_px: int) -> float:
    """Mean `focus_energy` of white noise of variance 1 (measured on seeded noise)."""
    noise = np.random.default_rng(0).standard_normal((512, 512), dtype=np.float32)
    return float(np.mean(focus_energy(noise, window_px)))
