"""The fuse stage of a stack under way: its plan, and the pass over the frames, strip by strip where it must be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackcore.api import depth_maps, slab_images
from stackcore.api.room import Room, give_back, room_for
from stackcore.events import Progress, StageStarted
from stackcore.protocols import BoundExecutor, Executor, FusePlan, nearby
from stackcore.stacking.slabs import slabs
from stackcore.stacking.strips import StripFuser, Strips
from stackcore.stacking.survey import Survey, untouched
from stackcore.terms import Fused

if TYPE_CHECKING:
    from stackcore.api.checkpoints import Checkpoints
    from stackcore.api.work import Work


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


def make_room(work: Work, fuser: Any, executor: Executor) -> Room:
    """Arrange the work within the memory that is allowed, before any of it.

    `ConfigError` where it cannot be, `UsageError` for slabs that cannot be. The frames are not aligned yet: the common
    area will be smaller than what is reckoned with, and never larger.
    """
    slabs(len(work.reader), work.options.slab_size, work.options.slab_overlap)
    room = room_for(work, fuser, executor, work.info(untouched(work.reader)))
    work.reader.decode_at_once(room.decoders)
    if isinstance(here := nearby(executor), BoundExecutor):
        here.bind(room.decoders, 2)
    work.memory_bytes, work.arrangement = room.budget.total, room.record()
    return room


def fuse(
    work: Work, fuser: Any, executor: Executor, found: Survey, target: Path | None, checkpoints: Checkpoints | None
) -> Fused:
    """The picture of all frames: of their own, or of the images of slabs. Keeps those images when asked."""
    give_back()
    room = room_for(work, fuser, executor, work.info(found), checkpoints.cut if checkpoints else None)
    work.memory_bytes, work.arrangement = room.budget.total, room.record()
    if isinstance(executor, BoundExecutor):
        executor.bind(room.way.workers, room.way.frames)
    work.plan = plan_record(work, executor, len(found.used))
    if work.options.slabs == "images":
        return Fused(slab_images.fuse_images(work, fuser, executor, found, target))
    fused = _fuse_frames(work, fuser, executor, found, room, checkpoints)
    if work.options.keep_slabs is not None:
        slab_images.keep_images(work, fuser, executor, found)
    return depth_maps.finished(work, fused)


def _fuse_frames(
    work: Work, fuser: Any, executor: Executor, found: Survey, room: Room, checkpoints: Checkpoints | None
) -> Fused:
    """One streaming pass over the frames for each strip, or what is left of them."""
    frames = work.frames(found)
    info, total = work.info(found), len(frames) * len(room.strips)
    work.run.emit(StageStarted(stage="fuse", total=total, plan=str(room)))

    def passed(tool: Any, strips_before: int) -> Any:
        def tell(done: int) -> None:
            work.run.emit(Progress(stage="fuse", done=strips_before * len(frames) + done, total=total))

        state = executor.fuse(tool, info, frames, work.run.cancel, tell, plan_of(work, executor, len(frames)), kept)
        work.run.check_cancelled()
        give_back()  # what the workers have left: finishing needs room of its own
        return state

    kept = checkpoints
    with work.timed("fuse"):
        if len(room.strips) == 1:
            if kept is not None:
                kept.start(found, plan_of(work, executor, len(frames)), room.strips, None)
            whole: Fused = fuser.finish(passed(fuser, 0))
            return whole
        strips = Strips(info)
        gathered, done_before = None, 0
        if kept is not None:
            done_before, gathered = kept.start(found, plan_of(work, executor, len(frames)), room.strips, strips)
        for number, strip in enumerate(room.strips):
            if number < done_before:
                continue
            if kept is not None:
                kept.at_strip(number, gathered)
            state = passed(StripFuser(fuser, strip, is_first=number == 0), number)
            finished, gathered = fuser.finish_strip(state, gathered)
            del state
            strips.put(strip, finished)
    return strips.fused
