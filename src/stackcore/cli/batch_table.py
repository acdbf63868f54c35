"""What became of the stacks of a batch, as lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stackcore.cli.columns import fitted
from stackcore.cli.summary import duration

_WORDS = {
    "completed": "done",
    "existed": "there before",
    "failed": "FAILED",
    "cancelled": "cancelled",
    "waiting": "to do",
    "running": "cut off",
}
"""States of `stackcore.batching.journal`, for people."""

_LEAST_COLUMNS = 60
"""On a narrower terminal, what a stack is about goes to a line of its own."""


def batch_table(result: Mapping[str, Any], columns: int, *, breaks: bool = True) -> list[str]:
    """One row for each stack of a batch's result, with why a failed one failed; no lines for any other result.

    `columns` is the width of the terminal: names are cut to it, reasons are not, for they are there to be read:
    they are broken at words unless `breaks` is false.
    """
    stacks: Sequence[Mapping[str, Any]] = result.get("stacks", ())
    if not stacks:
        return []
    room = max(12, columns - (14 if columns < _LEAST_COLUMNS else 36))
    width = min(room, max(len(stack["name"]) for stack in stacks))
    return [line for stack in stacks for line in _row(stack, width, columns, breaks)]


def _row(stack: Mapping[str, Any], width: int, columns: int, breaks: bool) -> list[str]:
    name, state = stack["name"], _WORDS.get(stack["state"], stack["state"])
    name = name if len(name) <= width else f"{name[: width - 1]}…"
    time = duration(stack["seconds"]) if stack["seconds"] else ""
    notes = len(stack["warnings"]) - (stack["state"] == "failed")  # the failure itself is told as a warning, too
    warned = f"{notes} warning{'s' * (notes > 1)}" if notes > 0 else ""
    if columns < _LEAST_COLUMNS:
        lines = [
            f"{name:<{width}}  {state}",
            *([f"  {part}"] if (part := ", ".join(filter(None, (time, warned)))) else []),
        ]
    else:
        lines = [f"{name:<{width}}  {stack['frames']:>4} frames  {state:<12}  {time:>12}  {warned}".rstrip()]
    if "problem" in stack:
        lines.extend(
            fitted(f"{stack['problem']['what']} {stack['problem']['why']}", columns if breaks else None, label="  ")
        )
    return lines
