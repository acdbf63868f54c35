"""Locks between processes: held as long as the process lives, gone the moment it dies."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from stackcore.errors import NotReadyError, OutputError
from stackcore.protocols import CameraInfo

_LOCK_AT = 1 << 40
"""The byte that is locked on Windows, where locked bytes cannot be read; no file of ours is that long."""

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


def try_lock(handle: int) -> bool:
    """Lock the open file `handle` for this process; False when another holder has it.

    A file system that knows no locks counts as locked: refusing every run there would protect nobody. The lock goes
    with the handle, when it is closed or its process dies.
    """
    try:
        _system_lock(handle)
    except OSError as error:
        return error.errno not in _HELD
    return True


if os.name == "nt":  # pragma: no cover - the tests of the lock run on each system

    def _system_lock(handle: int) -> None:
        import msvcrt

        before = os.lseek(handle, 0, os.SEEK_CUR)
        os.lseek(handle, _LOCK_AT, os.SEEK_SET)
        try:
            lock: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined,unused-ignore]
            lock(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        finally:
            os.lseek(handle, before, os.SEEK_SET)

else:

    def _system_lock(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class CameraLock:
    """Keeps a camera to one run at a time, whatever process it is in.

    Parameters
    ----------
    folder
        Where lock files are; they stay, for removing one that somebody waits for would make two locks of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle: int | None = None

    def take(self, camera: CameraInfo, run_id: str) -> None:
        """Take the lock of `camera`; `NotReadyError` says which run has it, `OutputError` that there is no place."""
        path = self._folder / f"{_name(camera)}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise OutputError(
                "The camera could not be reserved for this run.",
                f"{path}: {error.strerror or error}.",
                "make that folder writable, or set STACKCORE_STATE_DIR to another one.",
            ) from error
        if not try_lock(handle):
            holder = os.read(handle, 200).decode(errors="replace").strip()
            os.close(handle)
            raise NotReadyError(
                "The camera is in use by another run.",
                f"{camera.model or camera.provider} is held by {holder or 'a run that just began'}.",
                "wait until that run has ended, or stop it with Ctrl-C.",
            )
        self._handle = handle
        os.ftruncate(handle, 0)
        os.write(handle, f"run {run_id}, process {os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go; may be called twice, and without a lock."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _name(camera: CameraInfo) -> str:
    """File name for a body: by its serial number where it tells one, else by where it is connected."""
    identity = "|".join((camera.maker, camera.model, camera.serial or camera.port or camera.provider))
    readable = re.sub(r"[^A-Za-z0-9]+", "-", camera.model or camera.provider).strip("-")[:40]
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
