"""Places where frames cannot go as asked: two runs at once, climbing templates, reserved, long and drive names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SMALL = ["--set", "camera.width_px=96", "--set", "camera.height_px=64", "--delay-ms", "0"]
SLICES = 6


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STACKCORE_STATE_DIR", str(tmp_path / "state"))


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("same/@GCT3", [f"{n:03d}.jpg" for n in range(1, 2 * SLICES + 1)]),
        ("same/@SLICE", [f"{n}{suffix}.jpg" for n in range(1, SLICES + 1) for suffix in ("-(1)", "")]),
    ],
)
def test_two_runs_into_one_folder_at_once_keep_every_frame(tmp_path: Path, template: str, wanted: list[str]) -> None:
    command = [sys.executable, "-m", "stackcore", "capture", "--slices", str(SLICES), "--path", template, "--json"]
    runs = [
        subprocess.Popen(
            [*command, "--camera", camera, "--set", f"camera.seed={seed}", *SMALL], stdout=subprocess.PIPE, text=True
        )
        for seed, camera in enumerate(("simulator", "simulator-legacy"))
    ]
    told = [[json.loads(line) for line in run.communicate()[0].splitlines()] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert [path.name for path in sorted((tmp_path / "same").glob("*.jpg"))] == wanted
    saved = [event for events in told for event in events if event["kind"] == "saved"]
    assert len({event["path"] for event in saved}) == 2 * SLICES
    assert all(os.path.getsize(event["path"]) == event["bytes"] for event in saved)
    assert not any(event.get("code") == "counter_gap" for events in told for event in events)
    manifests = [json.loads(path.read_text()) for path in (tmp_path / "same").glob("*.stackcore.json")]
    assert [len(manifest["slices"]) for manifest in manifests] == [SLICES, SLICES]
    files = [file["path"] for manifest in manifests for entry in manifest["slices"] for file in entry["files"]]
    assert sorted(files) == wanted


@pytest.mark.parametrize(
    ("template", "wanted", "told"),
    [
        ("a/../../x", "a/__/__/x.jpg", '".." ends with dots or blanks'),
        ("a\\..\\x", "a/__/x.jpg", '".." ends with dots or blanks'),
        ("con/aux.2@MCT", "___/___.21.jpg", "Windows reserves"),
        ("x?/a:b*", "x_/a_b_.jpg", "not every system allows"),
        ("trail. /x", "trail__/x.jpg", "dots or blanks"),
        ("q/" + "n" * 300, "q/" + "n" * 242 + "_.jpg", "longer than 243 bytes"),
        ("l" * 300 + "/x", "l" * 254 + "_/x.jpg", "longer than 255 bytes"),
    ],
)
def test_an_unsafe_template_is_neutralised_with_a_warning(
    stackcore: Any, tmp_path: Path, template: str, wanted: str, told: str
) -> None:
    shown = stackcore("path", "preview", template)
    assert shown.out.strip() == str(tmp_path / wanted)
    assert told in shown.err
    done = stackcore("capture", "--slices", "2", "--mode", "preview-images", "--path", template, *SMALL)
    assert done.code == 0, done.err
    assert wanted in names(tmp_path)
    assert told in done.err


@pytest.mark.skipif(os.name == "nt", reason="there are drives")
def test_a_drive_letter_shows_the_template_without_it(stackcore: Any, tmp_path: Path) -> None:
    for command in (["capture", *SMALL, "--path"], ["path", "preview"]):
        done = stackcore(*command, "c:\\images\\focus-stack\\@GRP\\@GCT4")
        assert done.code == 2
        assert '"\\images\\focus-stack\\@GRP\\@GCT4"' in done.err
    done = stackcore("capture", "--slices", "2", "--path", "x/@MCT", "--mirror", "d:\\copies", *SMALL)
    assert done.code == 2
    assert "no drives" in done.err
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_read_only_folder_is_refused_before_anything_moves(stackcore: Any, tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    done = stackcore("capture", "--slices", "2", "--path", "shut/a/@MCT", *SMALL)
    assert done.code == 7
    assert re.search(r"destination writable.*denied", done.err)
    assert "moving" not in done.err


def test_a_folder_whose_name_is_a_file_is_refused(stackcore: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = stackcore("capture", "--slices", "2", "--path", "file/@MCT", *SMALL)
    assert done.code == 7
    assert "destination writable" in done.err
    assert (tmp_path / "file").read_text() == "mine"
