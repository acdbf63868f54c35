"""Refinement by tiles finds small movements that blur, light, noise and highlights would hide, and how sure it is."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest

from stackcore_plugins.aligner_ecc.families import FREEDOM, Family, corners_of
from stackcore_plugins.aligner_ecc.plugin import Model
from stackcore_plugins.aligner_ecc.refine import Refined, displaced, refined
from stackcore_plugins.aligner_ecc.tile_sums import BLUR, CHANGE, MEAN, ONE, tile_sums

WIDTH, HEIGHT, MARGIN, FINER = 420, 300, 12, 3
ALL = np.ones((HEIGHT, WIDTH), np.uint8)


@lru_cache
def subject(seed: int, coarse_px: float) -> np.ndarray:
    """Bright patches with edges and texture on darker texture, at three times the size, in linear light."""
    rng = np.random.default_rng(seed)
    shape = ((HEIGHT + 2 * MARGIN) * FINER, (WIDTH + 2 * MARGIN) * FINER)
    out = np.full(shape, 0.2, np.float32)
    for _ in range(60):
        x, y = (int(rng.integers(0, side)) for side in shape[::-1])
        side = int(rng.integers(20, 90))
        out[y : y + side, x : x + side] = rng.uniform(0.1, 0.7)
    grain = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), coarse_px * FINER)
    return np.clip(out * (1 + 0.25 * grain / grain.std()), 0, 1)


def seen(matrix: np.ndarray, blur_px: float = 0.6, *, seed: int = 1, noise: float = 0.0) -> np.ndarray:
    """What a camera sees whose pixels lie at `matrix` times those of the reference, photosites of a pixel's size."""
    shift = np.array([[1, 0, MARGIN], [0, 1, MARGIN], [0, 0, 1.0]])
    grow = np.array([[FINER, 0, (FINER - 1) / 2], [0, FINER, (FINER - 1) / 2], [0, 0, 1.0]])
    back = grow @ shift @ np.linalg.inv(matrix) @ np.linalg.inv(grow)
    size = (WIDTH * FINER, HEIGHT * FINER)
    fine = cv2.warpPerspective(
        cv2.GaussianBlur(subject(seed, 0.8), (0, 0), blur_px * FINER),
        back,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    small = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return (small + np.random.default_rng(7).normal(0, noise, small.shape)).astype(np.float32)


def moved(model: Model, *parameters: float) -> np.ndarray:
    return Family(model, WIDTH, HEIGHT).matrices(np.array([parameters]))[0]


def corner_error(found: Refined | None, truth: np.ndarray) -> float:
    assert found is not None
    corners = np.column_stack([corners_of(WIDTH, HEIGHT), np.ones(4)])
    there, wanted = corners @ found.matrix.T, corners @ truth.T
    return float(np.abs(there[:, :2] / there[:, 2:] - wanted[:, :2] / wanted[:, 2:]).max())


MOVES: dict[Model, tuple[float, ...]] = {
    "shift": (0.31, -0.42),
    "rigid": (0.31, -0.42, 0.25),
    "similarity": (0.31, -0.42, 0.25, -0.4),
    "affine": (0.31, -0.42, 0.25, -0.4, 0.15, 0.3),
    "homography": (0.31, -0.42, 0.25, -0.4, 0.15, 0.3, 0.2, -0.3),
}


@pytest.mark.parametrize("model", MOVES)
def test_a_small_movement_is_found_to_a_fiftieth_of_a_pixel(model: Model) -> None:
    truth = moved(model, *MOVES[model])
    found = refined(seen(np.eye(3)), seen(truth), (ALL, ALL), np.eye(3), Family(model, WIDTH, HEIGHT))
    assert corner_error(found, truth) < (0.05 if model == "homography" else 0.02)


@pytest.mark.parametrize(("sharp_px", "blurred_px", "gain"), [(0.6, 1.6, 1.0), (1.6, 0.6, 1.0), (1.5, 2.5, 0.8)])
def test_a_change_of_blur_or_light_is_not_taken_for_movement(sharp_px: float, blurred_px: float, gain: float) -> None:
    """Without the Laplacian in the fit this is off by up to 0.09 px."""
    truth = moved("similarity", 0.31, -0.42, 0.25, -0.4)
    fixed, moving = seen(np.eye(3), sharp_px), seen(truth, blurred_px) * np.float32(gain)
    found = refined(fixed, moving, (ALL, ALL), np.eye(3), Family("similarity", WIDTH, HEIGHT))
    assert corner_error(found, truth) < 0.03


def test_a_part_that_moves_otherwise_is_left_out() -> None:
    """A reflection: a fifth of the picture holds still while the subject moves."""
    truth = moved("similarity", 0.8, -0.6, 0.3, 0.5)
    fixed, moving = seen(np.eye(3)), seen(truth)
    moving[80:220, 120:300] = fixed[80:220, 120:300]
    found = refined(fixed, moving, (ALL, ALL), np.eye(3), Family("similarity", WIDTH, HEIGHT))
    assert corner_error(found, truth) < 0.1


def test_what_does_not_count_is_not_compared() -> None:
    truth = moved("shift", 0.4, 0.3)
    fixed, moving = seen(np.eye(3)), seen(truth)
    moving[:, : WIDTH // 2] = fixed[:, : WIDTH // 2]
    counts = ALL.copy()
    counts[:, : WIDTH // 2 + 3] = 0
    family = Family("shift", WIDTH, HEIGHT)
    assert corner_error(refined(fixed, moving, (counts, ALL), np.eye(3), family), truth) < 0.03
    assert corner_error(refined(fixed, moving, (ALL, counts), np.eye(3), family), truth) < 0.03
    assert refined(fixed, moving, (0 * ALL, ALL), np.eye(3), family) is None


def test_noise_alone_leads_nowhere() -> None:
    rng = np.random.default_rng(3)
    one, other = (rng.random((HEIGHT, WIDTH), np.float32) for _ in range(2))
    assert refined(one, other, (ALL, ALL), np.eye(3), Family("similarity", WIDTH, HEIGHT)) is None


def test_it_knows_how_sure_it_is() -> None:
    """Errors lie within a few of the deviations told, and noise makes both grow."""
    truth, family = moved("similarity", 0.31, -0.42, 0.25, -0.4), Family("similarity", WIDTH, HEIGHT)
    told = []
    for noise in (0.002, 0.08):
        found = refined(seen(np.eye(3)), seen(truth, noise=noise), (ALL, ALL), np.eye(3), family)
        assert found is not None
        deviation = float(np.sqrt(np.trace(found.covariance)))
        assert corner_error(found, truth) < 4 * deviation
        told.append(deviation)
    assert told[1] > 1.5 * told[0]


def test_parameters_move_a_picture_as_the_family_says() -> None:
    for model, freedom in FREEDOM.items():
        family = Family(model, WIDTH, HEIGHT)
        for k in range(freedom):
            small = 1e-3 * np.eye(freedom)[k]
            moves = family.displacements(family.corners) @ small
            there = np.column_stack([family.corners, np.ones(4)]) @ family.matrices(small[None])[0].T
            np.testing.assert_allclose(there[:, :2] / there[:, 2:] - family.corners, moves, atol=1e-5)


def test_sums_are_those_of_the_products_pixel_by_pixel() -> None:
    """Whole pixels apart sampling is exact, and everything can be computed otherwise."""
    rng = np.random.default_rng(2)
    fixed = rng.random((40, 52), np.float32)
    moving = np.roll(rng.random((40, 52), np.float32), 1, axis=1)
    matrix = np.array([[1, 0, 2], [0, 1, -1], [0, 0, 1.0]])
    counts = (rng.random((40, 52)) > 0.2).astype(np.uint8)
    everything = np.ones((40, 52), np.uint8)
    sums = tile_sums(fixed, moving, counts, everything, matrix, 8)
    assert sums.shape == (4, 6, 6, 6)
    np.testing.assert_array_equal(sums, sums.transpose(0, 1, 3, 2))
    there = np.roll(moving, (1, -2), axis=(0, 1))  # what lies at x + 2, y - 1
    mean = ((fixed + there) / 2).astype(np.float64)
    blur = sum(np.roll(mean, by, axis) for by in (1, -1) for axis in (0, 1)) - 4 * mean
    top, left = 4 + 8, 2 + 8 * 2  # a tile of the second row, third column
    part = (slice(top, top + 8), slice(left, left + 8))
    ok = counts[part].astype(np.float64)
    assert sums[1, 2, ONE, ONE] == ok.sum()
    for k, quantity in {MEAN: mean, CHANGE: (there - fixed).astype(np.float64), BLUR: blur}.items():
        assert sums[1, 2, k, ONE] == pytest.approx((quantity[part] * ok).sum(), rel=1e-4, abs=1e-4)
        assert sums[1, 2, k, k] == pytest.approx((quantity[part] ** 2 * ok).sum(), rel=1e-4)


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 0, 3], [0, 1, -2]],
        [[1.004, 0.003, -4.3], [-0.003, 1.004, 2.6]],
        [[0.913, -0.217, 30.37], [0.203, 1.09, -20.21]],
    ],
    ids=["shift", "gentle", "wild"],
)
def test_an_affine_map_gives_the_sums_of_the_same_map_as_a_homography(rows: list[list[float]]) -> None:
    rng = np.random.default_rng(9)
    fixed, moving = (cv2.GaussianBlur(rng.random((90, 130), np.float32), (0, 0), 1.5) for _ in range(2))
    counts = (rng.random((90, 130)) > 0.1).astype(np.uint8)
    affine = np.array([*rows, [0, 0, 1.0]])
    homography = affine.copy()
    homography[2, 0] = 1e-25  # nothing, but not zero
    ours, theirs = (tile_sums(fixed, moving, counts, counts, matrix, 16) for matrix in (affine, homography))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)
    assert theirs[..., ONE, ONE].sum() > 5000


def test_sampling_keeps_a_ramp_where_it_is() -> None:
    ramp = np.tile(np.arange(80, dtype=np.float32) / 80, (60, 1))
    everything = np.ones(ramp.shape, np.uint8)
    for fraction in (0.21, 0.5, 0.79):
        matrix = np.array([[1, 0, fraction], [0, 1, 0.3], [0, 0, 1.0]])
        sums = tile_sums(ramp, ramp, everything, everything, matrix, 16)[1, 1]
        assert sums[CHANGE, ONE] / sums[ONE, ONE] * 80 == pytest.approx(fraction, abs=1e-4)


def test_what_is_blurred_says_less_than_what_is_sharp_however_bright_it_is() -> None:
    """Dim texture in focus on the left, on the right a bright edge 60 px wide; both nearly without noise.

    On a circuit board whose pads are that far out of focus links were off by 0.5 px, by 0.1 px with this.
    """
    rng = np.random.default_rng(5)
    ramp = 0.8 / (1 + np.exp(-(np.arange(WIDTH) - 340) / 15))
    frames = []
    for _ in range(2):
        luma = np.tile(ramp, (HEIGHT, 1)) + rng.normal(0, 0.001, (HEIGHT, WIDTH))
        luma[:, : WIDTH // 2] = 0.1 * seen(np.eye(3))[:, : WIDTH // 2]
        frames.append(cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 1.2))
    tiles = displaced(tile_sums(*frames, ALL, ALL, np.eye(3), 48), 48, (WIDTH, HEIGHT))
    across = tiles.information[:, 0, 0]
    sharp, blurred = tiles.centres[:, 0] < WIDTH / 2 - 30, np.abs(tiles.centres[:, 0] - 340) < 40
    assert across[blurred].max() < 0.1 * np.median(across[sharp])
