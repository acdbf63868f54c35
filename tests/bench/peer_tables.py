"""The comparison as text: a table for each stack, and where the default fuser is not the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from picture_scores import BETTER, Scores
from process_tree import Cost

DEFAULT = "blend"
"""The fuser that has to be first."""

_TITLES = {"psnr": "PSNR", "ssim": "SSIM", "gmsd": "GMSD", "psnr_occ": "occ", "psnr_in": "in", "miss": "miss %"}
_DIGITS = {"ssim": 4, "gmsd": 4, "detail": 3}
_COSTS = ("CPU s", "wall s", "wall ms/MP-frame", "peak MiB")
_NOTHING = {"psnr": 0.1, "psnr_occ": 0.1, "psnr_in": 0.1, "ssim": 0.002, "gmsd": 0.002, "detail": 0.01, "miss": 0.2}
"""Differences that nobody sees; 0.05 where nothing is said."""


@dataclass(frozen=True)
class Row:
    """One program on one stack."""

    stack: str
    frames: int
    megapixels: float
    program: str
    is_ours: bool
    version: str
    cost: Cost
    scores: Scores
    picture: str

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Row:
        """The row that `dataclasses.asdict` made a dictionary of."""
        return cls(**{**told, "cost": Cost(**told["cost"])})


@dataclass(frozen=True)
class Behind:
    """A measure in which the default fuser is not the best of a stack."""

    stack: str
    measure: str
    value: float
    best: float
    program: str

    @property
    def matters(self) -> bool:
        """Whether anybody could see it."""
        return abs(BETTER[self.measure](self.value) - BETTER[self.measure](self.best)) >= _NOTHING.get(
            self.measure, 0.05
        )


def behind(rows: Sequence[Row]) -> list[Behind]:
    """Every measure of every stack in which another row is better than the default fuser, in the order of the rows."""
    found = []
    for stack in dict.fromkeys(row.stack for row in rows):
        here = [row for row in rows if row.stack == stack]
        ours = next((row for row in here if row.program == DEFAULT), None)
        for measure, worse in BETTER.items():
            known = [(worse(value), row) for row in here if (value := row.scores.get(measure)) is not None]
            mine = ours.scores.get(measure) if ours else None
            if mine is None:
                continue
            least, winner = min(known, key=lambda pair: pair[0])
            if least < worse(mine):
                best = winner.scores[measure]
                assert best is not None
                found.append(Behind(stack, measure, mine, best, winner.program))
    return found


def table(rows: Sequence[Row], *, costs: bool = True) -> str:
    """Markdown of the rows of one stack: scores, the best in bold, then the costs if they are wanted."""
    measures = [name for name in BETTER if any(row.scores.get(name) is not None for row in rows)]
    head = ["program", *(_TITLES.get(name, name) for name in measures), *(_COSTS if costs else ())]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    best = {}
    for name in measures:
        found = [BETTER[name](value) for row in rows if (value := row.scores.get(name)) is not None]
        best[name] = min(found)
    for row in rows:
        cells = [f"`{row.program}`" if row.is_ours else row.program]
        for name in measures:
            value = row.scores.get(name)
            text = "" if value is None else f"{value:.{_DIGITS.get(name, 2)}f}"
            cells.append(f"**{text}**" if value is not None and BETTER[name](value) == best[name] else text)
        cost = row.cost
        if costs:
            per = 1000 * cost.wall_s / (row.megapixels * row.frames)
            cells += [f"{cost.cpu_s:.1f}", f"{cost.wall_s:.1f}", f"{per:.0f}", f"{cost.peak_bytes / 2**20:.0f}"]
        if cost.failure:
            cells[0] += f", {cost.failure}"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(rows: Sequence[Row], machine: Mapping[str, str], *, costs: bool = True) -> str:
    """The whole comparison as Markdown, with or without time and memory."""
    parts = ["# Comparison of focus stackers", "", *(f"- {name}: {value}" for name, value in machine.items())]
    versions = {row.version: None for row in rows}
    parts += [f"- {version}" for version in versions]
    for stack in dict.fromkeys(row.stack for row in rows):
        here = sorted((row for row in rows if row.stack == stack), key=lambda row: not row.is_ours)
        parts += ["", f"## {stack}", "", f"{here[0].frames} frames of {here[0].megapixels:.1f} megapixels", ""]
        parts.append(table(here, costs=costs))
    lost = [place for place in behind(rows) if place.matters]
    parts += ["", f"## Where `{DEFAULT}` is not first", ""]
    if lost:
        parts += [f"| stack | measure | `{DEFAULT}` | best | of |", "|---|---|---|---|---|"]
        for place in lost:
            digits = _DIGITS.get(place.measure, 2)
            title = _TITLES.get(place.measure, place.measure)
            numbers = f"{place.value:.{digits}f} | {place.best:.{digits}f}"
            parts.append(f"| {place.stack} | {title} | {numbers} | {place.program} |")
    else:
        parts.append("Nowhere, but for differences that nobody sees.")
    return "\n".join(parts) + "\n"
