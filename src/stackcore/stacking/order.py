"""Whether the frames lie in the order of their focus, told from where each of them is sharp."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FEWEST = 5
"""Frames that a verdict needs."""
_GAIN = 1.0
"""Steps by which the walk through the frames must become shorter for the order to count as wrong."""


def order_by_focus(sharpness: Sequence[NDArray[np.float32]]) -> list[int] | None:
    """The order in which the frames would follow each other more smoothly, or None when they lie right.

    Frames next to each other in focus are sharp at the same places. Their likeness is a graph, and the second
    eigenvector of its Laplacian (Atkins, Boman and Hendrickson, A Spectral Algorithm for Seriation and the
    Consecutive Ones Problem, SIAM J. Comput. 28(1), 1998) puts them in a row.

    Parameters
    ----------
    sharpness
        The focus measure in the cells of a grid, any shape, one array per frame in the order they lie; >= 0.

    Returns
    -------
    Positions of the given frames in the order found, whichever end first is nearer to the given one. None unless the
    path through the frames, as the sum of the differences between one and the next, becomes shorter by more than a
    usual step.
    """
    if len(sharpness) < _FEWEST:
        return None
    measured = np.array([np.ravel(cells) for cells in sharpness], np.float64)
    shares = np.log(measured + 0.05 * measured.mean() + 1e-12)
    shares -= shares.mean(axis=0)  # what the subject is like, cell by cell, is no news
    squares = (shares**2).mean(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * (shares @ shares.T) / shares.shape[1], 0))
    found = _row(apart)
    step = float(np.median(np.diagonal(apart, 1)))
    given = list(range(len(sharpness)))
    if step == 0 or _path(apart, found) + _GAIN * step >= _path(apart, given):
        return None
    return found


def _row(apart: NDArray[np.float64]) -> list[int]:
    width = float(np.median(np.sort(apart, axis=1)[:, min(2, len(apart) - 1)])) or 1.0
    like = np.exp(-((apart / (1.5 * width)) ** 2)) + 1e-6
    np.fill_diagonal(like, 0)
    _, vectors = np.linalg.eigh(np.diag(like.sum(axis=1)) - like)
    found = [int(i) for i in np.argsort(vectors[:, 1], kind="stable")]
    return found if np.corrcoef(found, np.arange(len(found)))[0, 1] >= 0 else found[::-1]


def _path(apart: NDArray[np.float64], order: Sequence[int]) -> float:
    return float(apart[list(order[:-1]), list(order[1:])].sum())
