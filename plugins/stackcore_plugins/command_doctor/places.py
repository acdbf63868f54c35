"""The folders that stackcore reads and writes: where they are, whether they can be written, what the library holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stackcore.errors import ConfigError, OutputError
from stackcore.folders import (
    CONFIG_VARIABLE,
    DATA_VARIABLE,
    STATE_VARIABLE,
    config_folder,
    data_folder,
    state_folder,
)
from stackcore_plugins.command_doctor.finding import Finding


def folders(folder: Path) -> Iterator[Finding]:
    """Whether the places that stackcore writes to can be written; `folder` is that of the pictures."""
    yield _writable("output folder", folder)
    yield _writable("settings folder", config_folder(), CONFIG_VARIABLE)
    yield _writable("state folder", state_folder(), STATE_VARIABLE)
    yield _writable("data folder", data_folder(), DATA_VARIABLE)


def calibration_library() -> Iterator[Finding]:
    """What the calibration library holds and how much room that takes; one finding more for each broken entry."""
    try:
        from stackcore.api.library import Library

        library = Library()
        contents = library.contents()
        size = sum(file.stat().st_size for file in library.folder.glob("*") if file.is_file())
    except Exception as error:  # numpy is one of the libraries that may be broken; that is told where it belongs
        yield Finding(
            name="calibration library",
            state="warning",
            detail=f"cannot be read: {type(error).__name__}: {error}",
            fix="mend what is said above first.",
        )
        return
    darks, balances = len(contents.darks), len(contents.white_balances)
    held = f"{_counted(darks, 'dark')}, {_counted(balances, 'white balance')}, {_size(size)}"
    yield Finding(
        name="calibration library",
        state="ok",
        detail=held if darks or balances or contents.broken else "empty (`stackcore darks` fills it)",
        figures={"darks": darks, "white_balances": balances, "bytes": size, "folder": str(library.folder)},
    )
    for name, problem in contents.broken:
        yield Finding(
            name=f"calibration {name}",
            state="warning",
            detail=f"{problem.what} {problem.why}",
            fix=problem.fix,
            exit_code=ConfigError.exit_code,
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{-(-size // 1024)} KiB"


def _writable(name: str, folder: Path, variable: str = "") -> Finding:
    """Try it: permission bits do not tell about read-only mounts and full disks. Makes no folder that is absent."""
    existing = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".stackcore-"):
            pass
    except OSError as error:
        return unwritable(name, folder, error, variable)
    notes = [
        *([f"from {variable}"] if os.environ.get(variable) else []),
        *([] if folder.exists() else ["not made yet"]),
    ]
    detail = str(folder.resolve()) + (f" ({', '.join(notes)})" if notes else "")
    return Finding(name=name, state="ok", detail=detail, figures={"path": str(folder.resolve())})


def unwritable(name: str, folder: Path, error: OSError, variable: str = "") -> Finding:
    """A folder that cannot be used; `variable` is the one of the environment that chooses another."""
    another = f"choose another one with {variable}" if variable else "choose another one"
    return Finding(
        name=name,
        state="failed",
        detail=f"{folder.absolute()}: {error.strerror or error}",
        fix=f"make the folder writable, or {another}.",
        exit_code=OutputError.exit_code,
    )
