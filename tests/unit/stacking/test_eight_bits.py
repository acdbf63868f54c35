"""Frames in 8 bits: every number of every depth, in even steps."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.eight_bits import in_eight_bits, looked_up


def test_eight_bits_stay_what_they_are() -> None:
    frame = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert in_eight_bits(frame, "srgb") is frame


@pytest.mark.parametrize(("dtype", "full"), [("uint8", 255), ("uint16", 65535)])
def test_linear_light_becomes_even_steps(dtype: str, full: int) -> None:
    numbers = np.arange(full + 1).astype(dtype)
    frame = np.resize(numbers, (full // 3 + 1, 1, 3))
    wanted = np.rint(255 * np.sqrt(frame / full))
    np.testing.assert_array_equal(in_eight_bits(frame, "linear"), wanted)


def test_sixteen_bits_are_rounded() -> None:
    frame = np.resize(np.arange(65536).astype(np.uint16), (21846, 1, 3))
    np.testing.assert_array_equal(in_eight_bits(frame, "srgb"), np.rint(frame / 257.0))


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
def test_floating_point_is_cut_to_what_can_be_shown(encoding: str) -> None:
    frame = np.float32([[[-1, 0, 0.25]], [[1, 1.5, 4]]])
    middle = 64 if encoding == "srgb" else 128
    np.testing.assert_array_equal(in_eight_bits(frame, encoding), [[[0, 0, middle]], [[255, 255, 255]]])


def test_numbers_are_looked_up_wherever_they_lie() -> None:
    table = np.random.default_rng(1).integers(0, 255, 65536, np.uint8)
    numbers = np.random.default_rng(2).integers(0, 65535, (40, 30), np.uint16)
    np.testing.assert_array_equal(looked_up(numbers[1::2, ::3], table), table[numbers[1::2, ::3]])
