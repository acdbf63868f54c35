"""Plots of the report as SVG that takes its colours from the page: one drawing for light, dark and print.

Drawn by matplotlib, which is imported here alone and only when a report is made.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from stackcore.report.model import FrameEntry, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_PT = 380
_ROW_PT = 84
_FONT_PT = 10

_COLOURS = {
    "ink": "#010203",
    "muted": "#010204",
    "line": "#010205",
    "first": "#010206",
    "second": "#010207",
    "third": "#010208",
    "bar": "#010209",
}
"""Stand-ins for the colours of the page, which has them as CSS variables of these names."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stackcore",
    "font.size": _FONT_PT,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "axes.edgecolor": _COLOURS["line"],
    "axes.labelcolor": _COLOURS["muted"],
    "axes.titlecolor": _COLOURS["muted"],
    "axes.titlesize": _FONT_PT,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.formatter.useoffset": False,
    "figure.facecolor": "none",
    "xtick.color": _COLOURS["line"],
    "ytick.color": _COLOURS["line"],
    "xtick.labelcolor": _COLOURS["muted"],
    "ytick.labelcolor": _COLOURS["muted"],
    "grid.color": _COLOURS["line"],
    "grid.linewidth": 0.6,
    "text.color": _COLOURS["ink"],
    "legend.frameon": False,
    "legend.labelcolor": _COLOURS["muted"],
    "lines.linewidth": 1.6,
}


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing for the page: SVG, what it shows in words, and where slices lie in it.

    Slice index 0 lies at `zero` of its width, 0 to 1, and each further one `step` to the right.
    """

    svg: str
    told: str
    zero: float
    step: float


def _styled(draw: Callable[[Report], Plot]) -> Callable[[Report], Plot]:
    """A drawing that is made in our style, whatever matplotlib was set to."""

    @wraps(draw)
    def drawn(report: Report) -> Plot:
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it tells of its cache
        from matplotlib import rc_context, rcdefaults, rcParams

        with rc_context():
            rcdefaults()
            rcParams.update(_STYLE)
            return draw(report)

    return drawn


@_styled
def sharpness_plot(report: Report) -> Plot:
    """Sharpness of each frame, and the share of the picture that it won."""
    frames = report.used
    best = max(frame.sharpness or 0.0 for frame in frames) or 1.0
    figure, (above, below) = _figure(2, report)
    x = [frame.index + 1 for frame in frames]
    above.plot(x, [100 * (frame.sharpness or 0) / best for frame in frames], **_line("first", len(x)))
    above.set_title("sharpness of the whole frame, % of the best")
    above.set_ylim(bottom=0)
    below.bar(x, [100 * (frame.won or 0) for frame in frames], width=0.8, color=_COLOURS["bar"])
    below.set_title("share of the detail that is sharpest in it, %")
    below.set_ylim(bottom=0)
    most = max(frames, key=lambda frame: frame.won or 0.0)
    told = (
        f"Sharpness of {len(frames)} frames; slice {most.index + 1} is the sharpest in most places, "
        f"{100 * (most.won or 0):.0f} % of those with detail."
    )
    return _finished(figure, below, told)


@_styled
def alignment_plot(report: Report) -> Plot:
    """Shift, size and rotation of each frame against the reference."""
    frames = report.used
    figure, (shift, size, turn) = _figure(3, report)
    x = [frame.index + 1 for frame in frames]
    for part, label, colour in ((0, "right", "first"), (1, "down", "second")):
        shift.plot(
            x, [frame.shift_px[part] for frame in frames if frame.shift_px], label=label, **_line(colour, len(x))
        )
    shift.set_title("shift of the middle, pixels")
    _legend(shift)
    size.plot(x, [frame.scale_percent or 0.0 for frame in frames], **_line("first", len(x)))
    size.set_title("size of the subject, % (focus breathing)")
    turn.plot(x, [frame.rotation_deg or 0.0 for frame in frames], **_line("first", len(x)))
    turn.set_title("rotation, degrees")
    for axes, least in ((shift, 0.5), (size, 0.05), (turn, 0.05)):
        _at_least(axes, least)
    told = (
        f"Frames moved by {_span(frames, 'shift_px', 0)} pixels across and {_span(frames, 'shift_px', 1)} down, "
        f"changed in size by {_span(frames, 'scale_percent')} %, and turned by {_span(frames, 'rotation_deg')} degrees."
    )
    return _finished(figure, turn, told)


@_styled
def exposure_plot(report: Report) -> Plot:
    """Light of each frame against the reference, per channel."""
    frames = report.used
    figure, (light,) = _figure(1, report, rows=1.5)
    x = [frame.index + 1 for frame in frames]
    for part, label, colour in ((0, "red", "third"), (1, "green", "second"), (2, "blue", "first")):
        light.plot(
            x, [frame.light_ev[part] for frame in frames if frame.light_ev], label=label, **_line(colour, len(x))
        )
    light.set_title("light, stops")
    _legend(light)
    _at_least(light, 0.05)
    told = f"Light of the frames spans {_span(frames, 'light_ev', 1)} stops in green."
    return _finished(figure, light, told)


def _figure(count: int, report: Report, rows: float = 1.0) -> tuple[Figure, Sequence[Axes]]:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    height = 46 + count * _ROW_PT * rows
    figure = Figure(figsize=(_WIDTH_PT / 72, height / 72))
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(left=46 / _WIDTH_PT, right=1 - 10 / _WIDTH_PT, bottom=38 / height, top=1 - 20 / height)
    figure.subplots_adjust(hspace=0.45)
    for each in axes:
        each.grid(axis="y")
        each.set_axisbelow(True)
        each.yaxis.set_major_locator(MaxNLocator(4))
        each.tick_params(length=0)
    axes[-1].set_xlim(0.4, len(report.frames) + 0.6)
    axes[-1].xaxis.set_major_locator(MaxNLocator(9, integer=True, min_n_ticks=1))
    axes[-1].set_xlabel("slice")
    return figure, list(axes)


def _line(colour: str, points: int) -> dict[str, Any]:
    return {"color": _COLOURS[colour], "marker": "o" if points <= 60 else "", "markersize": 2.6}


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderpad=0, borderaxespad=0.2, handlelength=1.2)


def _at_least(axes: Axes, span: float) -> None:
    """Show no less than `span`, so that nothing looks like much that is little."""
    low, high = axes.get_ylim()
    if high - low < span:
        middle = (low + high) / 2
        axes.set_ylim(middle - span / 2, middle + span / 2)


def _span(frames: Sequence[FrameEntry], key: str, part: int | None = None) -> str:
    values = [getattr(frame, key) if part is None else getattr(frame, key)[part] for frame in frames]
    return f"{max(values) - min(values):.2f}"


def _finished(figure: Figure, axes: Axes, told: str) -> Plot:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    box = axes.get_position()
    first, last = axes.get_xlim()
    step = box.width / (last - first)
    return Plot(svg=_themed(out.getvalue()), told=told, zero=box.x0 + (1 - first) * step, step=step)


def _themed(svg: str) -> str:
    """The drawing alone, in the colours and letters of the page; `id`s are made its own by whoever joins several."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for name, stand_in in _COLOURS.items():
        svg = svg.replace(stand_in, f"var(--{name})")
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*;", "", svg)
    return re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", svg))
