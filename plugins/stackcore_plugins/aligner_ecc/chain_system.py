"""Linear systems of frames of which each is joined to near ones only: solved in time linear in their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class ChainSystem:
    """Normal equations over frames, with a square block for each frame and each pair that is joined.

    Frames that lie within the reach of the longest link make up one block of a block-tridiagonal matrix, which
    Gaussian elimination turns into a row of small systems (Golub and Van Loan, Matrix Computations, 4th ed., 4.5.1).

    Parameters
    ----------
    frames
        How many unknown frames there are.
    freedom
        Unknowns of each.
    reach
        Largest distance of two frames that are joined.
    """

    def __init__(self, frames: int, freedom: int, reach: int) -> None:
        self._frames, self._freedom = frames, freedom
        self._reach = max(1, min(reach, frames))
        count = -(-frames // self._reach)
        side = self._reach * freedom
        self._inner = np.zeros((count, side, side))
        self._outer = np.zeros((count, side, side))  # of a block (rows) and the one before it (columns)
        self._aim = np.zeros((count, side))
        for spare in range(frames, count * self._reach):
            self._add(spare, spare, np.eye(freedom))

    def join(self, first: int, second: int, weight: Doubles, pull: Doubles) -> None:
        """Add (x_second - x_first - d)' W (x_second - x_first - d), with `pull` = W d; -1 is a frame that is fixed."""
        if first >= 0:
            self._add(first, first, weight)
            self._aim_of(first)[:] -= pull
        if second >= 0:
            self._add(second, second, weight)
            self._aim_of(second)[:] += pull
        if first >= 0 and second >= 0:
            self._add(first, second, -weight)
            if first // self._reach == second // self._reach:
                self._add(second, first, -weight)

    def solved(self) -> Doubles:
        """The unknowns for which the sum is least, (frames, freedom); one that nothing holds stays at 0."""
        inner, aim = self._inner.copy(), self._aim.copy()
        trace = np.einsum("bii->bi", inner)
        trace += 1e-9 * max(1.0, float(trace.max()))
        for k in range(1, len(inner)):
            carried = np.linalg.solve(inner[k - 1], self._outer[k].T).T
            inner[k] -= carried @ self._outer[k].T
            aim[k] -= carried @ aim[k - 1]
        found = np.empty_like(aim)
        for k in reversed(range(len(inner))):
            rest = aim[k] if k + 1 == len(inner) else aim[k] - self._outer[k + 1].T @ found[k + 1]
            found[k] = np.linalg.solve(inner[k], rest)
        return np.asarray(found.reshape(-1, self._freedom)[: self._frames])

    def _add(self, row: int, column: int, block: Doubles) -> None:
        if column // self._reach > row // self._reach:
            row, column, block = column, row, block.T
        home = self._inner if row // self._reach == column // self._reach else self._outer
        home[row // self._reach][self._part(row), self._part(column)] += block

    def _aim_of(self, frame: int) -> Doubles:
        return np.asarray(self._aim[frame // self._reach][self._part(frame)])

    def _part(self, frame: int) -> slice:
        return slice((frame % self._reach) * self._freedom, (frame % self._reach + 1) * self._freedom)
