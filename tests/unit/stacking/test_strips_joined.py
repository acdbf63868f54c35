"""Strips become one picture again, with its depth where every strip has one."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.strips import Strips
from stackcore.terms import Fused, StackInfo, Strip

CUT = (Strip(0, 4), Strip(4, 10))


def info(dtype: str = "uint16") -> StackInfo:
    return StackInfo(width=3, height=10, frames=2, reference=1, dtype=dtype)


def whole(dtype: str) -> Fused:
    rng = np.random.default_rng(0)
    pixels = (rng.random((10, 3, 3)) * (1 if dtype == "float32" else 65535)).astype(dtype)
    return Fused(pixels, rng.random((10, 3), np.float32), rng.random((10, 3), np.float32))


def part(fused: Fused, strip: Strip, *, depth: bool = True) -> Fused:
    rows = slice(strip.top, strip.bottom)
    assert fused.depth is not None
    assert fused.confidence is not None
    return Fused(fused.pixels[rows], fused.depth[rows] if depth else None, fused.confidence[rows] if depth else None)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_every_row_comes_to_its_place(dtype: str) -> None:
    expected, strips = whole(dtype), Strips(info(dtype))
    for strip in CUT:
        strips.put(strip, part(expected, strip))
    joined = strips.fused
    assert joined.pixels.dtype == dtype
    np.testing.assert_array_equal(joined.pixels, expected.pixels)
    np.testing.assert_array_equal(joined.depth, expected.depth)
    np.testing.assert_array_equal(joined.confidence, expected.confidence)


def test_there_is_no_depth_of_fusers_that_find_none() -> None:
    expected, strips = whole("uint16"), Strips(info())
    for strip in CUT:
        strips.put(strip, part(expected, strip, depth=False))
    assert strips.fused.depth is strips.fused.confidence is strips.fused.evidence is None


def test_what_an_earlier_run_has_finished_is_gone_on_with() -> None:
    expected, begun, resumed = whole("uint16"), Strips(info()), Strips(info())
    begun.put(CUT[0], part(expected, CUT[0]))
    resumed.take(begun.pixels, begun.depth, begun.confidence)
    resumed.put(CUT[1], part(expected, CUT[1]))
    np.testing.assert_array_equal(resumed.fused.pixels, expected.pixels)
    np.testing.assert_array_equal(resumed.fused.depth, expected.depth)
    np.testing.assert_array_equal(resumed.fused.confidence, expected.confidence)
