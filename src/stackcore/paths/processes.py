"""Whether a process of this machine is still there."""

from __future__ import annotations

import os
import platform
import sys

_STILL_ACTIVE = 259
_QUERY_LIMITED_INFORMATION = 0x1000


def this_process() -> str:
    """Name of this process among those of all machines that share a folder: `host:number`."""
    return f"{platform.node()}:{os.getpid()}"


def may_be_running(name: str) -> bool:
    """False when the process that `this_process` named has ended, or is this one.

    True for a process of another machine, which nobody can look at from here. A number that another process got
    meanwhile reads as running.
    """
    host, _, number = name.rpartition(":")
    if not number.isdecimal() or name == this_process():
        return False
    return host != platform.node() or _exists(int(number))


def _exists(process: int) -> bool:
    if sys.platform == "win32":
        # os.kill() would not ask there, but end the process.
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, process)
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == _STILL_ACTIVE
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # there, and somebody else's; or no number that a process can have
        return True
    return True
