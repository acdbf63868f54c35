"""The common area: exact for shift and scale, inside every frame whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.errors import AlignmentFailed
from stackcore.stacking.crop import common_area
from stackcore.terms import Region, Transform


def similarity(scale: float, degrees: float, dx: float, dy: float, width: int = 200, height: int = 120) -> Transform:
    cosine, sine = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    x, y = (width - 1) / 2, (height - 1) / 2
    move = [x - cosine * x + sine * y + dx, y - sine * x - cosine * y + dy]
    return Transform(np.array([[cosine, -sine, move[0]], [sine, cosine, move[1]], [0, 0, 1.0]]))


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([(0, 0)], Region(0, 0, 200, 120)),
        ([(3, 0)], Region(0, 0, 197, 120)),
        ([(-3, 5)], Region(3, 0, 197, 115)),
        ([(3.5, -2)], Region(0, 2, 196, 118)),
        ([(-0.25, 0.25)], Region(1, 0, 199, 119)),
        ([(4, -1), (-6, 2)], Region(6, 1, 190, 117)),
    ],
)
def test_shifts_are_exact(moves, expected):
    assert common_area([similarity(1, 0, dx, dy) for dx, dy in moves], 200, 120) == expected


def test_breathing_is_exact():
    # A frame that shows 1.1 times more loses nothing; one magnified 1.1 times keeps 199 / 1.1 columns about the centre.
    assert common_area([similarity(0.9, 0, 0, 0)], 200, 120) == Region(0, 0, 200, 120)
    assert common_area([similarity(1.1, 0, 0, 0)], 200, 120) == Region(10, 6, 180, 108)


@given(
    st.lists(
        st.tuples(st.floats(0.9, 1.1), st.floats(-3, 3), st.floats(-15, 15), st.floats(-15, 15)), min_size=1, max_size=4
    )
)
def test_every_corner_of_it_lies_in_every_frame(poses):
    transforms = [similarity(*pose) for pose in poses]
    area = common_area(transforms, 200, 120)
    right, bottom = area.right - 1, area.bottom - 1
    corners = np.array([[area.x, area.y], [right, area.y], [area.x, bottom], [right, bottom]], float)
    assert area.x >= 0
    assert area.right <= 200
    assert area.y >= 0
    assert area.bottom <= 120
    for transform in transforms:
        there = transform.apply(corners)
        assert np.all(there >= -1e-4)
        assert np.all(there <= np.array([199, 119]) + 1e-4)


@pytest.mark.parametrize("moves", [[(190, 0)], [(100, 0), (-100, 0)], [(0, 500)]])
def test_nothing_in_common(moves):
    with pytest.raises(AlignmentFailed) as caught:
        common_area([similarity(1, 0, dx, dy) for dx, dy in moves], 200, 120)
    assert "no area in common" in caught.value.what
    assert "--no-crop" in caught.value.fix
