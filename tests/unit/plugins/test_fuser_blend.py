"""The blending fuser: what its levels listen to, and what becomes of clipped highlights."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.terms import Frame, StackInfo
from stackcore_plugins.fuser_blend.fuser import BlendFuser
from stackcore_plugins.fuser_blend.highlights import Highlights, clipped
from stackcore_plugins.fuser_blend.plugin import BlendOptions

SIZE = 192


def fused(frames: list[np.ndarray], **options: float) -> np.ndarray:
    info = StackInfo(SIZE, SIZE, len(frames), 0, "float32", noise_sigma=0.003)
    fuser = BlendFuser(BlendOptions(**options))
    state = fuser.start(info)
    for index, pixels in enumerate(frames):
        state = fuser.add(state, Frame(index, pixels))
    return fuser.finish(state).pixels


def textured(level: float, contrast: float, seed: int) -> np.ndarray:
    grain = np.random.default_rng(seed).standard_normal((SIZE, SIZE, 1), dtype=np.float32)
    return np.float32(level) + np.float32(contrast) * np.repeat(grain, 3, axis=2)


def blurred(picture: np.ndarray, radius_px: int) -> np.ndarray:
    y, x = np.mgrid[-radius_px : radius_px + 1, -radius_px : radius_px + 1]
    disc = (x * x + y * y <= radius_px * radius_px).astype(np.float32)
    return cv2.filter2D(picture, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)


def error(picture: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """RMS of what is left when detail is smoothed away: colour shift and halo."""
    smooth = cv2.GaussianBlur(picture - truth, (0, 0), 3)
    return float(np.sqrt(np.mean(smooth[where] ** 2)))


def bright_bar_over_ground() -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Textured ground and a bright bar; each sharp in one of two frames. Where the bar's blur lies on the ground."""
    ground, bar = textured(0.25, 0.02, 1), np.zeros((SIZE, SIZE, 1), np.float32)
    bar[:, 80:112] = 1
    truth = ground * (1 - bar) + textured(0.85, 0.02, 2) * bar
    veil = blurred(np.repeat(bar, 3, axis=2), 12)
    defocused = ground * (1 - veil) + np.float32(0.85) * veil
    other = blurred(ground, 12) * (1 - bar) + textured(0.85, 0.02, 2) * bar
    near = np.zeros((SIZE, SIZE), np.bool_)
    near[:, 58:76] = near[:, 116:134] = True
    return truth, [defocused, other], near


def test_the_finest_detail_keeps_coarse_levels_from_a_shift_of_colour() -> None:
    truth, frames, near = bright_bar_over_ground()
    far = ~cv2.dilate(near.astype(np.uint8), np.ones((1, 41), np.uint8)).astype(bool)
    listening, alone = fused(frames), fused(frames, own=20, handed=0)
    assert error(listening, truth, far) < 0.7 * error(alone, truth, far)


def lights(centre: tuple[int, int] = (96, 96)) -> tuple[np.ndarray, list[np.ndarray]]:
    """A light three times too bright over dark texture: frames in and out of focus, clipped at 1."""
    scene = textured(0.08, 0.01, 4)
    cv2.circle(scene, centre, 4, (3.0, 3.0, 3.0), -1)
    frames = [np.clip(blurred(scene, radius), 0, 1) if radius else np.clip(scene, 0, 1) for radius in (0, 4, 8, 12)]
    return frames[0], frames


def test_clipped_highlights_leave_less_halo() -> None:
    truth, frames = lights()
    y, x = np.mgrid[:SIZE, :SIZE]
    away = np.hypot(x - 96, y - 96)
    around = (away > 8) & (away < 40)
    assert error(fused(frames), truth, around) < 0.6 * error(fused(frames, highlights=0), truth, around)


def test_where_nothing_is_clipped_the_mean_is_not_asked() -> None:
    frames = [0.9 * frame for frame in lights()[1]]
    np.testing.assert_array_equal(fused(frames), fused(frames, highlights=0))


def test_far_from_clipped_pixels_the_picture_stays() -> None:
    frames = lights((20, 20))[1]
    mended, plain = fused(frames), fused(frames, highlights=0)
    assert not np.array_equal(mended, plain)
    np.testing.assert_allclose(mended[140:, 140:], plain[140:, 140:], atol=1e-6)


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
def test_clipped_is_what_is_near_white_in_any_channel(encoding: str) -> None:
    gauss = np.full((5, 7, 3), 0.5, np.float32)
    gauss[4, 6, 1] = 0.96
    gauss[0, 0, 2] = 0.93
    found = clipped(gauss, encoding, gauss.shape)  # type: ignore[arg-type]
    assert found[4, 6]
    assert found[0, 0] == (encoding == "linear")  # 0.93 of the light is 0.97 encoded
    half = clipped(gauss, encoding, (3, 4))  # type: ignore[arg-type]
    assert half[2, 3]
    assert half.sum() == found.sum()


def test_highlights_of_two_parts_of_a_stack_join() -> None:
    left, right = Highlights.empty(4, 4), Highlights.empty(4, 4)
    left.clipped[1, 1] = right.clipped[2, 2] = True
    right.mean.absorb(np.full((4, 4, 3), 0.5, np.float32), np.zeros((4, 4), np.float32))
    left.absorb(right)
    assert left.clipped.sum() == 2
    np.testing.assert_allclose(left.mean.mean, 0.5, atol=1e-6)
    assert right.clipped.sum() == 1
