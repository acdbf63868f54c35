"""Puts a file in its place: complete or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stackcore.errors import OutputError

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
_MOST_NAMES = 10_000


@dataclass(frozen=True)
class Placed:
    """A file in its place: its path, size in bytes, SHA-256 in hexadecimal, and the number of its `-(n)` or 0."""

    path: Path
    bytes: int
    sha256: str
    suffix: int


def place(data: bytes, target: Path, first_suffix: int = 0) -> Placed:
    """Write `data` as `target`, or as `name-(1)`, `name-(2)` ... where names are taken.

    The file appears complete and flushed or not at all; an existing file is never touched. Folders are made.
    `first_suffix` is the first number to try, so that the files of one picture share a name. Raises `OutputError`
    when that fails, after removing what was begun.
    """
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(target.parent, data) as temporary:
            for suffix in range(first_suffix, _MOST_NAMES):
                name = numbered(target, suffix)
                try:
                    move_without_replacing(temporary, name)
                except FileExistsError:
                    continue
                flush_folder(target.parent)
                return Placed(name, len(data), hashlib.sha256(data).hexdigest(), suffix)
    raise _names_used_up(target)


def replace(data: bytes, target: Path) -> None:
    """Write `data` as `target` in one step, in place of what we wrote there before; `OutputError` if that fails."""
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(target.parent, data) as temporary:
            os.replace(temporary, target)
        flush_folder(target.parent)


def create(data: bytes, target: Path) -> None:
    """Write `data` as `target`, complete or not at all; `OutputError` if that fails, or if `target` exists."""
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(target.parent, data) as temporary:
            try:
                move_without_replacing(temporary, target)
            except FileExistsError as error:
                raise OutputError(
                    f"{target} exists already.", "nothing is overwritten unasked.", "rename it, or use --overwrite."
                ) from error
        flush_folder(target.parent)


def numbered(target: Path, suffix: int) -> Path:
    """Return `target` with `-(suffix)` before its extension, unchanged for 0."""
    return target.with_name(f"{target.stem}-({suffix}){target.suffix}") if suffix else target


def free_suffix(targets: Sequence[Path]) -> int:
    """Return the lowest number of `-(n)`, 0 for none, that no target is taken with now; `place` takes it from there.

    `OutputError` when there is none.
    """
    for suffix in range(_MOST_NAMES):
        if not any(os.path.lexists(numbered(target, suffix)) for target in targets):
            return suffix
    raise _names_used_up(targets[0])


def _names_used_up(target: Path) -> OutputError:
    return OutputError(f"{target} could not be saved.", f"{_MOST_NAMES} files have its name.", "choose another path.")


def move_without_replacing(source: Path, target: Path) -> None:
    """Rename a file within one folder, `FileExistsError` if `target` exists; safe against other processes.

    A hard link is made and the old name removed; where the file system has no links (FAT, some network shares),
    the system's own rename without replacing does it. Raises `OSError` where neither is possible.
    """
    if os.name == "nt":
        os.rename(source, target)  # on Windows this refuses an existing target by itself
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _system_rename(source, target)
        return
    with contextlib.suppress(OSError):  # the file is in its place; a spare name that stays is no failure
        os.unlink(source)


@contextlib.contextmanager
def translated(target: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into an `OutputError` about `target`."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fix = "free some space, or choose another disk." if full else "choose a folder that you may write to."
        reason = error.strerror or str(error)
        raise OutputError(f"{target} could not be saved.", f"{reason[:1].lower()}{reason[1:]}.", fix) from error


@contextlib.contextmanager
def _temporary(folder: Path, data: bytes) -> Iterator[Path]:
    """Write `data` to a fresh name in `folder`, flushed; the name is gone afterwards unless the block moved it."""
    # Short and unlike the target, whose name may already be as long as names can be.
    path = folder / f".stackcore-{secrets.token_hex(8)}.part"
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _system_rename(source: Path, target: Path) -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(source), os.fsencode(target)
    call: Callable[[], int]
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        at_fdcwd, rename_noreplace = -100, 1
        call = lambda: int(library.renameat2(at_fdcwd, old, at_fdcwd, new, rename_noreplace))  # noqa: E731
    elif hasattr(library, "renamex_np"):
        rename_excl = 4
        call = lambda: int(library.renamex_np(old, new, rename_excl))  # noqa: E731
    else:
        raise OSError(errno.ENOTSUP, "this file system cannot rename without replacing")
    if call() != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fspath(source), None, os.fspath(target))
