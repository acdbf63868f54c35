"""The same rail with a controller that speaks Zaber's ASCII protocol."""

from __future__ import annotations

import sys

import pytest

from stackcore.errors import FocusDriveError, NotReadyError
from stackcore_serial_rail.camera import RailCamera
from stackcore_serial_rail.plugin import SerialRailOptions

if sys.platform == "win32":
    pytest.skip("it has no pseudo-terminals", allow_module_level=True)

from stackcore_serial_rail.riding import connect

from .test_serial_rail import still
from .zaber_stand_in import ZaberStandIn


def on_stage(port: str, **options: object) -> RailCamera:
    chosen = {"protocol": "zaber", "microstep_um": 0.5, "speed_mm_s": 20, "answer_s": 20, **options}
    riding = RailCamera(SerialRailOptions.model_validate({"port": port, **chosen}), still(), connect)
    riding.open()
    return riding


def test_it_moves_by_microsteps_and_tells_where_it_stands() -> None:
    with ZaberStandIn() as stage:
        riding = on_stage(stage.port)
        riding.drive_focus(100)
        assert (stage.position, riding.focus_position()) == (200, 100)
        riding.drive_focus(-40)
        assert (stage.position, riding.focus_position()) == (120, 60)
        assert "Zaber 50081" in riding.preflight(frozenset({"focus_drive"}), start_live_view=False)[-1].detail
        riding.close()


def test_a_rejected_movement_moves_nothing() -> None:
    with ZaberStandIn(limit=100) as stage:
        riding = on_stage(stage.port)
        with pytest.raises(FocusDriveError, match="BADDATA") as caught:
            riding.drive_focus(100)
        assert (caught.value.confirmed, stage.position) == (0, 0)
        riding.close()


def test_a_fault_flag_loses_the_position() -> None:
    with ZaberStandIn(stalls=True) as stage:
        riding = on_stage(stage.port)
        with pytest.raises(FocusDriveError, match="FS") as caught:
            riding.drive_focus(100)
        assert caught.value.confirmed is None
        riding.close()


def test_another_protocol_is_no_answer() -> None:
    with ZaberStandIn() as stage, pytest.raises(NotReadyError, match="does not answer"):
        on_stage(stage.port, device=2, answer_s=0.2)
