"""One solution for all frames: the transforms that agree best with all links, and the links that are wrong.

Each link says how one frame maps to another; along a cycle of links the maps contradict each other a little, and a
wrong link contradicts all cycles it lies in. The contradictions are spread over the links by least squares (the
relaxation of Lu and Milios, Globally Consistent Range Scan Alignment, Autonomous Robots 4, 1997, with the corners
of the picture as what is moved), and wrong links lose their weight in the course of it (graduated non-convexity
with the function of Geman and McClure: Yang, Antonante, Tzoumas and Carlone, IEEE RA-L 5(2), 2020).

Corrections are small, so they add up along a chain of links: they are found from linear equations in the parameters of
the model. How far a link may be off differs by direction (frames of which only the middle can be compared say little
of scale), so links weigh by the inverse of their covariance.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Registration
from stackcore.terms import Transform
from stackcore_plugins.aligner_ecc.chain_system import ChainSystem
from stackcore_plugins.aligner_ecc.families import Family
from stackcore_plugins.aligner_ecc.models import Project, member_of
from stackcore_plugins.aligner_ecc.plugin import Model

_LEAST_SPREAD = 2e-5
"""Share of the longer side that a link is usually off, where the aligner does not say, and less than which none is
blamed for: 0.02 px of 1,024."""
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
    found: Sequence[Registration], frames: int, reference: int, size: tuple[int, int], model: Model
) -> Solution:
    """Transforms, reference to frame, that agree best with the links.

    Parameters
    ----------
    found
        Any order; what failed is passed over. A link weighs as its `precision` says, else as its `score`.
    frames, reference
        How many frames there are; the one that stays where it is.
    size
        Width and height of the frames, pixels.
    model
        What may differ between frames.

    Returns
    -------
    A frame that is joined to the reference by wrong links alone, or most of whose links are wrong, has no transform.
    Time and memory are linear in the number of frames.
    """
    links = [(k, r) for k, r in enumerate(found) if r.transform is not None]
    start = _spread_out(links, frames, reference)
    kept = [(k, r) for k, r in links if start[r.link.fixed] is not None and start[r.link.moving] is not None]
    if not kept:
        return Solution(tuple(start), ())
    graph = _Graph([r for _, r in kept], start, reference, Family(model, *size), member_of(model, size))
    weights = graph.relax()
    wrong = {k for (k, _), weight in zip(kept, weights, strict=True) if weight < _DROPPED}
    if wrong:  # once more without them: nothing of them is left in the result
        lost = _disputed(found, wrong, reference)
        right = [None if k in wrong or {r.link.fixed, r.link.moving} & lost else r for k, r in enumerate(found)]
        rest = solve_jointly([r for r in right if r is not None], frames, reference, size, model)
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
        family: Family,
        member: Project,
    ) -> None:
        self._family = family
        self._corners = family.corners
        self._basis = family.displacements(self._corners).reshape(8, -1)
        self._placed = [i for i, t in enumerate(start) if t is not None]
        self._places = np.array([np.eye(3) if t is None else member(t.matrix) for t in start])
        self._free = np.array([i for i in self._placed if i != reference], np.int64)
        row = {int(i): n for n, i in enumerate(self._free)} | {reference: -1}
        self._steps = np.array([r.transform.matrix for r in links if r.transform is not None])
        ends = np.array([(r.link.fixed, r.link.moving) for r in links])
        self._fixed, self._moving = ends[:, 0], ends[:, 1]
        self._rows = [(row[a], row[b]) for a, b in ends.tolist()]
        self._reach = max((abs(a - b) for a, b in self._rows if a >= 0 and b >= 0), default=1)
        self._usual_px = _LEAST_SPREAD * family.longer_side
        self._trust = _trust(links, self._usual_px)

    def relax(self) -> NDArray[np.float64]:
        """Move the frames until the links agree as well as they can; the weight, 0 to 1, that each has at the end."""
        weights = np.ones(len(self._rows))
        apart = self._move(weights)
        unit = _unit(apart)
        slack = max(1.0, float(np.max(apart)) ** 2 / unit**2)
        for _ in range(_ROUNDS):
            weights = (slack * unit**2 / (slack * unit**2 + apart**2)) ** 2
            apart = self._move(weights)
            unit = _unit(apart)
            if slack == 1.0:
                break
            slack = max(1.0, slack / _EASING)
        return weights

    def apart(self) -> float:
        """How far the links are from what they say, RMS of the corners, pixels."""
        return float(np.sqrt((self._contradictions() ** 2).sum(axis=1).mean() / 4))

    def placed(self) -> list[Transform | None]:
        known = set(self._placed)
        return [Transform(matrix) if i in known else None for i, matrix in enumerate(self._places)]

    def _move(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """One step of the relaxation; how far each link is then from what it says, in its standard deviations."""
        contradictions = self._contradictions()
        within = self._basis.T @ self._trust  # (links, freedom, 8)
        pulls = (within @ contradictions[:, :, None])[:, :, 0] * weights[:, None]
        blocks = within @ self._basis * weights[:, None, None]
        system = ChainSystem(len(self._free), self._family.freedom, self._reach)
        for (fixed, moving), block, pull in zip(self._rows, blocks, pulls, strict=True):
            system.join(fixed, moving, block, pull)
        if len(self._free):
            moved = self._places[self._free] @ self._family.matrices(system.solved())
            self._places[self._free] = moved / moved[:, 2:, 2:]
        left = self._contradictions()
        deviations = np.sqrt(np.maximum(np.einsum("li,lij,lj->l", left, self._trust, left), 0))
        rms_px = np.sqrt((left**2).sum(axis=1) / 4)  # a link that is very sure is not blamed for next to nothing
        return np.asarray(np.minimum(deviations, rms_px / self._usual_px))

    def _contradictions(self) -> NDArray[np.float64]:
        """By how much each link moves the corners against where its frames lie, (links, 8), reference pixels."""
        loops = np.linalg.inv(self._places[self._moving]) @ self._steps @ self._places[self._fixed]
        return np.asarray((_applied(loops, self._corners) - self._corners).reshape(-1, 8))


def _trust(links: Sequence[Registration], usual_px: float) -> NDArray[np.float64]:
    """Inverse covariance of the corners of each link, (links, 8, 8), 1 / pixels^2.

    Where the aligner does not say, a link weighs by its score, taken for a correlation r: the variance of what it
    found is proportional to (1 - r^2) / r^2, the noise it saw to the signal, and `usual_px` for the median link.
    """
    score = np.clip([r.score for r in links], 0.05, 0.9999)
    trust: NDArray[np.float64] = score**2 / (1 - score**2)
    trust /= np.median(trust) * 4 * usual_px**2
    return np.array([t * np.eye(8) if r.precision is None else r.precision for r, t in zip(links, trust, strict=True)])


def _unit(apart: NDArray[np.float64]) -> float:
    """Beyond how many standard deviations disagreement tells of an error, these being what they usually are."""
    return _TOLERANCE * max(float(np.median(apart)), 1.0)


def _applied(matrices: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (p, 2) under each of the matrices (n, 3, 3): (n, p, 2)."""
    there = np.column_stack([points, np.ones(len(points))]) @ matrices.transpose(0, 2, 1)
    mapped: NDArray[np.float64] = there[..., :2] / there[..., 2:]
    return mapped
