"""`stackcore batch`: one result for each stack found in some folders."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from stackcore.cli.developing import Balance, Darks
from stackcore.cli.grouped_help import GroupedCommand
from stackcore.cli.stack_options import (
    Aligner,
    Compression,
    Crop,
    Executor,
    FirstIsDark,
    Fuser,
    Json,
    LastIsCard,
    Like,
    Memory,
    Model,
    NoPresets,
    Overwrite,
    Preset,
    Quality,
    Quiet,
    Setting,
    Sharpen,
    Sharpener,
    Verbose,
    Workers,
)

if TYPE_CHECKING:
    from stackcore.batching.finding import Search
    from stackcore.events import Listener

SUFFIXES = {"tif": ".tif", "jpg": ".jpg", "png": ".png"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("batch", cls=GroupedCommand)(batch)


def batch(
    places: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Folders of frames; one without frames stands for the folders in it."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the results; made if missing.")
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders within folders, however deep.")
    ] = False,
    pattern: Annotated[
        str, typer.Option(metavar="GLOB", help="Names of frames that take part, for example '*.NEF'.")
    ] = "*",
    split: Annotated[
        str,
        typer.Option(
            metavar="auto|folder|manifest|time",
            help="What makes a stack: a folder, a capture manifest, shots without a long pause; "
            "auto: manifests where there are some.",
        ),
    ] = "auto",
    gap: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="With --split time: the pause that ends a stack."),
    ] = None,
    file_type: Annotated[
        str | None,
        typer.Option("--format", metavar="tif|jpg|png", help="Of the results; what the preset says, or tif."),
    ] = None,
    depth_maps: Annotated[bool, typer.Option("--depth-maps", help="Write a depth map beside each result.")] = False,
    reports: Annotated[bool, typer.Option("--reports", help="Write a report beside each result.")] = False,
    preset: Preset = None,
    like: Like = None,
    aligner: Aligner = None,
    model: Model = None,
    fuser: Fuser = None,
    sharpener: Sharpener = None,
    sharpen: Sharpen = None,
    executor: Executor = None,
    workers: Workers = None,
    memory: Memory = None,
    crop: Crop = None,
    white_balance: Balance = None,
    darks: Darks = None,
    first_is_dark: FirstIsDark = None,
    last_is_greycard: LastIsCard = None,
    compression: Compression = None,
    quality: Quality = None,
    setting: Setting = None,
    no_presets: NoPresets = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave alone what has a result already, whatever made it.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Take up a batch that was cut off, or whose failures were mended.")
    ] = False,
    overwrite: Overwrite = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the stacks that are found; no work.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make one result for each stack in some folders, unattended.

    A stack that fails does not stop the rest: a table at the end tells what became of each, and the exit code is 8.

    For example:

    stackcore batch shoots -o results --dry-run

    stackcore batch shoots -o results --preset studio-10x --resume
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from dataclasses import replace

        from stackcore.api import batching
        from stackcore.api.presets import settle_stack
        from stackcore.config import parse_settings

        settled = settle_stack(
            preset,
            like=like,
            output=output / ("stack" if file_type is None else f"stack{_suffix(file_type)}"),
            settings=parse_settings(setting or []),
            surroundings=not no_presets,
            once={"resume": resume, "overwrite": overwrite},
            aligner=aligner,
            model=model,
            fuser=fuser,
            sharpener=sharpener,
            sharpen=sharpen,
            executor=executor,
            workers=workers,
            memory=memory,
            crop=crop,
            white_balance=white_balance,
            darks=darks,
            first_is_dark=first_is_dark,
            last_is_greycard=last_is_greycard,
            compression=compression,
            quality=quality,
        )
        options = settled.options()
        suffix = (settled.output.suffix if settled.output else "") or SUFFIXES["tif"]
        chosen = batching.BatchOptions(
            search=_search(recursive, pattern, split, gap),
            stack=replace(options, depth_map=None, report=None),
            suffix=suffix,
            skip_existing=skip_existing,
            depth_maps=depth_maps or options.depth_map is not None,
            reports=reports or options.report is not None,
        )
        return batching.batch(places, output, options=chosen, listeners=listeners, cancel=cancel, dry_run=dry_run)

    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)


def _search(recursive: bool, pattern: str, split: str, gap: float | None) -> Search:
    from stackcore.batching.finding import Search, Split

    known: Any = get_args(Split)
    if split not in known:
        raise _wrong("--split", split, known)
    if gap is not None and split != "time":
        from stackcore.errors import UsageError

        raise UsageError("--gap says nothing here.", "it belongs to --split time.", "add --split time.")
    return Search(recursive=recursive, pattern=pattern, split=known[known.index(split)], gap_s=gap)


def _suffix(file_type: str) -> str:
    if file_type not in SUFFIXES:
        raise _wrong("--format", file_type, tuple(SUFFIXES))
    return SUFFIXES[file_type]


def _wrong(option: str, value: str, known: Sequence[str]) -> Exception:
    from stackcore.errors import UsageError, did_you_mean

    return UsageError(f'{option} cannot be "{value}".', "it has fixed values.", did_you_mean(value, known))
