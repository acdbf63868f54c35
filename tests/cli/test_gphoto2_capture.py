"""`stackcore capture` on the real libgphoto2, against a body that speaks PTP/IP on the loopback address."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stackcore.cli.app import main
from stackcore.testing.ptpip import Responder

pytest.importorskip("gphoto2")

BODIES = {"gphoto2-legacy": "d850", "gphoto2-unified": "z6"}
STEP, DELAY_MS = 50, 60
AWAY, NEAR = 2, 1


@dataclass(frozen=True)
class Shot:
    """What a run left behind, and what arrived on the wire."""

    code: int
    events: list[dict[str, Any]]
    wire: list[Any]
    folder: Path

    def drives(self) -> list[tuple[int, ...]]:
        return [a.parameters for a in self.wire if a.act == "drive"]

    def stills(self) -> list[Any]:
        return [a for a in self.wire if a.act == "still"]

    @property
    def position(self) -> int:
        return self.wire[-1].position

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    @property
    def error(self) -> str:
        return " ".join(self.events[-1]["error"].values())

    def warnings(self) -> dict[str, str]:
        return {event["code"]: event["message"] for event in self.of("warning")}

    def manifest(self) -> dict[str, Any]:
        [path] = self.folder.rglob("*.stackcore.json")
        return json.loads(path.read_text())

    def hashes(self) -> set[str]:
        files = [f for f in self.folder.rglob("*.*") if f.suffix in (".jpg", ".nef")]
        return {hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture
def shoot(tmp_path, monkeypatch, capfd):
    """Run the command on a body; faults, files and options of the run are the test's."""
    monkeypatch.setenv("STACKCORE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("STACKCORE_STATE_DIR", str(tmp_path / "state"))
    Path(os.environ["XDG_CONFIG_HOME"]).mkdir(exist_ok=True)

    def run(camera: str, *arguments: str, faults: tuple[str, ...] = (), files: tuple[str, ...] = ("jpg",)) -> Shot:
        with Responder(BODIES[camera], faults=faults, files=files) as body:
            common = ["--camera", f"{camera}:{body.address}", "--slices", "3", "--step", str(STEP), "--json"]
            with pytest.raises(SystemExit) as ended:
                main(["capture", *common, "--path", str(tmp_path / "out" / "@MCT"), "--delay-ms", "0", *arguments])
            wire = body.log()
        events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        return Shot(int(ended.value.code or 0), events, wire, tmp_path)

    return run


@pytest.mark.parametrize("camera", BODIES)
def test_a_full_run_drives_shoots_saves_and_returns(shoot, camera):
    shot = shoot(camera, "--delay-ms", str(DELAY_MS), files=("jpg", "nef"))
    assert shot.code == 0, shot.events[-1]
    order = [(a.act, *a.parameters) for a in shot.wire if a.act in ("drive", "still")]
    no_autofocus_to_ram = ("still", 0xFFFFFFFF, 1)
    assert order == [
        no_autofocus_to_ram,
        ("drive", AWAY, STEP),
        no_autofocus_to_ram,
        ("drive", AWAY, STEP),
        no_autofocus_to_ram,
        ("drive", NEAR, 2 * STEP),
    ]
    assert shot.position == 0
    # The pair of a slice has one name, and every byte is the one that was served.
    names = sorted(path.name for path in (shot.folder / "out").iterdir() if path.suffix not in (".json", ".log"))
    assert names == ["1.jpg", "1.nef", "2.jpg", "2.nef", "3.jpg", "3.nef"]
    assert shot.hashes() == {file["sha256"] for still in shot.stills() for file in still.about["files"]}
    manifest = shot.manifest()
    assert (manifest["state"], manifest["simulated"]) == ("completed", False)
    assert manifest["focus"] == {"start": 0, "now": 0, "certain": True}
    assert [s["offset"] for s in manifest["slices"]] == [0, STEP, 2 * STEP]
    assert manifest["camera"]["model"] == {"gphoto2-legacy": "D850", "gphoto2-unified": "Z 6"}[camera]
    assert shot.warnings() == {}
    check_delays(shot, waits_after_still=camera == "gphoto2-legacy")


def check_delays(shot: Shot, *, waits_after_still: bool) -> None:
    """Both in what the run told and in the time between commands on the wire."""
    told = [e["kind"] for e in shot.events if e["kind"] in ("moving", "capturing", "waiting", "returning")]
    still = ["capturing", "waiting"] if waits_after_still else ["capturing"]
    assert told == [*still, "moving", "waiting"] * 2 + [*still, "returning"]
    arrived = [a for a in shot.wire if a.act in ("drive", "still")]
    gaps = {(first.act, then.act): then.at_s - first.at_s for first, then in pairwise(arrived)}
    assert gaps["drive", "still"] >= DELAY_MS / 1000
    if waits_after_still:
        assert gaps["still", "drive"] >= DELAY_MS / 1000


@pytest.mark.parametrize("camera", BODIES)
def test_preview_images_are_what_live_view_showed(shoot, camera):
    shot = shoot(camera, "--mode", "preview-images")
    assert shot.code == 0, shot.events[-1]
    assert shot.drives() == [(AWAY, STEP), (AWAY, STEP), (NEAR, 2 * STEP)]
    assert shot.stills() == []
    served = {a.about["sha256"] for a in shot.wire if a.act == "preview" and "sha256" in a.about}
    assert len(shot.hashes()) == 3
    assert shot.hashes() <= served
    assert shot.position == 0


@pytest.mark.parametrize("camera", BODIES)
def test_preview_moves_and_saves_nothing(shoot, camera):
    shot = shoot(camera, "--mode", "preview")
    assert shot.code == 0, shot.events[-1]
    assert shot.drives() == [(AWAY, STEP), (AWAY, STEP), (NEAR, 2 * STEP)]
    assert (shot.stills(), shot.hashes(), shot.position) == ([], set(), 0)
    names = [a.name for a in shot.wire if a.what == "command"]
    assert "NIKON_END_LIVE_VIEW" in names[names.index("NIKON_START_LIVE_VIEW") :]  # as it was


def test_the_end_of_the_range_ends_the_run_and_keeps_what_was_saved(shoot):
    shot = shoot("gphoto2-unified", faults=("end-of-range@2",))
    assert shot.code == 5
    assert "end of its range" in shot.error
    assert shot.drives() == [(AWAY, STEP), (AWAY, STEP)]  # where focus stands is not known, so it stays
    assert "between +50 and +100" in shot.warnings()["focus_uncertain"]
    assert STEP < shot.position < 2 * STEP
    manifest = shot.manifest()
    assert (manifest["state"], manifest["focus"]["certain"]) == ("failed", False)
    assert len(shot.hashes()) == len(manifest["slices"]) == 2


def test_a_step_too_small_returns_focus(shoot):
    shot = shoot("gphoto2-legacy", "--step", "5", faults=("step-too-small=10",))
    assert shot.code == 5
    assert "too small" in shot.error
    assert (shot.drives(), shot.position) == ([(AWAY, 5)], 0)
    assert shot.manifest()["focus"] == {"start": 0, "now": 0, "certain": True}


def test_a_busy_body_is_waited_for(shoot):
    shot = shoot("gphoto2-unified", "--mode", "preview", faults=("busy-at-once@2x3", "slow=2"))
    assert shot.code == 0, shot.events[-1]
    moved = [a.about["moved"] for a in shot.wire if a.act == "drive" and "moved" in a.about]
    assert (moved, shot.position) == ([STEP, STEP, -2 * STEP], 0)


def test_a_movement_without_an_answer_leaves_focus_where_it_is(shoot):
    shot = shoot("gphoto2-unified", "--mode", "preview", faults=("no-answer@2",))
    assert shot.code == 5
    assert "focus_uncertain" in shot.warnings()
    assert len(shot.drives()) == 2
    assert shot.position == 2 * STEP


def test_a_cable_pulled_in_a_transfer_keeps_the_frames_before(shoot):
    shot = shoot("gphoto2-legacy", faults=("unplug:drive@2",))
    assert shot.code == 5
    assert "gone" in shot.error
    assert len(shot.hashes()) == 2
    assert "focus_uncertain" in shot.warnings()
    assert shot.manifest()["focus"] == {"start": 0, "now": None, "certain": False}


def test_a_full_card_refuses_the_run_before_anything_moves(shoot):
    shot = shoot("gphoto2-legacy", "--set", "camera.target=card", faults=("card-full=0",))
    assert (shot.code, shot.drives(), shot.stills()) == (5, [], [])
    assert "room on the card" in shot.error


def test_a_card_that_fills_up_ends_the_run_and_returns_focus(shoot):
    shot = shoot("gphoto2-unified", "--set", "camera.target=card", faults=("card-full=2",))
    assert shot.code == 5
    assert "card of the camera is full" in shot.error
    assert shot.drives() == [(AWAY, STEP), (AWAY, STEP), (NEAR, 2 * STEP)]
    assert (shot.position, len(shot.hashes())) == (0, 2)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("live-view-prohibited=battery", "Battery exhausted"),
        ("no-focus-drive", "focus drive"),
        ("no-live-view", "live view"),
    ],
)
def test_a_body_that_cannot_is_refused_with_its_reason(shoot, fault, told):
    shot = shoot("gphoto2-unified", "--mode", "preview", faults=(fault,))
    assert (shot.code, shot.drives()) == (5, [])
    assert told in shot.error
    assert "nothing was moved" in shot.error


def test_a_lens_that_cannot_be_driven_names_the_switch(shoot):
    shot = shoot("gphoto2-unified", "--mode", "preview", faults=("lens-cannot-move",))
    assert shot.code == 5
    assert "M/A" in shot.error
    assert shot.position == 0


def test_live_view_may_not_be_switched_on(shoot):
    shot = shoot("gphoto2-unified", "--mode", "preview", "--no-live-view-start")
    assert (shot.code, shot.drives()) == (5, [])
    assert "live view: off" in shot.error


def test_nobody_at_the_address(shoot, capfd, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["capture", "--camera", "gphoto2-unified:ptpip:127.0.0.1:9:9", "--json"])
    assert ended.value.code == 5
    assert "does not answer" in capfd.readouterr().out
