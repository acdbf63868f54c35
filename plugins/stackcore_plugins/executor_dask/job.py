"""One job on the workers: they are looked at first, then get tasks, are told to stop, and lose what was sent."""

from __future__ import annotations

import queue
import secrets
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import KilledWorker
from distributed.client import FutureCancelledError

from stackcore.errors import Cancelled, ConfigError, PluginError, UnreadableFrame
from stackcore.protocols import ReadsFiles
from stackcore_plugins.executor_dask import tasks
from stackcore_plugins.executor_dask.cluster import Cluster
from stackcore_plugins.executor_dask.facts import facts
from stackcore_plugins.executor_dask.files import Place
from stackcore_plugins.executor_dask.plugin import DaskOptions

_POLL_S = 0.1
"""How soon a cancel is seen."""

_LOOK_S = 1.0
"""How often it is looked who is there."""

_NAMED = 3


class Job:
    """Tasks that need the same cargo; a context manager.

    Parameters
    ----------
    cluster, options
        Where it runs.
    parts
        What every task takes.
    cancel
        Set to stop.

    Raises
    ------
    PluginError
        A worker has no stackcore, or another version of something.
    UnreadableFrame
        A worker does not see the frames.
    """

    def __init__(self, cluster: Cluster, options: DaskOptions, parts: tuple[Any, ...], cancel: threading.Event) -> None:
        self._cluster, self._client, self._options = cluster, cluster.client, options
        self._cancel, self.run = cancel, f"stackcore-{secrets.token_hex(8)}"
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._futures: list[Any] = []
        self._looked = self._missed = time.monotonic()
        self.workers: list[str] = []
        files = [path for part in parts if isinstance(part, ReadsFiles) for path in part.files]
        place = Place.of(files, options.folder) if files else None
        wanted = {} if options.allow_versions else facts()
        cargo = tasks.Cargo.of(parts, place, wanted)
        self._inspect(wanted, place, files)
        self.cargo = self.submit(_same, cargo)

    def __enter__(self) -> Job:
        self._client.subscribe_topic(self.run, lambda event: self._news.put(event[1]))
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # the scheduler may be gone
            self._client.unsubscribe_topic(self.run)
        unfinished = [future for future in self._futures if not future.done()]
        if unfinished:
            with suppress(Exception):
                self._client.run(tasks.stop, self.run, wait=False)
                self._client.cancel(unfinished, force=True)
        self._futures.clear()
        del self.cargo

    def submit(self, function: Any, *arguments: Any, worker: str | None = None) -> Any:
        """A future; `worker` is the one that shall do it, if it lives."""
        place: dict[str, Any] = {} if worker is None else {"workers": [worker], "allow_other_workers": True}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cargo with darks: that it is large is known
            future = self._client.submit(function, *arguments, pure=False, **place)
        self._futures = [old for old in self._futures if not old.done()]
        self._futures.append(future)
        return future

    def watch(self, future: Any) -> None:
        """Have `news` tell of it when it is done."""
        future.add_done_callback(self._news.put)

    def news(self) -> Iterator[Any]:
        """What happens, without end; raises when it cannot go on.

        Futures that are done, what workers tell, and None where nothing happened for a while.
        """
        while True:
            self.check_cancelled()
            self._look_around()
            try:
                yield self._news.get(timeout=_POLL_S)
            except queue.Empty:
                yield None

    def check_cancelled(self) -> None:
        """Raise `Cancelled` once the run was asked to stop."""
        if self._cancel.is_set():
            raise Cancelled("The run was cancelled.", "it was asked to stop.", "start it again when you are ready.")

    def result(self, future: Any) -> Any:
        """What a finished task returned, brought here; its error in our words."""
        try:
            return self._client.gather(future, direct=True)
        except KilledWorker as error:
            raise ConfigError(
                "The workers die at this work.",
                f"it was given to one after the other, and each ended: {error}.",
                "look into their logs; most often memory is short: give them more (`--set executor.worker_memory=...`, "
                "`dask worker --memory-limit ...`), or run fewer of them on a machine.",
            ) from error
        except FutureCancelledError as error:
            raise _gone(str(error)) from error

    def check(self, future: Any) -> None:
        """Raise what a finished task has raised."""
        if future.status != "finished":
            self.result(future)

    def _look_around(self) -> None:
        """Who is there; nobody for long is an end."""
        now = time.monotonic()
        if self.workers and now - self._looked < _LOOK_S:
            return
        self._looked = now
        try:
            self.workers = list(self._cluster.workers())
        except Exception as error:
            raise _gone(f"{type(error).__name__}: {error}") from error
        if self.workers:
            self._missed = now
        elif now - self._missed > max(self._options.timeout_s, _LOOK_S):
            raise _gone(f"no worker was there for {now - self._missed:.0f} s")

    def _inspect(self, wanted: dict[str, str], place: Place | None, files: Sequence[Path]) -> None:
        listing = () if place is None else place.listing(files)
        found = self._client.run(tasks.inspect, wanted, place, listing, on_error="return")
        for address, verdict in found.items():
            if _lacks_the_plugin(verdict):
                raise PluginError(
                    f"The worker {address} cannot take this work.",
                    f"{verdict}.",
                    "install `stackcore[dask]` there, the same version as here, and start the worker again.",
                )
            if isinstance(verdict, BaseException):
                raise verdict
            versions, absent = verdict
            if versions:
                raise PluginError(
                    f"The worker {address} has other versions.",
                    f"{', '.join(versions)}; the same bytes take the same builds.",
                    "install the same versions there, or allow them with `--set executor.allow_versions=true`.",
                )
            if absent and place is not None:
                raise _unseen(address, absent, place, len(listing))
        self.workers = list(found)


def _same(cargo: tasks.Cargo) -> tasks.Cargo:
    """As a task, so that it can be had again from the scheduler when a worker that held it is lost."""
    return cargo


def _lacks_the_plugin(verdict: Any) -> bool:
    """What a worker answers that could not import `tasks`; of some errors Dask brings the text alone."""
    if isinstance(verdict, ImportError | AttributeError):
        return True
    return type(verdict) is Exception and str(verdict).startswith(
        ("ModuleNotFoundError", "ImportError", "AttributeErr")
    )


def _unseen(address: str, absent: Sequence[str], place: Place, total: int) -> UnreadableFrame:
    some = ", ".join(absent[:_NAMED]) + (", ..." if len(absent) > _NAMED else "")
    return UnreadableFrame(
        f"The worker {address} does not see {len(absent)} of {total} frames.",
        f"it looked in {place.address}: {some}.",
        "put the frames where all workers see them, and name that folder as they know it: "
        "`--set executor.folder=/mnt/share/stack`, or an fsspec address such as s3://bucket/stack.",
    )


def _gone(why: str) -> ConfigError:
    return ConfigError(
        "The workers are gone.", f"{why}.", "start scheduler and workers again, and then this; nothing was written."
    )
