"""The room that a stack under way needs, stage by stage, and how the work is arranged to fit into what is allowed."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from stackcore.protocols import DemandingFuser, Executor, ParallelFuser, RegionalFuser
from stackcore.stacking import budget
from stackcore.stacking.hot_pixels import can_be_found
from stackcore.stacking.strips import Strip, ways_to_cut
from stackcore.terms import StackInfo

if TYPE_CHECKING:
    from stackcore.api.work import Work

_ITEM_BYTES: dict[str, Literal[1, 2, 4]] = {"uint8": 1, "uint16": 2, "float32": 4}

_LOOKING, _LOOKING_AT_MOSAIC = 20, 7
"""Bytes a pixel while hot pixels are looked for, beside the frames being decoded: three frames in 8 bits, and what
stands out of one of them; measured at 24 MP."""

_AS_EIGHT_BITS = 3
"""Bytes a pixel that every frame of more than 8 bits takes there beside itself."""

_GAUGING = 2
"""Bytes a pixel while noise is measured, band by band, beside the frame."""

_REGISTERING = 25_000_000
"""Bytes a worker while frames are registered at the usual size; the allocator keeps some of it. Measured."""


@dataclass(frozen=True)
class Room:
    """How a stack is arranged: what it needs, its strips (one: the whole canvas), frames decoded at once before."""

    budget: budget.Budget
    strips: tuple[Strip, ...]
    decoders: int

    def record(self) -> dict[str, Any]:
        """What a result says of it: strips, where there are several, have a part in its bytes."""
        return {"strips": [[strip.top, strip.bottom] for strip in self.strips]} if len(self.strips) > 1 else {}


def room_for(work: Work, fuser: Any, executor: Executor, info: StackInfo) -> Room:
    """Arrange the work so that it fits into `memory_bytes`, the fastest way that does.

    The survey decodes fewer frames at once; the canvas is fused strip by strip. `ConfigError` names the number needed
    where neither is enough.
    """
    limit = work.options.memory_bytes
    decoders = next(
        (n for n in range(executor.workers, 1, -1) if limit is None or _survey_fits(work, executor, n, limit)), 1
    )
    before = _before(work, executor, decoders)
    least = None
    for strips in _cuts(work, fuser, info):
        needed = _needed(work, fuser, executor, info, strips, before)
        if limit is None or needed.total <= limit:
            return Room(needed, strips, decoders)
        least = needed if least is None or needed.total < least.total else least
    assert least is not None
    budget.require(least, limit)
    raise AssertionError("unreachable")  # `require` has raised


def give_back() -> None:
    """Return to the system what the C library holds of freed memory, where it can: after the survey that is a lot."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library than that of GNU
            ctypes.CDLL(None).malloc_trim(0)


def _cuts(work: Work, fuser: Any, info: StackInfo) -> Iterable[tuple[Strip, ...]]:
    if isinstance(fuser, RegionalFuser) and work.options.slabs == "exact" and work.options.keep_slabs is None:
        return ways_to_cut(info.height, fuser.reach(info))
    return [(Strip(0, info.height, 0, info.height),)]


def _needed(
    work: Work, fuser: Any, executor: Executor, info: StackInfo, strips: tuple[Strip, ...], before: int
) -> budget.Budget:
    worked = replace(info, height=max(strip.rows for strip in strips))
    frame = _frame_bytes(work)
    # A fuser without tasks of its own handles whole frames: as float32, and a few planes of scratch.
    task = fuser.task_bytes(worked) if isinstance(fuser, ParallelFuser) else 24 * worked.width * worked.height
    states = 2 if executor.plan == "tree" and work.options.slabs == "exact" else 1
    plane = info.width * (12 if info.dtype == "float32" else 6)
    finished = plane * (info.height + worked.height) if len(strips) > 1 else 0
    if work.options.keep_slabs is not None:
        finished += plane * info.height
    return budget.Budget(
        state=states * fuser.state_bytes(worked),
        frames=frame + max(frame, work.reader.info.decode_bytes),
        tasks=executor.workers * task,
        picture=finished,
        finish=fuser.finish_bytes(worked) if isinstance(fuser, DemandingFuser) else plane * worked.height,
        kept=_kept(work),
        before=before,
    )


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
    registering = executor.workers * _REGISTERING
    reducing = info.decode_bytes // 2  # of raws, half size; pictures are reduced while they are decoded
    return max(*stages, decoders * reducing) + registering


def _frame_bytes(work: Work) -> int:
    info = work.reader.info
    return info.width * info.height * 3 * _ITEM_BYTES[info.dtype]


def _kept(work: Work) -> int:
    correction = work.reader.development.correction
    return sum(plane.nbytes for plane in (correction.dark, correction.flat) if plane is not None)
