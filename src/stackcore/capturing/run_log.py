"""The log of a run: every event as one readable line, in a file beside the manifest."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import IO

from stackcore.events import (
    BaseEvent,
    Capturing,
    Moving,
    Progress,
    Result,
    Returning,
    RunFinished,
    RunStarted,
    Saved,
    Saving,
    SliceStarted,
    StageStarted,
    Waiting,
    Warned,
)
from stackcore.runs import Run

_LOG = logging.getLogger(__name__)

SUFFIX = ".log"


class RunLog:
    """A listener that writes to the disk at once; must be the last one, for it warns while others are being told.

    Lines wait in memory until it is known where the manifest lies, and move with it. A log that cannot be written is
    a warning and given up; it never costs a frame.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._run: Run | None = None
        self._manifest: Callable[[], Path | None] = lambda: None
        self._name = ""
        self._file: IO[str] | None = None
        self._path: Path | None = None

    def follow(self, run: Run, name: str, manifest: Callable[[], Path | None]) -> None:
        """Write to `name`.log in the folder of what `manifest` returns, as soon as it does; warn `run`."""
        self._run, self._name, self._manifest = run, name, manifest

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in; the last one of the run closes the file."""
        self._lines.append(as_line(event))
        try:
            self._write()
        except OSError as error:
            self._give_up(error, event)
        if isinstance(event, RunFinished):
            self._close()

    def _write(self) -> None:
        manifest = self._manifest()
        if manifest is None:
            return
        path = manifest.parent / (self._name + SUFFIX)
        if path == self._path and self._file is not None:
            self._file.write(self._lines[-1])
            self._file.flush()
            return
        before = self._path
        self._close()
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace")
        self._file.writelines(self._lines)
        self._file.flush()
        self._path = path
        if before is not None:
            with contextlib.suppress(OSError):
                before.unlink()

    def _give_up(self, error: OSError, event: BaseEvent) -> None:
        self._close()
        self._manifest = lambda: None
        run, self._run = self._run, None
        if run is None or isinstance(event, RunFinished):  # which stays the last event
            _LOG.warning("the log of the run is not complete: %s", error)
            return
        run.emit(Warned(code="log", message=f"the log of this run is not complete: {error}"))

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def as_line(event: BaseEvent) -> str:
    r"""One line for an event: the time in UTC, then what happened.

    Examples
    --------
    >>> as_line(Waiting(delay_ms=200))
    '1970-01-01 00:00:00.000Z  waiting 200 ms\n'
    """
    time = event.at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
    words = " ".join(describe(event).splitlines())
    return f"{time}Z  {words}\n"


def describe(event: BaseEvent) -> str:
    """What happened, in words."""
    match event:
        case RunStarted():
            asked = ", ".join(f"{name} {value}" for name, value in event.settings.items())
            return f"{event.command} started, run {event.run_id}" + (f": {asked}" if asked else "")
        case SliceStarted():
            where = "" if event.offset is None else f", focus at {event.offset:+d}"
            return f"slice {event.slice_index + 1} of {event.slices}{where}" + (", SIMULATED" * bool(event.simulated))
        case Moving():
            return f"moving by {event.steps:+d} from {event.offset:+d}"
        case Waiting():
            return f"waiting {event.delay_ms} ms"
        case Capturing():
            return "taking a still" if event.source == "still" else "taking a live-view frame"
        case Saving():
            return f"saving {event.path}"
        case Saved():
            return f"saved {event.path} ({event.bytes:,} bytes, SHA-256 {event.sha256})"
        case Returning():
            return f"returning focus by {event.steps:+d}"
        case StageStarted():
            return f"{event.stage} started"
        case Progress() if event.sharpness is not None:
            return f"sharpness {event.sharpness:.5f}"
        case Progress():
            return f"{event.stage}: {event.done}" + (f" of {event.total}" if event.total else "")
        case Warned():
            return f"WARNING {event.frame + ': ' if event.frame else ''}{event.message}"
        case Result():
            return "result: " + ", ".join(f"{k} {v}" for k, v in event.data.items() if not isinstance(v, list))
        case RunFinished():
            return f"{event.outcome}, exit code {event.exit_code}" + _reason(event)
    return str(getattr(event, "kind", type(event).__name__))


def _reason(event: RunFinished) -> str:
    error = event.error
    return "" if error is None else f": {error.what} why: {error.why} try: {error.fix}"
