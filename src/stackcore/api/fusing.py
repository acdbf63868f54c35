"""The fuse stage of a stack under way: its plan, the memory it needs, and the pass over the frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stackcore.api import slab_images
from stackcore.events import Progress, StageStarted
from stackcore.protocols import Executor, FusePlan, ParallelFuser
from stackcore.stacking import budget
from stackcore.stacking.slabs import slabs
from stackcore.stacking.survey import Survey, untouched
from stackcore.terms import Fused, StackInfo

if TYPE_CHECKING:
    from stackcore.api.checkpoints import Checkpoints
    from stackcore.api.work import Work

_ITEM_BYTES: dict[str, Literal[1, 2, 4]] = {"uint8": 1, "uint16": 2, "float32": 4}


def plan_of(work: Work, executor: Executor, frames: int) -> FusePlan:
    """In which order so many frames are fused; workers and memory have no part in it."""
    cut = slabs(frames, work.options.slab_size, work.options.slab_overlap)
    return FusePlan(executor.plan, tuple(slab.stop for slab in cut))


def plan_record(work: Work, executor: Executor, frames: int) -> dict[str, Any]:
    """What the record of a result says of the order of the work."""
    if work.options.slabs == "images":
        cut = slabs(frames, work.options.slab_size, work.options.slab_overlap)
        return {"kind": "images", "slabs": [[slab.first, slab.image_stop] for slab in cut]}
    return plan_of(work, executor, frames).record()


def require_room(work: Work, fuser: Any, executor: Executor) -> budget.Budget:
    """Refuse, before any work, what would not fit: `ConfigError` for memory, `UsageError` for slabs.

    The frames are not aligned yet: the common area will be smaller than what is reckoned with, and never larger.
    """
    info = work.frames(untouched(work.reader)).info
    room = needed(work, fuser, info, executor)
    budget.require(room, work.options.memory_bytes)
    return room


def fuse(
    work: Work, fuser: Any, executor: Executor, found: Survey, target: Path | None, checkpoints: Checkpoints | None
) -> Fused:
    """The picture of all frames: of their own, or of the images of slabs. Keeps those images when asked."""
    work.plan = plan_record(work, executor, len(found.used))
    if work.options.slabs == "images":
        return Fused(slab_images.fuse_images(work, fuser, executor, found, target))
    fused = _fuse_frames(work, fuser, executor, found, checkpoints)
    if work.options.keep_slabs is not None:
        slab_images.keep_images(work, fuser, executor, found)
    return fused


def _fuse_frames(work: Work, fuser: Any, executor: Executor, found: Survey, checkpoints: Checkpoints | None) -> Fused:
    """One streaming pass over the frames, or what is left of it."""
    frames = work.frames(found)
    total = len(frames)
    plan = plan_of(work, executor, total)
    if checkpoints is not None:
        checkpoints.start(found, plan)
    work.run.emit(StageStarted(stage="fuse", total=total))
    with work.timed("fuse"):
        state = executor.fuse(
            fuser,
            frames.info,
            frames,
            work.run.cancel,
            lambda done: work.run.emit(Progress(stage="fuse", done=done, total=total)),
            plan,
            checkpoints,
        )
        work.run.check_cancelled()
        fused: Fused = fuser.finish(state)
    return fused


def needed(work: Work, fuser: Any, info: StackInfo, executor: Executor) -> budget.Budget:
    """The memory that fusing takes on this executor."""
    read = work.reader.info
    frame_bytes = read.width * read.height * 3 * _ITEM_BYTES[info.dtype]
    # A fuser without tasks of its own handles whole frames: as float32, and a few planes of scratch.
    task_bytes = fuser.task_bytes(info) if isinstance(fuser, ParallelFuser) else 24 * info.width * info.height
    states = 1 if plan_record(work, executor, info.frames)["kind"] != "tree" else 2
    return budget.estimate(states * fuser.state_bytes(info), frame_bytes, task_bytes, executor.workers)
