"""Factors that even out vignetting, shading and dust, from a picture of an even light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.errors import FrameError
from stackcore.protocols import Mosaic

_CENTRE = 0.1
"""Share of width and of height whose mean stays as it is."""

_LEAST = 0.05
"""Share of the range that the brightest channel must reach in the centre."""

_FULL_SHARE = 0.001
"""So many photosites may be full; dust and defects are fewer, an overexposed frame has more."""

_LARGEST_FACTOR = 16.0
"""Four stops; what is darker in a flat frame is no vignetting."""


def flat_factors(
    mosaic: Mosaic, name: str, *, smoothing_px: float = 2.0, keeps_colour: bool = True
) -> NDArray[np.float32]:
    """Return factors on the light above black, for `Correction.flat`: the centre's light over that of each place.

    Classical flat-field correction (Howell, Handbook of CCD Astronomy, 2006, section 4.5), channel by channel, so that
    colour shading goes too. The light is smoothed with a gaussian among photosites of its channel (normalised
    convolution: Knutsson and Westin, CVPR 1993), for the noise of the flat frame would go into every picture; grains
    of dust are wider than that.

    Parameters
    ----------
    mosaic
        A flat frame, corrected for dark and defects with `corrected`; not modified.
    name
        What it is called in an error.
    smoothing_px
        Standard deviation of the gaussian, pixels; 0 for none, where enough flat frames have been averaged.
    keeps_colour
        Each channel is normalised to its own centre, so that the colour of the flat frame's light does not matter.
        Without, all are to the brightest channel's: the flat frame serves as a grey card too.

    Returns
    -------
    (H, W) float32, 1 on the mean in the centre, at most 16.

    Raises
    ------
    FrameError
        When the frame is too dark, or too many photosites are full.
    """
    height, width = mosaic.values.shape
    _refuse_full(mosaic, name)
    factors = np.empty((height, width), np.float32)
    centres = {}
    for channel in range(int(mosaic.pattern.max()) + 1):
        here = _places(mosaic.pattern == channel, height, width)
        light = _smoothed(mosaic.values - np.float32(mosaic.black[channel]), here, smoothing_px)
        middle = _middle(height, width)
        centres[channel] = float(light[middle][here[middle]].mean())
        np.divide(centres[channel], light, out=factors, where=here & (light > 0))
        factors[here & (light <= 0)] = _LARGEST_FACTOR
    _refuse_dark(mosaic, centres, name)
    if not keeps_colour:
        for channel, level in centres.items():
            factors[_places(mosaic.pattern == channel, height, width)] *= max(centres.values()) / level
    return np.minimum(factors, np.float32(_LARGEST_FACTOR), out=factors)


def _smoothed(light: NDArray[np.float32], here: NDArray[np.bool_], sigma_px: float) -> NDArray[np.float32]:
    """Weighted mean of the light of one channel around each of its photosites, (H, W); elsewhere anything."""
    if not sigma_px:
        return light
    known = here.astype(np.float32)
    summed = cv2.GaussianBlur(light * known, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT)
    weights = cv2.GaussianBlur(known, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(summed / np.maximum(weights, np.float32(1e-9)), np.float32)


def _places(block: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    repeats = (-(-height // block.shape[0]), -(-width // block.shape[1]))
    return np.tile(block, repeats)[:height, :width]


def _middle(height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the centre: at least 24 of each, so that every channel is there."""
    spans = []
    for size in (height, width):
        half = max(12, round(size * _CENTRE / 2))
        spans.append(slice(max(0, size // 2 - half), size // 2 + half))
    return spans[0], spans[1]


def _refuse_full(mosaic: Mosaic, name: str) -> None:
    full = float(np.count_nonzero(mosaic.values >= mosaic.white) / mosaic.values.size)
    if full > _FULL_SHARE:
        raise FrameError(
            f"{name} is no good as a flat frame.",
            f"{full:.1%} of its photosites are full.",
            "expose it a stop or two shorter.",
        )


def _refuse_dark(mosaic: Mosaic, centres: dict[int, float], name: str) -> None:
    level, channel = max((light, channel) for channel, light in centres.items())
    share = level / (mosaic.white - mosaic.black[channel])
    if share < _LEAST or min(centres.values()) <= 0:
        raise FrameError(
            f"{name} is no good as a flat frame.",
            f"its centre fills {max(share, 0):.1%} of the range; noise would be printed on every picture.",
            "expose it so that the centre is about half way to white.",
        )
