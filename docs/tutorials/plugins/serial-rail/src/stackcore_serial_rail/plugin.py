"""What stackcore reads at start-up: a camera that moves on a rail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import CameraProvider

stackcore_api = "1.0"
"""Version of the hooks that this was written for."""


class SerialRailOptions(Options):
    """Which rail, what a drive unit is on it, how far it may go, and which camera rides on it."""

    port: str = Field("", description="Serial port: /dev/ttyUSB0, COM3, or socket://HOST:PORT of a serial server.")
    protocol: Literal["grbl", "zaber"] = Field("grbl", description="What the controller understands.")
    baud: int = Field(115_200, ge=1_200, le=4_000_000, description="Speed of the line, bits a second.")
    body: str = Field("gphoto2-unified", description="The camera on the rail, as after --camera: NAME or NAME:ADDRESS.")
    body_options: dict[str, Any] = Field({}, description='Options of that camera: {"target": "card"}.')
    unit_um: float = Field(1.0, gt=0, le=1_000, description="What a drive unit of --step is on the rail, micrometres.")
    reverse: bool = Field(False, description="Positive for the motor is away from the subject.")
    speed_mm_s: float = Field(2.0, gt=0, le=200, description="Speed of movements, millimetres a second.")
    backlash_um: float = Field(0.0, ge=0, le=5_000, description="Play of the spindle: ways back overshoot by it.")
    travel_mm: float | None = Field(
        None, gt=0, le=2_000, description="How far it may go from where it stood when it was connected, either way."
    )
    axis: Literal["X", "Y", "Z"] = Field("X", description="Axis of the controller, for grbl.")
    device: int = Field(1, ge=1, le=99, description="Number of the device on the line, for zaber.")
    device_axis: int = Field(1, ge=1, le=9, description="Axis of that device, for zaber.")
    microstep_um: float = Field(0.49609375, gt=0, le=100, description="What a microstep moves, for zaber, micrometres.")
    connect_s: float = Field(5.0, gt=0, le=60, description="A controller may take so long to start up, seconds.")
    answer_s: float = Field(2.0, gt=0, le=60, description="A controller may take so long to answer, seconds.")


def _build(options: SerialRailOptions) -> CameraProvider:
    from stackcore_serial_rail.riding import ride

    return ride(options)


@hookimpl
def stackcore_cameras() -> Iterable[Offer[CameraProvider]]:
    """Offer the camera `serial-rail`."""
    return [
        Offer(
            name="serial-rail",
            summary="Any camera on a motorised rail: the rail moves, the camera of --set camera.body=NAME shoots.",
            options=SerialRailOptions,
            build=_build,
            capabilities=("focus rail", "grbl", "zaber ascii", "serial", "detection"),
            needs=("serial",),
        )
    ]
