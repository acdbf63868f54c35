"""Sphinx extension: shows each notebook of the tutorials as a page, beside its file for download.

Its cells of text and code are written out as Markdown before the site is built; what the code gives is not kept in
the notebook. The pages are made anew for each build and kept out of the repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TUTORIALS = Path(__file__).parents[1] / "tutorials"
GENERATED = "generated"


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx when to write the pages."""
    app.connect("builder-inited", lambda _: write_pages(TUTORIALS))
    return {"parallel_read_safe": True}


def write_pages(tutorials: Path) -> None:
    """Write a page for each notebook of a folder, unless it stands there already just so."""
    (tutorials / GENERATED).mkdir(exist_ok=True)
    for notebook in sorted(tutorials.glob("*.ipynb")):
        page, text = tutorials / GENERATED / f"{notebook.stem}.md", "\n".join(page_of(notebook)) + "\n"
        if not page.exists() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")


def page_of(notebook: Path) -> Iterator[str]:
    """The lines of the page: text as it is, code as code; links to the notebook become downloads of it."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield text.replace(f"[download it]({notebook.name})", f"{{download}}`download it <../{notebook.name}>`")
        else:
            yield from ("```{code-block} python", text, "```")
        yield ""
