"""The blending fuser: what its levels listen to, and what becomes of clipped highlights."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.terms import Frame, StackInfo
from stackcore_plugins.fuser_blend.fuser import BlendFuser
from stackcore_plugins.fuser_blend.highlights import Highlights, clipped
from stackcore_plugins.fuser_blend.plugin import BlendOptions
from stackcore_plugins.fuser_blend.span import Span

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


def test_a_blurred_frame_does_not_win_coarse_levels_by_its_blobs() -> None:
    sharp = textured(0.3, 0.04, 1)
    blobs = cv2.GaussianBlur(textured(0, 1, 2), (0, 0), 12)
    blurred_blobs = np.float32(0.3) + np.float32(0.02) / blobs.std() * blobs
    everywhere = np.ones((SIZE, SIZE), np.bool_)
    listening, alone = (
        error(fused([sharp, blurred_blobs], **share, within_span=False), sharp, everywhere)
        for share in ({}, {"own": 20, "handed": 0})
    )
    assert alone > 0.002
    assert listening < 0.3 * alone


def test_blocks_are_the_same_to_the_bit_whatever_their_size() -> None:
    height, width = 331, 403
    grain = np.random.default_rng(4).random((height, width, 3), dtype=np.float32)
    frames = [(cv2.GaussianBlur(grain, (0, 0), 0.6 + 0.4 * i) * 255).astype(np.uint8) for i in range(3)]
    valid = np.ones((height, width), np.bool_)
    valid[:, :9] = valid[40:] = False
    info = StackInfo(width, height, 3, 1, "uint8", noise_sigma=0.003, finds_depth=True)

    def made(rows: int, columns: int) -> tuple[np.ndarray, ...]:
        fuser = BlendFuser(BlendOptions(), rows, columns)
        state = fuser.start(info)
        for index, pixels in enumerate(frames):
            state = fuser.add(state, Frame(index, pixels, valid if index == 2 else None))
        found = fuser.finish(state)
        assert found.evidence is not None
        return found.pixels, found.evidence.depth, found.evidence.strength

    whole = made(1024, 1024)
    for rows, columns in ((64, 128), (332, 100), (8, 404)):
        for ours, theirs in zip(made(rows, columns), whole, strict=True):
            assert np.array_equal(ours, theirs)


def test_both_fine_levels_go_by_the_finest_energy_alone() -> None:
    def levels(**share: float) -> list[np.ndarray]:
        fuser = BlendFuser(BlendOptions(**share))
        state = fuser.start(StackInfo(SIZE, SIZE, 2, 0, "float32", noise_sigma=0.003))
        for index, pixels in enumerate((textured(0.3, 0.04, 1), blurred(textured(0.3, 0.2, 2), 2))):
            state = fuser.add(state, Frame(index, pixels))
        return [level.mean for level in state.levels]

    both, finest = levels(own=15, handed=5), levels(own=0, handed=20)
    for level in (0, 1):
        np.testing.assert_array_equal(both[level], finest[level])
    assert not np.array_equal(both[2], finest[2])


def test_level_1_shows_texture_that_is_too_faint_for_level_0() -> None:
    sharp = cv2.GaussianBlur(textured(0.3, 0.02, 1), (0, 0), 1.2)

    def of_level_1(noise_floor: float) -> float:
        fuser = BlendFuser(BlendOptions(noise_floor=noise_floor))
        state = fuser.start(StackInfo(SIZE, SIZE, 4, 0, "float32", noise_sigma=0.003))
        for index, pixels in enumerate((sharp, *(blurred(sharp, radius) for radius in (4, 6, 8)))):
            state = fuser.add(state, Frame(index, pixels))
        alone = fuser.add(fuser.start(state.info), Frame(0, sharp))
        return float(np.std(state.levels[1].mean) / np.std(alone.levels[1].mean))

    assert of_level_1(8) > 0.82, "measured 0.85"
    assert of_level_1(8) > of_level_1(16) + 0.05


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


def test_the_span_is_of_what_frames_cover_and_joins() -> None:
    covered = np.array([[True, True, False]])
    left, right = Span.empty(1, 3), Span.empty(1, 3)
    left.see(np.full((1, 3, 3), 0.4, np.float32), covered)
    right.see(np.full((1, 3, 3), 0.6, np.float32), np.array([[False, True, False]]))
    left.absorb(right)
    kept = left.within(np.full((1, 3, 3), 0.55, np.float32))
    np.testing.assert_allclose(kept[0, :, 0], [0.4, 0.55, 0.55])
    kept = left.within(np.zeros((1, 3, 3), np.float32))
    np.testing.assert_allclose(kept[0, :, 0], [0.4, 0.4, 0])


@pytest.mark.parametrize("within", [True, False])
def test_the_coarse_picture_is_kept_within_the_span(within: bool) -> None:
    info = StackInfo(SIZE, SIZE, 1, 0, "float32", noise_sigma=0.003)
    fuser = BlendFuser(BlendOptions(within_span=within))
    state = fuser.add(fuser.start(info), Frame(0, textured(0.3, 0.02, 1)))
    state.span.low[:] = 0.4  # as if no frame had been darker
    state.span.high[:] = 0.4
    picture = fuser.finish(state).pixels
    assert picture.mean() == pytest.approx(0.4 if within else 0.3, abs=0.002)
    assert picture.std() > 0.015  # fine detail stays
