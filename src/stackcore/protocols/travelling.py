"""Work that is done in other processes: what travels there, how it comes by its files, and who sends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from stackcore.errors import StackcoreError
    from stackcore.protocols.processing import Executor

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

Fetch = Callable[[Path], AbstractContextManager[Path]]
"""Gives a place where a file can be read, for as long as it is needed."""


@runtime_checkable
class ReadsFiles(Protocol):
    """Something that reads files and can be pickled: where it arrives it is told how to come by them."""

    @property
    def files(self) -> Sequence[Path]:
        """All that it may read, as they are called where it comes from."""
        ...

    def open_through(self, fetch: Fetch) -> None:
        """From now on, read each file where `fetch` says that it is."""
        ...


@dataclass(frozen=True)
class Station:
    """What a worker gives to work that has all of it.

    Attributes
    ----------
    cancel
        Set when the work shall end; it raises `Cancelled` then.
    tell
        Sends a line of text to whoever has sent the work.
    threads
        That are free for it.
    memory_bytes
        That the process may take; None without a limit.
    """

    cancel: threading.Event
    tell: Callable[[str], None]
    threads: int
    memory_bytes: int | None


@runtime_checkable
class RemoteExecutor(Protocol):
    """An executor whose workers share no memory with this process; its offer lists the capability `remote`.

    Functions and items for its `map` and `spread`, fusers and sources of frames must survive pickling; those that
    `ReadsFiles` are told how to come by their files. Of milestones it takes no notice: what would be kept is not here.
    """

    @property
    def nearby(self) -> Executor:
        """One in this process, for work that shares its memory."""
        ...

    @property
    def threads(self) -> int:
        """Tasks of a fuser that run side by side in a worker, the most of all workers."""
        ...

    @property
    def worker_bytes(self) -> int | None:
        """Memory that each worker may take, the least of all; None where none of them has a limit."""
        ...

    def spread(
        self,
        function: Callable[[ItemT, Station], ResultT],
        items: Sequence[ItemT],
        cancel: threading.Event,
        heard: Callable[[str], None],
    ) -> Iterator[tuple[int, ResultT | StackcoreError]]:
        """Give whole workers one item each, the next when it is done; yield positions and results as they come.

        `heard` gets what the work tells, an item that its workers do not survive an error instead of a result;
        `Cancelled` as soon as `cancel` is set.
        """
        ...


def nearby(executor: Executor) -> Executor:
    """`executor`, or the one in this process that belongs to it."""
    return executor.nearby if isinstance(executor, RemoteExecutor) else executor
