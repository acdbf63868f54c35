"""`stackcore stack` and what it does with frames on its own: `survey`, `align`, `fuse`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.cli.developing import Balance, Darks, Exposure, Flat, Highlights, Space
from stackcore.cli.grouped_help import GroupedCommand
from stackcore.cli.stack_options import (
    Align,
    Aligner,
    Compression,
    Crop,
    DepthMap,
    DryRun,
    Executor,
    FirstIsDark,
    Fuser,
    HotPixels,
    Inputs,
    Json,
    KeepAligned,
    KeepSlabs,
    LastIsCard,
    Like,
    Linear,
    MatchExposure,
    Memory,
    Model,
    NoPresets,
    OnUnaligned,
    Output,
    Overwrite,
    Preset,
    Quality,
    Quiet,
    Report,
    Resume,
    Setting,
    Sharpen,
    Sharpener,
    SlabOverlap,
    Slabs,
    SlabSize,
    Tiled,
    Transforms,
    Verbose,
    Workers,
)

if TYPE_CHECKING:
    from stackcore.api.stacks import StackOptions
    from stackcore.events import Listener


NO_FILES = {"keep_aligned": None, "keep_slabs": None}
"""What `fuse` does not write, whatever a preset says."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (stack, survey, align, fuse):
        app.command(command.__name__, cls=GroupedCommand)(command)


def stack(
    inputs: Inputs,
    output: Output,
    preset: Preset = None,
    like: Like = None,
    aligner: Aligner = None,
    model: Model = None,
    fuser: Fuser = None,
    sharpener: Sharpener = None,
    executor: Executor = None,
    sharpen: Sharpen = None,
    workers: Workers = None,
    memory: Memory = None,
    keep_aligned: KeepAligned = None,
    keep_slabs: KeepSlabs = None,
    slabs: Slabs = None,
    slab_size: SlabSize = None,
    slab_overlap: SlabOverlap = None,
    transforms: Transforms = None,
    align: Align = None,
    crop: Crop = None,
    match_exposure: MatchExposure = None,
    on_unaligned: OnUnaligned = None,
    hot_pixels: HotPixels = None,
    linear: Linear = None,
    white_balance: Balance = None,
    darks: Darks = None,
    flat: Flat = None,
    first_is_dark: FirstIsDark = None,
    last_is_greycard: LastIsCard = None,
    colour_space: Space = None,
    exposure: Exposure = None,
    highlights: Highlights = None,
    setting: Setting = None,
    compression: Compression = None,
    tiled: Tiled = None,
    quality: Quality = None,
    depth_map: DepthMap = None,
    report: Report = None,
    no_presets: NoPresets = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Align and fuse a stack into one sharp picture.

    Raw files are developed on the fly, all frames alike; dark frames and grey cards come from the calibration
    library, or are the first and the last file.

    For example:

    stackcore stack shoot/*.jpg -o beetle.tif --sharpen 1

    stackcore stack shoot/*.jpg -o beetle.tif --preset studio-10x

    stackcore stack shoot/*.nef -o beetle.tif --first-is-dark --last-is-greycard
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing

        options, target = _options(
            output,
            preset=preset,
            like=like,
            no_presets=no_presets,
            setting=setting,
            once={"transforms": transforms, "resume": resume, "overwrite": overwrite},
            aligner=aligner,
            model=model,
            fuser=fuser,
            sharpener=sharpener,
            executor=executor,
            sharpen=sharpen,
            workers=workers,
            memory=memory,
            keep_aligned=keep_aligned,
            keep_slabs=keep_slabs,
            slabs=slabs,
            slab_size=slab_size,
            slab_overlap=slab_overlap,
            align=align,
            crop=crop,
            match_exposure=match_exposure,
            on_unaligned=on_unaligned,
            hot_pixels=hot_pixels,
            linear=linear,
            white_balance=white_balance,
            darks=darks,
            flat=flat,
            first_is_dark=first_is_dark,
            last_is_greycard=last_is_greycard,
            colour_space=colour_space,
            exposure=exposure,
            highlights=highlights,
            compression=compression,
            tiled=tiled,
            quality=quality,
            depth_map=depth_map,
            report=report,
        )
        run = processing.plan_stack if dry_run else processing.stack
        return run(inputs, target, options=options, listeners=listeners, cancel=cancel)

    _run(work, json=json, quiet=quiet, verbose=verbose)


def survey(
    inputs: Inputs,
    transforms: Annotated[Path | None, typer.Option(help="Write the transforms file here.")] = None,
    preset: Preset = None,
    aligner: Aligner = None,
    model: Model = None,
    executor: Executor = None,
    workers: Workers = None,
    on_unaligned: OnUnaligned = None,
    hot_pixels: HotPixels = None,
    linear: Linear = None,
    setting: Setting = None,
    no_presets: NoPresets = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure geometry, exposure and sharpness of a stack, without fusing it."""
    options = {
        "aligner": aligner,
        "model": model,
        "executor": executor,
        "workers": workers,
        "on_unaligned": on_unaligned,
        "hot_pixels": hot_pixels,
        "linear": linear,
        "preset": preset,
        "no_presets": no_presets,
        "setting": setting,
        "once": {"overwrite": overwrite},
    }
    _survey("survey", inputs, transforms, None, options, json=json, quiet=quiet, verbose=verbose)


def align(
    inputs: Inputs,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the aligned frames into this folder, 16-bit TIFF.")
    ] = None,
    transforms: Annotated[Path | None, typer.Option(help="Write the transforms file here.")] = None,
    matrices: Annotated[Path | None, typer.Option(help="Write the bare list of 3x3 matrices here.")] = None,
    preset: Preset = None,
    aligner: Aligner = None,
    model: Model = None,
    executor: Executor = None,
    workers: Workers = None,
    crop: Crop = None,
    match_exposure: MatchExposure = None,
    on_unaligned: OnUnaligned = None,
    hot_pixels: HotPixels = None,
    linear: Linear = None,
    setting: Setting = None,
    compression: Compression = None,
    tiled: Tiled = None,
    no_presets: NoPresets = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Align a stack: write transforms, matrices, aligned frames, or any of them."""
    options = {
        "aligner": aligner,
        "model": model,
        "executor": executor,
        "workers": workers,
        "crop": crop,
        "match_exposure": match_exposure,
        "on_unaligned": on_unaligned,
        "hot_pixels": hot_pixels,
        "linear": linear,
        "preset": preset,
        "no_presets": no_presets,
        "setting": setting,
        "compression": compression,
        "tiled": tiled,
        "once": {"overwrite": overwrite},
    }
    _survey("align", inputs, transforms, matrices, options, folder=output, json=json, quiet=quiet, verbose=verbose)


def fuse(
    inputs: Inputs,
    output: Output,
    preset: Preset = None,
    fuser: Fuser = None,
    executor: Executor = None,
    workers: Workers = None,
    memory: Memory = None,
    transforms: Transforms = None,
    hot_pixels: HotPixels = None,
    linear: Linear = None,
    setting: Setting = None,
    compression: Compression = None,
    tiled: Tiled = None,
    quality: Quality = None,
    depth_map: DepthMap = None,
    report: Report = None,
    no_presets: NoPresets = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fuse frames that are aligned already, or with the transforms of a file."""

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing

        options, target = _options(
            output,
            preset=preset,
            no_presets=no_presets,
            setting=setting,
            once={**NO_FILES, "transforms": transforms, "resume": resume, "overwrite": overwrite},
            fuser=fuser,
            executor=executor,
            workers=workers,
            memory=memory,
            align=False,
            sharpener="none",
            hot_pixels=hot_pixels,
            linear=linear,
            compression=compression,
            tiled=tiled,
            quality=quality,
            depth_map=depth_map,
            report=report,
        )
        return processing.stack(inputs, target, options=options, listeners=listeners, cancel=cancel, command="fuse")

    _run(work, json=json, quiet=quiet, verbose=verbose)


def _survey(
    command: str,
    inputs: list[str],
    transforms: Path | None,
    matrices: Path | None,
    options: dict[str, Any],
    *,
    folder: Path | None = None,
    json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing

        return processing.survey(
            inputs,
            transforms=transforms,
            matrices=matrices,
            aligned=folder,
            options=_options(None if folder is None else folder / "aligned.tif", **options)[0],
            listeners=listeners,
            cancel=cancel,
            command=command,
        )

    _run(work, json=json, quiet=quiet, verbose=verbose)


def _options(
    output: Path | None,
    *,
    no_presets: bool,
    setting: list[str] | None,
    once: dict[str, Any],
    preset: str | None = None,
    like: Path | None = None,
    **given: Any,
) -> tuple[StackOptions, Path | None]:
    """What was typed joined with presets, and the name of the result with its extension."""
    from stackcore.api.presets import settle_stack
    from stackcore.config import parse_settings

    settled = settle_stack(
        preset,
        like=like,
        output=output,
        settings=parse_settings(setting or []),
        surroundings=not no_presets,
        once=once,
        **given,
    )
    return settled.options(), settled.output


def _run(work: Any, *, json: bool, quiet: bool, verbose: bool) -> None:
    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)
