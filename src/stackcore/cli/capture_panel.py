"""The live panel of a capture run: where it is, what it does, how sharp each slice was."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stackcore.capturing.status import CaptureStatus
from stackcore.cli.summary import duration

BARS = "▁▂▃▄▅▆▇█"
GAP = "·"
CURVE_WIDTH = 60
"""More slices than this share columns; fewer do where the terminal is narrow."""

_LEAST_CURVE = 8

_LABEL = 9
"""Columns of the longest label."""

_AROUND = _LABEL + 6
"""Columns that the frame, the labels and the room between them take."""


class CapturePanel:
    """Draws a status on `console` each time it changed, and takes it off at the end.

    Parameters
    ----------
    console
        Where to draw.
    status
        What to draw; whoever owns it keeps it up to date.
    """

    def __init__(self, console: Console, status: CaptureStatus) -> None:
        self._status = status
        self._console = console
        self._live = Live(console=console, transient=True, auto_refresh=False)

    def draw(self) -> None:
        """Draw the status as it is now."""
        if not self._live.is_started:
            self._live.start()
        self._live.update(render(self._status, self._console.width), refresh=True)

    def stop(self) -> None:
        """Take the panel off the screen; may be called twice."""
        self._live.stop()


def render(status: CaptureStatus, columns: int = 100) -> Panel:
    """The panel for a status, on a terminal of so many columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for label, text in _rows(status, columns - _AROUND):
        table.add_row(label, text)
    bar = ProgressBar(total=max(status.slices, 1), completed=status.slices_done)
    title = Text("stackcore capture", style="bold")
    if status.simulated:
        title.append("  SIMULATED ", style="bold yellow")
    return Panel(Group(table, bar), title=title, title_align="left", border_style="cyan")


def _rows(status: CaptureStatus, room: int) -> list[tuple[str, Text]]:
    left = "" if status.seconds_left is None else f", {duration(status.seconds_left)} left"
    rows = [
        ("slice", Text(f"{status.slice_number} of {status.slices}{left}")),
        ("focus", Text(f"{status.offset:+d} units from the start")),
        ("now", Text(status.doing)),
        ("last file", Text(status.last_file or "none yet")),
    ]
    if status.sharpness:
        best = max(status.sharpness, key=lambda number: status.sharpness[number])
        said = f"  sharpest: slice {best}"
        curve = sparkline(status.curve(), max(_LEAST_CURVE, min(CURVE_WIDTH, room - len(said))))
        rows.append(("sharpness", Text(f"{curve}{said}", style="green")))
    if status.warnings:
        count = len(status.warnings)
        rows.append(("warnings", Text(f"{count}, the last: {status.warnings[-1]}", style="yellow")))
    return rows


def sparkline(curve: list[float | None], columns: int = CURVE_WIDTH) -> str:
    """A curve as bars of eight heights from its lowest to its highest figure, in so many columns at most.

    Examples
    --------
    >>> sparkline([1.0, None, 2.0, 1.5])
    '▁·█▅'
    """
    share = -(-len(curve) // columns) or 1
    groups = [[value for value in curve[at : at + share] if value is not None] for at in range(0, len(curve), share)]
    values = [max(group) if group else None for group in groups]
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    low, high = min(known), max(known)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(GAP if value is None else BARS[round((value - low) * scale)] for value in values)
