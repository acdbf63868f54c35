"""The page that shows a demo: first frame against result, and the figures, in one file that needs no other."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture for the page: JPEG bytes, its size in pixels, and what it shows."""

    jpeg: bytes
    width: int
    height: int
    caption: str


Rows = Sequence[tuple[str, str]]
"""Label and text, in the order they are shown."""


def render_page(
    *, title: str, before: Picture, after: Picture, figures: Rows, timings: Rows, places: Rows, warnings: Sequence[str]
) -> str:
    """Return the page as HTML. Every text is escaped; the pictures are inside, nothing is loaded from elsewhere."""
    noted = "".join(f"<li>{escape(warning)}</li>" for warning in warnings) or "<li>none</li>"
    return _PAGE.format(
        title=escape(title),
        ratio=f"{before.width} / {before.height}",
        before=_source(before),
        after=_source(after),
        before_caption=escape(before.caption),
        after_caption=escape(after.caption),
        figures=_table(figures),
        timings=_table(timings),
        places=_table(places),
        warnings=noted,
    )


def _source(picture: Picture) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode("ascii")


def _table(rows: Rows) -> str:
    cells = "".join(f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in rows)
    return f"<table>{cells}</table>"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: dark; --cut: 50%; }}
  body {{ margin: 0 auto; max-width: 1100px; padding: 1.5rem; background: #16181b; color: #e6e4df;
         font: 16px/1.5 system-ui, sans-serif; }}
  h1 {{ font-weight: 600; margin: 0 0 1rem; }}
  h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .4rem; color: #c9b27c; }}
  .compare {{ position: relative; aspect-ratio: {ratio}; overflow: hidden; border-radius: 6px; background: #000; }}
  .compare img {{ position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }}
  .compare .after {{ clip-path: inset(0 0 0 var(--cut)); }}
  .compare .line {{ position: absolute; top: 0; bottom: 0; left: var(--cut); width: 2px; background: #fffc; }}
  input[type=range] {{ width: 100%; margin: .6rem 0 0; }}
  .captions {{ display: flex; justify-content: space-between; gap: 1rem; color: #a9a69e; font-size: .9rem; }}
  .columns {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2rem; }}
  table {{ border-collapse: collapse; width: 100%; }}
  th, td {{ text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #2c2f34; vertical-align: top; }}
  th {{ font-weight: 400; color: #a9a69e; white-space: nowrap; }}
  td {{ overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }}
</style>
</head>
<body>
<h1>{title}</h1>
<div class="compare">
  <img src="{before}" alt="{before_caption}">
  <img class="after" src="{after}" alt="{after_caption}">
  <div class="line"></div>
</div>
<input type="range" min="0" max="100" value="50" aria-label="Move to compare"
       oninput="document.documentElement.style.setProperty('--cut', this.value + '%')">
<div class="captions"><span>left: {before_caption}</span><span>right: {after_caption}</span></div>
<div class="columns">
<section><h2>Figures</h2>{figures}</section>
<section><h2>Time</h2>{timings}</section>
</div>
<h2>Warnings</h2><ul>{warnings}</ul>
<h2>Files</h2>{places}
</body>
</html>
"""
