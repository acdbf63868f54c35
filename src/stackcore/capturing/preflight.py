"""Everything that must hold before focus moves, looked at in one go."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from stackcore.errors import NotReadyError, OutputError
from stackcore.events import Warned
from stackcore.protocols import Check
from stackcore.runs import Run

MARGIN_BYTES = 16 * 1024**2
"""Kept free beside the frames, for manifest and counters."""


def free_bytes(folder: Path) -> int:
    """Room on the disk of an existing folder."""
    return shutil.disk_usage(folder).free


def check_destination(folder: Path, needed_bytes: int, free: Callable[[Path], int] = free_bytes) -> list[Check]:
    """Look whether `folder`, which need not exist, can be written to and has room; leaves nothing behind."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        room = free(existing)
    except OSError as error:
        detail = f"{existing}: {error.strerror or error}"
        return [Check(name="destination writable", ok=False, detail=detail, fix="choose another folder with --path")]
    wanted = needed_bytes + MARGIN_BYTES
    return [
        Check(name="destination writable", ok=True, detail=str(existing)),
        Check(
            name="room for the run",
            ok=room >= wanted,
            detail=f"about {_mebibytes(wanted)} needed, {_mebibytes(room)} free at {existing}",
            fix="free some space, or choose another disk with --path",
        ),
    ]


def require(run: Run, camera: Sequence[Check], destination: Sequence[Check]) -> None:
    """Warn of what is doubtful and raise one error that lists everything that is missing.

    `NotReadyError` when the camera is not ready, whatever else; `OutputError` when only the destination is not.
    """
    for check in (*camera, *destination):
        if not check.ok and not check.fatal:
            run.emit(Warned(code="preflight", message=_sentence(check)))
    failed = [check for check in (*camera, *destination) if not check.ok and check.fatal]
    if not failed:
        return
    why = "; ".join(f"{check.name}: {check.detail or 'no'}" for check in failed) + "."
    fix = "; ".join(dict.fromkeys(check.fix.rstrip(".") for check in failed if check.fix)) + "."
    if any(check in failed for check in camera):
        raise NotReadyError("The camera is not ready for this run; nothing was moved.", why, fix)
    raise OutputError("The frames of this run could not be saved; nothing was moved.", why, fix)


def _sentence(check: Check) -> str:
    return f"{check.name}: {check.detail}" + (f" ({check.fix})" if check.fix else "")


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:,.0f} MiB"
