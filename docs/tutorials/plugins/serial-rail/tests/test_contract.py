"""A camera on a rail keeps the contract of cameras, also where the rail fails."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from stackcore.protocols import CameraProvider
from stackcore.testing import CameraContract
from stackcore_serial_rail.camera import RailCamera
from stackcore_serial_rail.plugin import stackcore_cameras

if sys.platform == "win32":
    pytest.skip("it has no pseudo-terminals", allow_module_level=True)

from stackcore_serial_rail.stand_in import Faults, StandIn

from .test_serial_rail import on_rail


class FallsSilent(StandIn):
    """Answers nothing any more once its second movement has begun."""

    def _jog(self, distance: float, speed: float) -> None:
        super()._jog(distance, speed)
        self.faults.mute = len(self.jogs) == 2


class TestCameraOnARail(CameraContract):
    (offer,) = stackcore_cameras()

    def setup_method(self) -> None:
        self.rails = ExitStack()
        self.rail = self.rails.enter_context(StandIn())
        self.under: dict[int, StandIn] = {}

    def teardown_method(self) -> None:
        super().teardown_method()
        self.rails.close()

    def make(self) -> RailCamera:
        return self._on(self.rail, answer_s=20)

    def make_faulty(self) -> Mapping[str, CameraProvider]:
        faulty = {
            "a limit switch": StandIn(Faults(switch_mm=0.07)),
            "soft limits": StandIn(Faults(travel_mm=0.07)),
            "silence": FallsSilent(),
        }
        return {words: self._on(self.rails.enter_context(rail), answer_s=0.5) for words, rail in faulty.items()}

    def position(self, camera: CameraProvider) -> int | None:
        return round(self.under[id(camera)].position_mm * 1000)

    def _on(self, rail: StandIn, answer_s: float) -> RailCamera:
        camera = on_rail(rail.port, speed_mm_s=100, answer_s=answer_s)
        self.under[id(camera)] = rail
        return camera
