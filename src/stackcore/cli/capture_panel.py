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
"""More slices than this share columns."""


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
        self._live = Live(console=console, transient=True, auto_refresh=False)

    def draw(self) -> None:
        """Draw the status as it is now."""
        if not self._live.is_started:
            self._live.start()
        self._live.update(render(self._status), refresh=True)

    def stop(self) -> None:
        """Take the panel off the screen; may be called twice."""
        self._live.stop()


def render(status: CaptureStatus) -> Panel:
    """The panel for a status."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for label, text in _rows(status):
        table.add_row(label, text)
    bar = ProgressBar(total=max(status.slices, 1), completed=status.slices_done)
    title = Text("stackcore capture", style="bold")
    if status.simulated:
        title.append("  SIMULATED ", style="bold yellow")
    return Panel(Group(table, bar), title=title, title_align="left", border_style="cyan")


def _rows(status: CaptureStatus) -> list[tuple[str, Text]]:
    left = "" if status.seconds_left is None else f"   about {duration(status.seconds_left)} left"
    rows = [
        ("slice", Text(f"{status.slice_number} of {status.slices}{left}")),
        ("focus", Text(f"{status.offset:+d} drive units from the start")),
        ("now", Text(status.doing)),
        ("last file", Text(status.last_file or "none yet")),
    ]
    if status.sharpness:
        best = max(status.sharpness, key=lambda number: status.sharpness[number])
        rows.append(("sharpness", Text(f"{sparkline(status.curve())}  sharpest: slice {best}", style="green")))
    if status.warnings:
        count = len(status.warnings)
        rows.append(("warnings", Text(f"{count}, the last: {status.warnings[-1]}", style="yellow")))
    return rows


def sparkline(curve: list[float | None]) -> str:
    """A curve as bars of eight heights from its lowest to its highest figure.

    Examples
    --------
    >>> sparkline([1.0, None, 2.0, 1.5])
    '▁·█▅'
    """
    share = -(-len(curve) // CURVE_WIDTH) or 1
    groups = [[value for value in curve[at : at + share] if value is not None] for at in range(0, len(curve), share)]
    values = [max(group) if group else None for group in groups]
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    low, high = min(known), max(known)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(GAP if value is None else BARS[round((value - low) * scale)] for value in values)
