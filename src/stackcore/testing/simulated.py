"""A small, fast simulated camera that fails on request: what run modes, tokens and whole runs are tried with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stackcore.protocols import CameraProvider
from stackcore.registry import Registry

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "subject": "grey-card",
        "width_px": 64,
        "height_px": 64,
        "tells_position": True,
        "still_s": 0,
        "move_s": 0,
        "timeout_s": 0.01,
    }
)
"""Options of a simulated camera that shoots in milliseconds; its pictures show nothing."""


def simulated_camera(fault: str = "", name: str = "simulator", **options: Any) -> CameraProvider:
    """Return a simulated camera, not connected.

    Parameters
    ----------
    fault
        What goes wrong and when, as in `jam@3,still-fails@5`; `stackcore plugins show simulator` lists what can.
    name
        `simulator`, or `simulator-legacy` for the older SDK style.
    options
        Any other of its options, in place of those of `QUICK`: `subject="scene"` renders a real scene.

    Raises
    ------
    ConfigError
        For an option or a fault that it does not know.

    Examples
    --------
    >>> camera = simulated_camera("jam@1")
    >>> camera.open().simulated
    True
    >>> camera.drive_focus(50)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    stackcore.errors.FocusDriveError: The focus movement failed. why: the drive jammed after +25 ...
    """
    camera: CameraProvider = Registry.discover().build("camera", name, {**QUICK, "fault": fault, **options})
    return camera
