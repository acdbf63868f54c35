"""The options of `stackcore capture`, each described once; those that fill path templates are in `naming`."""

from __future__ import annotations

from typing import Annotated

import typer

Camera = Annotated[str | None, typer.Option(help="Camera provider, or PROVIDER:ADDRESS; see `stackcore cameras`.")]
Slices = Annotated[int | None, typer.Option(help="Number of focus positions, 2 to 199.")]
Step = Annotated[int | None, typer.Option(help="Focus drive units between slices, 2 to 999.")]
DelayMs = Annotated[
    int | None, typer.Option("--delay-ms", help="How long things settle after a movement, milliseconds.")
]
Mode = Annotated[str | None, typer.Option(help="Run mode: full, preview-images or preview.")]
Path = Annotated[str | None, typer.Option(help="Path template of the saved files, for example stackcore/@GRP/@GCT4.")]
NoSave = Annotated[bool, typer.Option("--no-save", help="Do not remember the settings of this run.")]
LiveViewStart = Annotated[
    bool | None,
    typer.Option(
        "--live-view-start/--no-live-view-start",
        show_default="live-view-start",
        help="Without: refuse to run when live view is off.",
    ),
]
Sharpness = Annotated[
    bool | None,
    typer.Option(
        "--sharpness/--no-sharpness", show_default="sharpness", help="Measure how sharp live view is at each slice."
    ),
]
Watch = Annotated[
    int | None,
    typer.Option(metavar="[PORT]", help="Serve live view to a browser on this machine; any free port if left out."),
]
