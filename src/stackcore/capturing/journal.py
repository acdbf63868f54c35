"""The write-ahead journal of a run: what was about to happen, and what is known to have happened.

One line of JSON a record, flushed to the disk before the run goes on. Before each focus command its intent, after it
what was confirmed; the same for each file. So a reader knows after a crash what is certain and what is not.
A journal that cannot be kept up is renamed to say that it is broken: what it tells of files is still so, what it tells
of focus is not. Of a run that is `running` by its manifest and has no journal nothing is certain.
"""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stackcore.capturing.locks import try_lock
from stackcore.errors import OutputError, UnreadableFrame
from stackcore.paths.naming import flush_folder, translated

SUFFIX = ".journal.jsonl"
BROKEN_SUFFIX = ".journal-broken.jsonl"
SCHEMA = "stackcore.journal/1"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Begun(_Record):
    """A run begins, or goes on, with focus at `offset` drive units from its start; earlier movements no longer count.

    `process` is the number of the process, for people who look for it.
    """

    record: Literal["begun"] = "begun"
    schema_: Literal["stackcore.journal/1"] = Field("stackcore.journal/1", alias="schema")
    run_id: str
    offset: int
    process: int
    at: datetime


class MoveIntent(_Record):
    """A drive command of signed `steps` is about to be sent from `offset`."""

    record: Literal["move"] = "move"
    steps: int
    offset: int


class MoveConfirmed(_Record):
    """The last command moved focus by signed `steps`, and it stands at `offset`."""

    record: Literal["moved"] = "moved"
    steps: int
    offset: int


class SliceIntent(_Record):
    """The camera delivered `files` files of slice `index`; what follows saves them."""

    record: Literal["slice"] = "slice"
    index: int
    offset: int
    files: int
    time: datetime


class SaveIntent(_Record):
    """A file of the current slice is about to be saved as `path`, or beside it with a number if the name is taken."""

    record: Literal["save"] = "save"
    path: str
    sha256: str
    bytes: int


class SaveConfirmed(_Record):
    """The file is complete and in its place `path`."""

    record: Literal["saved"] = "saved"
    path: str
    sha256: str
    bytes: int


Record = Annotated[
    Begun | MoveIntent | MoveConfirmed | SliceIntent | SaveIntent | SaveConfirmed, Field(discriminator="record")
]
AnyRecord = Begun | MoveIntent | MoveConfirmed | SliceIntent | SaveIntent | SaveConfirmed

_ADAPTER: TypeAdapter[AnyRecord] = TypeAdapter(Record)


class JournalHeldError(OutputError):
    """Another process, which is alive, writes this journal."""


class Journal:
    """The journal of one run on disk, held by this process alone.

    Parameters
    ----------
    path
        `<run id>.journal.jsonl` beside the manifest. Made if need be; a torn last line, which a crash leaves and
        which tells of nothing that happened, is cut off.

    Raises `JournalHeldError` while a living process has it, `OutputError` when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._broken = False
        with translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle: int | None = _open_locked(path)
        self._cut_torn_line()
        flush_folder(path.parent)

    def append(self, record: AnyRecord) -> None:
        """Write a record and flush it; `OutputError` when that fails, and the journal is then broken for good.

        A journal with a hole would claim what is not so. Renaming it takes no room on the disk.
        """
        if self._handle is None or self._broken:
            raise OutputError(
                "The journal of the run could not be kept.", "it was given up before.", "free some space, then resume."
            )
        line = record.model_dump_json(by_alias=True).encode() + b"\n"
        try:
            with translated(self.path):
                _write_all(self._handle, line)
                os.fsync(self._handle)
        except OutputError:
            self._break()
            raise

    def _break(self) -> None:
        self._broken = True
        there = self.path.with_name(self.path.name.removesuffix(SUFFIX) + BROKEN_SUFFIX)
        with contextlib.suppress(OSError):
            os.replace(self.path, there)
            self.path = there
        flush_folder(self.path.parent)

    def read(self) -> list[AnyRecord]:
        """Return every record, in order."""
        return read_journal(self.path)

    def move_to(self, folder: Path) -> None:
        """Go on in another folder; `OutputError` when that fails, the journal then stays where it is."""
        if self._handle is None or folder == self.path.parent:
            return
        with translated(self.path):
            written = self.path.read_bytes()
        there = Journal(folder / self.path.name)
        if there._handle is not None:
            with translated(there.path):
                _write_all(there._handle, written)
                os.fsync(there._handle)
        self.remove()
        self.path, self._handle = there.path, there._handle

    def remove(self) -> None:
        """Take the journal away: the manifest alone tells the truth now."""
        if self._handle is None:
            return
        if os.name == "nt":
            self.close()  # an open file cannot be removed there
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        flush_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Let go of the file and leave it; may be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _cut_torn_line(self) -> None:
        if self._handle is None:
            return
        with translated(self.path):
            written = self.path.read_bytes()
            whole = written.rfind(b"\n") + 1
            if whole != len(written):
                os.ftruncate(self._handle, whole)
                os.fsync(self._handle)


def read_journal(path: Path) -> list[AnyRecord]:
    """Return the records of a journal, without a torn last line; `UnreadableFrame` for one that is damaged."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
        return [_ADAPTER.validate_json(line) for line in lines]
    except (OSError, ValidationError) as error:
        why = "it has a line that is none of ours" if isinstance(error, ValidationError) else str(error)
        raise UnreadableFrame(
            f"{path} is no journal of a capture run.",
            f"{why}, so nothing of what it tells is certain.",
            "look at the lens through live view, and say where it stands with --focus-offset.",
        ) from error


def journal_path(manifest: Path, run_id: str) -> Path:
    """Where the journal of that manifest is, if there is one."""
    return manifest.parent / f"{run_id}{SUFFIX}"


def broken_journal_path(manifest: Path, run_id: str) -> Path:
    """Where that journal is once it could not be kept up."""
    return manifest.parent / f"{run_id}{BROKEN_SUFFIX}"


def _open_locked(path: Path) -> int:
    # The holder before us may have removed the file between our opening and our locking: then we hold a ghost.
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        if not try_lock(handle):
            os.close(handle)
            raise JournalHeldError(
                "The run is still under way.",
                f"a living process writes {path}.",
                "wait until it has ended, or stop it with Ctrl-C.",
            )
        if _still_there(handle, path):
            return handle
        os.close(handle)


def _still_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
