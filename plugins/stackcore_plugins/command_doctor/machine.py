"""What the machine offers: cores, memory, room on disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from stackcore_plugins.command_doctor.finding import Finding
from stackcore_plugins.command_doctor.memory import Memory, memory
from stackcore_plugins.command_doctor.places import unwritable

LOW_DISK_BYTES = 2 * 1024**3
"""A run of 100 raw files of 24 MP needs about this much and half as much again."""

LOW_MEMORY_BYTES = 3 * 1024**3 // 2
"""A stack of 24 MP needs 0.9 GiB and is slower in less; the rest is for frames of 16 bits and other programs."""


def cores() -> Finding:
    """How many cores this process may use, which can be fewer than the machine has."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    there = os.cpu_count() or usable
    figures = {"usable": usable, "there": there}
    return Finding(name="cores", state="ok", detail=f"{usable} usable of {there}", figures=figures)


def room_in_memory(found: Memory | None = None) -> Finding:
    """Memory that a stack can have; `found` is looked up when left out."""
    found = found or memory()
    if found is None:
        return Finding(name="memory", state="ok", detail="this system does not tell how much there is")
    known = found.total if found.free is None else found.free
    enough = known >= LOW_MEMORY_BYTES
    free = "" if found.free is None else f"{found.free / 1024**3:.1f} GiB free of "
    return Finding(
        name="memory",
        state="ok" if enough else "warning",
        detail=f"{free}{found.total / 1024**3:.1f} GiB",
        fix="" if enough else "close other programs, or keep a stack within what is free with --memory 512MiB.",
        figures={"total_bytes": found.total, "free_bytes": found.free},
    )


def disk(folder: Path) -> Finding:
    """Free room where pictures shall be written."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return unwritable("disk", folder, error)
    enough = free >= LOW_DISK_BYTES
    return Finding(
        name="disk",
        state="ok" if enough else "warning",
        detail=f"{free / 1024**3:.1f} GiB free at {folder.resolve()}",
        fix="" if enough else "make room, or choose another folder with --folder.",
        figures={"free_bytes": free},
    )
