"""`stackcore capture resume` and `return-focus` from the outside, after a process that was really killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackcore.paths.naming import replace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes end otherwise on Windows")

RUN = ["capture", "--slices", "4", "--delay-ms", "0", "--no-sharpness", "--path", "out/@GRP/@GCT4"]
CAMERA = ["--set", "camera.width_px=96", "--set", "camera.height_px=64", "--set", "camera.lens_file=lens.json"]

Cli = Callable[..., Any]


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Start a run that is killed at a command; returns its manifest."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "state"):
        monkeypatch.setenv(f"STACKCORE_{name.upper()}_DIR", str(tmp_path / name))

    def start(command: int, *options: str) -> Path:
        ended = subprocess.run(
            [sys.executable, "-m", "stackcore", *RUN, *CAMERA, "--set", f"camera.fault=killed@{command}", *options],
            capture_output=True,
        )
        assert ended.returncode == -9, ended.stderr
        [manifest] = tmp_path.rglob("*.stackcore.json")
        return manifest

    return start


def lens(folder: Path) -> int:
    position: int = json.loads((folder / "lens.json").read_text())["position"]
    return position


def test_a_killed_run_goes_on_where_it_was(killed: Callable[..., Path], stackcore: Cli, tmp_path: Path) -> None:
    manifest = killed(5)  # in the middle of the third still
    assert (lens(tmp_path), len(list(tmp_path.rglob("*.jpg")))) == (100, 2)
    ended = stackcore("capture", "resume", str(manifest), "--watch", "--json", "--set", "camera.fault=")
    assert ended.code == 0, ended.err
    assert "live view at http://127.0.0.1:" in ended.err
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["slice_index"] for event in events if event["kind"] == "slice_started"] == [2, 3]
    assert [event["steps"] for event in events if event["kind"] == "moving"] == [50]
    assert events[-2]["data"]["slices"] == 4
    assert lens(tmp_path) == 0
    data = json.loads(manifest.read_text())
    assert (data["state"], len(data["slices"])) == ("completed", 4)
    assert sorted(path.name for path in manifest.parent.iterdir()) == [
        *(f"000{n}.jpg" for n in (1, 2)),
        *(f"000{n}.jpg" for n in (3, 4)),
        manifest.name.replace(".stackcore.json", ".log"),
        manifest.name,
    ]


def test_a_movement_that_was_cut_is_refused_and_told_with_its_range(
    killed: Callable[..., Path], stackcore: Cli, tmp_path: Path
) -> None:
    manifest = killed(4, "--set", "camera.tells_position=false")  # in the middle of the second movement
    assert lens(tmp_path) == 75
    for verb in ("resume", "return-focus"):
        ended = stackcore("capture", verb, str(manifest), "--set", "camera.fault=")
        assert ended.code == 5
        assert "between +50 and +100" in ended.err
        assert "--focus-offset" in ended.err
    assert lens(tmp_path) == 75
    ended = stackcore("capture", "return-focus", str(manifest), "--set", "camera.fault=", "--focus-offset", "75")
    assert (ended.code, lens(tmp_path)) == (0, 0)
    assert json.loads(manifest.read_text())["focus"] == {"start": 0, "now": 0, "certain": True}


def test_a_body_that_tells_its_position_makes_it_certain(
    killed: Callable[..., Path], stackcore: Cli, tmp_path: Path
) -> None:
    manifest = killed(4)
    ended = stackcore("capture", "resume", str(manifest), "--set", "camera.fault=")
    assert ended.code == 0, ended.err
    assert "+75" in ended.err
    assert (lens(tmp_path), len(list(tmp_path.rglob("*.jpg")))) == (0, 4)


def test_a_body_that_tells_another_position_is_not_believed(
    killed: Callable[..., Path], stackcore: Cli, tmp_path: Path
) -> None:
    manifest = killed(4)
    replace(b'{"position": 300, "lens": 300}', tmp_path / "lens.json")
    ended = stackcore("capture", "resume", str(manifest), "--set", "camera.fault=")
    assert ended.code == 5
    assert "+300" in ended.err
    assert lens(tmp_path) == 300


@pytest.mark.parametrize("verb", ["resume", "return-focus"])
def test_what_is_no_manifest_is_named(stackcore: Cli, tmp_path: Path, verb: str) -> None:
    (tmp_path / "x.json").write_text("{}")
    ended = stackcore("capture", verb, str(tmp_path / "x.json"), "--json")
    assert ended.code == 6
    assert "x.json" in json.loads(ended.out.splitlines()[-1])["error"]["what"]
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_options_of_a_run_before_its_verb_are_refused(stackcore: Cli, tmp_path: Path) -> None:
    ended = stackcore("capture", "--slices", "5", "resume", str(tmp_path / "x.json"))
    assert ended.code == 2
    assert "--slices" in ended.err


def test_capture_has_both_verbs_in_its_help(stackcore: Cli) -> None:
    out = stackcore("capture", "--help").out
    assert "resume" in out
    assert "return-focus" in out
    assert "--slices" in out
