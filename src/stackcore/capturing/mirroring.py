"""A second copy of what a run saves, in another folder under the same names; failing there harms no frame."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace as changed
from pathlib import Path

from stackcore.capturing.preflight import check_destination
from stackcore.errors import OutputError, UsageError
from stackcore.events import Warned
from stackcore.paths.naming import Placed, place, replace
from stackcore.protocols import Check
from stackcore.runs import Run

_DRIVE = re.compile(r"[A-Za-z]:")


def mirror_folder(text: str, *, drives: bool = os.name == "nt") -> Path:
    """Return the folder that `text` names, absolute; `~` is the home folder.

    `UsageError` for a drive letter on a system without `drives`, where it would become a folder's name.
    """
    if not drives and _DRIVE.match(text):
        raise UsageError(
            f'The mirror "{text}" starts with a drive letter.', "this system has no drives.", "name a folder of it."
        )
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f'The mirror "{text}" is no folder.', f"{error}.", "write the folder in full.") from error


def check_mirror(folder: Path, needed_bytes: int) -> Sequence[Check]:
    """Look whether the mirror can be written to and has room; it is no reason not to shoot."""
    return [
        changed(check, name=f"mirror: {check.name}", fix=check.fix.replace("--path", "--mirror"), fatal=False)
        for check in check_destination(folder, needed_bytes)
    ]


class Mirror:
    """Copies files into `folder`, below which they lie as they do below the start of the path template."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run, self._folder = run, folder
        self._root: Path | None = None

    def copy(self, data: bytes, placed: Placed, root: Path) -> None:
        """Write `data`, which is in place below `root`, once more; never over another file, never raises for it."""
        target = self._folder / placed.path.relative_to(root)
        try:
            copy = place(data, target)
        except OutputError as error:
            self._warn(f"there is no second copy: {error}", placed)
            return
        self._root = root
        if copy.path != target:
            self._warn(f"{target} was there already; the second copy is {copy.path.name}", placed)

    def keep_manifest(self, manifest: Path) -> None:
        """Copy the manifest as well, if any frame was, in place of what this run wrote there before."""
        if self._root is None or not manifest.is_relative_to(self._root):
            return
        try:
            replace(manifest.read_bytes(), self._folder / manifest.relative_to(self._root))
        except (OSError, OutputError) as error:
            self._run.emit(Warned(code="mirror", message=f"the manifest has no second copy: {error}"))

    def _warn(self, message: str, placed: Placed) -> None:
        self._run.emit(Warned(code="mirror", message=message, frame=placed.path.name))
