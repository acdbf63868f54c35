"""What a capture run is doing right now, put together from its events: for the panel, the web page, any screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any

from stackcore.events import (
    BaseEvent,
    Capturing,
    Moving,
    Progress,
    Returning,
    RunFinished,
    Saved,
    Saving,
    SliceStarted,
    Waiting,
    Warned,
)

SHARPNESS_STAGE = "sharpness"
"""The stage whose progress tells how sharp live view is."""


@dataclass
class CaptureStatus:
    """The state of a run after the events that `note` was given.

    Attributes
    ----------
    slice_number, slices
        The slice that is under way, from 1, and how many there are; 0 before the first.
    slices_done
        The number of the last slice that is complete.
    offset
        Where focus stands, in drive units from the start of the run; + is farther.
    doing
        In words: looking (at live view), moving, waiting, capturing, saving, returning; at last completed, cancelled
        or failed.
    sharpness
        Figure of live view by slice number; slices without one are missing.
    last_file
        Name of the last file saved.
    seconds_left
        By the pace so far, without the way back; None before the second slice.
    """

    slice_number: int = 0
    slices: int = 0
    offset: int = 0
    doing: str = "starting"
    simulated: bool = False
    last_file: str = ""
    files: int = 0
    warnings: list[str] = field(default_factory=list)
    sharpness: dict[int, float] = field(default_factory=dict)
    seconds_left: float | None = None
    ended: bool = False
    slices_done: int = 0
    _first: tuple[int, datetime] | None = None
    _target: int = 0
    _lost: bool = False

    def note(self, event: BaseEvent) -> None:
        """Take one event in."""
        match event:
            case SliceStarted():
                self._arrive(event)
            case Moving():
                self.offset, self._target = event.offset, event.offset + event.steps
                self.slices_done = self.slice_number
                self.doing = f"moving {event.steps:+d}"
            case Waiting():
                self._settle()
                self.slices_done = self.slice_number
                self.doing = f"waiting {event.delay_ms} ms"
            case Capturing():
                self.doing = "capturing" if event.source == "still" else "capturing live view"
            case Saving():
                self.doing = "saving"
            case Saved():
                self.doing, self.last_file, self.files = "saved", PurePath(event.path).name, self.files + 1
            case Returning():
                self._settle()
                self._target, self.seconds_left = self.offset + event.steps, None
                self.doing = f"returning {event.steps:+d}"
            case Progress() if event.stage == SHARPNESS_STAGE and event.sharpness is not None:
                self.sharpness[event.done] = event.sharpness
            case Warned():
                self.warnings.append(event.message)
                self._lost = self._lost or event.code.startswith("focus_")
            case RunFinished():
                if not self._lost:
                    self._settle()  # the last movement was confirmed, or there would be a warning of it
                if event.outcome == "completed":
                    self.slices_done = self.slices
                self.doing, self.ended, self.seconds_left = event.outcome, True, None

    def as_data(self) -> dict[str, Any]:
        """The same for a program: plain values only; `sharpness` is a list by slice, None where there is no figure."""
        return {
            "slice": self.slice_number,
            "slices": self.slices,
            "offset": self.offset,
            "doing": self.doing,
            "simulated": self.simulated,
            "last_file": self.last_file,
            "files": self.files,
            "warnings": list(self.warnings),
            "sharpness": self.curve(),
            "seconds_left": self.seconds_left,
            "ended": self.ended,
        }

    def curve(self) -> list[float | None]:
        """The figures from slice 1 on up to the last that has one."""
        return [self.sharpness.get(number) for number in range(1, max(self.sharpness, default=0) + 1)]

    def _arrive(self, event: SliceStarted) -> None:
        self.slice_number, self.slices = event.slice_index + 1, event.slices
        self.simulated = self.simulated or bool(event.simulated)
        if event.offset is not None:
            self.offset = self._target = event.offset
        self.doing, self.slices_done = "looking", event.slice_index
        if self._first is None:
            self._first = (event.slice_index, event.at)
        first, began = self._first
        if event.slice_index > first:
            pace = (event.at - began).total_seconds() / (event.slice_index - first)
            self.seconds_left = pace * (event.slices - event.slice_index)

    def _settle(self) -> None:
        self.offset = self._target
