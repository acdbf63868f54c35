"""`stack --like RESULT`: the same picture to the byte, from the settings that the result itself carries."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore import folders
from stackcore.api import repeating
from stackcore.metadata.record import read_record

Run = Callable[..., Any]


@pytest.fixture
def shoot(stack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763836200")
    return Path(shutil.copytree(stack_folder, tmp_path / "shoot"))


def warnings(out: str) -> list[str]:
    events = [json.loads(line) for line in out.splitlines()]
    return [event["message"] for event in events if event["kind"] == "warning"]


ASKED = [
    ("a.tif",),
    ("a.jpg", "--quality", "70", "--sharpen", "1:0:0.5"),
    ("a.png", "--no-align", "--linear", "--fuser", "average"),
    ("a.tif", "--fuser", "weighted", "--set", "fuser.exponent=4", "--model", "rigid", "--compression", "deflate"),
    ("a.tif", "--slabs", "images", "--slab-size", "2", "--slab-overlap", "1", "--no-hot-pixels", "--tiled"),
    ("a.tif", "--set", "executor.plan=tree", "--slab-size", "4", "--no-crop", "--no-match-exposure"),
    ("a.jpg", "--preset", "quick-draft"),
]


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_the_same_bytes_come_out_whatever_else_is_set(
    stackcore: Run, shoot: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    name = Path(asked[0])
    done = stackcore("stack", "shoot", "-o", *asked, "-q")
    assert done.code == 0, done.err
    folders.config_folder().mkdir(parents=True)
    (folders.config_folder() / "defaults.toml").write_text(
        '[stack]\nsharpen = 2\nfuser = "pyramid"\nmodel = "affine"\ncrop = false\nlinear = false\n[fuser]\nlevels = 3\n'
        '[output]\nquality = 50\ncompression = "lzw"\n'
    )
    monkeypatch.setenv("STACKCORE_STACK_MATCH_EXPOSURE", "false")
    again = name.with_stem("again")
    done = stackcore("stack", "shoot", "-o", str(again), "--like", str(name), "--json", "--workers", "1")
    assert done.code == 0, done.err
    assert read_record(again) == read_record(name)
    assert again.read_bytes() == name.read_bytes()
    assert warnings(done.out) == []


def test_what_is_typed_is_stronger(stackcore: Run, shoot: Path) -> None:
    assert stackcore("stack", "shoot", "-o", "a.tif", "--sharpen", "1", "--fuser", "weighted", "-q").code == 0
    done = stackcore("stack", "shoot", "-o", "b.tif", "--like", "a.tif", "--sharpen", "2", "--fuser", "blend", "-q")
    assert done.code == 0, done.err
    record = read_record(Path("b.tif"))
    assert record.plugins["fuser"].name == "blend"
    assert record.plugins["fuser"].options["levels"] == 7
    assert record.plugins["sharpener"].options["strength"] == [2.0, 2.0, 2.0]


def test_other_versions_are_warned_about(stackcore: Run, shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stackcore("stack", "shoot", "-o", "a.tif", "--no-align", "-q").code == 0
    record = read_record(Path("a.tif"))
    fuser = record.plugins["fuser"].model_copy(update={"version": "0.0.9"})
    older = record.model_copy(update={"software": "stackcore 0.0.9", "plugins": {**record.plugins, "fuser": fuser}})
    monkeypatch.setattr(repeating, "read_record", lambda path: older)
    told = warnings(stackcore("stack", "shoot", "-o", "b.tif", "--like", "a.tif", "--dry-run", "--json").out)
    assert len(told) == 2
    assert "stackcore 0.0.9, this is stackcore" in told[0]
    assert 'its fuser "blend" was of stackcore 0.0.9' in told[1]
    told = warnings(
        stackcore("stack", "shoot", "-o", "b.tif", "--like", "a.tif", "--fuser", "average", "--dry-run", "--json").out
    )
    assert len(told) == 1


def test_a_plugin_that_is_gone_names_the_result(stackcore: Run, shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stackcore("stack", "shoot", "-o", "a.tif", "--no-align", "-q").code == 0
    monkeypatch.setenv("STACKCORE_DISABLE_PLUGINS", "blend")
    done = stackcore("stack", "shoot", "-o", "b.tif", "--like", "a.tif")
    assert (done.code, "a.tif: The fuser" in done.err) == (4, True), done.err


def test_transforms_are_to_be_named_again(stackcore: Run, shoot: Path) -> None:
    assert stackcore("survey", "shoot", "--transforms", "t.json", "-q").code == 0
    assert stackcore("stack", "shoot", "-o", "a.tif", "--transforms", "t.json", "-q").code == 0
    done = stackcore("stack", "shoot", "-o", "b.tif", "--like", "a.tif")
    assert (done.code, "name it again: --transforms t.json" in done.err) == (2, True), done.err
    assert stackcore("stack", "shoot", "-o", "b.tif", "--like", "a.tif", "--transforms", "t.json", "-q").code == 0
    assert Path("a.tif").read_bytes() == Path("b.tif").read_bytes()


def test_what_is_no_stacked_result_is_refused(stackcore: Run, shoot: Path) -> None:
    assert cv2.imwrite("plain.tif", np.zeros((4, 4, 3), np.uint8))
    done = stackcore("stack", "shoot", "-o", "b.tif", "--like", "plain.tif")
    assert (done.code, "does not tell how it was made" in done.err) == (6, True)
    assert stackcore("stack", "shoot", "-o", "b.tif", "--like", "none.tif").code == 6
    assert stackcore("sharpen", "shoot/img8.tif", "-o", "s.tif", "-q").code == 0
    done = stackcore("stack", "shoot", "-o", "b.tif", "--like", "s.tif")
    assert (done.code, "made by `stackcore sharpen`" in done.err) == (2, True)
    done = stackcore("stack", "shoot", "-o", "b.tif", "--like", "s.tif", "--preset", "product")
    assert (done.code, "contradict" in done.err) == (2, True)
    assert not Path("b.tif").exists()
