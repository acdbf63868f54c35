"""One task at a time for each worker: what is large must not be there twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from stackcore_plugins.executor_dask.job import Job


class OneEach:
    """Hands out tasks in order, to workers that have none.

    Parameters
    ----------
    job
        What they belong to.
    tasks
        Of each, the function and its arguments.
    """

    def __init__(self, job: Job, tasks: Sequence[tuple[Any, ...]]) -> None:
        self._job, self._waiting = job, deque(enumerate(tasks))
        self._busy: dict[Any, tuple[int, str]] = {}

    @property
    def left(self) -> int:
        """How many nobody has begun."""
        return len(self._waiting)

    @property
    def is_over(self) -> bool:
        """Whether every task has ended."""
        return not self._waiting and not self._busy

    def feed(self) -> list[Any]:
        """Begin what can be begun; futures in the order of the tasks."""
        begun = []
        busy = {worker for _, worker in self._busy.values()}
        for worker in self._job.workers:
            if self._waiting and worker not in busy:
                number, task = self._waiting.popleft()
                future = self._job.submit(*task, worker=worker)
                self._busy[future] = number, worker
                self._job.watch(future)
                begun.append(future)
        return begun

    def ended(self, future: Any) -> int:
        """Which task it was; its worker is free again."""
        return self._busy.pop(future)[0]
