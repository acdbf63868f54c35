"""Values beyond the square around them: as counted one by one, each channel by itself."""

from __future__ import annotations

import numpy as np
import pytest

from stackcore.stacking.rings import beyond_ring

RING = [(y, x) for y in range(-3, 4) for x in range(-3, 4) if max(abs(y), abs(x)) == 3]


@pytest.mark.parametrize("margin", [3, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_all_24_neighbours_count_and_no_other(channels, margin):
    band = np.random.default_rng(2).integers(0, 256, (40, 90, channels), dtype=np.uint8)
    above, below = beyond_ring(band, margin)
    inner = band[margin:-margin, margin:-margin].astype(int)
    around = np.stack([np.roll(band, (-y, -x), (0, 1))[margin:-margin, margin:-margin] for y, x in RING]).astype(int)
    assert above.shape == below.shape == inner.shape
    assert np.array_equal(above, np.maximum(inner - around.max(axis=0), 0))
    assert np.array_equal(below, np.maximum(around.min(axis=0) - inner, 0))
    assert above.any()
    assert below.any()


def test_a_lone_spot_stands_out_by_all_it_has_and_its_ring_by_nothing():
    band = np.full((21, 23, 3), 100, np.uint8)
    band[10, 11, 1] = 255
    band[6, 7, 2] = 0
    above, below = beyond_ring(band, 4)
    assert above[6, 7, 1] == 155
    assert below[2, 3, 2] == 100
    assert np.count_nonzero(above) == 1
    assert np.count_nonzero(below) == 1


def test_the_band_is_not_modified():
    band = np.random.default_rng(3).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    before = band.copy()
    beyond_ring(band, 4)
    assert np.array_equal(band, before)
