"""`stackcore capture` and `stackcore path` from the outside, on the simulated camera."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackcore.cli.app import main

SMALL = ["--set", "camera.width_px=96", "--set", "camera.height_px=64", "--delay-ms", "0"]

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STACKCORE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("STACKCORE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capfd.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("camera", ["simulator", "simulator-legacy"])
def test_a_run_saves_frames_and_a_manifest(cli: Cli, tmp_path: Path, camera: str) -> None:
    code, out, _ = cli("capture", "--camera", camera, "--slices", "3", "--json", *SMALL)
    told = events(out)
    assert (code, told[-1]["kind"], told[-1]["outcome"]) == (0, "run_finished", "completed")
    [result] = [event["data"] for event in told if event["kind"] == "result"]
    frames = [Path(path) for path in result["files"]]
    assert [path.name for path in frames] == ["0001.jpg", "0002.jpg", "0003.jpg"]
    assert all(path.read_bytes().startswith(b"\xff\xd8") for path in frames)
    assert frames[0].parent.parent == tmp_path / "stackcore"
    manifest = json.loads(Path(result["manifest"]).read_text())
    assert manifest["simulated"] is True
    assert "SIMULATED" in manifest["camera"]["model"]
    assert manifest["focus"] == {"start": 0, "now": 0, "certain": True}


def test_a_run_tells_people_where_its_frames_are(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("capture", "--slices", "2", "--path", "frames/@MCT", *SMALL)
    assert code == 0
    assert str(tmp_path / "frames") in out
    assert "slice 2 of 2" in err


@pytest.mark.parametrize(("mode", "files"), [("preview", 0), ("preview-images", 2)])
def test_preview_modes(cli: Cli, tmp_path: Path, mode: str, files: int) -> None:
    code, out, _ = cli("capture", "--slices", "2", "--mode", mode, "--json", *SMALL)
    assert code == 0
    [result] = [event["data"] for event in events(out) if event["kind"] == "result"]
    assert len(result["files"]) == len(list((tmp_path).rglob("*.jpg"))) == files
    assert Path(result["manifest"]).exists()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--slices", "1", "2 to 199"), ("--step", "1000", "2 to 999"), ("--delay-ms", "-1", "0 or more")],
)
def test_a_value_out_of_range_exits_with_2_and_the_range(cli: Cli, option: str, value: str, told: str) -> None:
    code, _, err = cli("capture", option, value)
    assert code == 2
    assert told in err


def test_a_value_out_of_range_in_json(cli: Cli) -> None:
    code, out, _ = cli("capture", "--slices", "200", "--json")
    last = events(out)[-1]
    assert (code, last["exit_code"]) == (2, 2)
    assert "2 to 199" in last["error"]["why"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (["--camera", "simulater"], 4, "simulator"),
        (["--mode", "ful"], 4, "full"),
        (["--set", "camera.widht_px=3"], 3, "width_px"),
        (["--set", "camera.width_px=3"], 3, "width_px"),
        (["--set", "camra.width_px=3"], 3, "camera"),
        (["--set", "width_px"], 3, "SECTION.KEY"),
        (["--path", "@GPR/@MCT"], 2, "@GRP"),
        (["--no-live-view-start"], 5, "live view"),
        (["--set", "camera.fault=jam@1"], 5, "why:"),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(
    cli: Cli, tmp_path: Path, arguments: list[str], exit_code: int, told: str
) -> None:
    code, _, err = cli("capture", "--slices", "3", *SMALL, *arguments)
    assert code == exit_code
    assert told in err.lower() + err
    assert "Traceback" not in err
    assert len(list(tmp_path.rglob("*.jpg"))) == (1 if "camera.fault=jam@1" in arguments else 0)


def test_a_dry_run_shows_the_plan_and_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli("capture", "--dry-run", "--slices", "4", "--step", "30", "--delay-ms", "500")
    assert code == 0
    for part in ("still, move +30, wait 500 ms", "+90", "SIMULATED", "0001.jpg", "time", "size"):
        assert part in out
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_in_json(cli: Cli) -> None:
    code, out, _ = cli("capture", "--dry-run", "--slices", "3", "--mode", "preview", "--json")
    told = events(out)
    assert (code, [event["kind"] for event in told]) == (0, ["run_started", "result", "run_finished"])
    data = told[1]["data"]
    assert data["first_file"] is None
    assert [action["action"] for action in data["actions"]][:3] == ["Watch", "DriveFocus", "Wait"]
    assert data["estimate"]["travel"] == 100


def test_the_next_run_starts_from_the_last_unless_it_was_not_to_be_remembered(cli: Cli, tmp_path: Path) -> None:
    cli("capture", "--slices", "3", "--step", "20", "--mode", "preview", *SMALL)
    cli("capture", "--slices", "5", "--no-save", "--delay-ms", "0")
    stored = tomllib.loads((tmp_path / "config" / "profiles" / "default.toml").read_text())
    assert (stored["slices"], stored["step"], stored["mode"]) == (3, 20, "preview")
    _, out, _ = cli("capture", "--json")
    assert sum(event["kind"] == "slice_started" for event in events(out)) == 3


def test_a_typed_extension_draws_a_warning(cli: Cli) -> None:
    _, out, _ = cli("capture", "--slices", "2", "--path", "a/@MCT.jpg", "--json", *SMALL)
    [warning] = [event for event in events(out) if event["kind"] == "warning"]
    assert "extension" in warning["message"]


def test_path_preview_shows_the_next_path_and_takes_no_number(cli: Cli, tmp_path: Path) -> None:
    for _ in range(2):
        code, out, err = cli("path", "preview", "a\\b:c/@GCT4", "--extension", "nef")
        assert code == 0
        assert out.strip() == str(tmp_path / "a" / "b_c" / "0001.nef")
        assert "b_c" in err
    code, out, _ = cli("path", "preview", "a/@MCT", "--json")
    told = json.loads(out)
    assert (told["path"], told["warnings"]) == (str(tmp_path / "a" / "1.jpg"), [])


def test_path_preview_of_a_taken_name(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").touch()
    _, out, _ = cli("path", "preview", "x")
    assert out.strip() == str(tmp_path / "x-(1).jpg")


def test_path_preview_of_an_unknown_token(cli: Cli) -> None:
    code, _, err = cli("path", "preview", "@DTT1")
    assert code == 2
    assert "@DT1" in err
