"""What an engine that we did not write (lcms, in libvips) makes of numbers with a profile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import pyvips

Measure = Callable[[np.ndarray, bytes], np.ndarray]


def _image(numbers: np.ndarray, icc: bytes) -> pyvips.Image:
    codes = np.rint(np.clip(numbers, 0, 1) * 65535).astype(np.uint16)
    row = pyvips.Image.new_from_memory(codes.tobytes(), len(codes), 1, 3, "ushort").copy(interpretation="rgb16")
    row.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    return row


@pytest.fixture
def row_of_pixels() -> Callable[[np.ndarray, bytes], pyvips.Image]:
    """One row of 16-bit pixels with a profile, of numbers (N, 3), 0 to 1."""
    return _image


@pytest.fixture
def measured_xyz() -> Measure:
    """XYZ for D65 (libvips adapts), (N, 3), Y of white 1, that numbers (N, 3), 0 to 1, mean by their profile."""

    def measure(numbers: np.ndarray, icc: bytes) -> np.ndarray:
        return _image(numbers, icc).icc_import(embedded=True, pcs="xyz", intent="relative").numpy()[0] / 100

    return measure
