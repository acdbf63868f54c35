"""Puts the files of a new plugin where they shall be: all of them, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stackcore.errors import OutputError


def write_folder(target: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files into a new folder, and return them in the order in which they were given.

    Parameters
    ----------
    target
        The folder; the ones around it are made where they are not there.
    texts
        What is in each file, by its path in the folder.

    Raises
    ------
    OutputError
        When something of that name is there already, or the folder cannot be made; nothing is left behind.
    """
    if os.path.lexists(target):
        raise OutputError(
            f"{target} cannot be written.", "it is there already.", "choose another name, or another --dir."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _refused(target, error) from error
    try:
        for path, text in texts.items():
            file = work / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        work.chmod(0o777 & ~_umask())
        work.rename(target)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [target / path for path in texts]


def _umask() -> int:
    """What new folders do without; a temporary one is for its maker alone."""
    current = os.umask(0)
    os.umask(current)
    return current


def _refused(target: Path, error: OSError) -> OutputError:
    return OutputError(f"{target} cannot be written.", f"{error.strerror or error}.", "choose another --dir.")
