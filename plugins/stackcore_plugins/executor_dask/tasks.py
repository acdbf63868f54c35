"""What runs in a worker: taking in what was sent, fusing a slab, joining two states, calling a function."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from distributed import get_worker

from stackcore.errors import FrameError, PluginError, StackcoreError
from stackcore.protocols import Executor, FrameSource, ReadsFiles, Station
from stackcore.registry import Registry
from stackcore.terms import Frame
from stackcore_plugins.executor_dask.facts import differences, facts
from stackcore_plugins.executor_dask.files import Listing, Place
from stackcore_plugins.executor_dask.held import Held

_KEPT = 3
"""Cargoes that a worker keeps unpacked: readers remember how frames are developed."""

_TRIM, _TRIM_BY_DASK = "MALLOC_TRIM_THRESHOLD_", "65536"
"""How Dask's nannies start workers: the C library gives back all that is free. The executor `local` keeps some of it,
unless the user has tuned the heap; this is not the user's, and costs a page fault for each 4 KiB of each band."""


@dataclass(frozen=True)
class Cargo:
    """What every task of a job needs, as it travels.

    Attributes
    ----------
    key
        Digest of the rest.
    data
        Pickled: a tuple of whatever the task takes.
    place
        Where the frames are, None where no files are read.
    wanted
        Facts that must be those of the worker; empty where they may be others.
    """

    key: str
    data: bytes
    place: Place | None
    wanted: Mapping[str, str]

    @classmethod
    def of(cls, parts: tuple[Any, ...], place: Place | None, wanted: Mapping[str, str]) -> Cargo:
        """Pack; `PluginError` for what cannot be pickled."""
        try:
            data = pickle.dumps(parts, protocol=5)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise PluginError(
                "This work cannot be sent to other processes.",
                f"{', '.join(type(part).__name__ for part in parts)}: {error}.",
                "use `--executor local`, or a plugin that can be pickled.",
            ) from error
        return cls(hashlib.blake2b(data + repr(place).encode(), digest_size=16).hexdigest(), data, place, dict(wanted))


def inspect(wanted: Mapping[str, str], place: Place | None, listing: Listing) -> tuple[list[str], list[str]]:
    """What is of another version in this worker, and which frames it does not see."""
    return differences(wanted, _own_facts()), [] if place is None else place.absent(listing)


def fuse_slab(cargo: Cargo, run: str, number: int, first: int, stop: int) -> Held:
    """The state of frames `first` to `stop` (not included); tells of each frame by an event of the topic `run`.

    One slab at a time in a process, on all of its threads: a state is large.
    """
    worker = get_worker()
    cancel = _STOPS[run]

    def tell(done: int) -> None:
        worker.log_event(run, {"slab": number, "done": done})

    with _ONE_SLAB:
        fuser, info, frames = _unpacked(cargo)
        local = _local_executor(worker.state.nthreads)
        try:
            return Held(local.fuse(fuser, info, _Part(frames, first, stop), cancel, tell))
        except FrameError as error:
            raise _here(error) from error
        finally:
            local.close()


def join_states(cargo: Cargo, left: Held, right: Held) -> Held:
    """Both in one; neither is changed, for a task may be run again."""
    fuser, _, _ = _unpacked(cargo)
    return Held(fuser.merge(copy.deepcopy(left.state), right.state))


def call(cargo: Cargo, run: str, item: Any) -> Any:
    """Result of the function that was sent."""
    if _STOPS[run].is_set():
        return None
    [function] = _unpacked(cargo)
    local = _local_executor(1)  # while it is there, OpenCV has one thread
    try:
        return function(item)
    except FrameError as error:
        raise _here(error) from error
    finally:
        local.close()


def attend(cargo: Cargo, run: str, item: Any) -> Any:
    """Result of the function that was sent, which has the whole worker for this item."""
    worker = get_worker()

    def tell(line: str) -> None:
        worker.log_event(run, {"line": line})

    [function] = _unpacked(cargo)
    limit = worker.memory_manager.memory_limit
    return function(item, Station(_STOPS[run], tell, worker.state.nthreads, limit))


def stop(run: str) -> None:
    """Let the tasks of a run end at the next frame."""
    _STOPS[run].set()


class _Part:
    """Some frames of a source."""

    def __init__(self, frames: FrameSource, first: int, stop: int) -> None:
        self._frames, self._first, self._stop = frames, first, stop

    def __len__(self) -> int:
        return self._stop - self._first

    def open(self, position: int) -> Frame:
        return self._frames.open(self._first + position)


_ONE_SLAB = threading.Lock()
_STOPS: defaultdict[str, threading.Event] = defaultdict(threading.Event)
_CARGOES: OrderedDict[str, tuple[Any, ...]] = OrderedDict()
_UNPACKING = threading.Lock()


def _unpacked(cargo: Cargo) -> tuple[Any, ...]:
    with _UNPACKING:
        if cargo.key not in _CARGOES:
            _refuse_other_versions(cargo.wanted)
            _CARGOES[cargo.key] = _taken_in(cargo)
            while len(_CARGOES) > _KEPT:
                _CARGOES.popitem(last=False)
        _CARGOES.move_to_end(cargo.key)
        return _CARGOES[cargo.key]


def _taken_in(cargo: Cargo) -> tuple[Any, ...]:
    try:
        parts: tuple[Any, ...] = pickle.loads(cargo.data)
    except StackcoreError:
        raise
    except Exception as error:
        raise PluginError(
            f"The worker {get_worker().address} cannot take this work.",
            f"{type(error).__name__}: {error}.",
            "install the same packages there as here, plugins among them, and start the worker again.",
        ) from error
    if cargo.place is not None:
        for part in parts:
            if isinstance(part, ReadsFiles):
                part.open_through(cargo.place.fetch)
    return parts


def _refuse_other_versions(wanted: Mapping[str, str]) -> None:
    """A worker that came late was not inspected."""
    if told := differences(wanted, _own_facts()):
        raise PluginError(
            f"The worker {get_worker().address} has other versions.",
            f"{', '.join(told)}.",
            "install the same versions there, or allow them with `--set executor.allow_versions=true`.",
        )


@cache
def _own_facts() -> dict[str, str]:
    return facts()


def _local_executor(threads: int) -> Executor:
    """What fuses a slab: the same code as without a cluster."""
    if os.environ.get(_TRIM) == _TRIM_BY_DASK:
        del os.environ[_TRIM]
    built: Executor = _registry().build("executor", "local", {"workers": threads})
    return built


@cache
def _registry() -> Registry:
    return Registry.discover()


def _here(error: FrameError) -> FrameError:
    """The same error, with the worker that met it."""
    return type(error)(error.what, f"{error.why} (seen by the worker {get_worker().address})", error.fix)
