"""The lasting counters behind `@GCTn` and `@PCTn`: one SQLite file that several processes may use at once.

A number is reserved together with the path it is for, then marked used, or given back when the save failed and no
higher number was reserved since. A reservation that a crash left open is settled by the next run: its number is
never given out again, for its file may have been moved meanwhile. Reservations name their process, so that a run
does not settle those of another that is under way.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stackcore.errors import OutputError
from stackcore.paths.processes import may_be_running, this_process

_LOG = logging.getLogger(__name__)

FILE_NAME = "counters.sqlite3"
BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reservations (
    counter TEXT NOT NULL, number INTEGER NOT NULL, target TEXT NOT NULL, process TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (counter, number)
);
"""

Numbers = Mapping[str, int]
"""The number reserved from each counter, by the counter's name."""


@dataclass(frozen=True)
class Reservation:
    """Numbers that are taken but whose file is not in place yet."""

    numbers: Numbers
    target: Path


class Counters:
    """Counters by name, kept in `folder`; every call is one transaction and leaves nothing open.

    Each method raises `OutputError` when the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME

    def peek(self, names: Sequence[str]) -> dict[str, int]:
        """Return the next number of each counter, without taking it; creates nothing."""
        if not self._file.exists():
            return dict.fromkeys(names, 1)
        with self._translated(), closing(_connect(f"{self._file.absolute().as_uri()}?mode=rw")) as connection:
            # Not mode=ro: what a killed run left half written could not be rolled back.
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'counters'").fetchone():
                return dict.fromkeys(names, 1)  # a run that died on its first look left an empty file
            return {name: _last(connection, name) + 1 for name in names}

    def check(self) -> None:
        """Make sure that numbers can be taken, so that it is not found out after the first exposure."""
        with self._transaction():
            pass

    def reserve(self, names: Sequence[str], target_for: Callable[[Numbers], Path]) -> Reservation:
        """Take the next number of each counter; `target_for` names the file from them, in the same transaction."""
        with self._transaction() as connection:
            numbers = {name: _last(connection, name) + 1 for name in names}
            target = target_for(numbers)
            for name, number in numbers.items():
                connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, number))
                connection.execute(
                    "INSERT INTO reservations (counter, number, target, process) VALUES (?, ?, ?, ?)",
                    (name, number, str(target), this_process()),
                )
        return Reservation(numbers, target)

    def mark_used(self, reservation: Reservation) -> None:
        """Say that the file is in place."""
        with self._transaction() as connection:
            for name, number in reservation.numbers.items():
                _close_reservation(connection, name, number)

    def give_back(self, reservation: Reservation) -> None:
        """Say that nothing was saved: the number is free again if it is still the highest, else a gap remains."""
        with self._transaction() as connection:
            for name, number in reservation.numbers.items():
                was_open = _close_reservation(connection, name, number)
                if was_open and _last(connection, name) == number:
                    connection.execute("UPDATE counters SET last = ? WHERE name = ?", (number - 1, name))
                else:
                    _LOG.warning("counter %s: number %d stays unused", name, number)

    def settle(self) -> list[tuple[str, int]]:
        """Close reservations left open by runs that died; returns (counter, number) of those without a file.

        Those of a process that is still there are left to it.
        """
        if not self._file.exists():
            return []
        gaps = []
        with self._transaction() as connection:
            found = connection.execute("SELECT counter, number, target, process FROM reservations").fetchall()
            for name, number, target, process in found:
                if may_be_running(process):
                    continue
                if not os.path.lexists(target):
                    gaps.append((name, number))
                    _LOG.warning("counter %s: number %d was reserved for %s and stays unused", name, number, target)
                _close_reservation(connection, name, number)
        return gaps

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(_connect(self._file.absolute().as_uri())) as connection:
                # IMMEDIATE: two processes that both read before they write would deadlock otherwise.
                connection.execute("BEGIN IMMEDIATE")
                try:
                    _prepare(connection)
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise OutputError(
                "The counters of the path template cannot be used.",
                f"{self._file}: {error}.",
                "make that file writable, move it away if it is damaged, or set STACKCORE_STATE_DIR to another folder.",
            ) from error


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=True)


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables where they are missing, and add what an older version did not write."""
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(reservations)")]
    if "process" not in columns:
        connection.execute("ALTER TABLE reservations ADD COLUMN process TEXT NOT NULL DEFAULT ''")


def _last(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT last FROM counters WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _close_reservation(connection: sqlite3.Connection, name: str, number: int) -> bool:
    found = connection.execute("DELETE FROM reservations WHERE counter = ? AND number = ?", (name, number))
    return found.rowcount > 0
