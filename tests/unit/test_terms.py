from __future__ import annotations

import numpy as np
import pytest

from stackcore.terms import Frame, Region, Transform

SHIFT = Transform(np.array([[1, 0, 5.0], [0, 1, -2], [0, 0, 1]]))
ZOOM = Transform(np.diag([2.0, 2.0, 1.0]))
TILT = Transform(np.array([[1, 0.1, 3], [0.02, 0.9, -1], [1e-4, 2e-4, 1]]))
POINTS = np.array([[0.0, 0.0], [10, 20], [-3, 7.5]])
BY = np.array([5.0, -2.0])


def test_a_region_knows_its_far_sides():
    assert (Region(3, 4, 10, 20).right, Region(3, 4, 10, 20).bottom) == (13, 24)


def test_a_transform_is_three_by_three():
    with pytest.raises(ValueError, match="3x3"):
        Transform(np.eye(2))


def test_only_the_identity_is_the_identity():
    assert Transform.identity().is_identity
    assert not SHIFT.is_identity
    np.testing.assert_array_equal(Transform.identity().apply(POINTS), POINTS)


def test_points_are_mapped():
    np.testing.assert_allclose(SHIFT.apply(POINTS), POINTS + BY)
    np.testing.assert_allclose(ZOOM.apply(POINTS), POINTS * 2)


def test_then_applies_the_first_map_first():
    np.testing.assert_allclose(SHIFT.then(ZOOM).apply(POINTS), (POINTS + BY) * 2)
    np.testing.assert_allclose(ZOOM.then(SHIFT).apply(POINTS), POINTS * 2 + BY)


@pytest.mark.parametrize("transform", [SHIFT, ZOOM, TILT])
def test_the_inverse_leads_back(transform):
    np.testing.assert_allclose(transform.inverse().apply(transform.apply(POINTS)), POINTS, atol=1e-9)
    np.testing.assert_allclose(transform.then(transform.inverse()).matrix, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1.0)], ids=["u8", "u16", "f32"]
)
def test_rows_are_floats_from_black_to_white(dtype, white):
    pixels = np.zeros((4, 3, 3), dtype)
    pixels[2] = white
    rows = Frame(0, pixels).rows(1, 3)
    assert rows.pixels.dtype == np.float32
    np.testing.assert_array_equal(rows.pixels[:, 0, 0], [0, 1])
    assert rows.valid is None


def test_rows_are_the_same_whatever_the_cut():
    pixels = np.random.default_rng(1).integers(0, 65536, (9, 4, 3), np.uint16)
    frame = Frame(0, pixels)
    parts = np.concatenate([frame.rows(top, top + 3).pixels for top in (0, 3, 6)])
    np.testing.assert_array_equal(parts, frame.rows(0, 9).pixels)


def test_a_frame_knows_what_it_covers():
    pixels = np.zeros((4, 3, 3), np.uint8)
    assert Frame(2, pixels).valid.all()
    valid = np.zeros((4, 3), bool)
    valid[1] = True
    frame = Frame(2, pixels, valid)
    assert (frame.index, frame.height, frame.width) == (2, 4, 3)
    np.testing.assert_array_equal(frame.rows(1, 3).valid, valid[1:3])
