"""The room that a stack under way needs, stage by stage, and how the work is arranged to fit into what is allowed."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from stackcore.api import worker_room
from stackcore.fusing.depth import evidence_bytes
from stackcore.fusing.depth_map import depth_map_bytes
from stackcore.protocols import (
    BoundExecutor,
    DemandingFuser,
    Executor,
    FusePlan,
    ParallelFuser,
    RegionalFuser,
    RemoteExecutor,
    nearby,
)
from stackcore.stacking import budget
from stackcore.stacking.arrangement import Arrangement, arrangements
from stackcore.stacking.frame_memory import FRAMES
from stackcore.stacking.hot_pixels import can_be_found
from stackcore.stacking.slabs import slabs
from stackcore.stacking.strips import ways_to_cut
from stackcore.terms import StackInfo, Strip

if TYPE_CHECKING:
    from stackcore.api.work import Work

_ITEM_BYTES: dict[str, Literal[1, 2, 4]] = {"uint8": 1, "uint16": 2, "float32": 4}

_LOOKING, _LOOKING_AT_MOSAIC = 9, 7
"""Bytes a pixel while hot pixels are looked for, beside the frames being decoded: three frames in 8 bits, and what
stands out of one of them; measured at 24 MP."""

_AS_EIGHT_BITS = 3
"""Bytes a pixel that every frame of more than 8 bits takes there beside itself."""

_GAUGING = 2
"""Bytes a pixel while noise is measured, band by band, beside the frame."""

_REGISTERING = 25_000_000
"""Bytes a worker while frames are registered at the usual size; the allocator keeps some of it. Measured."""


_DEPTH_AND_CONFIDENCE = 8
"""Bytes a pixel that they, or the evidence of them, take of strips that are finished."""


@dataclass(frozen=True)
class Room:
    """How a stack is arranged: what it needs, of how much; the way to fuse; frames surveyed at once before."""

    budget: budget.Budget
    limit: int | None
    way: Arrangement
    decoders: int

    @property
    def strips(self) -> tuple[Strip, ...]:
        """Of the canvas; one for the whole."""
        return self.way.strips

    def record(self) -> dict[str, Any]:
        """What a result tells of it; nothing of it has a part in the bytes of the picture."""
        return {**self.way.record(), "decoders": self.decoders}

    def __str__(self) -> str:
        many = len(self.strips)
        limit = ", no limit" if self.limit is None else f" of {budget.readable(self.limit)}"
        parts = [_counted(self.way.workers, "worker"), _counted(many, "strip")]
        if self.way.frames == 1:
            parts.append("1 frame at a time")
        return ", ".join([*parts, f"{budget.readable(self.budget.total)}{limit}"])


def room_for(work: Work, fuser: Any, executor: Executor, info: StackInfo, cut: tuple[Strip, ...] | None = None) -> Room:
    """Arrange the work so that it fits into `memory_bytes`, the fastest way that does.

    The survey works at fewer frames at once; while fusing, fewer tasks run and fewer frames wait, and the canvas is
    fused strip by strip. `cut` are strips that an earlier run has begun. `ConfigError` names the number needed, and
    the choices, where nothing is enough.
    """
    limit, here = work.options.memory_bytes, nearby(executor)
    decoders = next((n for n in range(here.workers, 1, -1) if limit is None or _survey_fits(work, here, n, limit)), 1)
    before = _before(work, here, decoders)
    cuts = [cut] if cut else _cuts(work, fuser, info)
    ways = arrangements(cuts, executor.workers, can_be_bound=isinstance(executor, BoundExecutor))
    needs = _Needs(work, fuser, executor, info, before)
    for way in ways:
        needed = needs.of(way)
        if (limit is None or needed.total <= limit) and needs.fits_workers(way):
            return Room(needed, limit, way, decoders)
    least = min((needs.of(way) for way in ways), key=lambda needed: needed.total)
    budget.require(least, limit, _choices(work, fuser, executor, least))
    needs.refuse_small_workers(ways)
    raise AssertionError("unreachable")  # one of them has raised


def give_back() -> None:
    """Return to the system what is held of freed memory, where that can be done: after the survey that is a lot."""
    FRAMES.release()
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library than that of GNU
            ctypes.CDLL(None).malloc_trim(0)


def _cuts(work: Work, fuser: Any, info: StackInfo) -> Iterable[tuple[Strip, ...]]:
    if isinstance(fuser, RegionalFuser) and _one_pass(work):
        return ways_to_cut(info.height, fuser.grid_px(info))
    return [(Strip(0, info.height),)]


def _one_pass(work: Work) -> bool:
    """Whether there are no images of slabs to make: those are fused whole."""
    return work.options.slabs == "exact" and work.options.keep_slabs is None


class _Needs:
    """What each way to fuse needs."""

    def __init__(self, work: Work, fuser: Any, executor: Executor, info: StackInfo, before: int) -> None:
        self._work, self._fuser, self._info, self._before = work, fuser, info, before
        exact = work.options.slabs == "exact"
        self._remote = executor if exact and isinstance(executor, RemoteExecutor) else None
        self._elsewhere = self._remote is not None and _one_pass(work)  # no frame is fused in this process
        self._states = 1 if self._remote else _states(work, executor, info.frames)
        self._frame = _frame_bytes(work)
        # A fuser without tasks of its own handles whole frames: as float32, and a few planes of scratch.
        self._task = fuser.task_bytes(info) if isinstance(fuser, ParallelFuser) else 24 * info.width * info.height
        self._line = info.width * (12 if info.dtype == "float32" else 6)
        self._finish = fuser.finish_bytes(info) if isinstance(fuser, DemandingFuser) else self._line * info.height
        self._strip_line = self._line + (_DEPTH_AND_CONFIDENCE * info.width if info.finds_depth else 0)
        self._after = self._line * info.height + evidence_bytes(info) + depth_map_bytes(info)

    def of(self, way: Arrangement) -> budget.Budget:
        """What a way needs."""
        largest, whole = max(way.strips, key=lambda strip: strip.rows), self._info.height
        many = len(way.strips) > 1
        state = self._fuser.strip_bytes(self._info, largest) if many else self._fuser.state_bytes(self._info)
        picture = self._strip_line * whole if many else 0
        if self._work.options.keep_slabs is not None:
            picture += self._line * whole
        decoding = max(self._frame, self._work.reader.info.decode_bytes)
        return budget.Budget(
            state=self._states * state,
            frames=0 if self._elsewhere else decoding + (self._frame if way.frames > 1 else 0),
            tasks=0 if self._elsewhere else way.workers * self._task,
            picture=picture,
            finish=self._finish - self._line * (whole - largest.rows),
            after=self._after,
            kept=_kept(self._work),
            before=self._before,
        )

    def fits_workers(self, way: Arrangement) -> bool:
        """Whether it fits into each worker of other processes, if there are any."""
        return self._remote is None or worker_room.fits_workers(self._of_worker(way), self._remote)

    def refuse_small_workers(self, ways: Iterable[Arrangement]) -> None:
        """Raise `ConfigError` where not even the least of the ways fits into the workers."""
        if self._remote is not None:
            worker_room.refuse_small_workers(min(map(self._of_worker, ways)), self._remote)

    def _of_worker(self, way: Arrangement) -> int:
        assert self._remote is not None
        largest = max(way.strips, key=lambda strip: strip.rows)
        return worker_room.worker_needs(self._work.reader, self._fuser, self._info, largest, self._remote.threads)


def _states(work: Work, executor: Executor, frames: int) -> int:
    """How many states there are at a time."""
    if work.options.slabs == "images":
        return 1
    ends = tuple(slab.stop for slab in slabs(frames, work.options.slab_size, work.options.slab_overlap))
    return FusePlan(executor.plan, ends).states


def _choices(work: Work, fuser: Any, executor: Executor, least: budget.Budget) -> list[str]:
    """What else would make room, in words; `least` is the least that is needed as things are."""
    if least.before > least.fusing:
        return ["leave out the search for hot pixels (`--no-hot-pixels`)"] if work.searches else []
    choices = []
    if not _one_pass(work):
        choices.append("leave out `--keep-slabs` and `--slabs images`, which need the whole canvas at once")
    elif not isinstance(fuser, RegionalFuser):
        choices.append(f'another fuser: "{work.options.fuser}" cannot work strip by strip')
    if not isinstance(executor, RemoteExecutor) and (states := _states(work, executor, len(work.reader))) > 1:
        choices.append(f"`--set executor.plan=fold`, which needs one state instead of {states}")
    if not isinstance(executor, BoundExecutor | RemoteExecutor) and executor.workers > 1:
        choices.append("fewer workers")
    return choices


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" + ("" if number == 1 else "s")


def _survey_fits(work: Work, executor: Executor, decoders: int, limit: int) -> bool:
    return budget.Budget(0, 0, 0, kept=_kept(work), before=_before(work, executor, decoders)).total <= limit


def _before(work: Work, executor: Executor, decoders: int) -> int:
    """The largest of the stages before fusing, with so many frames decoded at once."""
    info = work.reader.info
    pixels = info.width * info.height
    decoding = max(_frame_bytes(work), info.decode_bytes)
    noise = max(decoding, _frame_bytes(work) + _GAUGING * pixels)
    if work.searches and can_be_found(len(work.reader)):
        looking = _LOOKING_AT_MOSAIC if info.has_mosaic else _LOOKING
        eight = 0 if info.dtype == "uint8" else _AS_EIGHT_BITS * pixels
        stages = [noise, decoders * (decoding + eight) + looking * pixels]
    else:
        stages = [noise]
    if work.aligner is None:
        return max(stages)
    at_once = decoders if isinstance(executor, BoundExecutor) else executor.workers
    registering = at_once * _REGISTERING
    reducing = info.decode_bytes // 2  # of raws, half size; pictures are reduced while they are decoded
    return max(*stages, decoders * reducing) + registering


def _frame_bytes(work: Work) -> int:
    info = work.reader.info
    return info.width * info.height * 3 * _ITEM_BYTES[info.dtype]


def _kept(work: Work) -> int:
    correction = work.reader.development.correction
    return sum(plane.nbytes for plane in (correction.dark, correction.flat) if plane is not None)
