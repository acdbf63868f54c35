from __future__ import annotations

import json
import re
import threading

import pytest

from stackcore.errors import Cancelled, OutputError
from stackcore.events import Result, SliceStarted, StageStarted
from stackcore.folders import config_folder
from stackcore_plugins.command_demo import chain
from stackcore_plugins.command_demo.chain import DemoPlan, fresh_folder, run_demo

SMALL = DemoPlan(slices=3, step=275, width_px=192, height_px=128)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """One small demo in a folder whose name has a sign that path templates use, and the events it sent."""
    events = []
    page = run_demo(tmp_path_factory.mktemp("me@home"), SMALL, listeners=[events.append])
    return page, events


def test_everything_is_where_the_result_says(shown):
    page, events = shown
    (result,) = [event.data for event in events if isinstance(event, Result)]
    folder = page.parent
    assert page == folder / "index.html"
    assert result["page"] == str(page)
    assert result["output"] == str(folder / "result.tif")
    assert result["folder"] == str(folder / "frames")
    assert (folder / "result.tif").is_file()
    assert json.loads((folder / "frames" / result["manifest"]).read_text("utf-8"))["state"] == "completed"
    assert sorted(path.name for path in (folder / "frames").glob("*.jpg")) == [
        "slice-1.jpg",
        "slice-2.jpg",
        "slice-3.jpg",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["frames", "index.html", "index.json", "result.tif"]


def test_the_demo_is_one_run(shown):
    _, events = shown
    kinds = [event.kind for event in events]
    assert (kinds[0], kinds[-1]) == ("run_started", "run_finished")
    assert (kinds.count("run_started"), kinds.count("run_finished"), kinds.count("result")) == (1, 1, 1)
    assert events[-1].outcome == "completed"
    assert sum(isinstance(event, SliceStarted) for event in events) == 3


def test_the_page_holds_its_pictures_and_needs_no_other_file(shown):
    page, _ = shown
    html = page.read_text("utf-8")
    assert html.count("data:image/jpeg;base64,") >= 3 + 3  # the result twice, one frame, and all frames
    assert not re.search(r"(src|href)=\"(?!data:|#)", html)
    assert "SIMULATED" in html
    data = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert data["schema"] == "stackcore.report/1"
    assert data["camera"]["simulated"] is True
    assert [frame["name"] for frame in data["frames"]] == ["slice-1.jpg", "slice-2.jpg", "slice-3.jpg"]


def test_demos_do_not_overwrite_each_other(tmp_path):
    assert [fresh_folder(tmp_path / "new").name for _ in range(3)] == ["demo-001", "demo-002", "demo-003"]


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        run_demo(tmp_path / "file", SMALL)


@pytest.mark.parametrize(
    "stop", [lambda e: isinstance(e, SliceStarted), lambda e: isinstance(e, StageStarted)], ids=["shooting", "stacking"]
)
def test_a_cancel_leaves_no_half_result(tmp_path, stop):
    cancel = threading.Event()
    events = []

    def listen(event):
        events.append(event)
        if stop(event):
            cancel.set()

    with pytest.raises(Cancelled):
        run_demo(tmp_path, SMALL, listeners=[listen], cancel=cancel)
    assert events[-1].outcome == "cancelled"
    assert {path.name for path in (tmp_path / "demo-001").iterdir()} <= {"frames"}
    assert not list(tmp_path.rglob("*.part"))


def test_the_command_tells_where_the_picture_is(stackcore, tmp_path, monkeypatch):
    monkeypatch.setattr(chain, "DemoPlan", lambda: SMALL)
    done = stackcore("demo", "--out", str(tmp_path), "--quiet")
    assert (done.code, done.out) == (0, f"{tmp_path / 'demo-001' / 'result.tif'}\n"), done.err
    assert not config_folder().exists()  # the user's own next capture does not start from the demo's settings
