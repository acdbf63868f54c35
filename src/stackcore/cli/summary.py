"""What a finished run looks like in words: result, figures, warnings, time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from stackcore.cli.columns import fitted
from stackcore.events import BaseEvent, Result, RunFinished, RunStarted, Warned

PLACES = ("output", "page", "manifest", "folder", "path")
"""Keys of a result that name where it is, the most wanted first."""

SHARES = ("clipped", "unevenness", "colour_unevenness")
"""Keys of a result that are shares of something, 0.01 for one percent."""


class Summary:
    """Collects what the closing lines need from the events of one run."""

    def __init__(self) -> None:
        self.command = ""
        self.result: dict[str, Any] = {}
        self.warnings: list[Warned] = []
        self._started: datetime | None = None
        self._ended: datetime | None = None

    def note(self, event: BaseEvent) -> None:
        """Take one event in."""
        match event:
            case RunStarted():
                self.command, self._started = event.command, event.at
            case Result() if event.stack is None:
                self.result = event.data
            case Warned():
                self.warnings.append(event)
            case RunFinished():
                self._ended = event.at

    @property
    def place(self) -> str | None:
        """Where the result is: the one path that a script wants, or None; a dry run has none."""
        if self.result.get("dry_run"):
            return None
        return next((str(self.result[key]) for key in PLACES if self.result.get(key)), None)

    @property
    def seconds(self) -> float:
        """How long the run took, by the times of its events."""
        if self._started is None or self._ended is None:
            return 0.0
        return (self._ended - self._started).total_seconds()

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of each figure of the result; tables and long lists are left to `--json`."""
        known = [(key, self.result[key]) for key in PLACES if self.result.get(key)]
        rest = [(key, value) for key, value in _opened(self.result) if key not in PLACES and key != "warnings"]
        rows = [_row(key, text) for key, value in [*known, *rest] if (text := _text(value, key))]
        rows.append(("took", duration(self.seconds)))
        rows.append(("warnings", str(len(self.warnings)) if self.warnings else "none"))
        return rows


def row_lines(label: str, text: str, width: int, columns: int | None) -> list[str]:
    """Lines of a row whose label takes `width`; a path is never broken, for it is there to be copied."""
    return fitted(text, None if label in PLACES else columns, label=f"{label:<{width}}  ")


def duration(seconds: float) -> str:
    """A time for people.

    Examples
    --------
    >>> duration(3.14159), duration(75)
    ('3.1 s', '1 min 15 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def warning_line(event: Warned) -> str:
    """One line for a warning: what it is about, then what it says."""
    about = [name for name in (event.stack, event.frame) if name]
    return ": ".join(["warning", *about, event.message])


def stack_line(event: Result) -> str:
    """One line for a stack of a batch that is done."""
    seconds = sum(event.data.get("seconds", {}).values())
    return f"{event.stack}: done in {duration(seconds)}, {event.data.get('output')}"


def _opened(result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys and values of a result; how raws were developed is told part by part, as `develop` tells it."""
    for key, value in result.items():
        if key == "development" and isinstance(value, Mapping):
            yield from value.items()
        else:
            yield key, value


def _row(key: str, text: str) -> tuple[str, str]:
    """Label and text; units that names carry for programs are left to the text."""
    for unit in ("_bytes", "_s"):
        key = key.removesuffix(unit)
    return key.replace("_", " "), text


def _text(value: Any, key: str = "") -> str:
    if key == "hot_pixels" and isinstance(value, Mapping):
        return f"{value['found']} mended" if value["found"] else ""
    if key == "coverage" and isinstance(value, Mapping):
        return "; ".join(finding["title"] for finding in value["findings"])
    if key.endswith("_bytes") and isinstance(value, int):
        return f"{value / 2**20:,.1f} MiB"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2%}" if key in SHARES else f"{value:.4g}"
    if isinstance(value, str | int):
        return str(value)
    if key == "multipliers" and value:
        return " ".join(f"{part:.4g}" for part in value)  # as --white-balance takes them
    if isinstance(value, Mapping) and value and all(isinstance(v, str | int | float) for v in value.values()):
        seconds = " s" if key in ("seconds", "timings_s") else ""
        return ", ".join(f"{part.replace('_', ' ')} {_text(v)}{seconds}" for part, v in list(value.items())[:8])
    return ""
