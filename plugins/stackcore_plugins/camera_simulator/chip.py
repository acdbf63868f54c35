"""The sensor of a simulated camera: one set of hot and dead pixels, whether its files are raw or finished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the options import this module, and must stay cheap
    import numpy as np
    from numpy.typing import NDArray

    from stackcore.testing.photosites import SensorTruth
    from stackcore.testing.sensor import Sensor
    from stackcore_plugins.camera_simulator.options import SimulatorOptions

LampName = Literal["noted", "warm", "cool"]

NOTED = (0.5, 1.0, 0.625)
"""What red, green and blue answer to grey in the light that the body notes as its white balance."""

LAMPS: Mapping[LampName, tuple[float, float, float]] = {
    "noted": NOTED,
    "warm": (0.62, 1.0, 0.47),
    "cool": (0.42, 1.0, 0.76),
}
"""What they answer under each lamp; the body goes on noting the first."""

_BASE_S, _BASE_ISO = 1 / 60, 100
"""Exposure for which the options give hot pixels and glow."""


def finished(options: SimulatorOptions) -> Sensor:
    """Return the sensor as it shows in files that the body developed itself."""
    from stackcore.testing.sensor import Sensor

    gain = options.iso / _BASE_ISO
    return Sensor(
        full_well_e=options.full_well_e / gain,
        read_e=options.read_e if options.full_well_e else 0.0,
        hot_pixels=options.hot_pixels,
        dead_pixels=options.dead_pixels,
        glow=options.glow,
        current=gain * options.exposure_s / _BASE_S,
        seed=options.seed,
    )


def photosites(options: SimulatorOptions, width: int, height: int) -> SensorTruth:
    """Return the same sensor as it shows in raw files, (height, width) photosites, both even."""
    from stackcore.testing.dng import RawCamera
    from stackcore.testing.photosites import HotSite, SensorTruth

    camera = RawCamera(neutral=NOTED, model=options.identity.model, serial=options.serial)
    full = camera.white - camera.black[0]
    electrons = options.full_well_e / full
    sensor, size = finished(options), (options.width_px, options.height_px)
    return SensorTruth(
        width=width,
        height=height,
        camera=camera,
        hot=tuple(
            HotSite(p.x, p.y, per_second=p.level * full / _BASE_S)
            for p in sensor.hot(*size)
            if p.x < width and p.y < height
        ),
        dead=tuple((x, y) for x, y in sensor.dead(*size) if x < width and y < height),
        read_noise=options.read_e / electrons if electrons else 0.0,
        electrons_per_count=electrons,
        glow=options.glow * full / _BASE_S,
        lamp=LAMPS[options.lamp],
        seed=options.seed,
    )


def cast(options: SimulatorOptions) -> NDArray[np.float32]:
    """Return how the lamp tints red, green and blue, (3,), of files that the body developed as it noted."""
    import numpy as np

    tint: NDArray[np.float32] = np.divide(LAMPS[options.lamp], NOTED, dtype=np.float32)
    return tint
