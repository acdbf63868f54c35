"""The page itself: one HTML file that holds its pictures, plots, style and scripts, and asks no network for anything.

Every text is escaped by the template engine; names of files come from elsewhere and may be anything. The page carries
a content security policy that allows its own script alone (by its hash) and pictures from within.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import cv2
import jinja2
import numpy as np
from markupsafe import Markup

from stackcore.report import words
from stackcore.report.model import Report
from stackcore.report.pictures import Picture
from stackcore.report.plots import Plot
from stackcore.report.slice_map import SliceMap


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What a page shows.

    Attributes
    ----------
    result
        As large as the page may hold.
    preview
        The result again, as small as the previews of the frames.
    frames
        Previews by frame index.
    depth
        False colours; None without a depth map.
    map
        Which slice every place belongs to.
    plots
        By name: sharpness, alignment, exposure.
    """

    result: Picture
    preview: Picture
    frames: Mapping[int, Picture]
    depth: Picture | None
    map: SliceMap
    plots: Mapping[str, Plot] = field(default_factory=dict)


def render(report: Report, pictures: Pictures, *, data_file: str | None, depth_fusers: Sequence[str] = ()) -> str:
    """The page as HTML.

    `data_file` is the name of the JSON beside it; `depth_fusers` are named where this run's fuser gave no depth.
    """
    engine = jinja2.Environment(
        loader=jinja2.PackageLoader("stackcore.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts: Any = engine.get_template("parts.html").module
    has_depth = pictures.depth is not None
    script = _script(engine, has_depth=has_depth)
    drawings = {name: _own_ids(plot, name) for name, plot in pictures.plots.items()}

    def plot(name: str, caption: str) -> Markup:
        return Markup(parts.drawing(drawings[name], caption))

    used = report.used
    shown = max(range(len(used)), key=lambda position: used[position].won or 0.0)
    return engine.get_template("report.html").render(
        report=report,
        lead=words.lead(report),
        style=_text(engine, "report.css"),
        script=script,
        script_hash=_hash(script),
        table=parts.table,
        plot=plot,
        said=words.said,
        used=len(used),
        skipped=[frame for frame in report.frames if frame.status == "skipped"],
        picture=_placed(pictures.result),
        preview=_placed(pictures.preview),
        before={
            "source": _source(pictures.frames[used[shown].index]),
            "slice": used[shown].index + 1,
            "name": used[shown].name,
            "position": shown,
        },
        has_depth=has_depth,
        depth=None if pictures.depth is None else _placed(pictures.depth),
        depth_words=words.depth(report),
        depth_fusers=list(depth_fusers),
        gradient=_gradient(),
        cells=_cells(report),
        alignment_rows=words.alignment(report),
        exposure_rows=words.exposure(report),
        crop_words=words.crop(report),
        timings=words.timings(report),
        memory_rows=words.memory(report),
        picture_rows=words.picture(report),
        setting_rows=words.settings(report),
        data_file=data_file,
        data=_data(report, pictures),
    )


def _script(engine: jinja2.Environment, *, has_depth: bool) -> str:
    parts = "".join(_text(engine, name) for name in (("depth.js", "relief.js") if has_depth else ()))
    return _text(engine, "report.js").replace("//PARTS//", parts)


def _text(engine: jinja2.Environment, name: str) -> str:
    assert engine.loader is not None
    return engine.loader.get_source(engine, name)[0]


def _hash(script: str) -> str:
    """What a content security policy (W3C, level 2) calls a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _source(picture: Picture) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode("ascii")


def _placed(picture: Picture) -> dict[str, Any]:
    return {"source": _source(picture), "width": picture.width, "height": picture.height}


def _data(report: Report, pictures: Pictures) -> dict[str, Any]:
    slices, where = len(report.frames), pictures.map
    height, width = where.depth.shape
    return {
        "slices": slices,
        "frames": [
            {"index": frame.index, "name": frame.name, "source": _source(pictures.frames[frame.index])}
            for frame in report.used
        ],
        "map": {"width": width, "height": height, "depth": where.heights(slices), "sure": where.sureness()},
    }


def _own_ids(plot: Plot, name: str) -> Plot:
    """The plot with `id`s that no other plot of the page has."""
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", plot.svg)
    return Plot(svg=svg, told=plot.told, zero=plot.zero, step=plot.step)


def _viridis(shares: Sequence[float]) -> list[str]:
    steps = np.rint(np.clip(np.asarray(shares), 0, 1) * 255).astype(np.uint8)[None]
    colours = np.asarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS))[0, :, ::-1]
    return [f"rgb({red} {green} {blue})" for red, green, blue in colours]


def _gradient() -> str:
    return f"linear-gradient(90deg, {', '.join(_viridis([i / 8 for i in range(9)]))})"


def _cells(report: Report) -> dict[str, Any]:
    """The grid of the coverage: a colour for each cell with detail, a frame where an end is still gaining."""
    peaks = report.coverage.peak_slice
    if peaks is None:
        return {"columns": 1, "rows": 1, "marks": [], "outline": "", "told": "No place shows enough detail to tell."}
    last = max(len(report.frames) - 1, 1)
    places = [(x, y, peak) for y, row in enumerate(peaks) for x, peak in enumerate(row) if peak is not None]
    colours = _viridis([peak / last for _, _, peak in places])
    return {
        "columns": len(peaks[0]),
        "rows": len(peaks),
        "marks": [{"x": x, "y": y, "colour": colour} for (x, y, _), colour in zip(places, colours, strict=True)],
        "outline": _outline({(x, y) for x, y in report.coverage.gaining}),
        "told": f"{len(places)} of {sum(map(len, peaks))} places show detail, each coloured by its sharpest slice.",
    }


def _outline(cells: Set[tuple[int, int]]) -> str:
    """Where cells (column, row) border on what is not among them, as the path of an SVG; empty for none.

    Examples
    --------
    >>> _outline({(2, 3)})
    'M2 3h1M2 4h1M2 3v1M3 3v1'
    """
    edges = []
    for x, y in sorted(cells):
        for beyond, edge in (
            ((x, y - 1), f"M{x} {y}h1"),
            ((x, y + 1), f"M{x} {y + 1}h1"),
            ((x - 1, y), f"M{x} {y}v1"),
            ((x + 1, y), f"M{x + 1} {y}v1"),
        ):
            if beyond not in cells:
                edges.append(edge)
    return "".join(edges)
