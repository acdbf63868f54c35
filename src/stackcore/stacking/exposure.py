"""Exposure and white-balance flicker: one gain per frame and channel, in linear light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.stacking.transfer import UNITY, Gain
from stackcore.terms import Transform


@dataclass(frozen=True)
class Proxy:
    """A frame small enough to keep for every frame of a long stack.

    `light` is (h, w, 3) float16, linear, 0 to 1; `valid` (h, w) bool, or None when all of it counts.
    """

    light: NDArray[np.float16]
    valid: NDArray[np.bool_] | None = None


PROXY_PX = 160
"""Longer side of the pictures that are compared."""

_BLUR_PX = 3.0
"""Blur that makes sharp and defocused areas alike: defocus spreads light but keeps its sum."""

_DARK, _BRIGHT = 0.004, 0.80
"""Linear light that is compared: above the noise, below what may be clipped anywhere under the blur."""

_LEAST_PIXELS = 200
_WHOLE = 0.999


def proxy(light: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> Proxy:
    """Reduce a frame that is in linear light, (h, w, 3), 0 to 1; `valid` (h, w) says where it counts.

    Linear first: the mean of encoded values depends on how sharp the frame is, and would be read as exposure (0.7 %
    error against 0.04 %, measured on a synthetic stack).
    """
    h, w = light.shape[:2]
    scale = min(1.0, PROXY_PX / max(h, w))
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    small = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA)).astype(np.float16)
    if valid is None:
        return Proxy(small)
    share = np.asarray(cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA))
    return Proxy(small, share > _WHOLE)


def gain_to_match(reference: Proxy, frame: Proxy, transform: Transform, full_width: int) -> Gain:
    """Factors per channel that take `frame` to the exposure of `reference`, in linear light.

    Both are proxies of the same size, `transform` maps full-size reference to frame coordinates. The median of the
    ratio of the blurred pictures is taken where neither is dark or clipped; (1, 1, 1) when too little is left.
    """
    here, there = _smooth(reference.light), _smooth(frame.light)
    height, width = here.shape[:2]
    scale = full_width / width
    up = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])
    small = np.linalg.inv(up) @ transform.matrix @ up
    size = (width, height)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = np.asarray(cv2.warpPerspective(there, small, size, flags=flags, borderValue=(-1.0, -1.0, -1.0)))
    usable = np.all((here > _DARK) & (here < _BRIGHT) & (moved > _DARK) & (moved < _BRIGHT), axis=-1)
    usable &= _inside(small, size, reference.valid, frame.valid)
    if np.count_nonzero(usable) < _LEAST_PIXELS:
        return UNITY
    r, g, b = np.exp(np.median(np.log(here[usable] / moved[usable]), axis=0))
    return float(r), float(g), float(b)


def _smooth(light: NDArray[np.float16]) -> NDArray[np.float32]:
    return np.asarray(
        cv2.GaussianBlur(light.astype(np.float32), (0, 0), _BLUR_PX, borderType=cv2.BORDER_REFLECT), np.float32
    )


def _inside(
    matrix: NDArray[np.float64],
    size: tuple[int, int],
    here: NDArray[np.bool_] | None,
    there: NDArray[np.bool_] | None,
) -> NDArray[np.bool_]:
    """Where blur has mixed in neither what lies beyond the frames nor what of them is not valid."""
    fixed, moving = _clear(size, here), _clear(size, there)
    warped = cv2.warpPerspective(moving, matrix, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderValue=0)
    return np.asarray((warped > 0) & (fixed > 0))


def _clear(size: tuple[int, int], valid: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """255 where a pixel lies farther than the blur reaches from the border and from what is not valid."""
    full = np.full((size[1], size[0]), 255, np.uint8)
    margin = min(int(2 * _BLUR_PX), min(size) // 8)
    full[:margin], full[-margin:], full[:, :margin], full[:, -margin:] = 0, 0, 0, 0
    if valid is not None:
        reach = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
        full[cv2.erode(valid.astype(np.uint8), reach) == 0] = 0
    return full
