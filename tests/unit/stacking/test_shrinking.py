"""Shrinking while rows come in: the bits of libvips, whatever the size, depth and factor."""

from __future__ import annotations

import numpy as np
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from stackcore.stacking.shrinking import shrunk


def of_libvips(frame: np.ndarray, times: int) -> np.ndarray:
    image = pyvips.Image.new_from_array(frame)
    return np.asarray(image.shrink(times, times).numpy())


@given(
    height=st.integers(4, 90),
    width=st.integers(4, 70),
    times=st.sampled_from([4, 8]),
    dtype=st.sampled_from(["uint8", "uint16"]),
    seed=st.integers(0, 9),
)
def test_the_bits_are_those_of_libvips(height: int, width: int, times: int, dtype: str, seed: int) -> None:
    noise = np.random.default_rng(seed)
    frame = noise.integers(0, np.iinfo(dtype).max, (height, width, 3), dtype, endpoint=True)
    small = shrunk(lambda top, bottom: frame[top:bottom], height, width, dtype, times)
    assert small.dtype == dtype
    np.testing.assert_array_equal(small, of_libvips(frame, times))


@pytest.mark.parametrize("height", [160, 161, 167])
def test_rows_are_asked_for_once_from_the_top(height: int) -> None:
    frame = np.arange(height * 24 * 3, dtype=np.uint16).reshape(height, 24, 3)
    asked = []

    def rows(top: int, bottom: int) -> np.ndarray:
        asked.append((top, bottom))
        return frame[top:bottom]

    shrunk(rows, height, 24, "uint16", 4)
    assert asked[0][0] == 0
    assert [top for top, _ in asked[1:]] == [bottom for _, bottom in asked[:-1]]
    assert height - asked[-1][1] < 2  # a rest of less than half a factor is left out
