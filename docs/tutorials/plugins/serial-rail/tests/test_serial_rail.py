"""A rail on a pseudo-terminal: it moves as asked, says where it stands, and stops when it must."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from stackcore.actions import CameraTraits
from stackcore.errors import ConfigError, FocusDriveError, NotReadyError
from stackcore.protocols import CameraInfo, CapturedFile, Check
from stackcore.registry import Registry
from stackcore_serial_rail.camera import RailCamera
from stackcore_serial_rail.plugin import SerialRailOptions

if sys.platform == "win32":
    pytest.skip("it has no pseudo-terminals", allow_module_level=True)

from stackcore_serial_rail.riding import connect
from stackcore_serial_rail.stand_in import Faults, StandIn

QUICK = {"speed_mm_s": 40, "connect_s": 20, "answer_s": 20}


@dataclass
class Still:
    """A camera that does nothing but note what it is asked for."""

    calls: list[Any] = field(default_factory=list)
    traits = CameraTraits(style="legacy", waits_after_still=True, returns_focus=False, simulated=True, max_drive=7)

    def __getattr__(self, verb: str) -> Any:
        answers = {
            "open": CameraInfo(provider="still", model="Box", serial="7", simulated=True),
            "preflight": [Check(name="shutter", ok=True)],
            "expose": [CapturedFile(data=b"x", extension="jpg")],
            "preview_frame": CapturedFile(data=b"\xff\xd8\xff", extension="jpg"),
            "wait_ready": True,
        }

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((verb, *arguments))
            return answers.get(verb)

        return call


def still() -> Any:
    """Any of them is a camera, as far as the rail can tell."""
    return Still()


def on_rail(port: str, body: Any = None, **options: Any) -> RailCamera:
    chosen = SerialRailOptions.model_validate({**QUICK, "port": port, **options})
    return RailCamera(chosen, body or still(), connect)


@pytest.fixture
def rail() -> Iterator[StandIn]:
    with StandIn() as standing:
        yield standing


@pytest.fixture
def camera(rail: StandIn) -> Iterator[RailCamera]:
    riding = on_rail(rail.port)
    riding.open()
    yield riding
    riding.close()


def test_a_movement_has_arrived_when_the_call_returns(rail: StandIn, camera: RailCamera) -> None:
    camera.drive_focus(500)
    assert rail.position_mm == pytest.approx(0.5)
    camera.drive_focus(-200)
    assert rail.position_mm == pytest.approx(0.3)


@pytest.mark.parametrize(("options", "mm"), [({"unit_um": 2.5}, 0.25), ({"reverse": True}, -0.1)])
def test_units_and_direction_are_the_users(rail: StandIn, options: dict[str, Any], mm: float) -> None:
    riding = on_rail(rail.port, **options)
    riding.open()
    riding.drive_focus(100)
    assert rail.position_mm == pytest.approx(mm)
    riding.close()


def test_a_way_back_takes_up_the_play(rail: StandIn) -> None:
    riding = on_rail(rail.port, backlash_um=50)
    riding.open()
    riding.drive_focus(300)
    riding.drive_focus(-100)
    assert rail.jogs == pytest.approx([0.3, -0.15, 0.05])
    riding.close()


def test_stills_are_the_cameras_own_and_the_drive_is_the_rails(rail: StandIn) -> None:
    body = Still()
    riding = on_rail(rail.port, body, speed_mm_s=2)
    info = riding.open()
    assert (info.provider, info.model, info.serial) == ("serial-rail", "Box", "7")
    assert (riding.traits.style, riding.traits.waits_after_still) == ("legacy", True)
    assert (riding.traits.max_drive, riding.traits.returns_focus) == (1000, True)  # half a second at 2 mm/s
    checks = riding.preflight(frozenset({"focus_drive", "still"}), start_live_view=True)
    assert [(check.name, check.ok) for check in checks] == [("shutter", True), ("rail", True)]
    assert "Grbl 1.1h" in checks[1].detail
    assert riding.expose()[0].data == b"x"
    riding.restore()
    riding.close()
    assert [call[:2] for call in body.calls] == [
        ("open",),
        ("preflight", frozenset({"still"})),
        ("expose",),
        ("restore",),
        ("close",),
    ]


def test_units_finer_than_the_motors_steps_are_a_warning(rail: StandIn) -> None:
    rail.steps_per_mm = 400
    riding = on_rail(rail.port)
    riding.open()
    *_, resolution = riding.preflight(frozenset({"focus_drive"}), start_live_view=False)
    assert (resolution.ok, resolution.fatal) == (False, False)
    assert "a step of the motor 2.5 um" in resolution.detail
    riding.drive_focus(101)
    assert rail.position_mm == pytest.approx(0.1)
    riding.close()


def failed(camera: RailCamera, steps: int) -> FocusDriveError:
    with pytest.raises(FocusDriveError) as caught:
        camera.drive_focus(steps)
    return caught.value


def test_a_target_beyond_the_users_limit_is_refused_before_it_moves(rail: StandIn) -> None:
    riding = on_rail(rail.port, travel_mm=1)
    riding.open()
    riding.drive_focus(900)
    error = failed(riding, 200)
    assert (error.confirmed, rail.jogs) == (0, [pytest.approx(0.9)])
    assert "1.100 mm" in error.why
    riding.close()


def test_a_target_beyond_the_machines_limit_is_refused(rail: StandIn, camera: RailCamera) -> None:
    rail.faults.travel_mm = 1
    error = failed(camera, 1200)
    assert error.confirmed == 0
    assert "error:15" in error.why
    camera.drive_focus(900)


def test_a_limit_switch_loses_the_position(rail: StandIn, camera: RailCamera) -> None:
    rail.faults.switch_mm = 0.5
    error = failed(camera, 2000)
    assert error.confirmed is None
    assert "ALARM:1" in error.why
    assert "$H" in error.fix
    assert not camera.wait_ready(0.1)


def test_a_movement_that_somebody_stops_tells_how_far_it_came(rail: StandIn) -> None:
    riding = on_rail(rail.port, speed_mm_s=0.02)  # slow, so that it is under way however busy the machine is
    riding.open()
    stop = threading.Thread(target=lambda: rail.moved.wait(5) and rail.hold())
    stop.start()
    error = failed(riding, 900)
    stop.join()
    assert error.confirmed is not None
    assert 0 <= error.confirmed < 900
    assert error.confirmed == round(rail.position_mm * 1000)
    assert "Hold" in error.why
    riding.close()


def test_a_controller_that_restarts_has_lost_its_position(rail: StandIn) -> None:
    riding = on_rail(rail.port, speed_mm_s=0.02)  # slow, so that it is under way however busy the machine is
    riding.open()
    restart = threading.Thread(target=lambda: rail.moved.wait(5) and rail.restart())
    restart.start()
    error = failed(riding, 900)
    restart.join()
    assert (error.what, error.confirmed) == ("The rail lost its position.", None)
    riding.close()


def test_a_cable_that_is_pulled_is_told(rail: StandIn, camera: RailCamera) -> None:
    camera.drive_focus(10)
    rail.unplug()
    assert failed(camera, 10).what == "The rail is gone."
    assert not camera.wait_ready(0.1)
    assert camera.focus_position() is None


def test_what_interrupts_a_movement_stops_the_motor(rail: StandIn) -> None:
    """A second Ctrl-C arrives as an exception in the middle of the call."""
    polls: list[float] = []

    def interrupt(seconds: float) -> None:
        polls.append(seconds)
        if len(polls) == 1:
            raise KeyboardInterrupt

    slow = SerialRailOptions.model_validate({**QUICK, "port": rail.port, "speed_mm_s": 0.02})
    body: Any = Still()
    riding = RailCamera(slow, body, connect, pause=interrupt)
    riding.open()
    with pytest.raises(KeyboardInterrupt):
        riding.drive_focus(500)
    assert rail.cancels == 1
    stood = rail.position_mm
    assert stood < 0.5
    assert riding.wait_ready(1)
    assert rail.position_mm == stood
    riding.close()


def test_a_rail_that_restarted_on_connection_does_not_tell_a_position(rail: StandIn, camera: RailCamera) -> None:
    assert camera.focus_position() is None  # its count began anew, and means nothing to an earlier run
    again = on_rail(rail.port)
    camera.close()
    again.open()  # this time it was running already
    again.drive_focus(40)
    assert again.focus_position() == 40
    again.close()


@pytest.mark.parametrize(
    ("faults", "what"),
    [
        (Faults(mute=True), "The rail does not answer."),
        (Faults(alarm=True), "The rail is locked by an alarm."),
        (Faults(inches=True), "The rail reports inches."),
    ],
    ids=["mute", "alarm", "inches"],
)
def test_a_controller_that_is_not_ready_is_refused(faults: Faults, what: str) -> None:
    with StandIn(faults) as rail:
        riding = on_rail(rail.port, connect_s=0.3)
        with pytest.raises(NotReadyError) as caught:
            riding.open()
        assert caught.value.what == what
        riding.close()


def test_a_port_that_is_not_there_or_in_use_is_told(rail: StandIn, camera: RailCamera) -> None:
    for port, what in (
        ("", "No serial port is named."),
        ("/dev/no-such-port", "There is no port /dev/no-such-port."),
        (rail.port, f"{rail.port} is in use."),
    ):
        with pytest.raises(NotReadyError) as caught:
            on_rail(port).open()
        assert caught.value.what == what
        assert "--camera serial-rail:" in caught.value.fix


def test_a_camera_that_does_not_open_lets_the_rail_go(rail: StandIn) -> None:
    class Absent(Still):
        def open(self) -> CameraInfo:
            raise NotReadyError("There is no camera.", "it is off.", "switch it on.")

    with pytest.raises(NotReadyError, match="no camera"):
        on_rail(rail.port, Absent()).open()
    on_rail(rail.port).open()  # the port is free again


def test_any_camera_rides_by_its_name_and_options() -> None:
    options = {"body": "simulator", "body_options": {"width_px": 192, "height_px": 128}, "port": "/dev/rail"}
    riding = Registry.discover().build("camera", "serial-rail", options)
    assert riding.traits.simulated
    with pytest.raises(ConfigError, match="ride on a rail"):
        Registry.discover().build("camera", "serial-rail", {"body": "serial-rail"})


def test_ports_are_found_without_opening_them() -> None:
    assert all(
        found.address for found in Registry.discover().build("camera", "serial-rail", {"body": "simulator"}).detect()
    )


def test_the_stand_in_is_a_terminal(rail: StandIn) -> None:
    assert os.path.exists(rail.port)
