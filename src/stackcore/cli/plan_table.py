"""A capture plan in words: one row per slice, and what the whole costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stackcore.actions import Action, DriveFocus, Expose, SavePreview, Wait, Watch

if TYPE_CHECKING:
    from stackcore.api.planning import PlannedCapture


def plan_rows(actions: Iterable[Action]) -> list[tuple[str, str, str]]:
    """Slice number from 1, focus offset in drive units, and what happens there until the next slice."""
    rows: list[tuple[int, int, list[str]]] = []
    offset = 0
    for action in actions:
        match action:
            case Expose(index) | SavePreview(index) | Watch(index):
                if not rows or rows[-1][0] != index:
                    rows.append((index, offset, []))
            case DriveFocus(steps):
                offset += steps
        if rows and (words := _words(action)):
            rows[-1][2].append(words)
    return [(str(index + 1), f"{at:+d}" if at else "0", ", ".join(words)) for index, at, words in rows]


def plan_summary(planned: PlannedCapture) -> list[tuple[str, str]]:
    """Label and text of each figure of a plan."""
    settings, cost = planned.settings, planned.estimate
    lines = [
        ("camera", settings.camera + (" (SIMULATED)" if planned.simulated else "")),
        ("mode", settings.mode),
        ("slices", f"{settings.slices}, step {settings.step}, delay {settings.delay_ms} ms"),
        ("travel", f"{cost.travel} drive units, then back"),
        ("time", f"about {_duration(cost.seconds)}"),
        ("size", f"about {cost.bytes / 1024**2:,.0f} MiB in {cost.files} files" if cost.files else "nothing is saved"),
    ]
    if planned.first_file:
        lines.append(("first file", str(planned.first_file)))
    return lines + [("warning", message) for message in planned.warnings]


def _words(action: Action) -> str:
    match action:
        case Expose():
            return "still"
        case SavePreview():
            return "live-view frame"
        case Watch():
            return "watch"
        case DriveFocus(steps):
            return f"move {steps:+d}"
        case Wait(delay_ms):
            return f"wait {delay_ms} ms" if delay_ms else ""
    return ""


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
