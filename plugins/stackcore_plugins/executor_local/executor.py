"""The local executor: frames enter one accumulator in order, or one per slab; their bands run side by side."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from typing import Any

import cv2

from stackcore.errors import Cancelled
from stackcore.protocols import (
    FrameSource,
    FrontOfTree,
    FusePlan,
    Fuser,
    ItemT,
    Milestones,
    ParallelFuser,
    PlanKind,
    ResultT,
    Task,
)
from stackcore.stacking.frame_memory import FRAMES
from stackcore.terms import Frame, StackInfo
from stackcore_plugins.executor_local.heap import give_back, keep_heap
from stackcore_plugins.executor_local.plugin import LocalOptions


class LocalExecutor:
    """One pool of threads; the libraries beneath release the GIL. OpenCV runs single-threaded meanwhile."""

    def __init__(self, options: LocalOptions) -> None:
        self.plan: PlanKind = options.plan
        self._workers = options.workers or available_cores()
        keep_heap()  # before the threads: each takes an arena when it starts
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="stackcore-worker")
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="stackcore-decoder")
        self._open = True
        self._kept = ExitStack()
        self._kept.enter_context(FRAMES)
        self._tasks, self._frames = self._workers, 2
        _OPENCV.enter()

    @property
    def workers(self) -> int:
        """Threads at work, beside one that decodes ahead."""
        return self._workers

    def bind(self, tasks: int, frames: int) -> None:
        """No more than `tasks` items or bands at once; with one frame, the next is decoded when it is done with."""
        self._tasks, self._frames = max(1, min(tasks, self._workers)), frames

    def map(
        self, function: Callable[[ItemT], ResultT], items: Sequence[ItemT], cancel: threading.Event
    ) -> Iterator[ResultT]:
        """Results in order; no more than twice the workers are under way, so that what they share stays close."""
        pending: deque[Future[ResultT]] = deque()
        gate = threading.BoundedSemaphore(self._tasks)
        rest = iter(items)
        try:
            for item in rest:
                pending.append(self._pool.submit(_through, gate, partial(function, item)))
                if len(pending) >= 2 * self._workers:
                    yield _result(pending.popleft(), cancel)
            while pending:
                yield _result(pending.popleft(), cancel)
        finally:
            for future in pending:
                future.cancel()

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
        """Add the frames in order; while one is added the next one is decoded, the first two side by side.

        Of a `tree`, slabs before the one at work are joined as soon as they can be: so few wait (`FusePlan.states`).
        """
        plan = plan or FusePlan.fold(len(frames))
        added, waiting = (0, []) if milestones is None else milestones.begun(lambda: fuser.start(info))
        pools = (self._pool, self._decoder)[: self._frames]  # the workers have nothing to do yet
        first = range(added, len(frames))[: self._frames]
        ahead = deque(pool.submit(frames.open, position) for pool, position in zip(pools, first, strict=False))
        state = waiting.pop() if plan.kind == "fold" and waiting else fuser.start(info)
        front = FrontOfTree(fuser.merge, waiting, plan.ends.index(added) + 1 if waiting else 0)
        del waiting
        for position in range(added, len(frames)):
            frame = _result(ahead.popleft() if ahead else self._decoder.submit(frames.open, position), cancel)
            if not ahead and self._frames > 1 and position + 1 < len(frames):
                ahead.append(self._decoder.submit(frames.open, position + 1))
            state = self._add(fuser, state, frame, cancel)
            del frame
            done(position + 1)
            if position + 1 in plan.ends[:-1]:
                if plan.kind == "tree":
                    front.put(state)
                    state = None  # gone, if it was joined, before the next is made
                    state = fuser.start(info)
                if milestones is not None:
                    milestones.reached(position + 1, [state] if plan.kind == "fold" else front.waiting)
        if plan.kind == "fold":
            return state
        front.put(state)
        del state
        return front.root()

    def close(self) -> None:
        """Let running tasks end, drop the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._decoder.shutdown(wait=True, cancel_futures=True)
        if self._open:
            self._open = False
            _OPENCV.leave()
            self._kept.close()
            give_back()

    def _add(self, fuser: Fuser[Any], state: Any, frame: Frame, cancel: threading.Event) -> Any:
        if not isinstance(fuser, ParallelFuser):
            return fuser.add(state, frame)
        for tasks in fuser.add_in_steps(state, frame):
            self._run(tasks, cancel)
        return state

    def _run(self, tasks: Sequence[Task], cancel: threading.Event) -> None:
        if len(tasks) == 1:
            tasks[0]()
            return
        gate = threading.BoundedSemaphore(self._tasks)
        futures = [self._pool.submit(_through, gate, task) for task in tasks]
        try:
            for future in futures:
                _result(future, cancel)
        except BaseException:
            for future in futures:
                future.cancel()
            wait(futures)
            raise


class _SingleThreadedOpenCV:
    """OpenCV has one number of threads for the whole process: it is 1 from the first executor to the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = 0

    def enter(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                cv2.setNumThreads(self._before)


_OPENCV = _SingleThreadedOpenCV()


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _through(gate: threading.BoundedSemaphore, task: Callable[[], ResultT]) -> ResultT:
    """Run a task when there is room for it."""
    with gate:
        return task()


def _result(future: Future[ResultT], cancel: threading.Event) -> ResultT:
    if cancel.is_set():
        raise Cancelled("The run was cancelled.", "it was asked to stop.", "start it again when you are ready.")
    return future.result()
