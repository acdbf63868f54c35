"""The Dask executor: slabs are fused by workers, their states stay there and are joined there, in a fixed tree."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from stackcore.errors import StackcoreError
from stackcore.protocols import (
    Executor,
    FrameSource,
    FrontOfTree,
    FusePlan,
    Fuser,
    ItemT,
    Milestones,
    PlanKind,
    ResultT,
    Station,
)
from stackcore.registry import Registry
from stackcore.terms import StackInfo
from stackcore_plugins.executor_dask import tasks
from stackcore_plugins.executor_dask.cluster import Cluster
from stackcore_plugins.executor_dask.held import Held
from stackcore_plugins.executor_dask.job import Job
from stackcore_plugins.executor_dask.plugin import DaskOptions
from stackcore_plugins.executor_dask.turns import OneEach


class DaskExecutor:
    """Connects, or starts workers, when it is first asked for something that takes them."""

    def __init__(self, options: DaskOptions) -> None:
        self.plan: PlanKind = options.plan
        self._options = options
        self._connecting = threading.Lock()
        self._cluster: Cluster | None = None
        self._nearby: Executor | None = None

    @property
    def workers(self) -> int:
        """Threads of all workers."""
        return sum(int(worker["nthreads"]) for worker in self._known)

    @property
    def threads(self) -> int:
        """Of the worker that has most."""
        return max(int(worker["nthreads"]) for worker in self._known)

    @property
    def worker_bytes(self) -> int | None:
        """The least that a worker may take; None without any limit."""
        limits = [int(worker["memory_limit"]) for worker in self._known if worker["memory_limit"]]
        return min(limits, default=None)

    @property
    def nearby(self) -> Executor:
        """Threads of this process."""
        if self._nearby is None:
            self._nearby = Registry.discover().build("executor", "local")
        return self._nearby

    def map(
        self, function: Callable[[ItemT], ResultT], items: Sequence[ItemT], cancel: threading.Event
    ) -> Iterator[ResultT]:
        """Results in the order of the items; an item is a task."""
        if not items:
            return
        with Job(self._connection, self._options, (function,), cancel) as job:
            futures = deque(job.submit(tasks.call, job.cargo, job.run, item) for item in items)
            for future in futures:
                job.watch(future)
            news = job.news()
            while futures:
                while futures and futures[0].done():
                    job.check_cancelled()
                    yield job.result(futures.popleft())
                if futures:
                    next(news)

    def fuse(
        self,
        fuser: Fuser[Any],
        info: StackInfo,
        frames: FrameSource,
        cancel: threading.Event,
        done: Callable[[int], None],
        plan: FusePlan | None = None,
        milestones: Milestones | None = None,
    ) -> Any:
        """Slab by slab on the workers, one at a time on each; what is not a tree is fused in this process."""
        if plan is None or plan.kind != "tree":
            return self.nearby.fuse(fuser, info, frames, cancel, done, plan, milestones)
        with Job(self._connection, self._options, (fuser, info, frames), cancel) as job:
            return _Tree(job, plan, done).grow()

    def spread(
        self,
        function: Callable[[ItemT, Station], ResultT],
        items: Sequence[ItemT],
        cancel: threading.Event,
        heard: Callable[[str], None],
    ) -> Iterator[tuple[int, ResultT | StackcoreError]]:
        """Positions and results as they come; one item at a time on each worker."""
        if not items:
            return
        with Job(self._connection, self._options, (function,), cancel) as job:
            turns = OneEach(job, [(tasks.attend, job.cargo, job.run, item) for item in items])
            turns.feed()
            for news in job.news():
                if isinstance(news, dict):
                    heard(news["line"])
                elif news is not None:
                    yield turns.ended(news), _outcome(job, news)
                turns.feed()
                if turns.is_over:
                    return

    def close(self) -> None:
        """Leave the workers; those that were started here end."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        if self._nearby is not None:
            self._nearby.close()
            self._nearby = None

    @property
    def _connection(self) -> Cluster:
        with self._connecting:
            if self._cluster is None:
                self._cluster = Cluster(self._options)
            return self._cluster

    @cached_property
    def _known(self) -> list[Any]:
        return list(self._connection.workers().values())


def _outcome(job: Job, future: Any) -> Any:
    try:
        return job.result(future)
    except StackcoreError as error:
        return error


class _Tree:
    """Slabs under way, and their joins, which follow by themselves."""

    def __init__(self, job: Job, plan: FusePlan, done: Callable[[int], None]) -> None:
        self._job, self._plan, self._done = job, plan, done
        slabs = [(tasks.fuse_slab, job.cargo, job.run, number, *slab) for number, slab in enumerate(plan.slabs)]
        self._turns = OneEach(job, slabs)
        self._front: FrontOfTree[Any] = FrontOfTree(self._joined)
        self._told: set[tuple[int, int]] = set()

    def grow(self) -> Any:
        """The state at the root, brought here."""
        root = None
        self._feed()
        for news in self._job.news():
            if isinstance(news, dict):
                self._tell(news["slab"], news["done"])
            elif news is not None:
                self._job.check(news)
                if news is root:
                    break
                self._turns.ended(news)
            self._feed()
            if root is None and not self._turns.left:
                root = self._front.root()
                self._job.watch(root)
        held: Held = self._job.result(root)
        for slab, (first, stop) in enumerate(self._plan.slabs):  # what workers told may be later than what they made
            for n in range(stop - first):
                self._tell(slab, n + 1)
        return held.state

    def _feed(self) -> None:
        for slab in self._turns.feed():
            self._front.put(slab)

    def _joined(self, left: Any, right: Any) -> Any:
        return self._job.submit(tasks.join_states, self._job.cargo, left, right)

    def _tell(self, slab: int, done: int) -> None:
        """Count a frame once, however often it is added."""
        if (slab, done) not in self._told:
            self._told.add((slab, done))
            self._done(len(self._told))
