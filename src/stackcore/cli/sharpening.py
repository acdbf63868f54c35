"""`stackcore sharpen`: a finished picture, sharper."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stackcore.cli.grouped_help import GroupedCommand
from stackcore.cli.stack_options import (
    Compression,
    Json,
    NoPresets,
    Output,
    Overwrite,
    Preset,
    Quality,
    Quiet,
    Setting,
    Sharpener,
    Tiled,
    Verbose,
)

if TYPE_CHECKING:
    from stackcore.events import Listener

Source = Annotated[Path, typer.Argument(metavar="IN", help="The picture to sharpen; it is not changed.")]
Strength = Annotated[
    str | None,
    typer.Option(
        "--sharpen",
        metavar="S|X:Y:Z",
        show_default="1",
        help="Strength, or large:middle:small; 0 switches one off.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("sharpen", cls=GroupedCommand)(sharpen)


def sharpen(
    source: Source,
    output: Output,
    preset: Preset = None,
    strength: Strength = None,
    sharpener: Sharpener = None,
    setting: Setting = None,
    compression: Compression = None,
    tiled: Tiled = None,
    quality: Quality = None,
    no_presets: NoPresets = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Sharpen a finished picture at three scales.

    For example:

    stackcore sharpen beetle.tif -o beetle-sharp.tif --sharpen 0:0:1
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import processing
        from stackcore.api.stage_presets import sharpen_choices
        from stackcore.config import parse_settings

        target, choices = sharpen_choices(
            preset,
            output=output,
            settings=parse_settings(setting or []),
            surroundings=not no_presets,
            sharpen=strength,
            sharpener=sharpener,
            compression=compression,
            tiled=tiled,
            quality=quality,
        )
        return processing.sharpen(source, target, **choices, overwrite=overwrite, listeners=listeners, cancel=cancel)

    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)
