"""The heap while workers are at work: one for all threads, kept between bands.

A band makes and drops some dozen temporary arrays of a few megabytes. As the GNU C library comes, it gives such blocks
back to the system at once, and the next band takes a page fault for every 4 KiB of them: a fifth of the time of a
whole run, measured on 10 frames of 24 megapixels (docs/decisions, 2026-11-22, the heap). One arena that is not trimmed
hands the same pages out again, to whichever thread asks. Blocks above the threshold (whole frames) still go back to
the system when they are dropped, so that the memory that was planned for is not exceeded.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Any

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # from malloc.h
_BLOCK_BYTES = 32 * 2**20
"""The largest that `mallopt` takes on 64 bits."""
_KEPT_BYTES = 2**30
"""Free bytes at the end of the heap that are kept. What is free there was in use before: the peak does not rise."""


def keep_heap() -> bool:
    """Set up the heap for many short-lived arrays; whether that was done.

    Only where the C library is GNU's, and where the user has not tuned it: `MALLOC_ARENA_MAX` and its like, or
    `GLIBC_TUNABLES`, win. Threads that ran before keep the arenas they have.
    """
    library = _gnu()
    if library is None or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    wanted = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _BLOCK_BYTES), (_TRIM_THRESHOLD, _KEPT_BYTES))
    done = [library.mallopt(key, value) == 1 for key, value in wanted]  # each, even if one before is refused
    return all(done)


def give_back() -> None:
    """Return to the system what is free in the heap; it may take it again when it needs it."""
    library = _gnu()
    if library is not None:
        library.malloc_trim(0)


def _gnu() -> Any:
    """The C library of this process if it is GNU's, else None."""
    if platform.libc_ver()[0] != "glibc":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
