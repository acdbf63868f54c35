"""Cuts the frames of one folder into stacks where the photographer paused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from stackcore.errors import FrameError
from stackcore.metadata.taken import taken_at

LEAST_GAP_S = 5.0
"""A pause shorter than this ends no stack unless it is asked for: cards are slow, flashes recharge."""

TIMES_THE_USUAL = 4.0
"""A pause of so many times the usual one ends a stack: within one, frames follow each other evenly."""


def by_time(frames: Sequence[Path], gap_s: float | None = None) -> list[list[Path]]:
    """Frames in the order of their shots, cut where more than `gap_s` seconds lie between two of them.

    Without `gap_s`, where the pause is more than 4 times the median one and more than 5 seconds: true of a run shot by
    a machine, and of a patient hand. `FrameError` for a frame that does not tell when it was taken.
    """
    if not frames:
        return []
    times = {}
    for path in frames:
        moment = taken_at(path)
        if moment is None:
            raise FrameError(
                f"{path} does not tell when it was taken.",
                "its metadata hold no time of the shot.",
                "put each stack into a folder of its own, or leave --split time out.",
            )
        times[path] = moment
    ordered = sorted(frames, key=lambda path: times[path])  # stable: shots of one second stay as they are named
    pauses = [(times[b] - times[a]).total_seconds() for a, b in pairwise(ordered)]
    limit = gap_s if gap_s is not None else max(LEAST_GAP_S, TIMES_THE_USUAL * (median(pauses) if pauses else 0.0))
    parts = [[ordered[0]]]
    for path, pause in zip(ordered[1:], pauses, strict=True):
        if pause > limit:
            parts.append([])
        parts[-1].append(path)
    return parts
