"""`stackcore develop`: raw files to 16-bit TIFF, all of them in exactly the same way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stackcore.cli.grouped_help import GroupedCommand
from stackcore.cli.stack_options import (
    Compression,
    DryRun,
    Executor,
    FirstIsDark,
    Json,
    LastIsCard,
    NoPresets,
    Preset,
    Quiet,
    Tiled,
    Verbose,
)

if TYPE_CHECKING:
    from stackcore.events import Listener

Inputs = Annotated[
    list[str], typer.Argument(metavar="RAW...", help="Raw files, a folder of them, a glob or a capture manifest.")
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the pictures go; made if missing.")]
Linear = Annotated[
    bool | None, typer.Option("--linear/--no-linear", help="Numbers proportional to light, without a transfer curve.")
]
Space = Annotated[
    str | None,
    typer.Option(
        metavar="srgb|display-p3|adobe-rgb|prophoto|xyz",
        help="The colours that can be told apart; srgb if left out.",
    ),
]
Balance = Annotated[
    str | None,
    typer.Option(
        metavar="RULE|NAME|'R G B G'",
        help="camera, daylight, auto (once, from the middle frame), a grey card of the calibration library, or four "
        "numbers. camera if left out.",
    ),
]
Darks = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|none", help="A dark of the calibration library; chosen by camera, ISO and time if left out."
    ),
]
Flat = Annotated[Path | None, typer.Option(metavar="RAW", help="Make light even by this picture of a white surface.")]
Demosaic = Annotated[
    str | None, typer.Option(metavar="METHOD", help="How colours are filled in; see `stackcore plugins show libraw`.")
]
Exposure = Annotated[
    float | None, typer.Option(metavar="EV", help="Brighter or darker by so many stops, all frames alike.")
]
Highlights = Annotated[
    str | None,
    typer.Option(
        metavar="clip|unclipped|blend|reconstruct",
        help="What becomes of photosites that are full; clip if left out.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("develop", cls=GroupedCommand)(develop)


def develop(
    inputs: Inputs,
    output: Folder,
    preset: Preset = None,
    linear: Linear = None,
    colour_space: Space = None,
    white_balance: Balance = None,
    darks: Darks = None,
    flat: Flat = None,
    demosaic: Demosaic = None,
    exposure: Exposure = None,
    highlights: Highlights = None,
    first_is_dark: FirstIsDark = None,
    last_is_greycard: LastIsCard = None,
    executor: Executor = None,
    workers: Annotated[int | None, typer.Option(help="How many files at a time; one per core if left out.")] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Refuse to need more than this, for example 2GiB.")
    ] = None,
    compression: Compression = None,
    tiled: Tiled = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND.KEY=VALUE", help="Option of a plugin: developer.demosaic=dht."),
    ] = None,
    no_presets: NoPresets = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace pictures that exist.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Develop raw files, all of them in exactly the same way, to 16-bit TIFF with an ICC profile.

    Each picture has the name of its raw file. What is left open comes from the middle file. No file is changed, and
    none is replaced without --overwrite.

    For example:

    stackcore develop shoot/*.nef -o out --colour-space adobe-rgb

    stackcore develop *.CR2 -o out --linear --white-balance "2.35 1.15 1.01 1"

    stackcore develop shoot -o out --first-is-dark --last-is-greycard
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import developing
        from stackcore.api.stage_presets import develop_options
        from stackcore.config import parse_settings

        options = develop_options(
            preset,
            settings=parse_settings(setting or []),
            surroundings=not no_presets,
            demosaic=demosaic,
            overwrite=overwrite,
            linear=linear,
            colour_space=colour_space,
            white_balance=white_balance,
            darks=darks,
            flat=flat,
            exposure=exposure,
            highlights=highlights,
            first_is_dark=first_is_dark,
            last_is_greycard=last_is_greycard,
            executor=executor,
            workers=workers,
            memory=memory,
            compression=compression,
            tiled=tiled,
        )
        run = developing.plan_develop if dry_run else developing.develop
        return run(inputs, output, options=options, listeners=listeners, cancel=cancel)

    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)
