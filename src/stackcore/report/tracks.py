"""How the frames moved and how bright they were, in the units of photographers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stackcore.stacking.survey import FrameGeometry, Survey


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one frame lay against the reference, and its light.

    Attributes
    ----------
    index
        Slice index.
    shift_px
        How far the middle of the picture lay to the right and down, pixels.
    scale_percent
        How much larger the subject was, percent: focus breathing.
    rotation_deg
        How far it was turned clockwise, degrees.
    light_ev
        How much brighter the frame was in red, green and blue, stops.
    """

    index: int
    shift_px: tuple[float, float]
    scale_percent: float
    rotation_deg: float
    light_ev: tuple[float, float, float]


def places(found: Survey) -> Sequence[Place]:
    """Where the frames lay that take part, in order.

    Scale and rotation are those of the matrix in the middle of the picture: the square root of the determinant of its
    Jacobian, and the angle of the rotation nearest to it.
    """
    return [_place(frame, found.width, found.height) for frame in found.used]


def _place(frame: FrameGeometry, width: int, height: int) -> Place:
    assert frame.transform is not None
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    here, right, below = frame.transform.apply(middle + np.array([(0, 0), (1, 0), (0, 1)]))
    (a, c), (b, d) = right - here, below - here
    red, green, blue = (float(-np.log2(gain)) for gain in frame.gain)
    return Place(
        index=frame.index,
        shift_px=(float(here[0] - middle[0]), float(here[1] - middle[1])),
        scale_percent=float(100 * (np.sqrt(abs(a * d - b * c)) - 1)),
        rotation_deg=float(np.degrees(np.arctan2(c - b, a + d))),
        light_ev=(red, green, blue),
    )
