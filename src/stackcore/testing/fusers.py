"""The contract of fusers: derive from `FuserContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import copy
import itertools
import pickle
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.hookspecs import Kind
from stackcore.protocols import DemandingFuser, Fuser, ParallelFuser, Task
from stackcore.terms import FULL_SCALE, Frame, Fused, Pixels, StackInfo
from stackcore.testing.contract import Contract, DoesNotApply

Plan = Sequence[Sequence[int]]
"""Which frames make each part of a stack; the parts are merged in this order."""

_CUTS: tuple[Plan, ...] = (
    ((0, 1, 2), (3, 4)),
    ((3, 4), (0, 1, 2)),
    ((0,), (1,), (2,), (3,), (4,)),
    ((4, 3, 2, 1, 0),),
    ((2, 0), (), (4, 1, 3)),
)


class FuserContract(Contract):
    """What every fuser owes its executors, whatever its algorithm. Override `make`.

    Attributes
    ----------
    sizes
        Widths and heights of the stacks it is tried on: odd, tiny, narrow.
    dtypes
        What the frames hold.

    Examples
    --------
    >>> class TestMine(FuserContract):
    ...     def make(self):
    ...         return MyFuser()
    """

    kind: ClassVar[Kind] = "fuser"
    protocol: ClassVar[type | None] = Fuser
    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((96, 64), (33, 17), (7, 5), (40, 150))
    dtypes: ClassVar[tuple[str, ...]] = ("uint8", "uint16", "float32")

    def make(self) -> Fuser[Any]:
        """Return the fuser under test, each time a new one."""
        fuser: Fuser[Any] = super().make()
        return fuser

    def test_start_is_neutral(self) -> None:
        """Merging with the state of an empty stack, on either side, changes nothing."""
        for stack in self._stacks():
            fuser = self.make()
            state = _fold(fuser, stack, (0, 1))
            expected = fuser.finish(copy.deepcopy(state)).pixels
            left = fuser.merge(fuser.start(stack.info), copy.deepcopy(state))
            right = fuser.merge(copy.deepcopy(state), fuser.start(stack.info))
            for merged in (left, right):
                assert _same(fuser.finish(merged).pixels, expected), f"start is not neutral for {stack}"

    def test_every_cut_and_order_gives_the_same_picture(self) -> None:
        """Within the fuser's own `tolerance`, and one step of 16 bits for the rounding."""
        for stack in self._stacks():
            fuser = self.make()
            whole = _unit(fuser.finish(_fold(fuser, stack, range(5))))
            for plan in _CUTS:
                cut = _unit(_fuse(fuser, stack, plan))
                difference = float(np.abs(cut - whole).max())
                allowed = fuser.tolerance + (0 if stack.info.dtype == "float32" else 1 / 65535)
                assert difference <= allowed, f"{stack} cut as {plan} differs by {difference}, allowed {allowed}"

    def test_one_plan_gives_the_same_bytes(self) -> None:
        """Also for another instance."""
        for stack in self._stacks():
            for plan in _CUTS[:2]:
                first, second = (_fuse(self.make(), stack, plan).pixels for _ in range(2))
                assert _same(first, second), f"{stack} cut as {plan} is different the second time"

    def test_merge_leaves_the_right_state_alone(self) -> None:
        """`left` may be reused, `right` may not."""
        for stack in self._stacks():
            fuser = self.make()
            right = _fold(fuser, stack, (2, 3))
            before = pickle.dumps(right)
            merged = fuser.merge(_fold(fuser, stack, (0, 1)), right)
            fuser.add(merged, stack.frame(4))
            assert pickle.dumps(right) == before, f"merge changed its right argument for {stack}"

    def test_add_is_a_merge_with_a_stack_of_one(self) -> None:
        """`add(s, f)` equals `merge(s, add(start, f))` within the tolerance."""
        for stack in self._stacks():
            fuser = self.make()
            added = fuser.add(_fold(fuser, stack, (0, 1)), stack.frame(2))
            alone = fuser.add(fuser.start(stack.info), stack.frame(2))
            merged = fuser.merge(_fold(fuser, stack, (0, 1)), alone)
            difference = float(np.abs(_unit(fuser.finish(added)) - _unit(fuser.finish(merged))).max())
            assert difference <= fuser.tolerance + 1 / 65535, f"{stack}: add and merge differ by {difference}"

    def test_add_leaves_the_frame_alone(self) -> None:
        """Other states may still want it."""
        for stack in self._stacks():
            fuser = self.make()
            frame = stack.frame(0)
            pixels, valid = frame.pixels.copy(), frame.valid.copy()
            fuser.add(fuser.start(stack.info), frame)
            assert _same(frame.pixels, pixels), f"add changed the pixels of a frame of {stack}"
            assert _same(frame.valid, valid), f"add changed what is valid in a frame of {stack}"

    def test_the_picture_has_the_size_and_depth_promised(self) -> None:
        """16 bits for integer frames, float32 for float."""
        for stack in self._stacks():
            picture = _fuse(self.make(), stack, [range(5)]).pixels
            wanted = "float32" if stack.info.dtype == "float32" else "uint16"
            assert picture.dtype.name == wanted, f"{stack} came out as {picture.dtype}"
            assert picture.shape == (stack.info.height, stack.info.width, 3), f"{stack} came out as {picture.shape}"
            assert np.isfinite(picture).all(), f"{stack} came out with numbers that are none"

    def test_finish_is_pure(self) -> None:
        """Equal states give equal pictures, and depth, where there is one, lies within the stack."""
        for stack in self._stacks():
            fuser = self.make()
            state = _fold(fuser, stack, range(5))
            first, second = fuser.finish(copy.deepcopy(state)), fuser.finish(state)
            assert _same(first.pixels, second.pixels), f"finish gave two pictures of one state of {stack}"
            if first.depth is not None:
                assert first.depth.shape == first.pixels.shape[:2]
                assert 0 <= first.depth.min() <= first.depth.max() <= 4
            if first.confidence is not None:
                assert first.confidence.shape == first.pixels.shape[:2]
                assert 0 <= first.confidence.min() <= first.confidence.max() <= 1

    def test_a_stack_of_one_is_that_frame(self) -> None:
        """Within two steps of 16 bits, and what float32 makes of them."""
        for stack in self._stacks():
            picture = _unit(_fuse(self.make(), stack, [(2,)]))
            frame = stack.frame(2).rows(0, stack.info.height).pixels
            difference = float(np.abs(picture - frame).max())
            assert difference <= 2.1 / 65535, f"the only frame of {stack} came back changed by {difference}"

    def test_equal_frames_give_that_frame(self) -> None:
        """Any mean or choice among equals is the same again."""
        for stack in self._stacks():
            fuser = self.make()
            state = fuser.start(stack.info)
            for index in range(4):
                state = fuser.add(state, Frame(index, stack.pixels[1]))
            frame = stack.frame(1).rows(0, stack.info.height).pixels
            difference = float(np.abs(_unit(fuser.finish(state)) - frame).max())
            assert difference <= fuser.tolerance + 2 / 65535, f"equal frames of {stack} differ by {difference}"

    def test_pixels_outside_a_frame_never_win(self) -> None:
        """Where another frame covers a pixel, what is not covered must not show."""
        for size in self.sizes:
            stack = _Stack(size, "uint16")
            height, width = stack.pixels[0].shape[:2]
            outside = np.zeros((height, width), np.bool_)
            outside[:, : width // 3] = True
            garbage = np.random.default_rng(9).integers(0, 65536, stack.pixels[0].shape, dtype=np.uint16)
            partial = np.where(outside[..., None], garbage, stack.pixels[0])
            fuser = self.make()
            state = fuser.add(fuser.start(stack.info), Frame(0, partial, ~outside))
            state = fuser.add(state, stack.frame(1))
            picture = _unit(fuser.finish(state))[:, : max(1, width // 9)]
            frame = stack.frame(1).rows(0, height).pixels[:, : max(1, width // 9)]
            difference = float(np.abs(picture - frame).mean())
            assert difference < 0.02, f"pixels outside a frame of {stack} change the picture by {difference}"

    def test_pixels_that_are_no_numbers_stay_out(self) -> None:
        """NaN compares false both ways: one would tie the picture to the order of work, or spread over it."""
        stack = _Stack((96, 64), "float32")
        stack.pixels[1] = stack.pixels[1].copy()
        stack.pixels[1][20, 30, 1] = np.nan
        stack.pixels[1][45:48, 70:74] = np.inf
        stack.pixels[1][0, 0] = -np.inf
        plans: list[Plan] = [*_CUTS, [(1,)]]
        for plan in plans:
            picture = _fuse(self.make(), stack, plan).pixels
            assert np.isfinite(picture).all(), f"NaN and infinity in one frame of {stack} reach the picture"
            assert picture.min() > -0.5
            assert picture.max() < 1.5

    def test_what_no_frame_covers_is_still_a_number(self) -> None:
        """Corners that alignment has emptied in every frame are not cropped if the user says so."""
        stack = _Stack((96, 64), "float32")
        nowhere = np.ones(stack.pixels[0].shape[:2], np.bool_)
        nowhere[:9, :9] = False
        fuser = self.make()
        state = fuser.start(stack.info)
        for index, pixels in enumerate(stack.pixels):
            state = fuser.add(state, Frame(index, pixels, nowhere))
        picture = fuser.finish(state).pixels
        assert np.isfinite(picture).all(), "a pixel that no frame covers is no number"
        assert picture.min() > -0.5
        assert picture.max() < 1.5

    def test_a_state_takes_as_much_memory_as_it_says(self) -> None:
        """Within a tenth, or 4 KiB where it is tiny, and whatever the number of frames."""
        for stack in self._stacks():
            fuser = self.make()
            promised = fuser.state_bytes(stack.info)
            for frames in ((0,), range(5)):
                real = sum(array.nbytes for array in _arrays(_fold(fuser, stack, frames)))
                assert abs(real - promised) <= max(0.1 * promised, 4096), f"{stack}: {real} bytes, said {promised}"

    def test_finishing_takes_as_much_memory_as_it_says(self) -> None:
        """What `finish_bytes` promises is kept, and no more than thrice what is taken; not for fusers without it."""
        for dtype in self.dtypes:
            stack = _Stack((400, 600), dtype)
            fuser = self.make()
            if not isinstance(fuser, DemandingFuser):
                raise DoesNotApply("it has no `finish_bytes`")
            fuser.finish(_fold(fuser, stack, (0, 1)))  # what is compiled or remembered by then is not of the finish
            state, promised = _fold(fuser, stack, (0, 1)), fuser.finish_bytes(stack.info)
            tracemalloc.start()
            finished = fuser.finish(state)
            real = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert finished is not None
            assert real <= promised + 2**16, f"{stack}: {real} bytes, said {promised}"
            assert promised <= 3 * real + 2**16, f"{stack}: {real} bytes, said {promised}"

    def test_a_task_takes_as_much_memory_as_it_says(self) -> None:
        """What `task_bytes` promises is kept, with the 8 planes that warping its rows takes; not without tasks."""
        for dtype in self.dtypes:
            stack = _Stack((900, 700), dtype)
            fuser = self.make()
            if not isinstance(fuser, ParallelFuser):
                raise DoesNotApply("it has no tasks")
            state, promised = _fold(fuser, stack, (0, 1)), fuser.task_bytes(stack.info)
            tracemalloc.start()
            peaks = [_peak(task) for tasks in fuser.add_in_steps(state, stack.frame(2)) for task in tasks]
            tracemalloc.stop()
            assert max(peaks) <= promised, f"{stack}: {max(peaks)} bytes, said {promised}"
            assert promised <= 5 * max(peaks), f"{stack}: {max(peaks)} bytes, said {promised}"

    def test_depth_that_is_asked_for_changes_nothing_else(self) -> None:
        """The picture has the same bytes, and the memory that is promised covers depth; for fusers that give it."""
        for dtype in self.dtypes:
            stack = _Stack((97, 201), dtype)
            fuser = self.make()
            expected = fuser.finish(_fold(fuser, stack, range(5))).pixels
            stack.info = replace(stack.info, finds_depth=True)
            state = _fold(fuser, stack, range(5))
            real, promised = sum(array.nbytes for array in _arrays(state)), fuser.state_bytes(stack.info)
            assert abs(real - promised) <= max(0.1 * promised, 4096), f"{stack}: {real} bytes, said {promised}"
            finished = fuser.finish(state)
            assert _same(finished.pixels, expected), f"asking for depth changes the picture of {stack}"
            if (evidence := finished.evidence) is not None:
                for plane in (evidence.depth, evidence.aloneness, evidence.strength):
                    assert plane.shape == (101, 49)
                    assert plane.dtype == np.float32
                assert 0 <= evidence.depth.min() <= evidence.depth.max() <= 4
                assert 0 <= evidence.aloneness.min() <= evidence.aloneness.max() <= 1
                assert evidence.strength.min() >= 0

    def test_every_cut_and_order_gives_the_same_depth(self) -> None:
        """To the bit, for it is a choice; how alone the best slice stands is a sum, and may differ a little."""
        stack = _Stack((97, 201), "uint16")
        stack.info = replace(stack.info, finds_depth=True)
        fuser = self.make()
        whole = fuser.finish(_fold(fuser, stack, range(5))).evidence
        if whole is None:
            raise DoesNotApply("it finds no depth")
        for plan in _CUTS:
            cut = _fuse(fuser, stack, plan).evidence
            assert cut is not None
            assert _same(cut.depth, whole.depth), f"{stack} cut as {plan} has another depth"
            assert _same(cut.strength, whole.strength), f"{stack} cut as {plan} has another strength"
            difference = float(np.abs(cut.aloneness - whole.aloneness).max())
            assert difference < 1e-4, f"how alone slices are differs by {difference} in {stack} cut as {plan}"

    def test_a_state_travels(self) -> None:
        """Pickled and back it goes on as if nothing had happened."""
        for stack in self._stacks():
            fuser = self.make()
            state = _fold(fuser, stack, range(3))
            travelled = pickle.loads(pickle.dumps(state))
            here, there = fuser.add(state, stack.frame(3)), fuser.add(travelled, stack.frame(3))
            assert _same(fuser.finish(here).pixels, fuser.finish(there).pixels), f"a state of {stack} does not travel"

    def test_the_sharper_frame_wins(self) -> None:
        """Each half of the picture is sharp in one of two frames; the picture is nearer to the truth than both."""
        truth, frames = half_sharp_pair()
        info = StackInfo(width=96, height=64, frames=2, reference=1, dtype="float32")
        fuser = self.make()
        state = fuser.start(info)
        for index, pixels in enumerate(frames):
            state = fuser.add(state, Frame(index, pixels))
        picture = fuser.finish(state).pixels
        best = min(float(np.mean((frame - truth) ** 2)) for frame in frames)
        assert float(np.mean((picture - truth) ** 2)) < best, "the picture is no better than one of its frames"

    def _stacks(self) -> Iterator[_Stack]:
        for size, dtype in itertools.product(self.sizes, self.dtypes):
            yield _Stack(size, dtype)


class _Stack:
    """Five frames with texture, plain areas, and everything that makes equal scores."""

    def __init__(self, size: tuple[int, int], dtype: str) -> None:
        width, height = size
        self.pixels = [_textured(width, height, dtype, seed) for seed in range(5)]
        self.info = StackInfo(width=width, height=height, frames=5, reference=2, dtype=dtype, noise_sigma=0.003)

    def __str__(self) -> str:
        return f"{self.info.width}x{self.info.height} {self.info.dtype} frames"

    def frame(self, index: int) -> Frame:
        return Frame(index, self.pixels[index])


def _textured(width: int, height: int, dtype: str, seed: int) -> Pixels:
    rng = np.random.default_rng([seed, width, height])
    picture = _blurred(rng.random((height, width, 3), dtype=np.float32), 0.4 + 0.5 * seed)
    picture[: height // 3, : width // 2] = 0.25  # equal in all frames
    picture[-(height // 4) :, -(width // 4) :] = (0.0, 0.5, 1.0)  # at black and white
    if dtype == "float32":
        return picture
    whole: Pixels = np.rint(picture * FULL_SCALE[dtype]).astype(dtype)
    return whole


def half_sharp_pair() -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Truth and two frames (64, 96, 3) float32: the first is sharp on the left, the second on the right."""
    truth = _blurred(np.random.default_rng(5).random((64, 96, 3), dtype=np.float32), 0.8)
    soft = _blurred(truth, 3)
    left = np.zeros((64, 96, 3), np.float32)
    left[:, :48] = 1
    left = _blurred(left, 4)
    return truth, [truth * left + soft * (1 - left), truth * (1 - left) + soft * left]


def _blurred(picture: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def _fold(fuser: Fuser[Any], stack: _Stack, indices: Sequence[int]) -> Any:
    state = fuser.start(stack.info)
    for index in indices:
        state = fuser.add(state, stack.frame(index))
    return state


def _fuse(fuser: Fuser[Any], stack: _Stack, plan: Plan) -> Fused:
    state = _fold(fuser, stack, plan[0])
    for part in plan[1:]:
        state = fuser.merge(state, _fold(fuser, stack, part))
    return fuser.finish(state)


def _peak(task: Task) -> int:
    """Memory that a task takes while it runs, bytes, once tracing has begun."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    task()
    return tracemalloc.get_traced_memory()[1] - before


def _unit(fused: Fused) -> NDArray[np.float64]:
    return np.asarray(fused.pixels, np.float64) / FULL_SCALE[fused.pixels.dtype.name]


def _same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    return left.dtype == right.dtype and np.array_equal(left, right)


def _arrays(state: Any) -> Iterator[NDArray[Any]]:
    if isinstance(state, np.ndarray):
        yield state
    elif isinstance(state, dict):
        for value in state.values():
            yield from _arrays(value)
    elif isinstance(state, list | tuple):
        for value in state:
            yield from _arrays(value)
    elif hasattr(state, "__dict__"):
        yield from _arrays(vars(state))
