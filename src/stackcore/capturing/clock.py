"""Time as the engine sees it, so that tests need not wait for it."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Return the time, aware, in the local zone."""
        ...

    def wait(self, seconds: float, cancel: threading.Event) -> None:
        """Return after `seconds`, or as soon as `cancel` is set."""
        ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the time, aware, in the local zone."""
        return datetime.now().astimezone()

    def wait(self, seconds: float, cancel: threading.Event) -> None:
        """Return after `seconds`, or as soon as `cancel` is set."""
        cancel.wait(seconds)
