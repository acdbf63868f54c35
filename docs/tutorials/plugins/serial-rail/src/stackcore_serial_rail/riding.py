"""Puts a camera onto a rail: finds the plugin of the one, opens the line to the other."""

from __future__ import annotations

from collections.abc import Callable

from stackcore.api.addressing import resolve_camera
from stackcore.errors import ConfigError
from stackcore.protocols import CameraProvider
from stackcore.registry import Registry
from stackcore_serial_rail.camera import RailCamera
from stackcore_serial_rail.grbl import Grbl
from stackcore_serial_rail.line import Line
from stackcore_serial_rail.motor import Motor
from stackcore_serial_rail.plugin import SerialRailOptions
from stackcore_serial_rail.zaber import Zaber


def ride(options: SerialRailOptions) -> RailCamera:
    """Build the camera that `options.body` names and put it on the rail; connects to neither."""
    if options.body.partition(":")[0] == "serial-rail":
        raise ConfigError("A rail cannot ride on a rail.", "camera.body names it.", "name a camera: camera.body=...")
    registry = Registry.discover()
    name, body_options = resolve_camera(registry, options.body, options.body_options)
    body: CameraProvider = registry.build("camera", name, body_options)
    return RailCamera(options, body, connect)


def connect(options: SerialRailOptions) -> tuple[Motor, Callable[[], None]]:
    """Open the line and greet the controller; the second value closes the line."""
    line = Line(options.port, options.baud)
    try:
        return (Grbl(line, options) if options.protocol == "grbl" else Zaber(line, options)), line.close
    except BaseException:
        line.close()
        raise
