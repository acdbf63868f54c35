"""The documentation site builds without a warning, and its reference follows the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; from a copy of the sources, for the generated pages are written among them."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        folder / "docs",
        folder / "html",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def text(site, page):
    return (site / f"{page}.html").read_text("utf-8")


def test_every_page_of_the_documentation_can_be_reached(site):
    pages = {path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md") if "generated" not in path.parts}
    assert all((site / page).with_suffix(".html").is_file() for page in pages)


def test_every_notebook_has_its_page_and_can_be_downloaded(site):
    for notebook in (DOCS / "tutorials").glob("*.ipynb"):
        assert "import stackcore" in re.sub("<[^>]*>", "", text(site, f"tutorials/generated/{notebook.stem}"))
        assert [path.read_bytes() for path in site.glob(f"_downloads/*/{notebook.name}")] == [notebook.read_bytes()]


def test_commands_and_their_options_are_listed(site):
    page = text(site, "reference/generated/command-line")
    for wanted in ("stackcore stack", "stackcore library export", "--slab-overlap", "stackcore doctor", "INPUT..."):
        assert wanted in page


def test_plugins_and_their_options_are_listed(site):
    page = text(site, "reference/generated/plugins")
    for wanted in ("blend", "simulator-legacy", "highlights_px", "bounded"):
        assert wanted in page


def test_hooks_events_and_exit_codes_are_listed(site):
    assert "stackcore_fusers" in text(site, "reference/generated/hooks")
    assert "merge leaves the right state alone" in text(site, "reference/generated/promises")
    assert "run_finished" in text(site, "reference/generated/events")
    assert "OutputError" in text(site, "reference/generated/exit-codes")


def test_python_functions_are_listed(site):
    page = text(site, "reference/python")
    for wanted in ("stackcore.stack", "stackcore.fuse", "stackcore.background", "stackcore.StackResult"):
        assert f'id="{wanted}"' in page
