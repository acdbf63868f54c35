"""Runs shown without a terminal: plain lines on stderr, the summary on stdout; or, when quiet, only the result."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from stackcore.cli.batch_table import batch_table
from stackcore.cli.columns import columns_of
from stackcore.cli.summary import Summary, row_lines, stack_line, warning_line
from stackcore.events import (
    BaseEvent,
    Moving,
    Progress,
    Result,
    Returning,
    RunFinished,
    RunStarted,
    Saved,
    SliceStarted,
    StageStarted,
    Waiting,
    Warned,
)

PROGRESS_EVERY_S = 5.0
"""A log wants to see that work goes on, not every frame of it."""


class QuietScreen:
    """Says where the result is; errors are printed by the session."""

    def __init__(self) -> None:
        self._summary = Summary()

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        self._summary.note(event)
        if isinstance(event, RunFinished) and event.outcome == "completed" and self._summary.place:
            print(self._summary.place, flush=True)


class PlainScreen:
    """One line for each thing worth telling.

    Parameters
    ----------
    verbose
        Tell every movement, wait and file as well.
    clock
        Seconds that only grow.
    """

    def __init__(self, *, verbose: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._verbose = verbose
        self._clock = clock
        self._told_at = clock()
        self._summary = Summary()

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        self._summary.note(event)
        line = self._detail(event) if self._verbose else None
        line = line or self._line(event)
        if line:
            self._told_at = self._clock()
            print(line, file=sys.stderr, flush=True)
        if isinstance(event, RunFinished):
            self._finish(event)

    def _line(self, event: BaseEvent) -> str | None:
        match event:
            case RunStarted():
                return f"{event.command} started"
            case SliceStarted():
                return f"slice {event.slice_index + 1} of {event.slices}" + (" SIMULATED" * bool(event.simulated))
            case Returning():
                return f"returning focus by {event.steps:+d}"
            case StageStarted():
                plan = "" if event.plan is None else f"plan: {event.plan}\n"
                return plan + (_stage(event) if event.total is None else f"{_stage(event)}: {event.total} to do")
            case Progress() if event.sharpness is not None:
                return f"  sharpness {event.sharpness:.4f}"
            case Progress() if self._clock() - self._told_at >= PROGRESS_EVERY_S:
                return f"{_stage(event)}: {event.done}" + (f" of {event.total}" if event.total else "")
            case Warned():
                return warning_line(event)
            case Result() if event.stack is not None:
                return stack_line(event)
        return None

    def _detail(self, event: BaseEvent) -> str | None:
        match event:
            case Moving():
                return f"  moving by {event.steps:+d} from {event.offset}"
            case Waiting():
                return f"  waiting {event.delay_ms} ms"
            case Saved():
                return f"  saved {event.path} ({event.bytes:,} bytes)"
        return None

    def _finish(self, event: RunFinished) -> None:
        width, breaks = shutil.get_terminal_size().columns, columns_of() is not None
        for line in batch_table(self._summary.result, width, breaks=breaks):
            print(line, flush=True)
        if event.outcome == "cancelled":
            print(f"{self._summary.command} cancelled", file=sys.stderr, flush=True)
        elif event.outcome == "completed":
            width = max(len(label) for label, _ in self._summary.rows())
            for label, text in self._summary.rows():
                print(*row_lines(label, text, width, columns_of()), sep="\n", flush=True)


def _stage(event: StageStarted | Progress) -> str:
    """Name of a stage for people, and of the stack of a batch that it is about."""
    name = event.stage.replace("_", " ")
    return name if event.stack is None else f"{event.stack}: {name}"
