"""The part of the reference that every frame covers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from stackcore.errors import AlignmentFailed
from stackcore.terms import Region, Transform

_SMALLEST_PX = 16


def common_area(transforms: Iterable[Transform], width: int, height: int) -> Region:
    """Largest simple rectangle, in reference pixels, that lies inside every frame.

    Exact for shift and scale, and a little too small under rotation. `AlignmentFailed` when nothing is left.
    """
    right, bottom = width - 1.0, height - 1.0
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
    x0 = y0 = 0.0
    x1, y1 = right, bottom
    for transform in transforms:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = transform.inverse().apply(corners)
        x0, x1 = max(x0, ax, cx), min(x1, bx, dx)
        y0, y1 = max(y0, ay, by), min(y1, cy, dy)
    eps = 1e-6
    left, top = int(np.ceil(x0 - eps)), int(np.ceil(y0 - eps))
    region = Region(left, top, int(np.floor(x1 + eps)) - left + 1, int(np.floor(y1 + eps)) - top + 1)
    if min(region.width, region.height) < _SMALLEST_PX:
        raise AlignmentFailed(
            "The frames have no area in common.",
            f"after alignment {region.width}x{region.height} pixels are covered by all of them.",
            "check that all frames show the same subject, or keep everything with --no-crop.",
        )
    return region
