"""The contract of executors: derive from `ExecutorContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any, ClassVar, get_args

import numpy as np

from stackcore.errors import Cancelled, UnreadableFrame
from stackcore.hookspecs import Kind
from stackcore.protocols import (
    Executor,
    FrontOfTree,
    FusePlan,
    Fuser,
    PlanKind,
    RemoteExecutor,
    joined,
)
from stackcore.terms import StackInfo
from stackcore.testing.contract import Contract, DoesNotApply
from stackcore.testing.plain_sum import Landmarks, MadeFrames, PlainSum, Sum, SumInTasks

_INFO = StackInfo(width=20, height=50, frames=7, reference=3, dtype="uint16")
_PLANS = (
    FusePlan.fold(7),
    FusePlan("fold", (3, 5, 7)),
    FusePlan("tree", (3, 5, 7)),
    FusePlan("tree", (7,)),
    FusePlan("tree", (1, 2, 3, 5, 7)),
)
_BAD = UnreadableFrame("Frame 4 is bad.", "it is cut.", "leave it out.")


class ExecutorContract(Contract):
    """What every executor owes the work it is given. Override `make`.

    Functions, fusers and frames that it is tried with can be pickled.

    Attributes
    ----------
    workers
        Numbers of workers it is tried with, where it has an option of that name (or `make_with` is overridden).
    plan_kinds
        What it can work by; where its offer's capabilities name any, only those.

    Examples
    --------
    >>> class TestMine(ExecutorContract):
    ...     def make(self):
    ...         return MyExecutor()
    """

    kind: ClassVar[Kind] = "executor"
    protocol: ClassVar[type | None] = Executor
    workers: ClassVar[tuple[int, ...]] = (1, 3)
    plan_kinds: ClassVar[tuple[PlanKind, ...]] = get_args(PlanKind)

    def make(self) -> Executor:
        """Return the executor under test."""
        executor: Executor = super().make()
        return executor

    def test_it_says_what_it_is(self) -> None:
        """One worker or more, and the plan that it works by."""
        with closing(self.make()) as executor:
            assert isinstance(executor.workers, int), f"workers is {executor.workers!r}"
            assert executor.workers >= 1, f"it has {executor.workers} workers"
            assert executor.plan in get_args(PlanKind), f"its plan is {executor.plan!r}"

    def test_close_may_be_called_twice(self) -> None:
        """Also where nothing was done."""
        executor = self.make()
        executor.close()
        executor.close()

    def test_map_keeps_the_order(self) -> None:
        """Results in the order of the items, whoever is ready first; of no items, none."""
        with closing(self.make()) as executor:
            for count in (0, 1, 23):
                found = list(executor.map(_squared, range(count), threading.Event()))
                assert found == [n * n for n in range(count)], f"squares of {count} numbers came as {found}"

    def test_an_error_in_map_passes_through(self) -> None:
        """With its class, what it says and what to do; where it happened may be added. The executor works on."""
        with closing(self.make()) as executor:
            error = _raised(lambda: list(executor.map(_refuse_three, range(6), threading.Event())))
            assert isinstance(error, UnreadableFrame), f"an UnreadableFrame came out as {error!r}"
            assert (error.what, error.fix) == ("3 is bad.", "take four."), f"it says {error}"
            assert "it is three" in error.why, f"it says {error}"
            assert list(executor.map(_squared, [5], threading.Event())) == [25], "it does no more work after an error"

    def test_a_cancelled_map_ends(self) -> None:
        """`Cancelled` before the next result, whether the flag was set before or meanwhile."""
        with closing(self.make()) as executor:
            cancel = threading.Event()
            results = executor.map(_squared, range(50), cancel)
            next(results)
            cancel.set()
            error = _raised(lambda: list(results))
            assert isinstance(error, Cancelled), f"a map that was cancelled meanwhile ended with {error!r}"
            error = _raised(lambda: list(executor.map(_squared, range(3), cancel)))
            assert isinstance(error, Cancelled), f"a map that was cancelled before ended with {error!r}"

    def test_fusing_follows_the_plan(self) -> None:
        """Every frame once, in order, in one state or one per slab: the bytes of a plain loop with the same plan."""
        with closing(self.make()) as executor:
            for fuser, plan in itertools.product(_fusers(), self._plans()):
                state = executor.fuse(fuser, _INFO, MadeFrames(_INFO), threading.Event(), _ignore, plan)
                _check(state, _by_hand(fuser, plan), f"{_words(fuser)}, {_told(plan)}")

    def test_without_a_plan_it_folds(self) -> None:
        """`FusePlan.fold` of all frames."""
        if not any(plan.kind == "fold" for plan in self._plans()):
            raise DoesNotApply("it cannot fold")
        with closing(self.make()) as executor:
            state = executor.fuse(PlainSum(), _INFO, MadeFrames(_INFO), threading.Event(), _ignore)
            _check(state, _by_hand(PlainSum(), FusePlan.fold(7)), "no plan")

    def test_the_number_of_workers_changes_no_byte(self) -> None:
        """One plan, one result."""
        for plan in self._plans():
            expected = _by_hand(SumInTasks(), plan)
            for workers in self.workers:
                with closing(self.make_with(workers=workers)) as executor:
                    state = executor.fuse(SumInTasks(), _INFO, MadeFrames(_INFO), threading.Event(), _ignore, plan)
                    _check(state, expected, f"{workers} workers, {_told(plan)}")

    def test_done_is_told_of_every_frame(self) -> None:
        """With 1 to N, never less than before, N at last: a progress bar needs no more."""
        with closing(self.make()) as executor:
            for plan in self._plans():
                told: list[int] = []
                executor.fuse(SumInTasks(), _INFO, MadeFrames(_INFO), threading.Event(), told.append, plan)
                well = told == sorted(told) and told[-1:] == [7] and set(told) <= set(range(1, 8))
                assert well, f"done was called with {told} for 7 frames, {_told(plan)}"

    def test_work_goes_on_from_a_milestone(self) -> None:
        """The bytes are those of a run that was never interrupted; remote executors keep none."""
        with closing(self.make()) as executor:
            _refuse_remote(executor)
            for plan in self._plans():
                for end in plan.ends[:-1]:
                    begun = Landmarks(end, _half_way(PlainSum(), plan, end))
                    state = executor.fuse(PlainSum(), _INFO, MadeFrames(_INFO), threading.Event(), _ignore, plan, begun)
                    _check(state, _by_hand(PlainSum(), plan), f"begun after {end} frames, {_told(plan)}")

    def test_milestones_are_told_of_every_slab_but_the_last(self) -> None:
        """With states that hold exactly the frames before it; remote executors keep none."""
        with closing(self.make()) as executor:
            _refuse_remote(executor)
            for plan in self._plans():
                marks = Landmarks()
                executor.fuse(PlainSum(), _INFO, MadeFrames(_INFO), threading.Event(), _ignore, plan, marks)
                wanted = [(end, list(range(end))) for end in plan.ends[:-1]]
                assert marks.seen == wanted, f"milestones heard {marks.seen}, wanted {wanted}, {_told(plan)}"

    def test_a_frame_that_cannot_be_read_stops_it(self) -> None:
        """With the error of whoever read it; the executor works on afterwards."""
        bad = MadeFrames(_INFO, broken_at=4, error=_BAD)
        with closing(self.make()) as executor:
            for fuser, plan in itertools.product(_fusers(), self._plans()[-1:]):
                error = _raised(partial(executor.fuse, fuser, _INFO, bad, threading.Event(), _ignore, plan))
                assert isinstance(error, UnreadableFrame), f"an unreadable frame ended it with {error!r}"
                assert error.what == _BAD.what, f"it says {error}"
                state = executor.fuse(fuser, _INFO, MadeFrames(_INFO), threading.Event(), _ignore, plan)
                _check(state, _by_hand(fuser, plan), f"the work after an error, {_told(plan)}")

    def test_an_error_in_a_fuser_passes_through(self) -> None:
        """A bug of a fuser keeps its own exception, for the report of it."""
        with closing(self.make()) as executor:
            for fuser, plan in itertools.product((_Failing(), _FailingInTasks()), self._plans()[-1:]):
                frames = MadeFrames(_INFO)
                error = _raised(partial(executor.fuse, fuser, _INFO, frames, threading.Event(), _ignore, plan))
                assert isinstance(error, ZeroDivisionError), f"a ZeroDivisionError came out as {error!r}"

    def test_a_cancelled_fusion_ends(self) -> None:
        """`Cancelled` whether the flag was set before or after a frame; the executor works on afterwards."""
        with closing(self.make()) as executor:
            for plan, after in itertools.product(self._plans(), (0, 2, 4)):
                stop = _StopAfter(after)
                frames = MadeFrames(_INFO)
                error = _raised(partial(executor.fuse, SumInTasks(), _INFO, frames, stop.cancel, stop, plan))
                assert isinstance(error, Cancelled), f"cancelled after {after} frames it ended with {error!r}"
            assert list(executor.map(_squared, [5], threading.Event())) == [25], "it does no more work after a cancel"

    def _plans(self) -> list[FusePlan]:
        able = [kind for kind in self.plan_kinds if self.offer is None or kind in self.offer.capabilities]
        return [plan for plan in _PLANS if plan.kind in (able or self.plan_kinds)]


class _StopAfter:
    """Hears of frames that are done, and sets `cancel` once it is so many."""

    def __init__(self, frames: int) -> None:
        self._frames, self.cancel = frames, threading.Event()
        self(0)

    def __call__(self, done: int) -> None:
        if done >= self._frames:
            self.cancel.set()


class _Failing(PlainSum):
    def add(self, state: Sum, frame: Any) -> Sum:
        raise ZeroDivisionError("on purpose")


class _FailingInTasks(SumInTasks):
    def _add_rows(self, state: Sum, frame: Any, top: int, bottom: int) -> None:
        if frame.index == 2 and top > 0:
            raise ZeroDivisionError("on purpose")


def _refuse_remote(executor: Executor) -> None:
    if isinstance(executor, RemoteExecutor):
        raise DoesNotApply("it works elsewhere, and takes no notice of milestones")


def _squared(number: int) -> int:
    return number * number


def _refuse_three(number: int) -> int:
    if number == 3:
        raise UnreadableFrame("3 is bad.", "it is three.", "take four.")
    return number


def _ignore(done: int) -> None:
    return None


def _fusers() -> Sequence[Fuser[Any]]:
    return PlainSum(), SumInTasks()


def _by_hand(fuser: Fuser[Any], plan: FusePlan) -> Sum:
    """What a plain loop makes of all frames."""
    if plan.kind == "fold":
        return _slab(fuser, 0, plan.ends[-1])
    return joined([_slab(fuser, *slab) for slab in plan.slabs], fuser.merge)


def _half_way(fuser: Fuser[Any], plan: FusePlan, end: int) -> list[Sum]:
    """The states that hold the frames before `end`, which ends a slab."""
    if plan.kind == "fold":
        return [_slab(fuser, 0, end)]
    front: FrontOfTree[Sum] = FrontOfTree(fuser.merge)
    for begin, stop in plan.slabs:
        if stop <= end:
            front.put(_slab(fuser, begin, stop))
    return front.waiting


def _slab(fuser: Fuser[Any], begin: int, end: int) -> Sum:
    frames = MadeFrames(_INFO)
    state: Sum = fuser.start(_INFO)
    for position in range(begin, end):
        state = fuser.add(state, frames.open(position))
    return state


def _check(state: Sum, expected: Sum, words: str) -> None:
    assert state.frames.tolist() == expected.frames.tolist(), (
        f"{words}: frames were added as {state.frames.tolist()}, wanted {expected.frames.tolist()}"
    )
    assert np.array_equal(state.total, expected.total), f"{words}: the state differs from that of a plain loop"


def _raised(work: Callable[[], object]) -> Exception | None:
    try:
        work()
    except Exception as error:
        return error
    return None


def _words(fuser: object) -> str:
    return "a fuser in tasks" if isinstance(fuser, SumInTasks) else "a plain fuser"


def _told(plan: FusePlan) -> str:
    return f"{plan.kind} of slabs ending at {', '.join(map(str, plan.ends))}"
