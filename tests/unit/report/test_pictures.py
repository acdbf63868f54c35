"""Pictures for a page: their size, their bytes, and that colours stay what they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.colour.icc import profile
from stackcore.report.pictures import compressed, displayed, fitted, shrunk, within
from stackcore.report.seeing import PREVIEWS_PX, preview_side

GREYS = np.repeat(np.linspace(0, 1, 16, dtype=np.float32)[None, :, None], 3, axis=2)


@pytest.mark.parametrize(("dtype", "white"), [("uint8", 255), ("uint16", 65535), ("float32", 1)])
def test_every_depth_is_shown_alike(dtype, white):
    pixels = (GREYS * white).astype(dtype)
    shown = displayed(pixels, "srgb", None)
    assert shown.dtype == np.uint8
    assert np.abs(shown.astype(int) - np.rint(GREYS * 255)).max() <= 1


def test_linear_light_is_shown_with_a_curve():
    shown = displayed((GREYS * 65535).astype(np.uint16), "linear", None)
    assert shown[0, 3, 0] == pytest.approx(124, abs=1)  # 20 % of the light
    by_profile = displayed((GREYS * 65535).astype(np.uint16), "linear", profile("srgb", "linear"))
    assert np.abs(shown.astype(int) - by_profile).max() <= 2


def test_other_colours_are_converted():
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    wide = displayed(red, "srgb", profile("display-p3", "srgb"))
    assert wide[0, 0, 0] > 210  # the same number is a stronger red there
    assert displayed(red, "srgb", profile("srgb", "srgb"))[0, 0].tolist() == pytest.approx([200, 0, 0], abs=1)
    assert displayed(red, "srgb", b"no profile")[0, 0].tolist() == [200, 0, 0]


def test_a_picture_keeps_to_its_bytes():
    noise = np.random.default_rng(1).integers(0, 256, (900, 1400, 3)).astype(np.uint8)
    picture = within(noise, 1200, 100_000)
    assert len(picture.jpeg) <= 100_000
    assert picture.width < 1200
    shown = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (picture.height, picture.width, 3)
    assert len(within(noise, 1200, 50_000, (90, 30)).jpeg) <= 50_000
    calm = within(np.full((900, 1400, 3), 90, np.uint8), 1200, 100_000)
    assert (calm.width, calm.height) == (1200, 771)


def test_colours_are_not_swapped():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 250
    back = cv2.imdecode(np.frombuffer(compressed(red, 90).jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert back[8, 8, 2] > 240
    assert back[8, 8, 0] < 10


def test_sizes():
    assert fitted(4000, 6000, 1200) == (800, 1200)
    assert fitted(5000, 2, 100) == (100, 1)
    plane = np.zeros((20, 30), np.float32)
    assert shrunk(plane, 40) is plane
    assert shrunk(plane, 15).shape == (10, 15)


@pytest.mark.parametrize("frames", [2, 30, 300, 2000])
def test_all_previews_together_have_a_limit(frames):
    side = preview_side(frames, 6000, 4000)
    assert 160 <= side <= 1080
    assert side == 160 or frames * side * side * 2 / 3 <= PREVIEWS_PX
