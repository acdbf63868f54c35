"""`stackcore run`: from camera to picture, and what stays when a part of it fails."""

from __future__ import annotations

import json
import os
import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackcore.api.capture_presets import capture_request
from stackcore.api.presets import settle_stack
from stackcore.api.running import run_settled as run
from stackcore.errors import Cancelled
from stackcore.events import BaseEvent, RunFinished, StageStarted
from stackcore.metadata.record import read_record

Run = Callable[..., Any]

SMALL = {"camera": {"width_px": 192, "height_px": 128}}
SHOT = ("--set", "camera.width_px=192", "--set", "camera.height_px=128", "--slices", "4", "--delay-ms", "0")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def result_of(out: str) -> dict[str, Any]:
    [data] = [event["data"] for event in events(out) if event["kind"] == "result"]
    assert isinstance(data, dict)
    return data


def warning_codes(out: str) -> list[str]:
    return [event["code"] for event in events(out) if event["kind"] == "warning"]


def test_frames_manifest_and_picture_come_from_one_run(stackcore: Run) -> None:
    done = stackcore("run", "-o", "out.tif", "--path", "shots/@SLICE", "--set", "fuser.levels=3", *SHOT, "--json")
    assert done.code == 0, done.err
    told = events(done.out)
    assert [event["kind"] for event in told].count("run_started") == 1
    assert told[0]["command"] == "run"
    assert [event["kind"] for event in told].count("run_finished") == 1
    assert told[-1]["kind"] == "run_finished"
    kinds = [event["kind"] for event in told]
    assert kinds.index("returning") < next(i for i, e in enumerate(told) if e.get("stage") == "fuse")
    data = result_of(done.out)
    assert (data["output"], data["frames"], data["slices"], data["simulated"]) == ("out.tif", 4, 4, True)
    assert data["focus"] == {"now": 0, "certain": True}
    manifest = json.loads(Path(data["manifest"]).read_text())
    assert manifest["state"] == "completed"
    record = read_record(Path("out.tif"))
    assert record.frames == ("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    assert record.plugins["fuser"].options["levels"] == 3
    assert record.simulated
    assert len(list(Path("shots").glob("*.log"))) == 1


def test_a_preset_holds_both_halves(stackcore: Run) -> None:
    Path("p.toml").write_text(
        '[capture]\nslices = 3\ndelay_ms = 0\npath = "shots/@SLICE"\n[camera]\nwidth_px = 192\nheight_px = 128\n'
        '[stack]\nfuser = "weighted"\nhot_pixels = false\n[output]\nformat = "jpg"\nquality = 80\n'
    )
    done = stackcore("run", "--preset", "p.toml", "-q")
    assert done.code == 0, done.err
    assert (
        Path(done.out.strip()) == Path("shots.jpg").absolute()
    )  # beside the folder of the frames, which it is no frame of
    assert read_record(Path("shots.jpg")).plugins["fuser"].name == "weighted"
    again = stackcore("run", "--preset", "p.toml", "-q")
    assert again.code == 0, again.err
    assert again.out.strip() != done.out.strip()
    assert len(list(Path().glob("shots*.jpg"))) == 2


def test_frames_in_the_current_folder_have_a_result_named_after_the_run(stackcore: Run) -> None:
    done = stackcore("run", "--path", "@SLICE", "--no-align", *SHOT, "-q")
    assert done.code == 0, done.err
    assert Path(done.out.strip()).is_file()
    assert Path(done.out.strip()).suffix == ".tif"
    assert [path.absolute() for path in Path().glob("*.tif")] == [Path(done.out.strip())]


REFUSED = [
    (2, ("--mode", "preview"), "saves nothing"),
    (2, ("-o", "a.gif"), "a.gif"),
    (7, ("-o", "none/a.tif"), "does not exist"),
    (4, ("--fuser", "blnd"), 'did you mean "blend"'),
    (4, ("--sharpener", "sharp", "--sharpen", "1"), "sharp"),
    (3, ("--set", "fuser.levels=99"), "levels"),
    (3, ("--set", "camera.widht=99"), "widht"),
    (3, ("--set", "fusre.levels=9"), 'did you mean "fuser"'),
    (2, ("--sharpen", "1:2"), "three joined by colons"),
    (2, ("--slices", "1"), "2 to 199"),
    (2, ("--workers", "0"), "workers"),
    (2, ("--preset", "nothing"), "no preset"),
]


@pytest.mark.parametrize(("code", "wrong", "told"), REFUSED, ids=[" ".join(wrong) for _, wrong, _ in REFUSED])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry"])
def test_what_can_be_known_before_is_refused_before_anything_moves(
    stackcore: Run, code: int, wrong: tuple[str, ...], told: str, dry: tuple[str, ...]
) -> None:
    done = stackcore("run", *SHOT, *wrong, *dry, "--json")
    assert done.code == code, done.err
    assert told in done.err
    assert "moving" not in [event["kind"] for event in events(done.out)]
    assert events(done.out)[-1]["exit_code"] == code
    assert os.listdir() == []


def test_a_strange_variable_is_told_once(stackcore: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKCORE_STAK", "1")
    done = stackcore("run", "-o", "a.tif", "--path", "s/@SLICE", *SHOT, "--no-align", "--json")
    assert warning_codes(done.out).count("variable-unknown") == 1
    assert "variable-unknown" in warning_codes(stackcore("capture", *SHOT, "--dry-run", "--json").out)


def test_a_dry_run_tells_both_halves_and_touches_nothing(stackcore: Run) -> None:
    data = result_of(stackcore("run", "-o", "a.tif", "--path", "s/@SLICE", *SHOT, "--dry-run", "--json").out)
    assert (data["dry_run"], data["slices"], data["output"], data["fuser"]) == (True, 4, "a.tif", "blend")
    assert data["stages"] == ["capture", "align", "fuse"]
    assert data["first_file"].endswith("1.jpg")
    assert os.listdir() == []


def test_a_fault_of_the_camera_keeps_the_frames_and_makes_no_picture(stackcore: Run) -> None:
    done = stackcore("run", "-o", "a.tif", "--path", "s/@SLICE", *SHOT, "--set", "camera.fault=jam@2", "--json")
    assert done.code == 5, done.err
    assert "frames-kept" in warning_codes(done.out)
    assert not Path("a.tif").exists()
    assert list(Path("s").glob("*.jpg"))


def test_when_fusing_fails_the_frames_can_be_stacked_as_the_warning_says(stackcore: Run) -> None:
    done = stackcore("run", "-o", "a.tif", "--path", "s/@SLICE", *SHOT, "--memory", "1MB", "--json")
    assert done.code == 3, done.err
    [told] = [e["message"] for e in events(done.out) if e.get("code") == "frames-kept"]
    assert told.startswith("4 frames are kept")
    command = shlex.split(told.partition(": ")[2].replace("OUT", "b.tif"))
    assert not Path("a.tif").exists()
    assert stackcore(*command[1:], "-q").code == 0
    assert Path("b.tif").is_file()


@pytest.mark.parametrize("when", ["capture", "stack"])
def test_a_cancel_ends_the_run_once_and_keeps_the_frames(when: str) -> None:
    cancel, heard = threading.Event(), list[BaseEvent]()

    def listen(event: BaseEvent) -> None:
        heard.append(event)
        slices = [each for each in heard if each.__class__.__name__ == "Saved"]
        if (when == "capture" and len(slices) == 2) or (isinstance(event, StageStarted) and event.stage == "fuse"):
            cancel.set()

    request = capture_request(slices=4, delay_ms=0, path="s/@SLICE", settings=SMALL)
    with pytest.raises(Cancelled):
        run(request, settle_stack(output="a.tif"), listeners=[listen], cancel=cancel)
    finished = [event for event in heard if isinstance(event, RunFinished)]
    assert [(event.outcome, event.exit_code) for event in finished] == [("cancelled", 130)]
    assert heard[-1] is finished[0]
    manifest = json.loads(next(Path("s").glob("*.stackcore.json")).read_text())
    assert manifest["state"] == {"capture": "cancelled", "stack": "completed"}[when]
    assert manifest["focus"]["now"] == 0
    assert [getattr(event, "code", "") for event in heard].count("frames-kept") == 1
    assert [path.name for path in Path().iterdir()] == ["s"]


def test_the_report_is_of_the_same_run(stackcore: Run) -> None:
    done = stackcore("run", "-o", "out.tif", "--report", "out.html", "--path", "shots/@SLICE", *SHOT, "--json")
    assert done.code == 0, done.err
    assert result_of(done.out)["report"] == {"page": "out.html", "data": "out.json"}
    assert json.loads(Path("out.json").read_text("utf-8"))["camera"]["simulated"] is True


def test_a_report_that_cannot_be_written_is_refused_before_anything_moves(stackcore: Run) -> None:
    for name, code in (("out.pdf", 2), ("missing/out.html", 7)):
        done = stackcore("run", "-o", "out.tif", "--report", name, "--path", "shots/@SLICE", *SHOT, "--json")
        assert done.code == code
        assert not Path("shots").exists()
        assert "moving" not in {event["kind"] for event in events(done.out)}
