"""Keeps two runs off one camera: a lock file per address, held as long as the process lives."""

from __future__ import annotations

import os
import re
from pathlib import Path

from stackcore.errors import NotReadyError


def lock_camera(folder: Path, port: str) -> int | None:
    """Take the lock of an address and return the open file, or None where there is no place for one.

    `NotReadyError` names the process that holds it. The system lets go of it when the process ends, however it ends.
    """
    import fcntl  # as libgphoto2's wheel, not for Windows

    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"camera-{re.sub('[^A-Za-z0-9.,]', '_', port)}.lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None  # a state folder that cannot be written is no reason not to shoot
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(file, 20).decode(errors="replace").strip()
        os.close(file)
        raise NotReadyError(
            "The camera is in use.",
            f"another run of stackcore{f' (process {holder})' if holder else ''} works with {port}.",
            "wait for it to end, or choose another camera from `stackcore cameras`.",
        ) from error
    os.truncate(file, 0)
    os.write(file, str(os.getppid()).encode())
    return file
