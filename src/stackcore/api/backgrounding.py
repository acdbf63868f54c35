"""A run beside the program that started it: its events one by one, its result, and its clean end in any case."""

from __future__ import annotations

import atexit
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar, cast

from stackcore.errors import Cancelled, UsageError
from stackcore.events import BaseEvent, Event, Outcome, RunFinished
from stackcore.stopping import StopFlag

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

_NEEDED = ("listeners", "cancel")

_LOOK_UP_S = 0.2
"""Windows lets no Ctrl-C into a wait for another thread: between two waits it does."""


def background(function: Callable[P, ResultT], /, *args: P.args, **kwargs: P.kwargs) -> Background[ResultT]:
    """Start a function of stackcore in a thread of its own, and return at once.

    Parameters
    ----------
    function
        One that takes `listeners` and `cancel`, as everything does that takes long: `stackcore.stack`, `capture`, ...
    args, kwargs
        Its arguments. `listeners` hear the events as ever, in the thread of the run; a `cancel` stops it as ever.

    Raises
    ------
    UsageError
        For a function that does not take them.

    Examples
    --------
    >>> import stackcore
    >>> with stackcore.background(stackcore.stack, "shoot", "beside.tif") as run:
    ...     stages = [event.stage for event in run if event.kind == "stage_started"]
    >>> stages
    ['hot_pixels', 'align', 'fuse']
    >>> run.result().output.name
    'beside.tif'
    """
    taken = inspect.signature(function).parameters
    missing = [name for name in _NEEDED if name not in taken]
    if missing:
        name = getattr(function, "__qualname__", repr(function))
        raise UsageError(
            f"{name} cannot run in the background.",
            f"it takes no {' and no '.join(missing)}: nobody could hear of it, or stop it.",
            "call it directly.",
        )
    return Background(cast(Callable[..., ResultT], function), args, dict(kwargs))


class Background(Generic[ResultT]):
    """A run under way in a thread of its own, as `background` starts it.

    Iterating gives its events from the first on, waits for those to come, and ends with the run; several threads may
    do so. As a context manager it waits for the end when the block is left, and raises what the run raised, but for a
    stop that the block asked for; a block that is left by an exception, Ctrl-C among them, cancels the run before.
    A program that ends with its run under way cancels it, and waits until focus is back and files are cleared up.
    """

    def __init__(self, function: Callable[..., ResultT], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = kwargs.get("cancel")
        self._flag: threading.Event = StopFlag() if given is None else given
        self._news = threading.Condition()
        self._events: list[BaseEvent] = []
        self._ended = self._stopped = False
        self._result: ResultT | None = None
        self._error: BaseException | None = None
        kwargs = {**kwargs, "cancel": self._flag, "listeners": [*kwargs.get("listeners", ()), self._hear]}
        self._thread = threading.Thread(
            target=self._work, args=(function, args, kwargs), name=f"stackcore {function.__name__}", daemon=True
        )
        with _guard:
            _running.add(self)
        self._thread.start()

    @property
    def events(self) -> tuple[Event, ...]:
        """What the run has told so far."""
        with self._news:
            return tuple(cast(Event, event) for event in self._events)

    @property
    def done(self) -> bool:
        """It has ended, in whatever way."""
        return self._ended

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it is under way, and where it failed before it could begin."""
        last = self.events[-1:]
        return last[0].outcome if last and isinstance(last[0], RunFinished) else None

    def cancel(self) -> None:
        """Ask the run to stop; returns at once. `result` then raises `Cancelled`, unless it was done already."""
        self._stopped = True
        self._flag.set()

    def result(self, timeout_s: float | None = None) -> ResultT:
        """Wait for the end, and return what the function returned, or raise what it raised.

        Ctrl-C meanwhile cancels the run, waits for its clean end, and is raised then; a second one does not wait for
        focus to return. `TimeoutError` after `timeout_s` seconds leaves the run alone.
        """
        try:
            self._wait(timeout_s)
        except KeyboardInterrupt:
            self._end()
            raise
        if self._error is not None:
            raise self._error
        return cast(ResultT, self._result)

    def __iter__(self) -> Iterator[Event]:
        """Give every event, as it happens."""
        told = 0
        while True:
            with self._news:
                while told == len(self._events) and not self._ended:
                    self._news.wait(_LOOK_UP_S)
                if told == len(self._events):
                    return
                event = self._events[told]
            told += 1
            yield cast(Event, event)

    def __enter__(self) -> Background[ResultT]:
        """The run is under way already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the end; see the class."""
        if error is not None:
            self._end()
            return
        try:
            self.result()
        except Cancelled:
            if not self._stopped:
                raise

    def __repr__(self) -> str:
        state = "under way" if not self._ended else self.outcome or "failed"
        return f"<Background {self._thread.name!r}: {state}, {len(self._events)} events>"

    def _hear(self, event: BaseEvent) -> None:
        with self._news:
            self._events.append(event)
            self._news.notify_all()

    def _work(self, function: Callable[..., ResultT], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self._result = function(*args, **kwargs)
        except BaseException as error:  # whoever asks for the result gets it
            self._error = error
        with self._news:
            self._ended = True
            self._news.notify_all()
        with _guard:
            _running.discard(self)

    def _wait(self, timeout_s: float | None = None) -> None:
        last = None if timeout_s is None else time.monotonic() + timeout_s
        with self._news:
            while not self._ended:
                left = _LOOK_UP_S if last is None else min(_LOOK_UP_S, last - time.monotonic())
                if left <= 0:
                    raise TimeoutError(f"{self._thread.name} is still under way after {timeout_s:g} s")
                self._news.wait(left)

    def _end(self) -> None:
        """Stop, and wait for it; whoever insists does not wait for what can be left out."""
        self.cancel()
        try:
            self._wait()
        except KeyboardInterrupt:
            if isinstance(self._flag, StopFlag):
                self._flag.at_once = True
            self._wait()


_guard = threading.Lock()
_running: set[Background[Any]] = set()


@atexit.register
def _end_all() -> None:
    """Before the interpreter goes: its threads would be frozen wherever they are."""
    with _guard:
        left = list(_running)
    for run in left:
        run._end()
