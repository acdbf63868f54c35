"""Time as the engine sees it, so that tests need not wait for it."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Protocol

_LOOK_EVERY_S = 0.05
"""How long a cancel may go unnoticed during a delay."""


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
        """Return after `seconds`, or within 50 ms of `cancel` being set."""
        # Not cancel.wait(): it holds the event's lock for moments, and a signal handler that calls cancel.set() in
        # this same thread just then would wait for that lock for ever.
        end = time.monotonic() + seconds
        while not cancel.is_set() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_EVERY_S))
