"""The notebook of the documentation, run in a kernel as its readers run it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorials" / "notebook.ipynb"

MORE = """
import io, threading

told = io.StringIO()
display = stackcore.progress(stream=told)
with stackcore.background(stackcore.survey, shot.files, listeners=[display]) as run:
    in_thread = [event.kind for event in run]
assert told.getvalue() == ""  # it went into a cell, from another thread
result._repr_png_()[:4]
"""

INTERRUPTED = """
import json, signal
from pathlib import Path

def press(event):  # what "Interrupt" in the menu does
    if event.kind == "saved" and event.slice_index == 2:
        signal.raise_signal(signal.SIGINT)

tiny = {"camera": {"width_px": 64, "height_px": 64}}
try:
    stackcore.capture(
        slices=99, step=2, delay_ms=0, path="leaf/early/@MCT", save_profile=False, settings=tiny, listeners=[press]
    )
except KeyboardInterrupt:
    [manifest] = Path("leaf/early").glob("*.stackcore.json")
json.loads(manifest.read_text("utf-8"))["focus"]
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The cells of the notebook, and two more, with what they gave."""
    notebook = nbformat.read(NOTEBOOK, 4)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in (MORE, INTERRUPTED)]
    folder, home = tmp_path_factory.mktemp("notebook"), str(tmp_path_factory.mktemp("home"))
    client = NotebookClient(notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, **dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), home)})
    assert {path.name for path in folder.iterdir()} == {"leaf", "leaf.tif", "sharper.tif"}
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def data(cell: Any) -> dict[str, str]:
    return next(output.data for output in cell.outputs if output.output_type == "execute_result")


def test_the_notebook_is_kept_without_what_it_gave():
    for cell in nbformat.read(NOTEBOOK, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_nothing_complains(cells):
    for cell in cells:
        assert [output.text for output in cell.outputs if output.get("name") == "stderr"] == []


def test_progress_is_drawn_in_one_place(cells):
    for cell, bars in ((cells[0], ["shooting"]), (cells[1], ["hot pixels", "align", "fuse"])):
        [drawn] = [output for output in cell.outputs if output.output_type == "display_data"]
        assert "done" in drawn.data["text/plain"]
        for name in bars:
            assert f"<td>{name}</td><td><progress" in drawn.data["text/html"]


def test_what_was_shot_shows_itself(cells):
    shown = data(cells[0])["text/html"]
    assert "SIMULATED" in shown
    assert "8 of 8 slices, step 70, focus is back" in shown


def test_a_result_shows_picture_and_depth(cells):
    shown = data(cells[1])
    assert shown["text/html"].count('<img src="data:image/jpeg;base64,') == 2
    assert "leaf.tif" in shown["text/html"]
    assert "yellow the last of 8" in shown["text/html"]
    assert len(shown["image/png"]) > 10_000


def test_the_figures_are_what_the_text_says(cells):
    printed = "".join(output.text for cell in cells for output in cell.outputs if output.output_type == "stream")
    assert "<8 frames, 480 x 320, uint8, srgb>" in printed
    assert "['hot_pixels', 'align', 'fuse', 'sharpen'] completed" in printed
    assert "leaf.tif exists already." in printed
    detail = eval(next(line for line in printed.splitlines() if line.startswith("{")))
    assert detail["blend"] > 1.3 * detail["average"]


def test_a_run_in_the_background_draws_its_bars_too(cells):
    [drawn] = [output for output in cells[-2].outputs if output.output_type == "display_data"]
    assert "survey done" in drawn.data["text/plain"]
    assert "\\x89PNG" in data(cells[-2])["text/plain"]


def test_interrupting_a_cell_returns_focus_first(cells):
    assert data(cells[-1])["text/plain"] == "{'start': 0, 'now': 0, 'certain': True}"
