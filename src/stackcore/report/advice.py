"""What the report says of a stack in words: what is missing, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stackcore.report.coverage import Coverage

_ROWS, _COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")

_MOST_PLACES = 3
_WHERE_SHARE = 0.15
"""A ninth of the picture is named where it holds so much of what is gaining."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a report says of the coverage: in short, in full, and what to do.

    `code` is stable: covered, unknown, first-gaining, last-gaining, gap, wide-steps.
    """

    code: str
    level: Literal["good", "note", "warning"]
    title: str
    text: str
    advice: str = ""


def findings(coverage: Coverage | None, indices: Sequence[int]) -> list[Finding]:
    """What is to be said of a stack whose slices have these `indices`; never empty."""
    if coverage is None:
        return [
            Finding(
                code="unknown",
                level="note",
                title="Coverage cannot be told",
                text="There are fewer than five slices, or too little detail in the picture, to tell from sharpness "
                "whether slices are missing.",
            )
        ]
    found = [*_ends(coverage, indices), *_gaps(coverage, indices), *_steps(coverage)]
    return found or [
        Finding(
            code="covered",
            level="good",
            title="The subject is covered",
            text="Everywhere with detail, sharpness rises to a peak within the stack and falls again, without a gap.",
        )
    ]


def _ends(coverage: Coverage, indices: Sequence[int]) -> list[Finding]:
    found = []
    if coverage.lacks_first:
        found.append(
            Finding(
                code="first-gaining",
                level="warning",
                title=f"Slice {indices[0] + 1}, the first, is still gaining",
                text=f"In {_percent(coverage.first_share)} of the places with detail ({where(coverage.first_gaining)}) "
                "sharpness still rises towards the first slice: the sharpest slice would lie in front of it.",
                advice="Start nearer: move focus towards the camera before the run, and add slices at the beginning, "
                "unless you want these places blurred.",
            )
        )
    if coverage.lacks_last:
        found.append(
            Finding(
                code="last-gaining",
                level="warning",
                title=f"Slice {indices[-1] + 1}, the last, is still gaining",
                text=f"In {_percent(coverage.last_share)} of the places with detail ({where(coverage.last_gaining)}) "
                "sharpness still rises towards the last slice: the sharpest slice would lie behind it.",
                advice="Go on farther: add slices at the end, unless you want these places blurred.",
            )
        )
    return found


def _gaps(coverage: Coverage, indices: Sequence[int]) -> list[Finding]:
    return [
        Finding(
            code="gap",
            level="warning",
            title=f"A gap between slices {indices[gap.before] + 1} and {indices[gap.after] + 1}",
            text=f"They lie about {gap.steps:.1f} times as far apart as their neighbours: halfway between them the "
            f"subject is about {_percent(gap.halfway)} as sharp as in a slice.",
            advice="A frame may be missing, was left out, or the drive jumped: shoot this part again.",
        )
        for gap in coverage.gaps
    ]


def _steps(coverage: Coverage) -> list[Finding]:
    if not coverage.is_coarse or coverage.halfway is None:
        return []
    return [
        Finding(
            code="wide-steps",
            level="warning",
            title="The steps are wide",
            text=f"Halfway between two slices the subject is about {_percent(coverage.halfway)} as sharp as in one: "
            "bands of less sharpness may show on slopes.",
            advice="Make the step smaller and shoot more slices, or stop down.",
        )
    ]


def where(cells: NDArray[np.bool_]) -> str:
    """The parts of the picture that hold most of the cells, in words.

    Examples
    --------
    >>> marked = np.zeros((6, 6), np.bool_)
    >>> marked[:2, :2] = True
    >>> where(marked)
    'top left'
    >>> marked[:2] = True
    >>> where(marked)
    'along the top'
    """
    total = cells.sum()
    thirds = [np.array_split(rows, 3, axis=1) for rows in np.array_split(cells, 3, axis=0)]
    held = np.array([[part.sum() for part in row] for row in thirds]) >= _WHERE_SHARE * max(total, 1)
    names = []
    for number, row in enumerate(_ROWS):
        if held[number].all():
            names.append(f"along the {row}")
            held[number] = False
    for number, column in enumerate(_COLUMNS):
        if held[:, number].all():
            names.append(f"along the {column}")
            held[:, number] = False
    names += [_name(_ROWS[row], _COLUMNS[column]) for row, column in np.argwhere(held)]
    return ", ".join(names) if 0 < len(names) <= _MOST_PLACES else "in many places"


def _name(row: str, column: str) -> str:
    return "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"


def _percent(share: float) -> str:
    return f"{share:.0%}"
