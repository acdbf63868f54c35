"""Releases the shutter by a command of the user's."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

from stackcore.errors import CameraError


def words(command: str) -> list[str]:
    """The command as a list; no shell takes part, so nothing in it is expanded."""
    return shlex.split(command, posix=os.name != "nt")


def is_there(command: str) -> bool:
    """Whether its program can be started."""
    try:
        return bool(words(command)) and shutil.which(words(command)[0]) is not None
    except ValueError:  # a quote that is not closed
        return False


def release(command: str, timeout_s: float) -> None:
    """Run the command to its end; `CameraError` when it fails or takes longer than `timeout_s`.

    It is out of the reach of a Ctrl-C in the terminal: a still that has begun may finish.
    """
    try:
        done = subprocess.run(
            words(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _failed(f"{command}: {error}.") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(f"{command} did not end within {timeout_s:g} s.") from error
    if done.returncode:
        told = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise _failed(f"{command} ended with {done.returncode}{f': {told[-1]}' if told else ''}.")


def _failed(why: str) -> CameraError:
    return CameraError("The shutter was not released.", why, "run that command by hand, and look what it says.")
