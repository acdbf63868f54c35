"""The local executor: order, limits, cancel, failures, and the same bytes for any number of workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
import pytest

from stackcore.errors import Cancelled
from stackcore.protocols import FrontOfTree, FusePlan, Task, joined
from stackcore.stacking.frame_memory import FrameMemory
from stackcore.terms import Frame, Fused, StackInfo
from stackcore.testing.scene import make_stack
from stackcore_plugins.executor_local.executor import LocalExecutor, available_cores
from stackcore_plugins.executor_local.plugin import LocalOptions
from stackcore_plugins.fuser_pyramid.fuser import PyramidFuser
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions

PATIENCE_S = 10.0
"""How long a test waits for what must come at once; only a failing test waits that long."""


@pytest.fixture(params=[1, 2, 5])
def executor(request: pytest.FixtureRequest) -> Iterator[LocalExecutor]:
    built = LocalExecutor(LocalOptions(workers=request.param))
    yield built
    built.close()


@pytest.fixture
def cancel() -> threading.Event:
    return threading.Event()


@pytest.fixture
def info() -> StackInfo:
    return StackInfo(width=6, height=4, frames=5, reference=2, dtype="uint8")


class Frames:
    """A source of small frames that remembers what was asked of it."""

    def __init__(self, count: int, broken: int | None = None) -> None:
        self._count, self._broken = count, broken
        self.opened: list[int] = []

    def __len__(self) -> int:
        return self._count

    def open(self, position: int) -> Frame:
        self.opened.append(position)
        if position == self._broken:
            raise ValueError(f"frame {position} is broken")
        return Frame(position, np.full((4, 6, 3), position, np.uint8))


@dataclass
class Log:
    """State of the fusers below: the order in which frames came."""

    order: list[int] = field(default_factory=list)


class PlainFuser:
    """One without tasks of its own."""

    tolerance = 0.0

    def __init__(self, on_add: Callable[[int], None] = lambda index: None) -> None:
        self._on_add = on_add

    def start(self, info: StackInfo) -> Log:
        return Log()

    def add(self, state: Log, frame: Frame) -> Log:
        self._on_add(frame.index)
        return Log([*state.order, frame.index])

    def merge(self, left: Log, right: Log) -> Log:
        return Log(left.order + right.order)

    def finish(self, state: Log) -> Fused:
        return Fused(np.zeros((4, 6, 3), np.uint16))

    def state_bytes(self, info: StackInfo) -> int:
        return 0


class SteppedFuser(PlainFuser):
    """Two groups of tasks per frame; `on_task(index, task)` runs inside each."""

    def __init__(self, on_task: Callable[[int, int], None] = lambda index, task: None) -> None:
        super().__init__()
        self._on_task = on_task

    def add_in_steps(self, state: Log, frame: Frame) -> Iterable[Sequence[Task]]:
        yield [partial(self._on_task, frame.index, task) for task in range(7)]
        state.order.append(frame.index)
        yield [partial(self._on_task, frame.index, 7)]

    def task_bytes(self, info: StackInfo) -> int:
        return 0


def ignore(done: int) -> None:
    """Progress that nobody listens to."""


def test_map_keeps_the_order_of_the_items(executor: LocalExecutor, cancel: threading.Event) -> None:
    second_done = threading.Event()

    def square(item: int) -> int:
        if item == 0 and executor.workers > 1:
            assert second_done.wait(PATIENCE_S)  # the first result comes last
        if item == 1:
            second_done.set()
        return item * item

    assert list(executor.map(square, range(20), cancel)) == [i * i for i in range(20)]


def test_map_of_nothing_is_nothing(executor: LocalExecutor, cancel: threading.Event) -> None:
    assert list(executor.map(str, [], cancel)) == []


def test_map_starts_no_more_than_twice_the_workers(executor: LocalExecutor, cancel: threading.Event) -> None:
    begun: list[int] = []
    results = executor.map(lambda i: begun.append(i) or i, range(1000), cancel)
    for taken in range(50):
        assert next(results) == taken
        assert len(begun) <= taken + 2 * executor.workers
    results.close()  # type: ignore[attr-defined]


def test_map_runs_as_many_at_once_as_there_are_workers(executor: LocalExecutor, cancel: threading.Event) -> None:
    together = threading.Barrier(executor.workers)
    assert list(executor.map(lambda i: together.wait(PATIENCE_S) >= 0, range(2 * executor.workers), cancel))


def test_map_stops_when_cancelled(executor: LocalExecutor, cancel: threading.Event) -> None:
    begun: list[int] = []
    results = executor.map(lambda i: begun.append(i) or i, range(1000), cancel)
    next(results)
    cancel.set()
    with pytest.raises(Cancelled):
        next(results)
    executor.close()
    assert len(begun) <= 1 + 2 * executor.workers


def test_map_hands_on_what_a_task_raises(executor: LocalExecutor, cancel: threading.Event) -> None:
    def fail_at_three(item: int) -> int:
        if item == 3:
            raise KeyError("three")
        return item

    results = executor.map(fail_at_three, range(100), cancel)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError, match="three"):
        next(results)
    assert list(executor.map(abs, [-1, -2], cancel)) == [1, 2]  # it goes on working


@pytest.mark.parametrize("fuser", [PlainFuser(), SteppedFuser()], ids=["plain", "stepped"])
def test_fuse_adds_every_frame_once_and_in_order(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo, fuser: PlainFuser
) -> None:
    frames, done = Frames(9), []
    state = executor.fuse(fuser, info, frames, cancel, done.append)
    assert state.order == list(range(9))
    assert sorted(frames.opened) == list(range(9))
    assert done == list(range(1, 10))


def test_fuse_of_no_frames_is_the_empty_state(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo
) -> None:
    assert executor.fuse(PlainFuser(), info, Frames(0), cancel, ignore) == Log()


def test_fuse_decodes_one_frame_ahead_and_no_more(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo
) -> None:
    frames = Frames(6)
    next_is_open = {position: threading.Event() for position in range(6)}
    opened = frames.open

    def tell(position: int) -> Frame:
        frame = opened(position)
        next_is_open[position].set()
        return frame

    frames.open = tell  # type: ignore[method-assign]

    def while_adding(index: int) -> None:
        if index + 1 < 6:
            assert next_is_open[index + 1].wait(PATIENCE_S)
        assert len(frames.opened) <= index + 2

    executor.fuse(PlainFuser(while_adding), info, frames, cancel, ignore)


def test_the_first_two_frames_are_decoded_side_by_side(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo
) -> None:
    frames, together = Frames(4), threading.Barrier(2)
    opened = frames.open

    def meet(position: int) -> Frame:
        if position < 2:
            together.wait(PATIENCE_S)
        return opened(position)

    frames.open = meet  # type: ignore[method-assign]
    state = executor.fuse(PlainFuser(lambda index: None), info, frames, cancel, ignore)
    assert state.order == [0, 1, 2, 3]


def test_bound_to_one_frame_it_decodes_none_ahead(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo
) -> None:
    frames, seen = Frames(6), list[int]()
    executor.bind(executor.workers, 1)
    state = executor.fuse(PlainFuser(lambda index: seen.append(len(frames.opened))), info, frames, cancel, ignore)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert state.order == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("tasks", [1, 2, 9])
def test_bound_to_some_tasks_it_runs_no_more_at_once(cancel: threading.Event, info: StackInfo, tasks: int) -> None:
    guard, now, most = threading.Lock(), [0], [0]
    together = threading.Barrier(min(tasks, 3) + 1)

    def task(index: int, number: int) -> None:
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with suppress(threading.BrokenBarrierError):  # one more than may be there would let all of them through
            together.wait(0.01)
        together.reset()
        with guard:
            now[0] -= 1

    executor = LocalExecutor(LocalOptions(workers=3))
    try:
        executor.bind(tasks, 2)
        state = executor.fuse(SteppedFuser(task), info, Frames(2), cancel, ignore)
        assert list(executor.map(lambda item: task(0, item) or item, range(5), cancel)) == [0, 1, 2, 3, 4]
    finally:
        executor.close()
    assert state.order == [0, 1]
    assert most[0] == min(tasks, 3)


def test_tasks_of_a_group_run_before_the_next_group(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo
) -> None:
    ran: list[tuple[int, int]] = []
    executor.fuse(SteppedFuser(lambda index, task: ran.append((index, task))), info, Frames(3), cancel, ignore)
    assert sorted(ran) == [(index, task) for index in range(3) for task in range(8)]
    assert [pair for pair in ran if pair[1] == 7] == [ran[7], ran[15], ran[23]]


@pytest.mark.parametrize("kind", ["plain", "stepped"])
def test_fuse_stops_when_cancelled(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo, kind: str
) -> None:
    def at_the_third(index: int, task: int = 0) -> None:
        if index == 2:
            cancel.set()

    fuser = PlainFuser(at_the_third) if kind == "plain" else SteppedFuser(at_the_third)
    frames, done = Frames(50), []
    with pytest.raises(Cancelled):
        executor.fuse(fuser, info, frames, cancel, done.append)
    executor.close()
    assert len(done) <= 3
    assert len(frames.opened) <= 5


def test_a_run_cancelled_before_it_begins_adds_nothing(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo
) -> None:
    cancel.set()
    added: list[int] = []
    with pytest.raises(Cancelled):
        executor.fuse(PlainFuser(added.append), info, Frames(5), cancel, ignore)
    with pytest.raises(Cancelled):
        list(executor.map(abs, [1], cancel))
    assert added == []


@pytest.mark.parametrize("task", [0, 6, 7])
def test_fuse_hands_on_what_a_task_raises_when_the_others_have_ended(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo, task: int
) -> None:
    running, ended = [], []

    def fail(index: int, number: int) -> None:
        running.append(number)
        try:
            if (index, number) == (1, task):
                raise ZeroDivisionError("in a task")
        finally:
            ended.append(number)

    with pytest.raises(ZeroDivisionError, match="in a task"):
        executor.fuse(SteppedFuser(fail), info, Frames(4), cancel, ignore)
    assert len(running) == len(ended)  # none is still at work on the state


def test_a_failed_task_waits_for_its_neighbours(cancel: threading.Event, info: StackInfo) -> None:
    """Else they would still write into a state that somebody is about to drop."""
    both_begun, failing, left = threading.Barrier(2), threading.Event(), threading.Event()
    left_too_early = []

    def work(index: int, number: int) -> None:
        if number == 0:
            both_begun.wait(PATIENCE_S)
            failing.set()
            raise ZeroDivisionError("in a task")
        if number == 1:
            both_begun.wait(PATIENCE_S)
            failing.wait(PATIENCE_S)
            left_too_early.append(left.wait(0.1))  # no sleep: it ends at once when `fuse` has been left

    executor = LocalExecutor(LocalOptions(workers=2))
    with pytest.raises(ZeroDivisionError):
        executor.fuse(SteppedFuser(work), info, Frames(1), cancel, ignore)
    left.set()
    executor.close()
    assert left_too_early == [False]


@pytest.mark.parametrize("broken", [0, 3, 4])
def test_fuse_hands_on_what_decoding_raises(
    executor: LocalExecutor, cancel: threading.Event, info: StackInfo, broken: int
) -> None:
    added: list[int] = []
    with pytest.raises(ValueError, match=f"frame {broken} is broken"):
        executor.fuse(PlainFuser(added.append), info, Frames(5, broken), cancel, ignore)
    assert added == list(range(broken))


def test_the_memory_of_a_frame_is_kept_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = FrameMemory()
    monkeypatch.setattr("stackcore_plugins.executor_local.executor.FRAMES", memory)
    executor = LocalExecutor(LocalOptions(workers=1))
    memory.empty((9, 9, 3), "uint8")
    assert memory.kept_bytes == 243
    executor.close()
    executor.close()
    assert memory.kept_bytes == 0
    memory.empty((9, 9, 3), "uint8")
    assert memory.kept_bytes == 0


def test_it_may_be_closed_twice_and_gives_opencv_its_threads_back() -> None:
    before = cv2.getNumThreads()
    executor = LocalExecutor(LocalOptions(workers=2))
    assert cv2.getNumThreads() == 1
    executor.close()
    assert cv2.getNumThreads() == before
    executor.close()
    assert cv2.getNumThreads() == before


def test_two_at_a_time_give_opencv_its_threads_back() -> None:
    """The one that was opened first may well be closed first."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        first, second = (LocalExecutor(LocalOptions(workers=1)) for _ in range(2))
        first.close()
        assert cv2.getNumThreads() == 1  # the second is still at work
        second.close()
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_no_thread_is_left_behind() -> None:
    def ours() -> list[str]:
        names = [thread.name for thread in threading.enumerate()]
        return [name for name in names if name.startswith(("stackcore-worker", "stackcore-decoder"))]

    executor = LocalExecutor(LocalOptions(workers=3))
    list(executor.map(abs, range(9), threading.Event()))
    assert ours()
    executor.close()
    assert ours() == []


def test_it_has_as_many_workers_as_cores_unless_told() -> None:
    executor = LocalExecutor(LocalOptions())
    executor.close()
    assert executor.workers == available_cores() >= 1


def test_any_number_of_workers_gives_the_same_bytes(cancel: threading.Event) -> None:
    pixels = make_stack(120, 400, 4, seed=3, dtype="uint16").frames
    info = StackInfo(width=120, height=400, frames=4, reference=2, dtype="uint16", noise_sigma=0.003)

    class Source:
        def __len__(self) -> int:
            return len(pixels)

        def open(self, position: int) -> Frame:
            return Frame(position, pixels[position])

    pictures = []
    for workers in (1, 2, 3, 8):
        executor = LocalExecutor(LocalOptions(workers=workers))
        fuser = PyramidFuser(PyramidOptions(), band_rows=64)
        pictures.append(fuser.finish(executor.fuse(fuser, info, Source(), cancel, ignore)).pixels)
        executor.close()
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture, pictures[0])


class Noted:
    """Milestones that remember what they were told; `already` frames are in from the start."""

    def __init__(self, already: int = 0, *cuts: int) -> None:
        self._already, self._cuts = already, (0, *cuts, already)
        self.told: list[tuple[int, list[list[int]]]] = []

    def begun(self, empty: Callable[[], Log]) -> tuple[int, list[Log]]:
        return self._already, [Log(list(range(*ends))) for ends in pairwise(self._cuts)] if self._already else []

    def reached(self, added: int, states: Sequence[Log]) -> None:
        self.told.append((added, [list(state.order) for state in states]))


@pytest.mark.parametrize("kind", ["fold", "tree"])
@pytest.mark.parametrize("already", [0, 2, 4])
def test_slabs_end_where_the_plan_says_and_work_goes_on_from_there(kind, already, executor, info, cancel):
    frames, noted = Frames(5), Noted(already)
    state = executor.fuse(PlainFuser(), info, frames, cancel, ignore, FusePlan(kind, (2, 4, 5)), noted)
    assert state.order == list(range(5))
    assert sorted(frames.opened) == list(range(already, 5)), "no frame is read twice"
    assert noted.told == [(n, [list(range(n))]) for n in (2, 4) if n > already]


def test_a_tree_goes_on_with_all_the_states_that_wait(executor, info, cancel):
    noted, plan = Noted(6, 4), FusePlan("tree", (2, 4, 6, 8, 9))
    state = executor.fuse(PlainFuser(), info, Frames(9), cancel, ignore, plan, noted)
    assert state.order == list(range(9))
    assert noted.told == [(8, [list(range(8))])], "6 and 7 were joined with 4 and 5, then all of it"
    assert plan.waiting(6) == 2


def test_a_tree_joins_neighbours_in_pairs_and_holds_as_few_states_as_it_can(executor, info, cancel):
    merges, begun = [], []

    class Watched(PlainFuser):
        def start(self, info: StackInfo) -> Log:
            begun.append(len(merges))
            return super().start(info)

        def merge(self, left: Log, right: Log) -> Log:
            merges.append((left.order, right.order))
            return super().merge(left, right)

    plan = FusePlan("tree", (1, 2, 3, 4, 5))
    executor.fuse(Watched(), info, Frames(5), cancel, ignore, plan)
    assert merges == [([0], [1]), ([2], [3]), ([0, 1], [2, 3]), ([0, 1, 2, 3], [4])]
    assert begun == [0, 0, 1, 1, 3], "each state comes after those before it were joined"
    assert plan.states == 3


@pytest.mark.parametrize("slabs", range(1, 40))
def test_slab_after_slab_gives_the_tree_that_all_at_once_give(slabs):
    front, most = FrontOfTree(lambda left, right: (left, right)), 0
    plan = FusePlan("tree", tuple(range(1, slabs + 1)))
    for slab in range(slabs):
        most = max(most, 1 + len(front.waiting))
        front.put(slab)
        assert len(front.waiting) == plan.waiting(slab + 1)
    assert front.root() == joined(range(slabs), lambda left, right: (left, right))
    assert plan.states == most
