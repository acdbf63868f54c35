"""The log of everything that arrived on the wire: one JSON object a line, written before the answer goes out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

What = Literal["connected", "refused", "command", "disconnected"]


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One thing that arrived.

    Attributes
    ----------
    at_s
        When, seconds since the body was switched on.
    what
        A connection made, refused or ended, or a command.
    operation, name, act
        Code of the command, its readable name, and what it is about; empty for connections.
    parameters
        As received, unsigned.
    received
        Data that the host sent along, hexadecimal, at most 64 bytes of it.
    answer
        The response code, also when it was never sent.
    sent_bytes
        Length of the data phase of the answer, bytes.
    fate
        `answered`, or what a fault made of the answer.
    position
        Where the lens stood afterwards, drive units.
    about
        What the command led to: hashes of pictures and files, units asked for and moved.
    """

    at_s: float
    what: What = "command"
    operation: int = 0
    name: str = ""
    act: str = ""
    parameters: tuple[int, ...] = ()
    received: str = ""
    answer: int = 0
    sent_bytes: int = 0
    fate: str = "answered"
    position: int = 0
    about: dict[str, Any] = field(default_factory=dict)


class WireLog:
    """Writes arrivals as they come; safe from several threads.

    Parameters
    ----------
    path
        The file; None to keep nothing. It must not exist.
    clock
        Seconds that only grow.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float]) -> None:
        self._file: TextIO | None = None if path is None else path.open("x", encoding="utf-8")
        self._clock, self._start = clock, clock()
        self._lock = threading.Lock()

    def now_s(self) -> float:
        """Seconds since the body was switched on."""
        return self._clock() - self._start

    def write(self, arrival: Arrival) -> None:
        """Append one arrival, visible to readers at once."""
        if self._file is None:
            return
        with self._lock:
            self._file.write(json.dumps(asdict(arrival)) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def read_log(path: Path) -> list[Arrival]:
    """Return what has arrived so far; a last line that is still being written is left for the next time."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    entries = [json.loads(line) for line in lines]
    return [Arrival(**{**entry, "parameters": tuple(entry["parameters"])}) for entry in entries]
