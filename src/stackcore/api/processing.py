"""Processing in Python: `stack`, `survey` and the steps beneath them; the command line calls only these."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Unpack

from stackcore.api import covering, depth_maps, finished, fusing, reports, slab_images
from stackcore.api.checkpoints import Checkpoints
from stackcore.api.choosing import StackChoices, SurveyChoices, choose
from stackcore.api.sharpening import sharpen
from stackcore.api.stacks import Inputs, StackOptions, StackResult, described
from stackcore.api.work import Work
from stackcore.events import Listener, Result
from stackcore.protocols import Executor
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope
from stackcore.stacking import output as writing
from stackcore.stacking import transforms_file
from stackcore.stacking.checkpoint import CheckpointFolder
from stackcore.stacking.survey import Survey

__all__ = ["StackOptions", "StackResult", "plan_stack", "sharpen", "stack", "stack_into", "survey"]


def stack(
    inputs: Inputs,
    output: str | Path | None = None,
    *,
    options: StackOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    preset: str | None = None,
    like: str | Path | None = None,
    surroundings: bool = False,
    command: str = "stack",
    **choices: Unpack[StackChoices],
) -> StackResult:
    """Align, fuse and, when asked, sharpen a stack; write it when `output` is given.

    Parameters
    ----------
    inputs
        Files, a folder, a glob or a capture manifest.
    output
        A .tif, .tiff, .png or .jpg file that does not exist yet (or `overwrite=True`). None for the result alone.
    options
        See `StackOptions`; in place of all that follows but `command`.
    listeners, cancel
        Who hears the events; the flag that stops the run.
    preset, like, surroundings
        A preset, by name or file; a result whose settings are used again; whether the settings of user, project and
        environment hold, as they do on the command line. See `settle_stack`.
    choices
        Fields of `StackOptions` as keywords, or keys of presets: `fuser="weighted"`, `memory="2GiB"`,
        `settings={"fuser": {"exponent": 8}}`. They are stronger than a preset.
    command
        The name of the run in its first event.

    Raises
    ------
    FrameError, OutputError, ConfigError, PluginError, UsageError
        See `stackcore.errors`; nothing is written then.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> result = stackcore.stack("shoot", "sharp.tif", preset="quick-draft", sharpen="0.5")
    >>> result.output.name, result.frames, result.picture.shape == (result.height, result.width, 3)
    ('sharp.tif', 4, True)
    """
    place = None if output is None else Path(output)
    chosen, target = choose(
        options, choices, output=place, preset=preset, like=like, surroundings=surroundings, registry=registry
    )
    settings = _described(chosen, inputs, target)
    with run_scope(command, settings, listeners, cancel) as run:
        result = stack_into(run, inputs, target, chosen, registry=registry, command=command)
        run.emit(Result(data=result.summary()))
    return result


def plan_stack(
    inputs: Inputs,
    output: str | Path | None = None,
    *,
    options: StackOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    preset: str | None = None,
    like: str | Path | None = None,
    surroundings: bool = False,
    **choices: Unpack[StackChoices],
) -> dict[str, Any]:
    """Check everything that `stack` would check before its work, and return what it would do; same parameters.

    Examples
    --------
    >>> import stackcore
    >>> plan = stackcore.plan_stack("shoot", "planned.tif", sharpen="1")
    >>> plan["stages"], plan["frames"]
    (['hot_pixels', 'align', 'fuse', 'sharpen', 'write'], 4)
    """
    place = None if output is None else Path(output)
    chosen, target = choose(
        options, choices, output=place, preset=preset, like=like, surroundings=surroundings, registry=registry
    )
    with run_scope("stack", _described(chosen, inputs, target), listeners, cancel) as run:
        if target is not None:
            writing.check_target(target, overwrite=chosen.overwrite, file_format=chosen.file_format)
        work = Work(run, inputs, chosen, registry)
        if target is not None:
            writing.refuse_input(target, work.reader.paths)
        depth_maps.check(work, target)
        reports.check(work, target)
        plan = work.planned(target)
        run.emit(Result(data=plan))
    return plan


def survey(
    inputs: Inputs,
    *,
    transforms: str | Path | None = None,
    matrices: str | Path | None = None,
    aligned: str | Path | None = None,
    options: StackOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    preset: str | None = None,
    surroundings: bool = False,
    command: str = "survey",
    **choices: Unpack[SurveyChoices],
) -> Survey:
    """Register a stack and measure it, without fusing.

    Parameters
    ----------
    inputs, options, listeners, cancel, preset, surroundings, command, choices
        As for `stack`.
    transforms, matrices
        Write the transforms file, and the bare list of 3x3 matrices, here.
    aligned
        Write the aligned frames into this folder, which is made if missing: 16-bit TIFF (float stays float),
        exposure matched, the common area cropped unless `crop=False`; then alpha says what a frame covers.

    Returns
    -------
    Geometry and exposure of each frame, the common area, noise, and sharpness by frame and place: see `align`.

    Raises
    ------
    FrameError, OutputError, ConfigError, PluginError, UsageError
        See `stackcore.errors`; `AlignmentFailed` when fewer than two frames fit.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> found = stackcore.survey("shoot", transforms="transforms.json")
    >>> found.sharpness.shape, found.frames[0].transform.matrix.shape
    ((4, 8, 12), (3, 3))
    """
    place = None if aligned is None else Path(aligned) / "aligned.tif"  # the type of file that they are
    chosen, _ = choose(options, choices, output=place, preset=preset, surroundings=surroundings, registry=registry)
    wanted = {"transforms": transforms, "matrices": matrices}
    files = {kind: Path(path) for kind, path in wanted.items() if path is not None}
    with run_scope(command, _described(chosen, inputs, None), listeners, cancel) as run:
        for path in files.values():
            writing.check_place(path, overwrite=chosen.overwrite)
        work = Work(run, inputs, chosen, registry)
        for path in files.values():
            writing.refuse_input(path, work.reader.paths)
        names = [] if aligned is None else work.aligned_names(Path(aligned))
        with work.executor() as executor:
            found = work.survey(executor)
        run.check_cancelled()
        covered = covering.closely(work, found)
        texts = {
            "transforms": lambda path: transforms_file.to_json(found, work.reader.paths, path.parent),
            "matrices": lambda path: transforms_file.matrices_json(found),
        }
        for kind, path in files.items():
            writing.write_text(texts[kind](path), path, overwrite=chosen.overwrite)
        written = work.write_aligned(found, names) if names else []
        run.emit(
            Result(
                data={
                    **work.described(found),
                    "reference": found.reference,
                    "noise_sigma": found.noise_sigma,
                    **({} if covered is None else {"coverage": covered}),
                    "files": {kind: str(path) for kind, path in files.items()},
                    "aligned": [str(path) for path in written],
                }
            )
        )
    return found


def stack_into(
    run: Run,
    inputs: Inputs,
    target: Path | None,
    options: StackOptions | None = None,
    *,
    registry: Registry | None = None,
    command: str = "stack",
    **choices: Any,
) -> StackResult:
    """The work of `stack` within a run that another command has begun; emits no `result`."""
    options = options or StackOptions(**choices)
    may_be_done = options.resume and not options.overwrite and target is not None and target.is_file()
    if target is not None:
        writing.check_target(target, overwrite=options.overwrite or may_be_done, file_format=options.file_format)
    work = Work(run, inputs, options, registry)
    if target is not None:
        writing.refuse_input(target, work.reader.paths)
    with work.executor() as executor:
        if target is not None and may_be_done:
            if finished.is_done(work, executor, target, command):
                return finished.result(work, target)
            writing.check_place(target, overwrite=False)  # another picture is there
        return made(work, executor, target, command)


def made(work: Work, executor: Executor, target: Path | None, command: str) -> StackResult:
    """From the survey to the file. What lies beside the result is written first: once that is there, all is."""
    options, run = work.options, work.run
    work.goes_on = options.resume and target is not None and CheckpointFolder(target).read() is not None
    depth_maps.check(work, target)
    reports.check(work, target)
    names = [] if options.keep_aligned is None else work.aligned_names(Path(options.keep_aligned))
    if options.keep_slabs is not None:
        slab_images.check_folder(work, Path(options.keep_slabs))
    fuser = work.tools.fuser(options.fuser)
    engine = None if options.sharpen is None else work.tools.sharpener(options.sharpener, options.sharpen)
    fusing.make_room(work, fuser, executor)
    kept = None if target is None else Checkpoints(work, target)
    found = (kept and kept.survey()) or work.survey(executor)
    if options.report is None:  # which looks closer
        covering.warn_at_a_glance(work, found)
    beside = names or options.keep_slabs or options.depth_map or options.report
    if kept is not None and (beside or options.slabs == "images"):
        kept.mark(found)
    if names:
        work.write_aligned(found, names)
    fused = fusing.fuse(work, fuser, executor, found, target, kept)
    picture = fused.pixels
    if engine is not None:
        picture = work.sharpen(engine, picture)
    run.check_cancelled()
    depth_maps.write(work, fused, found, target)
    # The picture is on the disk before the report is made, and takes its place after it.
    with nullcontext() if target is None else work.written(picture, target, found, command):
        failed = reports.attempt(work, picture, fused, target, found, command)
    if target is not None and kept is not None:
        slab_images.clear_up(target)
        kept.remove()
    if failed is not None:
        raise failed  # once the picture is safe
    return work.result(picture, fused, target, found)


def _described(options: StackOptions, inputs: Inputs, target: Path | None) -> dict[str, Any]:
    return {**described(options, inputs), "output": None if target is None else str(target)}
