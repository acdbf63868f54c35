"""`stackcore stack` and its stages on their own: `survey`, `align`, `fuse`, `sharpen`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.cli.developing import Balance, Darks, Exposure, FirstIsDark, Flat, Highlights, LastIsCard, Space
from stackcore.cli.stack_options import (
    Aligner,
    Compression,
    DepthMap,
    Executor,
    Fuser,
    Inputs,
    Json,
    KeepAligned,
    KeepSlabs,
    Linear,
    Memory,
    Model,
    NoCrop,
    NoExposure,
    NoHotPixels,
    OnUnaligned,
    Output,
    Overwrite,
    Quality,
    Quiet,
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


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (stack, survey, align, fuse, sharpen):
        app.command(command.__name__)(command)


def stack(
    inputs: Inputs,
    output: Output,
    aligner: Aligner = "ecc",
    model: Model = None,
    fuser: Fuser = "blend",
    sharpener: Sharpener = "unsharp3",
    executor: Executor = "local",
    sharpen: Sharpen = None,
    workers: Workers = None,
    memory: Memory = None,
    keep_aligned: KeepAligned = None,
    keep_slabs: KeepSlabs = None,
    slabs: Slabs = "exact",
    slab_size: SlabSize = None,
    slab_overlap: SlabOverlap = None,
    transforms: Transforms = None,
    no_align: Annotated[bool, typer.Option("--no-align", help="The frames are aligned already.")] = False,
    no_crop: NoCrop = False,
    no_match_exposure: NoExposure = False,
    on_unaligned: OnUnaligned = "skip",
    no_hot_pixels: NoHotPixels = False,
    linear: Linear = False,
    white_balance: Balance = None,
    darks: Darks = None,
    flat: Flat = None,
    first_is_dark: FirstIsDark = False,
    last_is_greycard: LastIsCard = False,
    colour_space: Space = "srgb",
    exposure: Exposure = 0.0,
    highlights: Highlights = "clip",
    setting: Setting = None,
    compression: Compression = "none",
    tiled: Tiled = False,
    quality: Quality = None,
    depth_map: DepthMap = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and show the plan; no work.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Align and fuse a stack into one sharp picture.

    Raw files are developed on the fly, all frames alike; dark frames and grey cards come from the calibration
    library, or are the first and the last file.

    For example:

    stackcore stack shoot/*.jpg -o beetle.tif --sharpen 1

    stackcore stack shoot/*.nef -o beetle.tif --first-is-dark --last-is-greycard
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing

        options = _options(
            aligner=aligner,
            model=model,
            fuser=fuser,
            sharpener=sharpener,
            executor=executor,
            sharpen=None if sharpener == "none" else sharpen,
            workers=workers,
            memory=memory,
            keep_aligned=keep_aligned,
            keep_slabs=keep_slabs,
            slabs=slabs,
            slab_size=slab_size,
            slab_overlap=slab_overlap,
            transforms=transforms,
            align=not no_align,
            crop=not no_crop,
            match_exposure=not no_match_exposure,
            on_unaligned=on_unaligned,
            hot_pixels=not no_hot_pixels,
            linear=linear,
            white_balance=white_balance,
            darks=darks,
            flat=flat,
            first_is_dark=first_is_dark,
            last_is_greycard=last_is_greycard,
            colour_space=colour_space,
            exposure_ev=exposure,
            highlights=highlights,
            setting=setting,
            file_format=_file_format(compression, tiled, quality),
            depth_map=depth_map,
            resume=resume,
            overwrite=overwrite,
        )
        run = processing.plan_stack if dry_run else processing.stack
        return run(inputs, output, options=options, listeners=listeners, cancel=cancel)

    _run(work, json=json, quiet=quiet, verbose=verbose)


def survey(
    inputs: Inputs,
    transforms: Annotated[Path | None, typer.Option(help="Write the transforms file here.")] = None,
    aligner: Aligner = "ecc",
    model: Model = None,
    executor: Executor = "local",
    workers: Workers = None,
    on_unaligned: OnUnaligned = "skip",
    no_hot_pixels: NoHotPixels = False,
    linear: Linear = False,
    setting: Setting = None,
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
        "hot_pixels": not no_hot_pixels,
        "linear": linear,
        "setting": setting,
        "overwrite": overwrite,
    }
    _survey("survey", inputs, transforms, None, options, json=json, quiet=quiet, verbose=verbose)


def align(
    inputs: Inputs,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the aligned frames into this folder, 16-bit TIFF.")
    ] = None,
    transforms: Annotated[Path | None, typer.Option(help="Write the transforms file here.")] = None,
    matrices: Annotated[Path | None, typer.Option(help="Write the bare list of 3x3 matrices here.")] = None,
    aligner: Aligner = "ecc",
    model: Model = None,
    executor: Executor = "local",
    workers: Workers = None,
    no_crop: NoCrop = False,
    no_match_exposure: NoExposure = False,
    on_unaligned: OnUnaligned = "skip",
    no_hot_pixels: NoHotPixels = False,
    linear: Linear = False,
    setting: Setting = None,
    compression: Compression = "none",
    tiled: Tiled = False,
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
        "crop": not no_crop,
        "match_exposure": not no_match_exposure,
        "on_unaligned": on_unaligned,
        "hot_pixels": not no_hot_pixels,
        "linear": linear,
        "setting": setting,
        "file_format": _file_format(compression, tiled, None),
        "overwrite": overwrite,
    }
    _survey("align", inputs, transforms, matrices, options, folder=output, json=json, quiet=quiet, verbose=verbose)


def fuse(
    inputs: Inputs,
    output: Output,
    fuser: Fuser = "blend",
    executor: Executor = "local",
    workers: Workers = None,
    memory: Memory = None,
    transforms: Transforms = None,
    no_hot_pixels: NoHotPixels = False,
    linear: Linear = False,
    setting: Setting = None,
    compression: Compression = "none",
    tiled: Tiled = False,
    quality: Quality = None,
    depth_map: DepthMap = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fuse frames that are aligned already, or with the transforms of a file."""

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing

        options = _options(
            fuser=fuser,
            executor=executor,
            workers=workers,
            memory=memory,
            transforms=transforms,
            align=False,
            hot_pixels=not no_hot_pixels,
            linear=linear,
            setting=setting,
            file_format=_file_format(compression, tiled, quality),
            depth_map=depth_map,
            resume=resume,
            overwrite=overwrite,
        )
        return processing.stack(inputs, output, options=options, listeners=listeners, cancel=cancel, command="fuse")

    _run(work, json=json, quiet=quiet, verbose=verbose)


def sharpen(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The picture to sharpen; it is not changed.")],
    output: Output,
    strength: Annotated[
        str, typer.Option("--sharpen", metavar="S|X:Y:Z", help="Strength, or large:middle:small; 0 switches one off.")
    ] = "1",
    sharpener: Sharpener = "unsharp3",
    setting: Setting = None,
    compression: Compression = "none",
    tiled: Tiled = False,
    quality: Quality = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Sharpen a finished picture at three scales."""

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing
        from stackcore.config import parse_settings

        return processing.sharpen(
            source,
            output,
            strength=strength,
            sharpener=sharpener,
            settings=parse_settings(setting or []),
            file_format=_file_format(compression, tiled, quality),
            overwrite=overwrite,
            listeners=listeners,
            cancel=cancel,
        )

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
            options=_options(**options),
            listeners=listeners,
            cancel=cancel,
            command=command,
        )

    _run(work, json=json, quiet=quiet, verbose=verbose)


def _options(
    *,
    setting: list[str] | None,
    model: str | None = None,
    memory: str | None = None,
    on_unaligned: str = "skip",
    slabs: str = "exact",
    **given: Any,
) -> StackOptions:
    from stackcore.api.stacks import StackOptions
    from stackcore.config import parse_settings
    from stackcore.errors import UsageError
    from stackcore.stacking.budget import parse_bytes

    if on_unaligned not in ("skip", "stop"):
        raise UsageError(
            f'--on-unaligned cannot be "{on_unaligned}".', "it is skip or stop.", "leave it out to skip such frames."
        )
    if slabs not in ("exact", "images"):
        raise UsageError(f'--slabs cannot be "{slabs}".', "it is exact or images.", "leave it out for exact.")
    return StackOptions(
        slabs="images" if slabs == "images" else "exact",
        settings=parse_settings([*(setting or []), *([] if model is None else [f"aligner.model={model}"])]),
        memory_bytes=None if memory is None else parse_bytes(memory),
        on_unaligned="stop" if on_unaligned == "stop" else "skip",
        **given,
    )


def _file_format(compression: str, tiled: bool, quality: int | None) -> Any:
    from stackcore.stacking.file_format import FileFormat

    return FileFormat(compression=compression, tiled=tiled, quality=quality)  # type: ignore[arg-type]  # checked there


def _run(work: Any, *, json: bool, quiet: bool, verbose: bool) -> None:
    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)
