"""`stackcore develop`: raw files to 16-bit TIFF, all of them in exactly the same way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.cli.grouped_help import GroupedCommand

if TYPE_CHECKING:
    from stackcore.events import Listener

Inputs = Annotated[
    list[str], typer.Argument(metavar="RAW...", help="Raw files, a folder of them, a glob or a capture manifest.")
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the pictures go; made if missing.")]
Linear = Annotated[bool, typer.Option("--linear", help="Numbers proportional to light, without a transfer curve.")]
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
FirstIsDark = Annotated[bool, typer.Option("--first-is-dark", help="The first file is a dark frame, not a picture.")]
LastIsCard = Annotated[
    bool, typer.Option("--last-is-greycard", help="The last file is a grey card, not a picture: it tells the colours.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("develop", cls=GroupedCommand)(develop)


def develop(
    inputs: Inputs,
    output: Folder,
    linear: Linear = False,
    colour_space: Space = "srgb",
    white_balance: Balance = None,
    darks: Darks = None,
    flat: Flat = None,
    demosaic: Demosaic = None,
    exposure: Exposure = 0.0,
    highlights: Highlights = "clip",
    first_is_dark: FirstIsDark = False,
    last_is_greycard: LastIsCard = False,
    executor: Annotated[str, typer.Option(help="Where the work is done.")] = "local",
    workers: Annotated[int | None, typer.Option(help="How many files at a time; one per core if left out.")] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Refuse to need more than this, for example 2GiB.")
    ] = None,
    compression: Annotated[
        str, typer.Option(metavar="none|lzw|deflate|zstd", help="Of the TIFF; none of them loses anything.")
    ] = "none",
    tiled: Annotated[bool, typer.Option("--tiled", help="TIFF in tiles instead of strips.")] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND.KEY=VALUE", help="Option of a plugin: developer.demosaic=dht."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace pictures that exist.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and show the plan; no work.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One event a line, for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show errors and where the result is.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show more.")] = False,
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
        from stackcore.config import parse_settings
        from stackcore.stacking.budget import parse_bytes
        from stackcore.stacking.file_format import FileFormat

        checked_later: dict[str, Any] = {
            "colour_space": colour_space,
            "highlights": highlights,
            "exposure_ev": exposure,
        }
        layout: dict[str, Any] = {"compression": compression, "tiled": tiled}
        options = developing.DevelopOptions(
            linear=linear,
            white_balance=white_balance,
            darks=darks,
            flat=flat,
            demosaic=demosaic,
            first_is_dark=first_is_dark,
            last_is_greycard=last_is_greycard,
            executor=executor,
            workers=workers,
            memory_bytes=None if memory is None else parse_bytes(memory),
            overwrite=overwrite,
            settings=parse_settings(setting or []),
            file_format=FileFormat(**layout),
            **checked_later,
        )
        run = developing.plan_develop if dry_run else developing.develop
        return run(inputs, output, options=options, listeners=listeners, cancel=cancel)

    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)
