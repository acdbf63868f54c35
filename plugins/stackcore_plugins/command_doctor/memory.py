"""How much memory this process may use: what the machine has, or what its container is allowed.

Own code because libraries that tell the memory of a machine pass over the limits of containers.
"""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


class Memory(NamedTuple):
    """Bytes; `free` counts what the system would give back at once, None where it does not tell."""

    total: int
    free: int | None


def memory(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> Memory | None:
    """Memory of the machine or of the container, whichever is less; None where the system does not tell."""
    found = _of_linux(meminfo) or _of_windows() or _of_unix()
    limit, used = _read(cgroup / "memory.max"), _read(cgroup / "memory.current")
    if found is None or limit is None or limit >= found.total:
        return found
    left = limit if used is None else max(0, limit - used)
    return Memory(limit, left if found.free is None else min(left, found.free))


def _of_linux(meminfo: Path) -> Memory | None:
    try:
        rows = dict(re.findall(r"^(\w+):\s+(\d+) kB$", meminfo.read_text(encoding="ascii"), re.MULTILINE))
        return Memory(int(rows["MemTotal"]) * 1024, int(rows["MemAvailable"]) * 1024)
    except (OSError, KeyError, ValueError):
        return None


def _of_unix() -> Memory | None:
    with suppress(ValueError, OSError, AttributeError):
        return Memory(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), None)
    return None


class _Status(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("total", "free", "t_page", "f_page", "t_virtual", "f_virtual", "f_ext")),
    )


def _of_windows() -> Memory | None:
    library = getattr(ctypes, "windll", None)
    if library is None:
        return None
    status = _Status(length=ctypes.sizeof(_Status))
    if not library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return Memory(status.total, status.free)


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # none, or "max"
        return None
