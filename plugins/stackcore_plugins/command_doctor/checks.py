"""What the doctor looks at: one guarded function per thing, each giving findings and raising nothing."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stackcore import __version__
from stackcore.errors import OutputError, PluginError
from stackcore.folders import config_folder, state_folder
from stackcore.registry import PluginRecord, Registry

LOW_DISK_BYTES = 2 * 1024**3
"""A run of 100 raw files of 24 MP needs about this much and half as much again."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at; `fix` says what to do unless `state` is ok."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    fix: str = ""
    exit_code: int = PluginError.exit_code


def all_findings(folder: Path) -> list[Finding]:
    """Look at everything; `folder` is where pictures shall be written."""
    return [
        Finding(name="stackcore", state="ok", detail=__version__),
        Finding(name="Python", state="ok", detail=f"{platform.python_version()} on {platform.platform()}"),
        *libraries(),
        *plugins(Registry.discover()),
        cores(),
        disk(folder),
        *folders(folder),
    ]


def libraries() -> Iterator[Finding]:
    """Versions of the native libraries, each imported on its own so that one broken wheel hides no other."""
    yield _library("libvips", _libvips, "pip install --force-reinstall 'pyvips[binary]'")
    yield _library("OpenCV", _opencv, "pip install --force-reinstall opencv-python-headless")
    yield _library("LibRaw", _libraw, "pip install --force-reinstall rawpy")
    # Real cameras are one way among several to get frames; without libgphoto2 everything else works.
    yield _library("libgphoto2", _gphoto2, "pip install gphoto2 (Linux and macOS)", optional=True)


def _library(name: str, version: Callable[[], str], fix: str, *, optional: bool = False) -> Finding:
    try:
        return Finding(name=name, state="ok", detail=version())
    except Exception as error:  # a broken shared library raises whatever it likes
        detail = f"cannot be used: {type(error).__name__}: {error}"
        return Finding(name=name, state="warning" if optional else "failed", detail=detail, fix=fix)


def _libvips() -> str:
    import pyvips

    return f"{'.'.join(str(pyvips.version(part)) for part in range(3))} (pyvips {pyvips.__version__})"


def _opencv() -> str:
    import cv2

    return str(cv2.__version__)


def _libraw() -> str:
    import rawpy
    from importlib_metadata import version

    numbers = ".".join(str(part) for part in rawpy.libraw_version)
    return f"{numbers} (rawpy {version('rawpy')})"


def _gphoto2() -> str:
    import gphoto2

    return f"{gphoto2.gp_library_version(gphoto2.GP_VERSION_SHORT)[0]} (python-gphoto2 {gphoto2.__version__})"


def plugins(registry: Registry) -> Iterable[Finding]:
    """One line for all plugins that work, one for each that does not."""
    records = registry.records()
    working = [record for record in records if record.state == "ok"]
    yield Finding(name="plugins", state="ok", detail=f"{len(working)} of {len(records)} work")
    for record in records:
        if record.state != "ok":
            yield _plugin(record)


def _plugin(record: PluginRecord) -> Finding:
    # Disabled is what the user asked for, a missing dependency what they did not need so far.
    state: Literal["warning", "failed"] = "warning" if record.state in ("disabled", "missing") else "failed"
    name = f"plugin {record.kind or '?'}:{record.name}"
    return Finding(name=name, state=state, detail=f"{record.state}, {record.reason}", fix=record.fix)


def cores() -> Finding:
    """How many cores this process may use, which can be fewer than the machine has."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding(name="cores", state="ok", detail=f"{usable} usable of {os.cpu_count() or usable}")


def disk(folder: Path) -> Finding:
    """Free room where pictures shall be written."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return _unwritable("disk", folder, error)
    enough = free >= LOW_DISK_BYTES
    return Finding(
        name="disk",
        state="ok" if enough else "warning",
        detail=f"{free / 1024**3:.1f} GiB free at {folder.resolve()}",
        fix="" if enough else "make room, or choose another folder with --folder.",
    )


def folders(folder: Path) -> Iterator[Finding]:
    """Whether the places that stackcore writes to can be written."""
    yield _writable("output folder", folder)
    yield _writable("settings folder", config_folder())
    yield _writable("state folder", state_folder())


def _writable(name: str, folder: Path) -> Finding:
    """Try it: permission bits do not tell about read-only mounts and full disks. Makes no folder that is absent."""
    existing = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".stackcore-"):
            pass
    except OSError as error:
        return _unwritable(name, folder, error)
    return Finding(name=name, state="ok", detail=str(folder.resolve()) + ("" if folder.exists() else " (not made yet)"))


def _unwritable(name: str, folder: Path, error: OSError) -> Finding:
    return Finding(
        name=name,
        state="failed",
        detail=f"{folder.absolute()}: {error.strerror or error}",
        fix="make the folder writable, or choose another one.",
        exit_code=OutputError.exit_code,
    )
