"""The offers of cameras that libgphoto2 drives, in two SDK styles."""

from __future__ import annotations

from collections.abc import Iterable

from stackcore.actions import SdkStyle
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import CameraProvider
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options


def _offer(name: str, style: SdkStyle, summary: str) -> Offer[CameraProvider]:
    def build(options: Gphoto2Options) -> CameraProvider:
        from stackcore_plugins.camera_gphoto2.provider import Gphoto2Camera

        return Gphoto2Camera(name, style, options)

    return Offer(
        name=name,
        summary=summary,
        options=Gphoto2Options,
        build=build,
        capabilities=(style, "usb", "ptpip", "live view", "focus drive", "jpeg", "raw", "detection"),
        needs=("gphoto2",),
    )


@hookimpl
def stackcore_cameras() -> Iterable[Offer[CameraProvider]]:
    """Offer `gphoto2-unified` and `gphoto2-legacy`."""
    return [
        _offer(
            "gphoto2-unified", "unified", "A camera by USB or network, through libgphoto2; settles after movements."
        ),
        _offer("gphoto2-legacy", "legacy", "The same in the older SDK style: it also settles after each still."),
    ]
