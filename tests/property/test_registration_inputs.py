"""Whatever the frames hold: 8 or 16 bits, linear or not, noise, a highlight that wanders, light that flickers."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackcore.protocols import ReducedFrame
from stackcore.stacking import exposure
from stackcore.stacking.transfer import from_linear, linear_light, luma
from stackcore.terms import FULL_SCALE, Encoding, Transform
from stackcore_plugins.aligner_ecc.aligner import EccAligner
from stackcore_plugins.aligner_ecc.plugin import EccOptions

WIDTH, HEIGHT, MARGIN = 400, 300, 40
CORNERS = np.array([[0, 0], [WIDTH - 1, 0], [0, HEIGHT - 1], [WIDTH - 1, HEIGHT - 1.0]])

few = settings(max_examples=3, deadline=None, derandomize=True)
turns = st.floats(-1, 1)


@lru_cache
def light() -> np.ndarray:
    """Coloured texture at all sizes in linear light, 0 to 1, wider than a frame on every side."""
    rng = np.random.default_rng(8)
    out = np.zeros((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN, 3), np.float32)
    for sigma in (2, 5, 12, 30):
        out += sigma * cv2.GaussianBlur(rng.standard_normal(out.shape).astype(np.float32), (0, 0), sigma)
    return np.clip(0.35 + 0.12 * (out - out.mean()) / out.std(), 0.01, 1)


def similarity(dx: float, dy: float, degrees: float, scale: float) -> np.ndarray:
    c, s = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    x, y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    return np.array([[c, -s, x - c * x + s * y + dx], [s, c, y - s * x - c * y + dy], [0, 0, 1.0]])


def shot(
    matrix: np.ndarray,
    dtype: str,
    encoding: Encoding,
    *,
    gain: tuple[float, float, float] = (1, 1, 1),
    highlight: tuple[int, int] | None = None,
    radius_px: int = 3,
    seed: int = 0,
) -> np.ndarray:
    """What a camera hands over, noise and clipping included."""
    back = np.array([[1, 0, MARGIN], [0, 1, MARGIN], [0, 0, 1.0]]) @ np.linalg.inv(matrix)
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(light(), back, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
    if highlight is not None:
        cv2.circle(seen, highlight, radius_px, (3.0, 3.0, 3.0), -1, cv2.LINE_AA)
        seen = cv2.GaussianBlur(seen, (0, 0), 0.8)
    seen = seen * np.float32(gain) + np.random.default_rng(seed).normal(0, 0.004, seen.shape)
    encoded = from_linear(np.clip(seen, 0, 1).astype(np.float32), encoding)
    return np.rint(encoded * FULL_SCALE[dtype]).astype(dtype)


def reduced(index: int, pixels: np.ndarray, encoding: Encoding) -> ReducedFrame:
    return ReducedFrame(index, luma(linear_light(pixels, encoding)), WIDTH, HEIGHT)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("encoding", ["srgb", "linear"])
@given(dx=turns, dy=turns, degrees=turns, scale=turns)
@few
def test_a_known_movement_is_found_in_whatever_frames_hold(
    dtype: str, encoding: Encoding, dx: float, dy: float, degrees: float, scale: float
) -> None:
    truth = similarity(12 * dx, 12 * dy, degrees, 1 + 0.02 * scale)
    here = shot(np.eye(3), dtype, encoding, highlight=(120, 90), seed=1)
    there = shot(truth, dtype, encoding, highlight=(260, 200), gain=(0.7, 0.75, 0.7), seed=2)
    found = EccAligner(EccOptions()).register(reduced(0, here, encoding), reduced(1, there, encoding)).transform
    assert found is not None
    assert np.linalg.norm(found.apply(CORNERS) - Transform(truth).apply(CORNERS), axis=1).max() < 0.4


@pytest.mark.parametrize("places", [((120, 90), (260, 200)), ((200, 150), (215, 158)), ((60, 240), (30, 250))])
def test_a_large_highlight_that_wanders_does_not_lead_astray(places: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """14 px wide and clipped, in frames of 400: the picture compared as a whole is 0.2 to 0.3 px off."""
    truth = similarity(5.3, -3.6, 0.3, 1.006)
    here = shot(np.eye(3), "uint8", "srgb", highlight=places[0], radius_px=7, seed=1)
    there = shot(truth, "uint8", "srgb", highlight=places[1], radius_px=7, seed=2)
    found = EccAligner(EccOptions()).register(reduced(0, here, "srgb"), reduced(1, there, "srgb")).transform
    assert found is not None
    assert np.linalg.norm(found.apply(CORNERS) - Transform(truth).apply(CORNERS), axis=1).max() < 0.15


@pytest.mark.parametrize("gain", [(1.3, 1.3, 1.3), (0.7, 0.7, 0.7), (1.25, 1.0, 0.8), (2.2, 2.2, 2.2)])
@pytest.mark.parametrize("encoding", ["srgb", "linear"])
def test_flicker_of_light_and_colour_is_measured_though_some_of_it_is_clipped(
    gain: tuple[float, float, float], encoding: Encoding
) -> None:
    """The last gain clips a sixth of the frame, highlight and all."""
    truth = similarity(3, -2, 0.2, 1.005)
    pixels = [
        shot(np.eye(3), "uint16", encoding, highlight=(120, 90)),
        shot(truth, "uint16", encoding, gain=gain, highlight=(260, 200)),
    ]
    here, there = (exposure.proxy(linear_light(p, encoding)) for p in pixels)
    found = exposure.gain_to_match(here, there, Transform(truth), WIDTH)
    assert found == pytest.approx([1 / g for g in gain], rel=0.012)
