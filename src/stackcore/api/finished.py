"""A result that is there already: written by a run that was killed before it had cleared up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stackcore.api.fusing import plan_record
from stackcore.api.memory import peak_memory_bytes
from stackcore.api.recording import SOFTWARE, settings_of
from stackcore.api.slab_images import clear_up
from stackcore.api.stacks import StackResult
from stackcore.errors import StackcoreError
from stackcore.events import Warned
from stackcore.metadata.record import Record, legible, read_record
from stackcore.protocols import Development, Executor
from stackcore.stacking.checkpoint import CheckpointFolder
from stackcore.stacking.reader import StackReader

if TYPE_CHECKING:
    from stackcore.api.work import Work


def is_done(work: Work, executor: Executor, target: Path, command: str) -> bool:
    """Whether `target` is what this run would write.

    It is newer than every frame, and its record tells of the same frames, plugins, settings and order of work.
    """
    try:
        newest = max(path.stat().st_mtime_ns for path in work.reader.paths)
        return target.stat().st_mtime_ns >= newest and _tells_the_same(read_record(target), work, executor, command)
    except (StackcoreError, OSError):
        return False


def result(work: Work, target: Path) -> StackResult:
    """What is there already, with a warning that says so; what its run left behind is removed."""
    message = f"{target.name} is there already: the run that wrote it ended before it had cleared up."
    work.run.emit(Warned(code="already-done", message=message))
    clear_up(target)
    CheckpointFolder(target).remove()
    record = read_record(target)
    reader = StackReader([target], work.tools.developers, Development(encoding=work.options.encoding))
    picture = reader.read(0).pixels
    return StackResult(
        picture=picture if picture.dtype != np.uint8 else picture.astype(np.uint16) * 257,
        output=target,
        width=int(picture.shape[1]),
        height=int(picture.shape[0]),
        encoding=reader.encoding,
        icc=reader.info.icc,
        frames=record.frame_count,
        skipped=list(record.skipped),
        crop=record.crop or (0, 0, int(picture.shape[1]), int(picture.shape[0])),
        survey=None,
        development=work.development,
        hot_pixels=None,
        slabs=[],
        depth=None,
        confidence=None,
        depth_map=None,
        report=None,
        warnings=[warning.message for warning in work.run.warnings],
        seconds={},
        arrangement=None,
        planned_memory_bytes=None,
        peak_memory_bytes=peak_memory_bytes(),
    )


def _tells_the_same(record: Record, work: Work, executor: Executor, command: str) -> bool:
    options, tools, paths = work.options, work.tools, work.reader.paths
    names = {legible(path.name) for path in paths}
    plugins = {"fuser": tools.used("fuser", options.fuser)}
    if work.aligner is not None:
        plugins["aligner"] = tools.used("aligner", options.aligner)
    if options.sharpen is not None:
        plugins["sharpener"] = tools.used("sharpener", options.sharpener, strength=options.sharpen)
    wanted: dict[str, Any] = json.loads(json.dumps(settings_of(options)))
    plan: dict[str, Any] = json.loads(json.dumps(plan_record(work, executor, record.frame_count)))
    return (
        record.software == SOFTWARE
        and record.command == command
        and record.frame_count + len(record.skipped) == len(paths)
        and names.issuperset(record.frames)
        and names.issuperset(record.skipped)
        and all(record.plugins.get(kind) == plugin for kind, plugin in plugins.items())
        and all(record.settings.get(name) == value for name, value in wanted.items())
        and plan.items() <= record.settings.get("plan", {}).items()  # it may tell what the slabs were asked for
    )
