"""`report=`: what the page and its twin hold, that nothing comes from elsewhere, and what is refused beforehand."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.api.presets import stack_options
from stackcore.api.processing import plan_stack, stack, survey
from stackcore.api.stacks import StackOptions
from stackcore.errors import OutputError, UsageError
from stackcore.presets.sections import NAME
from stackcore.report.model import Report
from stackcore.stacking.warp import WarpedFrame
from stackcore.terms import Region
from stackcore.testing.scene import make_stack

EVIL = "<script>alert('x')</script>"


class Reader(HTMLParser):
    """Collects what a browser would make of a page: tags with their attributes, and the text of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def picture(source: str) -> np.ndarray:
    data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


@pytest.fixture
def made(shoot: Path, tmp_path: Path, ear: Any) -> tuple[Any, Reader, dict[str, Any]]:
    page = tmp_path / "beetle.html"
    result = stack(shoot, tmp_path / "beetle.tif", fuser="depthmap", report=page, listeners=[ear])
    return result, Reader(page.read_text("utf-8")), json.loads((tmp_path / "beetle.json").read_text("utf-8"))


def test_the_page_and_its_twin_are_told_and_nothing_else_is_written(made, shoot, tmp_path, ear):
    result, _, _ = made
    names = ["beetle.html", "beetle.json", "beetle.tif", "shoot"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    told = {"page": str(tmp_path / "beetle.html"), "data": str(tmp_path / "beetle.json")}
    assert result.report == ear.of("result")[0].data["report"] == told
    assert [(e.stage, e.total) for e in ear.of("stage_started")][-1] == ("report", 6)
    assert [e.done for e in ear.of("progress") if e.stage == "report"] == [1, 2, 3, 4, 5, 6]
    assert result.seconds["report"] >= 0


def test_the_twin_tells_what_the_run_found(made):
    result, _, data = made
    assert Report.model_validate(data).to_json() == json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    assert data["schema"] == "stackcore.report/1"
    assert data["result"]["file"] == "beetle.tif"
    assert (data["result"]["width"], data["result"]["height"]) == (result.width, result.height)
    assert tuple(data["result"]["crop"]) == result.crop
    assert data["reference"] == result.survey.reference
    assert [frame["name"] for frame in data["frames"]] == [f"img{n}.tif" for n in range(8, 14)]
    for entry, geometry in zip(data["frames"], result.survey.frames, strict=True):
        assert entry["matrix"] == geometry.transform.matrix.tolist()
        assert entry["light_ev"] == pytest.approx([-np.log2(gain) for gain in geometry.gain], abs=1e-5)
        assert entry["sharpness"] > 0
    assert sum(frame["won"] for frame in data["frames"]) == pytest.approx(1, abs=1e-4)
    assert data["depth"]["nearest"] == pytest.approx(np.percentile(result.depth[::4, ::4], 1), abs=1e-4)
    assert 0 < data["depth"]["sure"] < 1
    assert set(data["seconds"]) == {"hot_pixels", "align", "fuse", "write", "report"}
    assert data["memory"]["planned_bytes"] == result.planned_memory_bytes
    assert data["plugins"]["fuser"]["name"] == "depthmap"
    assert data["settings"]["plan"] == {"kind": "fold"}
    assert data["warnings"] == []


def test_the_page_holds_all_that_it_shows(made):
    """Nothing is asked of a network, and the browser is told to refuse if anything were."""
    _, page, _ = made
    sources = [img["src"] for img in page.of("img")]
    assert len(sources) >= 5
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not page.of("link")
    assert not any("src" in script for script in page.of("script"))
    assert all(link["href"].startswith("#") for link in page.of("a"))
    policy = next(meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy
    assert all(img.get("alt") is not None for img in page.of("img"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_frames_lie_under_the_result(made, small_stack):
    """The preview of each frame is that frame, warped as it was for fusing, in its own light."""
    result, page, _ = made
    shown = json.loads(page.scripts[0])
    assert [frame["index"] for frame in shown["frames"]] == [0, 1, 2, 3, 4, 5]
    for frame in (shown["frames"][0], shown["frames"][5]):
        preview = picture(frame["source"])[..., ::-1].astype(float)
        source, place = small_stack.frames[frame["index"]], result.survey.frames[frame["index"]].transform
        warped = WarpedFrame(0, source, place, Region(*result.crop)).pixels * (255 / np.iinfo(source.dtype).max)
        x, y, width, height = result.crop
        unmoved = source[y : y + height, x : x + width] * (255 / np.iinfo(source.dtype).max)
        assert preview.shape == warped.shape
        assert np.abs(preview - warped).mean() < 0.5 * np.abs(preview - unmoved).mean()


def test_depth_in_the_page_is_that_of_the_fuser(made):
    result, page, _ = made
    shown = json.loads(page.scripts[0])["map"]
    raw = np.frombuffer(base64.b64decode(shown["depth"]), "<u2").reshape(shown["height"], shown["width"])
    small = cv2.resize(result.depth, (shown["width"], shown["height"]), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(raw / 65535 * 5, small, atol=1e-3)
    assert "relief" in page.text


def test_a_fuser_without_depth_says_how_to_get_it(shoot, tmp_path):
    stack(shoot, tmp_path / "a.tif", fuser="average", report=tmp_path / "a.html", align=False)
    page = Reader((tmp_path / "a.html").read_text("utf-8"))
    assert "--fuser depthmap" in page.text
    assert not [tag for tag, attributes in page.tags if attributes.get("id") == "relief"]
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["depth"] is None


def test_texts_from_files_are_texts(shoot, tmp_path):
    """Names of files come from anybody: they are shown, and never obeyed."""
    for number, path in enumerate(sorted(shoot.iterdir())):
        path.rename(shoot / f"Käfer <b>{number}<b> '\"&.tif")
    page = tmp_path / f"{EVIL.replace('/', '_')}.html"
    stack(shoot, page.with_suffix(".tif"), report=page, align=False)
    text = page.read_text("utf-8")
    read = Reader(text)
    assert "<script>alert" not in text
    assert EVIL.replace("/", "_") in read.text
    assert not read.of("b")
    assert len(read.of("script")) == 2
    assert json.loads(read.scripts[0])["frames"][2]["name"] == "Käfer <b>2<b> '\"&.tif"
    assert json.loads(page.with_suffix(".json").read_text("utf-8"))["frames"][2]["name"] == "Käfer <b>2<b> '\"&.tif"


def test_a_frame_that_was_left_out_is_named_with_its_reason(shoot, tmp_path):
    first = shoot / "img8.tif"
    assert cv2.imwrite(str(first), np.zeros_like(cv2.imread(str(first), cv2.IMREAD_UNCHANGED)))
    stack(shoot, tmp_path / "a.tif", report=tmp_path / "a.html")
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    page = Reader((tmp_path / "a.html").read_text("utf-8"))
    assert data["frames"][0]["status"] == "skipped"
    assert data["frames"][0]["matrix"] is None
    assert data["frames"][0]["reason"] in page.text
    assert "1 frame left out" in page.text
    assert [frame["index"] for frame in json.loads(page.scripts[0])["frames"]] == [1, 2, 3, 4, 5]
    assert [warning["code"] for warning in data["warnings"]] == ["frame-skipped"]


def test_plots_follow_the_colours_of_the_page(made):
    _, page, _ = made
    styles = " ".join(attributes.get("style") or "" for tag, attributes in page.tags if tag in ("path", "text"))
    assert "var(--first)" in styles
    assert "var(--muted)" in styles
    assert "#0102" not in styles
    drawings = [attributes for tag, attributes in page.tags if attributes.get("class") == "drawing"]
    assert len(drawings) == 3
    for drawing in drawings:
        assert re.search(r"\d", drawing["aria-label"])
        assert 0 < float(drawing["data-zero"]) < float(drawing["data-zero"]) + 5 * float(drawing["data-step"]) < 1


@pytest.mark.parametrize(
    ("options", "name", "error", "said"),
    [
        ({}, "page.pdf", UsageError, "page.html"),
        ({}, "missing/page.html", OutputError, "does not exist"),
        ({}, "there.html", OutputError, "exists already"),
        ({}, "twin.html", OutputError, "twin.json exists already"),
        ({"overwrite": True, "transforms": "IN.json"}, "IN.html", OutputError, "two files"),
    ],
    ids=str,
)
def test_what_is_refused_before_any_work(
    shoot: Path, tmp_path: Path, ear: Any, snapshot: Any, options: dict[str, Any], name: str, error: Any, said: str
) -> None:
    for file in ("there.html", "twin.json"):
        (tmp_path / file).write_text("mine")
    if "transforms" in options:
        from stackcore.api.processing import survey

        survey(shoot, transforms=tmp_path / "IN.json")
        options = {**options, "transforms": tmp_path / "IN.json"}
    before = snapshot(tmp_path)
    chosen = {"report": tmp_path / name, **options}
    for run in (stack, plan_stack):
        with pytest.raises(error) as caught:
            run(shoot, tmp_path / "out.tif", options=StackOptions(**chosen), listeners=[ear])
        assert said in " ".join(caught.value.args)
    assert ear.of("stage_started") == []
    assert snapshot(tmp_path) == before


def test_a_report_is_replaced_only_when_asked(shoot, tmp_path):
    page = tmp_path / "a.html"
    stack(shoot, report=page, align=False)
    with pytest.raises(OutputError, match="exists already"):
        stack(shoot, report=page, align=False)
    page.write_text("old")
    stack(shoot, report=page, align=False, overwrite=True)
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_a_run_that_is_cancelled_leaves_no_report(shoot, tmp_path, cancel_at):
    from stackcore.errors import Cancelled

    whole = cancel_at()
    stack(shoot, report=tmp_path / "whole.html", align=False, listeners=[whole])
    moment = next(i for i, event in enumerate(whole.events) if getattr(event, "stage", "") == "report")
    listener = cancel_at(moment)
    with pytest.raises(Cancelled):
        stack(shoot, report=tmp_path / "a.html", align=False, listeners=[listener], cancel=listener.cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shoot", "whole.html", "whole.json"]


def test_a_page_that_cannot_be_made_does_not_cost_the_picture(shoot, tmp_path, monkeypatch):
    def broken(*arguments, **named):
        raise ZeroDivisionError("a bug in a plot")

    monkeypatch.setattr("stackcore.report.making.make", broken)
    with pytest.raises(ZeroDivisionError):
        stack(shoot, tmp_path / "a.tif", report=tmp_path / "a.html", align=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "shoot"]


def test_a_preset_names_the_page_after_the_result(tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text('[output]\nreport = "{name}-report.html"\n'.replace("{name}", NAME))
    assert stack_options(str(preset), output=tmp_path / "fly.tif").report == tmp_path / "fly-report.html"
    assert stack_options(str(preset), output=tmp_path / "fly.tif", report="b.html").report == Path("b.html")


def test_an_end_that_is_still_gaining_is_warned_of_and_framed(tmp_path):
    """The second half of a stack: what is sharp in the first half lies in front of it."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for index, frame in enumerate(make_stack(360, 240, 14, seed=3).frames[6:]):
        assert cv2.imwrite(str(frames / f"{index:02d}.tif"), frame[..., ::-1])
    reported, bare, looked = [], [], []
    stack(frames, fuser="average", report=tmp_path / "a.html", listeners=[reported.append])
    stack(frames, fuser="average", listeners=[bare.append])
    survey(frames, listeners=[looked.append])
    for heard in (reported, bare, looked):
        [warning] = [event for event in heard if getattr(event, "code", "") == "first-gaining"]
        assert "Start nearer" in warning.message
    [told] = [event for event in looked if event.kind == "result"]
    assert told.data["coverage"]["findings"][0]["code"] == "first-gaining"
    assert told.data["coverage"]["first_share"] > 0.1
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    page = Reader((tmp_path / "a.html").read_text("utf-8"))
    assert data["warnings"] == []  # the page tells it among the coverage, once
    assert "first-gaining" in [finding["code"] for finding in data["coverage"]["findings"]]
    assert data["coverage"]["first_share"] > 0.06
    assert "Start nearer" in page.text
    assert any(attributes.get("class") == "gaining" for attributes in page.of("path"))
    rows = [row for _, row in data["coverage"]["gaining"]]
    assert np.mean(rows) > 16  # the scene is near at the bottom of the picture


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_refused_like_that_of_a_picture(shoot, tmp_path, ear):
    page = tmp_path / os.fsdecode(b"caf\xe9.html")
    with pytest.raises(OutputError, match="not UTF-8"):
        stack(shoot, report=page, align=False, listeners=[ear])
    assert ear.of("stage_started") == []


def test_two_frames_are_reported_without_a_judgement(shoot, tmp_path):
    for path in sorted(shoot.iterdir())[2:]:
        path.unlink()
    stack(shoot, report=tmp_path / "a.html", align=False)
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert [finding["code"] for finding in data["coverage"]["findings"]] == ["unknown"]
    assert data["coverage"]["peak_slice"] is None
    assert data["title"] == "shoot"
    assert data["result"]["file"] is None
    assert "cannot be told" in Reader((tmp_path / "a.html").read_text("utf-8")).text
