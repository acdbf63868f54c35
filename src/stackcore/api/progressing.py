"""How far a run is, shown while it goes on: bars in a notebook, a line that is written anew elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import Any, TextIO

from stackcore.capturing.status import SHARPNESS_STAGE, CaptureStatus
from stackcore.events import BaseEvent, Progress, Result, RunFinished, RunStarted, SliceStarted, StageStarted, Warned

_EVERY_S = 0.1
"""A screen need not be drawn more often."""

_SHOOTING = "shooting"
_MARKS = {"": "", "completed": "done", "cancelled": "cancelled", "failed": "failed"}


def progress(*, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> ProgressDisplay:
    """Return a listener that shows how far a run is: `stackcore.stack(..., listeners=[stackcore.progress()])`.

    In a notebook it is a cell of bars, drawn anew in its place; on a terminal a line, in a file one line a stage.
    One of them may serve several runs, one after the other.

    Parameters
    ----------
    stream
        Where text goes; stderr when left out.
    clock
        Seconds that only grow.

    Examples
    --------
    >>> import io, stackcore
    >>> told = io.StringIO()
    >>> found = stackcore.survey("shoot", listeners=[stackcore.progress(stream=told)])
    >>> print(told.getvalue().strip())
    hot pixels 4/4
    align 5/5
    survey done
    """
    return ProgressDisplay(sys.stderr if stream is None else stream, clock)


@dataclass
class _Stage:
    done: int = 0
    total: int | None = None

    @property
    def figures(self) -> str:
        return f"{self.done}" if self.total is None else f"{self.done}/{self.total}"


@dataclass
class ProgressDisplay:
    """The state of the run that was heard last, by its events; shows itself as it changes."""

    stream: TextIO
    clock: Callable[[], float]
    command: str = ""
    outcome: str = ""
    output: str = ""
    stages: dict[str, _Stage] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _status: CaptureStatus = field(default_factory=CaptureStatus)
    _began: float = 0.0
    _drawn_at: float = float("-inf")
    _cell: Any = None
    _lines: set[str] = field(default_factory=set)

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        self._status.note(event)
        match event:
            case RunStarted():
                self._begin(event.command)
            case SliceStarted():
                self.stages[_SHOOTING] = _Stage(event.slice_index, event.slices)
            case StageStarted():
                self.stages[_name(event)] = _Stage(0, event.total)
            case Progress() if event.stage != SHARPNESS_STAGE:
                stage = self.stages.setdefault(_name(event), _Stage())
                stage.done, stage.total = event.done, stage.total if event.total is None else event.total
            case Warned():
                self.warnings.append(event.message)
            case Result() if event.stack is None:
                self.output = str(event.data.get("output") or "")
            case RunFinished():
                self.outcome = event.outcome
                if _SHOOTING in self.stages:
                    self.stages[_SHOOTING].done = self._status.slices_done
        self._draw(at_once=isinstance(event, RunStarted | RunFinished))

    def _begin(self, command: str) -> None:
        """Forget the run before, whose cell stays as it is."""
        self.command, self.outcome, self.output = command, "", ""
        self.stages, self.warnings, self._lines = {}, [], set()
        self._status, self._cell = CaptureStatus(), None
        self._began = self.clock()

    def __repr__(self) -> str:
        parts = [f"{name} {stage.figures}" for name, stage in self.stages.items()]
        state = self.outcome or self._doing
        return " · ".join(filter(None, [" ".join(filter(None, [self.command, _MARKS.get(state, state)])), *parts]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{_bar(stage, self.outcome)}</td><td>{stage.figures}</td></tr>"
            for name, stage in self.stages.items()
        )
        state = _MARKS.get(self.outcome, self.outcome) or self._doing or "under way"
        took = f"{self.clock() - self._began:.1f} s"
        told = "".join(f"<li>{escape(message)}</li>" for message in self.warnings[-3:])
        more = f"{len(self.warnings)} warnings" if len(self.warnings) > 3 else ""
        return (
            f"<div><b>{escape(self.command)}</b> {escape(state)}, {took} {escape(self.output)}"
            f"<table>{rows}</table>{more}{f'<ul>{told}</ul>' if told else ''}</div>"
        )

    @property
    def _doing(self) -> str:
        """What the camera is at, in words; nothing when none is in use."""
        return self._status.doing if self._status.slices and not self.outcome else ""

    def _draw(self, *, at_once: bool) -> None:
        now = self.clock()
        if not at_once and now - self._drawn_at < _EVERY_S and not self._is_file:
            return
        self._drawn_at = now
        if self._cell is None:
            self._cell = _new_cell(self) or False
        elif self._cell:
            self._cell.update(self)
        if not self._cell:
            self._write()

    @property
    def _is_file(self) -> bool:
        """Text goes where nothing can be written anew."""
        return not self._cell and not self.stream.isatty()

    def _write(self) -> None:
        if not self._is_file:
            end = "\n" if self.outcome else ""
            self.stream.write(f"\r\x1b[2K{self!r}{end}")
            self.stream.flush()
            return
        complete = [f"{name} {s.figures}" for name, s in self.stages.items() if self.outcome or s.done == s.total]
        for line in [*complete, *([f"{self.command} {_MARKS[self.outcome]}"] if self.outcome else [])]:
            if line not in self._lines:
                self._lines.add(line)
                print(line, file=self.stream, flush=True)


def _name(event: StageStarted | Progress) -> str:
    name = event.stage.replace("_", " ")
    return name if event.stack is None else f"{event.stack}: {name}"


def _bar(stage: _Stage, outcome: str) -> str:
    if stage.total is None:
        return "" if outcome else "<progress></progress>"
    return f'<progress max="{max(stage.total, 1)}" value="{stage.done}"></progress>'


def _new_cell(shown: ProgressDisplay) -> Any:
    """What updates a cell of the notebook that this runs in; None elsewhere, where IPython is not even loaded."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    if getattr(shell, "kernel", None) is None:
        return None
    return import_module("IPython.display").display(shown, display_id=True)
