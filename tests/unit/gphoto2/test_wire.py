"""The provider and its child process on the real libgphoto2 and a body on the loopback address."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from stackcore.errors import CameraError, FocusDriveError, NotReadyError
from stackcore.testing.ptpip import Responder
from stackcore_plugins.camera_gphoto2.link import ChildProcess
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.provider import Gphoto2Camera

pytest.importorskip("gphoto2")

FULL = frozenset({"live_view", "focus_drive", "still"})


@pytest.fixture
def on_wire(tmp_path, monkeypatch):
    """Return a body, its open camera after preflight, and the child process; all end with the test."""
    monkeypatch.setenv("STACKCORE_STATE_DIR", str(tmp_path / "state"))
    Path(os.environ["XDG_CONFIG_HOME"]).mkdir(exist_ok=True)
    opened = []

    def make(identity="d850", *, ready=True, faults=(), files=("jpg",), **options):
        body = Responder(identity, faults=faults, files=files)
        body.__enter__()
        children = []

        def start():
            children.append(ChildProcess())
            return children[-1]

        given = Gphoto2Options(port=body.address, **options)
        camera = Gphoto2Camera("gphoto2-unified", "unified", given, start=start)
        opened.append((body, camera))
        info = camera.open()
        assert info.port == body.address
        if ready:
            assert [c for c in camera.preflight(FULL, start_live_view=True) if not c.ok] == []
        return body, camera, children

    yield make
    for body, camera in opened:
        camera.close()
        body.__exit__(None, None, None)


def test_a_killed_child_is_a_lost_camera_and_the_next_one_works(on_wire):
    body, camera, children = on_wire()
    camera.drive_focus(30)
    os.kill(children[0].pid, signal.SIGKILL)
    with pytest.raises(FocusDriveError, match="SIGKILL") as caught:
        camera.drive_focus(30)
    assert caught.value.confirmed is None
    assert len(body.commands("drive")) == 1
    assert camera.open().model == "D850"  # the lock went with the process
    assert len(children) == 2


def test_a_child_that_hangs_is_ended(on_wire):
    _, camera, children = on_wire(answer_timeout_s=1)
    os.kill(children[0].pid, signal.SIGSTOP)
    with pytest.raises(CameraError, match="nothing was heard of it for 1 s"):
        camera.preview_frame()
    assert children[0].end(at_once=True) == ""  # it was seen off already


def test_two_runs_on_one_camera_are_kept_apart(on_wire):
    body, _, _ = on_wire(ready=False)
    second = Gphoto2Camera("gphoto2-legacy", "legacy", Gphoto2Options(port=body.address))
    with pytest.raises(NotReadyError, match=rf"process {os.getpid()}\) works with"):
        second.open()
    assert len([a for a in body.log() if a.what == "connected"]) == 1


@pytest.mark.parametrize("identity", ["d850", "z6"])
def test_a_pair_is_delivered_as_it_was_served(on_wire, identity):
    body, camera, _ = on_wire(identity, files=("jpg", "nef"))
    for _ in range(2):
        files = camera.expose()
        assert [f.extension for f in files] == ["jpg", "nef"]
        assert [len(f.data) for f in files] == [f["bytes"] for f in body.files()[-2:]]
    assert not any(still.about["autofocus"] for still in body.commands("still"))


def test_shooting_to_the_card_keeps_the_file_there(on_wire):
    body, camera, _ = on_wire(target="card")
    assert len(camera.expose()) == 1
    camera.drive_focus(5)
    [still] = body.commands("still")
    assert still.about["on_card"]
    assert body.commands("delete") == []


def test_a_movement_that_outlasts_the_driver_is_sent_once(on_wire):
    body, camera, _ = on_wire(faults=("busy:drive=60",))
    with pytest.raises(FocusDriveError, match="Nobody knows") as caught:
        camera.drive_focus(500)
    assert caught.value.confirmed is None
    assert len(body.commands("drive")) == 1
    camera.drive_focus(5)  # it waited until the lens stood still
    assert body.position == 505


def test_smaller_commands_on_request(on_wire):
    body, camera, _ = on_wire(max_command=40)
    camera.drive_focus(-100)
    assert [a.parameters for a in body.commands("drive")] == [(1, 40), (1, 40), (1, 20)]


def test_live_view_that_the_body_ends_is_started_again(on_wire):
    body, camera, _ = on_wire(faults=("live-view-drops@1",))
    camera.drive_focus(10)
    camera.drive_focus(10)
    assert (body.position, [a.about.get("moved") for a in body.commands("drive")]) == (20, [10, None, 10])


def test_a_still_that_nobody_tells_of_is_not_taken_twice(on_wire):
    body, camera, _ = on_wire(faults=("still-lost",), still_timeout_s=1)
    with pytest.raises(CameraError, match="did not arrive"):
        camera.expose()
    assert len(body.commands("still")) == 1


def test_a_strangers_still_is_not_taken_for_the_slice(on_wire):
    body, camera, _ = on_wire(faults=("shutter-button@1",))
    camera.drive_focus(10)
    [mine] = camera.expose()
    assert len(mine.data) == body.files()[-1]["bytes"]


def test_a_refused_still_leaves_the_camera_usable(on_wire):
    _, camera, _ = on_wire(faults=("refused",))
    with pytest.raises(CameraError, match="The still failed"):
        camera.expose()
    assert camera.wait_ready(5)
    assert len(camera.expose()) == 1


def test_a_connection_cut_in_a_transfer_is_a_lost_camera(on_wire):
    _, camera, _ = on_wire(faults=("cut",))
    with pytest.raises(CameraError, match="gone"):
        camera.expose()
    with pytest.raises(CameraError, match="gone"):
        camera.wait_ready(30)
