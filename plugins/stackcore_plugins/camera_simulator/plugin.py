"""The offers of the simulated cameras."""

from __future__ import annotations

from collections.abc import Iterable

from stackcore.actions import SdkStyle
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import CameraProvider
from stackcore_plugins.camera_simulator.options import SimulatorOptions


def _offer(name: str, style: SdkStyle, summary: str) -> Offer[CameraProvider]:
    def build(options: SimulatorOptions) -> CameraProvider:
        from stackcore_plugins.camera_simulator.camera import SimulatedCamera

        return SimulatedCamera(name, style, options)

    return Offer(
        name=name,
        summary=summary,
        options=SimulatorOptions,
        build=build,
        capabilities=("simulated", style, "live view", "focus drive", "jpeg", "tiff16", "dng", "replay", "faults"),
    )


@hookimpl
def stackcore_cameras() -> Iterable[Offer[CameraProvider]]:
    """Offer `simulator` and `simulator-legacy`."""
    return [
        _offer("simulator", "unified", "A simulated camera before a rendered scene; delays after movements only."),
        _offer("simulator-legacy", "legacy", "The same in the older SDK style: it also settles after each still."),
    ]
