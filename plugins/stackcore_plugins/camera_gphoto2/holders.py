"""Which programs hold a USB camera, so that a user need not guess."""

from __future__ import annotations

import os
import re
from pathlib import Path

_USB = re.compile(r"usb:(\d+),(\d+)")
_PROC = Path("/proc")


def who_holds(port: str, proc: Path = _PROC) -> list[str]:
    """Return names of programs of this user that have the device open, without stackcore itself; none if unknown."""
    match = _USB.fullmatch(port)
    if match is None or not proc.is_dir():
        return []
    device = f"/dev/bus/usb/{int(match[1]):03d}/{int(match[2]):03d}"
    own = {str(os.getpid()), str(os.getppid())}
    others = (p for p in sorted(proc.iterdir()) if p.name.isdecimal() and p.name not in own)
    return [f"{_name(process)} (process {process.name})" for process in others if _has_open(process, device)]


def advice(port: str, proc: Path = _PROC) -> str:
    """What to do about a camera that another program holds."""
    held = who_holds(port, proc)
    who = f"end {', '.join(held)}" if held else "close photo managers and file managers"
    desktop = (
        "a desktop mounts cameras by itself: eject it there, or run `gio mount -s gphoto2` (macOS: end PTPCamera)."
    )
    return f"{who}; {desktop}"


def _has_open(process: Path, device: str) -> bool:
    try:
        return any(os.readlink(file) == device for file in (process / "fd").iterdir())
    except OSError:  # it ended, or belongs to somebody else
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
