"""What takes its time: giving up on it, or telling the user what is waited for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

_LOG = logging.getLogger(__name__)

TELL_AFTER_S = 3.0
"""After so long the user is told what is waited for, seconds: sooner is chatter, later looks like a hang."""

ResultT = TypeVar("ResultT")


class Worker:
    """A thread that does one thing after the other, and is left behind when one of them takes too long.

    Python cannot stop a thread: what hangs goes on hanging in the background, as a daemon that ends with the process.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        threading.Thread(target=self._work, name="stackcore-plugins", daemon=True).start()

    def do(self, task: Callable[[], ResultT], limit_s: float, what: str, tell_after_s: float = TELL_AFTER_S) -> ResultT:
        """Return what `task` returns, or raise what it raises; `TimeoutError` after `limit_s`, seconds.

        The user is told after `tell_after_s` that `what` is waited for. After a time-out the worker is of no use.
        """
        self._tasks.put(task)
        try:
            result, error = self._results.get(timeout=min(tell_after_s, limit_s))
        except Empty:
            if limit_s <= tell_after_s:
                raise TimeoutError from None
            _LOG.warning("stackcore is waiting for %s.", what)
            try:
                result, error = self._results.get(timeout=limit_s - tell_after_s)
            except Empty:
                raise TimeoutError from None
        if error is not None:
            raise error
        returned: ResultT = result
        return returned

    def close(self) -> None:
        """Let the thread end, once it is done with what it does."""
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._results.put((task(), None))
            except BaseException as error:  # raised again where it is waited for
                self._results.put((None, error))


def within(limit_s: float, what: str, task: Callable[[], ResultT]) -> ResultT:
    """Return what `task` returns; `TimeoutError` when that takes longer than `limit_s`, seconds."""
    worker = Worker()
    try:
        return worker.do(task, limit_s, what)
    finally:
        worker.close()


class Lookout:
    """Tells the user, once for each, what has been waited for longer than `after_s`, seconds.

    One thread for a burst of things, which ends when nothing was waited for at its last look: a timer for each would
    take a thousand times as long as building a path token.
    """

    def __init__(self, after_s: float = TELL_AFTER_S) -> None:
        self._after_s = after_s
        self._lock = threading.Lock()
        self._waiting: dict[object, tuple[float, str]] = {}
        self._is_looking = False

    @contextmanager
    def over(self, what: str) -> Iterator[None]:
        """Keep an eye on the block; `what` is what it waits for, in words."""
        token = object()
        with self._lock:
            self._waiting[token] = (time.monotonic(), what)
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="stackcore-lookout", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(token, None)

    def _look(self) -> None:
        told: set[object] = set()
        while True:
            time.sleep(self._after_s)
            with self._lock:
                if not self._waiting:
                    self._is_looking = False
                    return
                now = time.monotonic()
                late = {t: w for t, (since, w) in self._waiting.items() if now - since >= self._after_s}
            for token, what in late.items():
                if token not in told:
                    told.add(token)
                    _LOG.warning("stackcore is waiting for %s.", what)


LOOKOUT = Lookout()
"""That of this process."""
