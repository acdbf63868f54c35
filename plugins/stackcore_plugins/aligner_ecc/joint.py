"""One solution for all frames: the transforms that agree best with all links, and the links that are wrong.

Each link says how one frame maps to another; along a cycle of links the maps contradict each other a little, and a
wrong link contradicts all cycles it lies in. The contradictions are spread over the links by least squares (the
relaxation of Lu and Milios, Globally Consistent Range Scan Alignment, Autonomous Robots 4, 1997, with the corners
of the picture as what is moved), and wrong links lose their weight in the course of it (graduated non-convexity
with the function of Geman and McClure: Yang, Antonante, Tzoumas and Carlone, IEEE RA-L 5(2), 2020).

Corrections are small, so the displacement of a corner adds up along a chain of links, whatever the model: all of
them are found from one Laplacian of the graph, with the displacements of the corners as eight right-hand sides.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Registration
from stackcore.terms import Transform

Matrix = NDArray[np.float64]
Project = Callable[[Matrix], Matrix]
"""Nearest member of the model to a 3x3 matrix."""

_LEAST_SPREAD = 2e-5
"""Share of the longer side below which links are never blamed for contradicting each other: 0.02 px of 1,024."""
_TOLERANCE = 4.0
"""A link that contradicts the others by so many times the usual has lost three quarters of its weight."""
_DROPPED = 0.02
"""Weight, of 1, below which a link counts as wrong: seven times beyond that."""
_ROUNDS = 40
_EASING = 2.0


@dataclass(frozen=True)
class Solution:
    """Where every frame lies, None where nothing reaches it; `wrong` are positions of links that were dropped.

    `apart_px` is by how much the links that were kept disagree with it: RMS over their corners, pixels.
    """

    transforms: tuple[Transform | None, ...]
    wrong: tuple[int, ...]
    apart_px: float = 0.0


def solve_jointly(
    found: Sequence[Registration], frames: int, reference: int, size: tuple[int, int], project: Project
) -> Solution:
    """Transforms, reference to frame, that agree best with the links.

    Parameters
    ----------
    found
        Any order; what failed is passed over. A link weighs as its `score` says, taken for a correlation r: the
        variance of what it found is proportional to (1 - r^2) / r^2, the noise it saw to the signal.
    frames, reference
        How many frames there are; the one that stays where it is.
    size
        Width and height of the frames, pixels.
    project
        Takes a 3x3 matrix to the nearest one of the model.

    Returns
    -------
    A frame that is joined to the reference by wrong links alone, or most of whose links are wrong, has no transform.
    Time is linear in the number of frames but for one dense system of that many unknowns.
    """
    links = [(k, r) for k, r in enumerate(found) if r.transform is not None]
    start = _spread_out(links, frames, reference)
    kept = [(k, r) for k, r in links if start[r.link.fixed] is not None and start[r.link.moving] is not None]
    if not kept:
        return Solution(tuple(start), ())
    graph = _Graph([r for _, r in kept], start, reference, size)
    weights = graph.relax(project)
    wrong = {k for (k, _), weight in zip(kept, weights, strict=True) if weight < _DROPPED}
    if wrong:  # once more without them: nothing of them is left in the result
        lost = _disputed(found, wrong, reference)
        right = [None if k in wrong or {r.link.fixed, r.link.moving} & lost else r for k, r in enumerate(found)]
        rest = solve_jointly([r for r in right if r is not None], frames, reference, size, project)
        return Solution(rest.transforms, tuple(sorted(wrong)), rest.apart_px)
    return Solution(tuple(graph.placed()), (), graph.apart())


def _disputed(found: Sequence[Registration], wrong: set[int], reference: int) -> set[int]:
    """Frames most of whose links are wrong: any single one of these could be satisfied, which proves nothing.

    The worst goes first, and takes its links with it: they are no fault of the frames at their other ends.
    """
    lost: set[int] = set()
    while True:
        good, bad = Counter[int](), Counter[int]()
        for k, registration in enumerate(found):
            ends = {registration.link.fixed, registration.link.moving}
            if registration.transform is not None and not ends & lost:
                (bad if k in wrong else good).update(ends)
        worst = max(
            (i for i in bad if i != reference and bad[i] > good[i]), key=lambda i: (bad[i] - good[i], i), default=None
        )
        if worst is None:
            return lost
        lost.add(worst)


def _spread_out(links: Sequence[tuple[int, Registration]], frames: int, reference: int) -> list[Transform | None]:
    """Compose outwards along the fewest links."""
    roads: dict[int, list[tuple[int, Transform]]] = {i: [] for i in range(frames)}
    for _, registration in links:
        assert registration.transform is not None
        a, b = registration.link.fixed, registration.link.moving
        roads[a].append((b, registration.transform))
        roads[b].append((a, registration.transform.inverse()))
    placed: dict[int, Transform] = {reference: Transform.identity()}
    queue = deque([reference])
    while queue:
        here = queue.popleft()
        for there, step in sorted(roads[here], key=lambda road: (abs(road[0] - here), road[0])):
            if there not in placed:
                placed[there] = placed[here].then(step)
                queue.append(there)
    return [placed.get(i) for i in range(frames)]


class _Graph:
    """Links between frames that all have a place already, which `relax` mends."""

    def __init__(
        self,
        links: Sequence[Registration],
        start: Sequence[Transform | None],
        reference: int,
        size: tuple[int, int],
    ) -> None:
        right, bottom = size[0] - 1.0, size[1] - 1.0
        self._corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
        self._least = _LEAST_SPREAD * max(size)
        self._placed = [i for i, t in enumerate(start) if t is not None]
        self._places = np.array([np.eye(3) if t is None else t.matrix for t in start])
        self._free = [i for i in self._placed if i != reference]
        row = {i: n for n, i in enumerate(self._free)} | {reference: -1}
        self._steps = np.array([r.transform.matrix for r in links if r.transform is not None])
        self._ends = [(r.link.fixed, r.link.moving) for r in links]
        self._rows = np.array([(row[a], row[b]) for a, b in self._ends])
        score = np.clip([r.score for r in links], 0.05, 0.9999)
        trust: NDArray[np.float64] = score**2 / (1 - score**2)
        self._trust = trust / np.median(trust)

    def relax(self, project: Project) -> NDArray[np.float64]:
        """Move the frames until the links agree as well as they can; the weight, 0 to 1, that each has at the end."""
        weights = np.ones(len(self._ends))
        apart = self._move(weights, project)
        unit = self._unit(apart)
        slack = max(1.0, float(np.max(apart**2 * self._trust)) / unit**2)
        for _ in range(_ROUNDS):
            weights = (slack * unit**2 / (slack * unit**2 + apart**2 * self._trust)) ** 2
            apart = self._move(weights, project)
            unit = self._unit(apart)
            if slack == 1.0:
                break
            slack = max(1.0, slack / _EASING)
        return weights

    def apart(self) -> float:
        """How far the links are from what they say, RMS, pixels."""
        return float(np.sqrt((self._contradictions() ** 2).sum(axis=1).mean() / 4))

    def placed(self) -> list[Transform | None]:
        known = set(self._placed)
        return [Transform(matrix) if i in known else None for i, matrix in enumerate(self._places)]

    def _unit(self, apart: NDArray[np.float64]) -> float:
        """Beyond how many pixels, for a link of usual trust, disagreement tells of an error."""
        usual = float(np.median(apart * np.sqrt(self._trust)))
        return _TOLERANCE * max(usual, self._least)

    def _move(self, weights: NDArray[np.float64], project: Project) -> NDArray[np.float64]:
        """One step of the relaxation; how far each link is then from what it says, RMS of the corners, pixels."""
        contradictions = self._contradictions()
        shifts = self._balance(contradictions, weights * self._trust)
        for row, frame in enumerate(self._free):
            local = _to_corners(self._corners, self._corners + shifts[row].reshape(4, 2))
            moved = project(self._places[frame] @ local)
            self._places[frame] = moved / moved[2, 2]
        left = self._contradictions().reshape(-1, 4, 2)
        return np.asarray(np.sqrt((left**2).sum(axis=2).mean(axis=1)))

    def _contradictions(self) -> NDArray[np.float64]:
        """By how much each link moves the corners against where its frames lie, (links, 8), reference pixels."""
        fixed, moving = (self._places[[end[k] for end in self._ends]] for k in (0, 1))
        loops = np.linalg.inv(moving) @ self._steps @ fixed
        return np.asarray((_applied(loops, self._corners) - self._corners).reshape(-1, 8))

    def _balance(self, contradictions: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shifts of the corners of each free frame, (frames, 8), for which the links agree best."""
        count = len(self._free)
        system = np.zeros((count + 1, count + 1))
        aim = np.zeros((count + 1, 8))
        fixed, moving = self._rows[:, 0], self._rows[:, 1]  # -1, the last row, is the reference
        pull = weights[:, None] * contradictions
        np.add.at(system, (fixed, fixed), weights)
        np.add.at(system, (moving, moving), weights)
        np.subtract.at(system, (fixed, moving), weights)
        np.subtract.at(system, (moving, fixed), weights)
        np.add.at(aim, moving, pull)
        np.subtract.at(aim, fixed, pull)
        faint = 1e-9 * max(1.0, float(system.max()))  # keeps what only wrong links hold where it is
        inner = system[:count, :count] + faint * np.eye(count)
        return np.asarray(np.linalg.solve(inner, aim[:count]))


def _applied(matrices: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (p, 2) under each of the matrices (n, 3, 3): (n, p, 2)."""
    there = np.column_stack([points, np.ones(len(points))]) @ matrices.transpose(0, 2, 1)
    mapped: NDArray[np.float64] = there[..., :2] / there[..., 2:]
    return mapped


def _to_corners(corners: NDArray[np.float64], moved: NDArray[np.float64]) -> Matrix:
    """The homography that takes four corners (4, 2) to where they shall be: eight linear equations."""
    size = float(np.abs(corners).max()) or 1.0
    (x, y), (u, v) = (corners / size).T, (moved / size).T
    one, none = np.ones(4), np.zeros(4)
    across = np.column_stack([x, y, one, none, none, none, -u * x, -u * y])
    down = np.column_stack([none, none, none, x, y, one, -v * x, -v * y])
    solution = np.linalg.solve(np.vstack([across, down]), np.concatenate([u, v]))
    matrix: Matrix = np.append(solution, 1.0).reshape(3, 3)
    scale = np.diag([size, size, 1.0])
    return np.asarray(scale @ matrix @ np.linalg.inv(scale))
