"""Geometric models: the nearest transform of a family to one that was measured more freely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stackcore.terms import Transform
from stackcore_plugins.aligner_ecc.plugin import Model

Matrix = NDArray[np.float64]
Project = Callable[[Matrix], Matrix]
"""Nearest member of a model to a 3x3 matrix."""


def member_of(model: Model, size: tuple[int, int]) -> Project:
    """What takes a matrix to the nearest member of a model, over a picture of this width and height."""

    def nearest(matrix: Matrix) -> Matrix:
        return project(matrix, model, *size)

    return nearest


def project(matrix: NDArray[np.float64], model: Model, width: int, height: int) -> NDArray[np.float64]:
    """Nearest transform of a model to a freer `matrix` (3x3), over a picture of this size.

    Nearest means least squares over the area: for a similarity, the closed form of Umeyama, IEEE TPAMI 13(4), 1991,
    on the corners, whose moments are those of the area up to a factor. For `affine` the corners of a homography are
    fitted likewise; `homography` is returned as it is.
    """
    is_affine = bool(np.array_equal(matrix[2], (0, 0, 1)))
    if model == "homography" or (model == "affine" and is_affine):
        return matrix
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = np.array([[-x, -y], [x, -y], [-x, y], [x, y]])
    centre = np.array([x, y])
    target = Transform(matrix).apply(corners + centre)
    middle = target.mean(0)
    linear = np.eye(2)
    covariance = (target - middle).T @ corners
    if model == "affine":
        linear = covariance @ np.diag(1 / np.maximum((corners**2).sum(axis=0), 1e-12))
    elif model != "shift":
        u, s, vt = np.linalg.svd(covariance)
        sign = np.diag([1.0, float(np.sign(np.linalg.det(u @ vt)))])
        linear = u @ sign @ vt
        if model == "similarity":
            linear = linear * float((s * np.diag(sign)).sum() / (corners**2).sum())
    result = np.eye(3)
    result[:2, :2] = linear
    result[:2, 2] = middle - linear @ centre
    return result
