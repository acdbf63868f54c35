"""What the doctor looks at, in the order in which it tells it; nothing here raises."""

from __future__ import annotations

import platform
from pathlib import Path

from stackcore import __version__
from stackcore.registry import Registry
from stackcore_plugins.command_doctor.cameras import cameras
from stackcore_plugins.command_doctor.finding import Finding
from stackcore_plugins.command_doctor.libraries import libraries
from stackcore_plugins.command_doctor.machine import cores, disk, room_in_memory
from stackcore_plugins.command_doctor.places import calibration_library, folders
from stackcore_plugins.command_doctor.plugin_states import plugin_states


def all_findings(folder: Path) -> list[Finding]:
    """Look at everything; `folder` is where pictures shall be written."""
    registry = Registry.discover()
    return [
        Finding(name="stackcore", state="ok", detail=__version__),
        Finding(name="Python", state="ok", detail=f"{platform.python_version()} on {platform.platform()}"),
        *libraries(),
        *plugin_states(registry),
        *cameras(registry),
        cores(),
        room_in_memory(),
        disk(folder),
        *folders(folder),
        *calibration_library(),
    ]
