"""The contrast fuser: its weights are Enfuse's, its picture is near Enfuse's, its bands leave no trace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from stackcore.terms import Frame, StackInfo
from stackcore.testing.fusers import half_sharp_pair
from stackcore.testing.scene import Motion, make_stack
from stackcore_plugins.fuser_contrast.fuser import ContrastFuser
from stackcore_plugins.fuser_contrast.plugin import ContrastOptions
from stackcore_plugins.fuser_contrast.weights import grey, local_contrast, weight

ENFUSE = shutil.which("enfuse")

HARD_MASKS = (
    "--exposure-weight=0",
    "--saturation-weight=0",
    "--contrast-weight=1",
    "--hard-mask",
    "--gray-projector=l-star",
    "--contrast-window-size=5",
)


def folded(fuser: ContrastFuser, frames: list[np.ndarray], dtype: str) -> np.ndarray:
    height, width = frames[0].shape[:2]
    state = fuser.start(StackInfo(width=width, height=height, frames=len(frames), reference=0, dtype=dtype))
    for index, pixels in enumerate(frames):
        state = fuser.add(state, Frame(index, pixels))
    return fuser.finish(state).pixels


def test_local_contrast_is_the_standard_deviation_of_the_window() -> None:
    plane = np.random.default_rng(0).random((12, 14), dtype=np.float32)
    found = local_contrast(plane, 5)
    for y, x in ((2, 2), (6, 9), (9, 11)):
        assert found[y, x] == pytest.approx(plane[y - 2 : y + 3, x - 2 : x + 3].std(), rel=1e-5)


def test_a_bright_plain_plane_has_no_contrast() -> None:
    """A difference of two large squares in single precision would leave some."""
    assert local_contrast(np.full((20, 20), 0.9371, np.float32), 5).max() < 1e-6


@pytest.mark.parametrize(
    ("projector", "expected"),
    [("average", 0.5), ("luminance", 0.444), ("value", 0.8), ("anti-value", 0.2), ("lightness", 0.5)],
)
def test_grey_projectors(projector: Any, expected: float) -> None:
    pixel = np.array([[[0.2, 0.5, 0.8]]], np.float32)
    expected = 0.3 * 0.2 + 0.59 * 0.5 + 0.11 * 0.8 if projector == "luminance" else expected
    assert grey(pixel, projector, "srgb")[0, 0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [((0, 0, 0), 0.0), ((1, 1, 1), 1.0), ((1, 0, 0), 0.5324), ((0, 1, 0), 0.8774), ((0.02, 0.02, 0.02), 0.01398)],
)
def test_l_star_is_that_of_the_cie(rgb: tuple[float, float, float], expected: float) -> None:
    """Values of the common converters for sRGB and D65."""
    assert grey(np.array([[rgb]], np.float32), "l-star", "srgb")[0, 0] == pytest.approx(expected, abs=2e-4)


def test_l_star_of_linear_light_needs_no_curve() -> None:
    half = np.full((1, 1, 3), 0.2140, np.float32)  # linear light of 0.5
    encoded = np.full((1, 1, 3), 0.5, np.float32)
    assert grey(half, "l-star", "linear")[0, 0] == pytest.approx(grey(encoded, "l-star", "srgb")[0, 0], abs=1e-4)


def test_weights_add_up() -> None:
    """A grey plane of the best exposure, and a saturated one, have exactly the weight that their share says."""
    best = np.full((9, 9, 3), 0.4, np.float32)
    options = ContrastOptions(exposure_weight=0.7, exposure_optimum=0.4, gray_projector="average")
    np.testing.assert_allclose(weight(best, options, "srgb"), 0.7, atol=1e-5)
    off = ContrastOptions(exposure_weight=1, exposure_optimum=0.2, exposure_width=0.2, gray_projector="average")
    np.testing.assert_allclose(weight(best, off, "srgb"), np.exp(-0.5), atol=1e-5)
    pure = np.tile(np.array([1, 0, 0], np.float32), (9, 9, 1))
    np.testing.assert_allclose(weight(pure, ContrastOptions(saturation_weight=0.5), "srgb"), 0.5, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"contrast_window_size": 4}, {"contrast_weight": 0}, {"gray_projector": "grey"}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ContrastOptions(**wrong)


@pytest.mark.parametrize("options", [{}, {"contrast_window_size": 31}, {"levels": 1}, {"levels": 2}], ids=str)
def test_the_picture_does_not_depend_on_the_bands(options: dict[str, int]) -> None:
    frames = list(make_stack(60, 300, 3, seed=4, dtype="uint16").frames)
    whole, cut = (folded(ContrastFuser(ContrastOptions(**options), rows), frames, "uint16") for rows in (1000, 64))
    np.testing.assert_array_equal(cut, whole)


def test_hard_masks_keep_more_detail_than_soft_ones() -> None:
    truth, frames = half_sharp_pair()
    hard, soft = (
        float(np.mean((folded(ContrastFuser(ContrastOptions(hard_mask=is_hard)), frames, "float32") - truth) ** 2))
        for is_hard in (True, False)
    )
    assert hard < 0.5 * soft


@pytest.mark.skipif(ENFUSE is None, reason="enfuse is not installed")
def test_the_picture_is_near_that_of_enfuse(tmp_path: Path) -> None:
    stack = make_stack(480, 320, 6, seed=2, dtype="uint16", motion=Motion.none())
    for index, frame in enumerate(stack.frames):
        assert cv2.imwrite(str(tmp_path / f"{index}.tif"), frame[..., ::-1])
    names = [f"{index}.tif" for index in range(len(stack.frames))]
    subprocess.run(
        [str(ENFUSE), *HARD_MASKS, "-o", "theirs.tif", *names], cwd=tmp_path, check=True, capture_output=True
    )
    theirs = cv2.imread(str(tmp_path / "theirs.tif"), cv2.IMREAD_UNCHANGED)[..., 2::-1]
    ours = folded(ContrastFuser(ContrastOptions()), list(stack.frames), "uint16")
    nearest_frame = max(psnr(frame, theirs) for frame in stack.frames)
    assert psnr(ours, theirs) > 43, "measured 45.4 dB"
    assert psnr(ours, theirs) > nearest_frame + 10, "measured 31.2 dB for the nearest frame"


def psnr(left: np.ndarray, right: np.ndarray) -> float:
    """In dB; the rim, where windows are cut or mirrored, is left out."""
    difference = (left.astype(np.float64) - right.astype(np.float64))[16:-16, 16:-16] / 65535
    return float(-10 * np.log10(np.mean(difference**2)))
