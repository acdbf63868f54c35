"""A camera body as libgphoto2 shows it: a tree of named settings, and a few verbs. Tests bring a tree of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Value = str | float | int | None


class DriverError(Exception):
    """A call of libgphoto2 failed: its result `code`, and what the driver `said` about it."""

    def __init__(self, code: int, said: str = "") -> None:
        super().__init__(code, said)
        self.code, self.said = code, said

    def __str__(self) -> str:
        return f"libgphoto2 answered {self.code}" + (f" ({self.said})" if self.said else "")


@dataclass(frozen=True)
class Setting:
    """A setting as it stands; `choices` is empty where any value goes, `low` and `high` bound a range."""

    value: Value
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Happening:
    """What the body told: a new file on it, the end of a capture, something else, or nothing in the time given."""

    kind: Literal["file", "done", "other", "nothing"]
    folder: str = ""
    name: str = ""


class Body(Protocol):
    """One connected camera. Every method raises `DriverError` for what the driver refuses."""

    def names(self) -> frozenset[str]:
        """Return the names of all settings."""
        ...

    def read(self, name: str) -> Setting:
        """Return a setting as it stands."""
        ...

    def write(self, name: str, value: Value) -> None:
        """Give a setting a value; always sent, also when it is the value it has."""
        ...

    def preview(self) -> bytes:
        """Return a live-view frame; empty while the body is busy."""
        ...

    def trigger(self) -> None:
        """Begin a still."""
        ...

    def wait_event(self, timeout_ms: int) -> Happening:
        """Return the next thing that the body tells."""
        ...

    def fetch(self, folder: str, name: str) -> bytes:
        """Return the content of a file on the body."""
        ...

    def delete(self, folder: str, name: str) -> None:
        """Remove a file from the body, or from the driver's memory."""
        ...

    def free_frames(self) -> int | None:
        """How many more stills fit on the card: None where the body does not tell, or has no card."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class Clock(Protocol):
    """Time as the child process sees it."""

    def now(self) -> float:
        """Return seconds that only grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...
