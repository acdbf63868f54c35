"""Resampling in two passes: what the cubic says, at every place, the same bits for every cut."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.stacking.transfer import UNITY, gain_lines, normalise
from stackcore.stacking.two_pass import is_gentle, resample
from stackcore.terms import FULL_SCALE, Region

HEIGHT, WIDTH = 70, 1100
PLAIN = gain_lines("float32", UNITY, "srgb")


def similarity(scale: float, turn: float, dx: float, dy: float) -> np.ndarray:
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[c, -s, dx], [s, c, dy], [0, 0, 1.0]])


TURNED = similarity(1.004, 0.003, 1.37, -2.21)
MAPS = {
    "shift": similarity(1.0, 0.0, 0.37, -0.61),
    "larger": similarity(1.013, 0.0, -3.3, 0.0),
    "smaller": similarity(0.97, 0.0, 5.25, 2.5),
    "turned": TURNED,
    "turned back": similarity(0.998, -0.04, -10.1, 35.7),
    "sheared": np.array([[0.99, 0.02, -4.2], [-0.01, 1.02, 3.9], [0, 0, 1.0]]),
}


def texture(smooth_px: float = 1.5) -> np.ndarray:
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), smooth_px)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def weights(phase: np.ndarray) -> np.ndarray:
    """Keys (1981), equation 4 generalised to any slope: of distances 1 + t, t, 1 - t, 2 - t."""
    a, found = -0.75, []
    for distance in (1 + phase, phase, 1 - phase, 2 - phase):
        near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
        far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
        found.append(np.where(distance <= 1, near, far))
    return np.stack(found)


def at_once(source: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """All 4 x 4 pixels weighed at once, in double precision."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    u = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    across, down = weights(u - left), weights(v - top)
    total = np.zeros((HEIGHT, WIDTH, 3))
    for j in range(4):
        for i in range(4):
            row, column = np.clip(top + j - 1, 0, HEIGHT - 1), np.clip(left + i - 1, 0, WIDTH - 1)
            total += (down[j] * across[i])[..., None] * source[row, column]
    return total


@pytest.mark.parametrize("name", MAPS)
def test_it_is_the_cubic_itself_without_a_turn_and_next_to_it_with_one(name):
    source = texture()
    ours = resample(source, PLAIN, MAPS[name], Region(0, 0, WIDTH, HEIGHT))
    assert ours.dtype == np.float32
    error = np.abs(ours - at_once(source, MAPS[name]))
    turns = MAPS[name][1, 0] != 0
    inside = error[8:-8, 8:-8] if turns else error  # beyond the edge the two passes repeat it a little otherwise
    assert inside.max() < (0.03 if turns else 1e-5)
    assert inside.mean() < (0.0015 if turns else 1e-6)


@pytest.mark.parametrize("name", ["turned", "sheared", "larger"])
def test_every_cut_into_rows_gives_the_same_bits_in_every_tile(name):
    source = texture(0.7)
    whole = resample(source, PLAIN, MAPS[name], Region(0, 0, WIDTH, HEIGHT))
    for height in (1, 13):
        for top in range(0, HEIGHT, height):
            bottom = min(top + height, HEIGHT)
            assert np.array_equal(
                resample(source, PLAIN, MAPS[name], Region(0, top, WIDTH, bottom - top)), whole[top:bottom]
            )


@pytest.mark.parametrize("name", MAPS)
def test_every_part_is_the_same_bits(name):
    source = texture(0.7)
    whole = resample(source, PLAIN, MAPS[name], Region(0, 0, WIDTH, HEIGHT))
    for x, y, w, h in [(0, 0, 300, 9), (3, 5, 700, 31), (511, 2, 2, 40), (700, 60, 400, 10), (1099, 0, 1, 70)]:
        part = resample(source, PLAIN, MAPS[name], Region(x, y, w, h))
        assert np.array_equal(part, whole[y : y + h, x : x + w])


@given(scale=st.integers(-40, 40), start=st.integers(-64, 64), left=st.integers(0, 1000))
def test_where_positions_fall_on_whole_numbers_parts_are_the_same_bits(scale, start, left):
    matrix = similarity(1 + scale / 512, 0.0, start / 16, 0.25)  # exact in binary: rounding has no part in it
    source = np.random.default_rng(2).random((6, WIDTH, 3), dtype=np.float32)
    whole = resample(source, PLAIN, matrix, Region(0, 0, WIDTH, 4))
    part = resample(source, PLAIN, matrix, Region(left, 0, 100, 4))
    assert np.array_equal(part, whole[:, left : left + 100])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_each_channel_gets_its_own_gain_before_it_is_resampled(dtype):
    source = (texture() * FULL_SCALE[dtype]).astype(dtype)
    gain, everywhere = (1.1, 0.9, 1.3), Region(-5, -5, WIDTH + 10, HEIGHT + 10)
    expected = resample(normalise(source, gain, "srgb"), PLAIN, TURNED, everywhere)
    assert np.array_equal(resample(source, gain_lines(dtype, gain, "srgb"), TURNED, everywhere), expected)


def test_far_outside_the_edge_repeats():
    source = texture()
    there = resample(source, PLAIN, similarity(1.0, 0.0, 5000.0, 0.0), Region(0, 0, WIDTH, HEIGHT))
    assert np.array_equal(there, np.broadcast_to(source[:, -1:], source.shape))
    above = resample(source, PLAIN, similarity(1.0, 0.0, 0.0, -3000.0), Region(0, 0, WIDTH, HEIGHT))
    assert np.array_equal(above, np.broadcast_to(source[:1], source.shape))


def test_a_shift_by_whole_pixels_changes_no_number():
    source = texture(0.5)
    moved = resample(source, PLAIN, similarity(1.0, 0.0, 7.0, -3.0), Region(0, 3, WIDTH - 7, HEIGHT - 3))
    assert np.array_equal(moved, source[: HEIGHT - 3, 7:])


def test_the_source_is_not_modified_and_may_be_read_only():
    source = texture()
    before = source.copy()
    source.flags.writeable = False
    resample(source, PLAIN, TURNED, Region(0, 0, WIDTH, 9))
    assert np.array_equal(source, before)


def test_what_turns_or_scales_much_is_not_gentle():
    assert all(is_gentle(matrix) for matrix in MAPS.values())
    assert not is_gentle(similarity(1.0, 0.06, 0.0, 0.0))
    assert not is_gentle(similarity(1.3, 0.0, 0.0, 0.0))
    assert not is_gentle(similarity(1.0, np.pi, 0.0, 0.0))
    assert not is_gentle(np.array([[1, 0, 0], [0, 1, 0], [1e-7, 0, 1.0]]))
