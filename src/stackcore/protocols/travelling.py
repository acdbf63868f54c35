"""Work that is done in other processes: what travels there, how it comes by its files, and who sends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from stackcore.protocols.processing import Executor

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


@runtime_checkable
class RemoteExecutor(Protocol):
    """An executor whose workers share no memory with this process.

    The functions and items given to its `map`, fusers and sources of frames must survive pickling; those that
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


def nearby(executor: Executor) -> Executor:
    """`executor`, or the one in this process that belongs to it."""
    return executor.nearby if isinstance(executor, RemoteExecutor) else executor
