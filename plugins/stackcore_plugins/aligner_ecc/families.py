"""The geometric models as small movements: what each may do to a picture, linearly, and the matrix that does it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore_plugins.aligner_ecc.plugin import Model

Doubles = NDArray[np.float64]

FREEDOM: dict[Model, int] = {"shift": 2, "rigid": 3, "similarity": 4, "affine": 6, "homography": 8}
"""Parameters of each model."""


class Family:
    """Small movements of a picture by a model, in units of half its longer side, about its centre.

    Parameters
    ----------
    model
        Its name.
    width, height
        Of the picture, pixels.
    """

    def __init__(self, model: Model, width: int, height: int) -> None:
        self.model: Model = model
        self.freedom = FREEDOM[model]
        self._centre = np.array([(width - 1) / 2, (height - 1) / 2])
        self.corners = corners_of(width, height)
        self.longer_side = max(width, height)
        self._unit = self.longer_side / 2

    def displacements(self, points: Doubles) -> Doubles:
        """How points (n, 2) move by each parameter: (n, 2, freedom), pixels for a parameter of 1 pixel."""
        x, y = ((points - self._centre) / self._unit).T
        one, none = np.ones_like(x), np.zeros_like(x)
        across, down = {
            "shift": ([one, none], [none, one]),
            "rigid": ([one, none, -y], [none, one, x]),
            "similarity": ([one, none, -y, x], [none, one, x, y]),
            "affine": ([one, none, x, y, none, none], [none, one, none, none, x, y]),
            "homography": (
                [one, none, x, y, none, none, -x * x, -x * y],
                [none, one, none, none, x, y, -x * y, -y * y],
            ),
        }[self.model]
        return np.stack([np.stack(across, axis=-1), np.stack(down, axis=-1)], axis=1)

    def matrices(self, parameters: Doubles) -> Doubles:
        """Members of the model (n, 3, 3) that move the picture by `parameters` (n, freedom), pixels.

        To first order as `displacements` says, and members exactly.
        """
        p = (parameters / self._unit).T
        out = np.tile(np.eye(3), (len(parameters), 1, 1))
        out[:, 0, 2], out[:, 1, 2] = p[0], p[1]
        if self.model == "rigid":
            out[:, 0, 0] = out[:, 1, 1] = np.cos(p[2])
            out[:, 1, 0], out[:, 0, 1] = np.sin(p[2]), -np.sin(p[2])
        elif self.model == "similarity":
            out[:, 0, 0] = out[:, 1, 1] = 1 + p[3]
            out[:, 1, 0], out[:, 0, 1] = p[2], -p[2]
        elif self.model in ("affine", "homography"):
            out[:, 0, 0], out[:, 0, 1], out[:, 1, 0], out[:, 1, 1] = 1 + p[2], p[3], p[4], 1 + p[5]
            if self.model == "homography":
                out[:, 2, 0], out[:, 2, 1] = p[6], p[7]
        x, y = self._centre
        there = np.array([[self._unit, 0, x], [0, self._unit, y], [0, 0, 1.0]])
        return np.asarray(there @ out @ np.linalg.inv(there))


def corners_of(width: int, height: int) -> Doubles:
    """Centres of the four corner pixels, (4, 2) of x and y."""
    right, bottom = width - 1.0, height - 1.0
    return np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
