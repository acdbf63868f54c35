"""Runs shown on a terminal: a panel while shooting, bars with the time left otherwise, a summary at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from stackcore.capturing.status import SHARPNESS_STAGE, CaptureStatus
from stackcore.cli.batch_table import batch_table
from stackcore.cli.capture_panel import CapturePanel
from stackcore.cli.columns import fitted
from stackcore.cli.summary import Summary, row_lines, stack_line, warning_line
from stackcore.events import (
    BaseEvent,
    Capturing,
    Moving,
    Result,
    Returning,
    RunFinished,
    Saved,
    Saving,
    SliceStarted,
    StageStarted,
    Waiting,
    Warned,
)
from stackcore.events import Progress as Progressed

WARNINGS_SHOWN = 20
"""A stack of 300 frames can warn 300 times; the summary counts the rest."""


class LiveScreen:
    """A rich display on stderr, so that stdout holds nothing but the summary. Honours `NO_COLOR`.

    Parameters
    ----------
    verbose
        Print every saved file and every warning.
    progress_console, summary_console
        Where to draw; stderr and stdout when left out.
    clock
        Seconds that only grow; the bars compute the time left from it.
    """

    def __init__(
        self,
        *,
        verbose: bool = False,
        progress_console: Console | None = None,
        summary_console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verbose = verbose
        self._console = progress_console or Console(stderr=True)
        self._out = summary_console or Console()
        self._summary = Summary()
        self._tasks: dict[str, Any] = {}
        self._ended: set[str] = set()  # stacks of a batch whose bars may go
        self._status = CaptureStatus()
        self._panel = CapturePanel(self._console, self._status)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            get_time=clock,
        )

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        self._summary.note(event)
        self._status.note(event)
        match event:
            case Progressed() if event.stage == SHARPNESS_STAGE:
                self._panel.draw()
            case SliceStarted() | Moving() | Waiting() | Capturing() | Saving() | Returning():
                self._panel.draw()
            case Saved():
                self._panel.draw()
                if self._verbose:
                    self._console.print(f"saved {escape(event.path)} ({event.bytes:,} bytes)", highlight=False)
            case StageStarted():
                if event.plan is not None:
                    self._console.print(f"plan: {escape(event.plan)}", highlight=False)
                self._turn_to(event.stack)
                self._advance(self._title(event), 0, event.total)
            case Progressed():
                self._advance(self._title(event), event.done, event.total)
            case Result() if event.stack is not None:
                self._ended.add(event.stack)
                for line in fitted(stack_line(event), self._console.width, indent=2):
                    self._console.print(escape(line), highlight=False, soft_wrap=True)
            case Warned():
                if event.code == "stack_failed" and event.stack is not None:
                    self._ended.add(event.stack)
                self._warn(event)
            case RunFinished():
                self.close()
                self._finish(event)

    def close(self) -> None:
        """Take panel and bars off the screen; may be called twice."""
        self._panel.stop()
        self._bars.stop()

    def _turn_to(self, stack: str | None) -> None:
        """Take the bars of stacks that have ended off the screen: a batch has hundreds, and some may run at once."""
        for other in self._ended - {stack}:
            for name in [name for name in self._tasks if name.startswith(f"{other}: ")]:
                self._bars.remove_task(self._tasks.pop(name))

    @staticmethod
    def _title(event: StageStarted | Progressed) -> str:
        return event.stage if event.stack is None else f"{event.stack}: {event.stage}"

    def _advance(self, name: str, done: int, total: int | None) -> None:
        self._panel.stop()  # a terminal has room for one live display
        self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(escape(name.replace("_", " ")), total=total)
        fields: dict[str, Any] = {} if total is None else {"total": total}
        self._bars.update(self._tasks[name], completed=done, **fields)

    def _warn(self, event: Warned) -> None:
        if self._verbose or len(self._summary.warnings) <= WARNINGS_SHOWN:
            self._console.print(f"[yellow]{escape(warning_line(event))}[/]", highlight=False)

    def _finish(self, event: RunFinished) -> None:
        for line in batch_table(self._summary.result, self._out.width):
            self._out.print(escape(line), soft_wrap=True, highlight=False)
        if event.outcome == "cancelled":
            self._console.print(f"[yellow]{escape(self._summary.command)} cancelled[/]")
        elif event.outcome == "completed":
            rows = self._summary.rows()
            width = max(len(label) for label, _ in rows)
            self._out.print(f"[bold green]{escape(self._summary.command)} completed[/]")
            for label, text in rows:
                first, *more = row_lines(label, text, width, self._out.width)
                head, tail = escape(first[:width]), escape(first[width:])
                self._out.print(f"[bold]{head}[/]{tail}", soft_wrap=True, highlight=False)
                for line in more:
                    self._out.print(escape(line), soft_wrap=True, highlight=False)
