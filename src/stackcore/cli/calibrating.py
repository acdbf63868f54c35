"""`stackcore darks`, `stackcore greycard`, and `stackcore library`, where both keep what they found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.cli.grouped_help import GroupedCommand

if TYPE_CHECKING:
    from stackcore.calibration.entries import DarkEntry
    from stackcore.events import BaseEvent, Listener

Json = Annotated[bool, typer.Option("--json", help="One event a line, for machines.")]
Document = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show errors and what was asked for alone.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show more.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As `stackcore library list` shows it.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what has the name already.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("darks", cls=GroupedCommand)(darks)
    app.command("greycard", cls=GroupedCommand)(greycard)
    group = typer.Typer(no_args_is_help=True, help="The darks and white balances that were kept.")
    group.command("list")(_list)
    group.command("show")(_show)
    group.command("export")(_export)
    group.command("remove")(_remove)
    app.add_typer(group, name="library")


def darks(
    inputs: Annotated[list[str], typer.Argument(metavar="RAW...", help="Raw files, a folder, a glob or a manifest.")],
    name: Annotated[
        str | None, typer.Option(help="What to keep it as; made from body, ISO, time and size when left out.")
    ] = None,
    sigma: Annotated[float, typer.Option(metavar="N", help="Hot is above median + N standard deviations.")] = 10.0,
    overall: Annotated[
        bool, typer.Option("--overall", help="One population of all photosites, not one per mosaic channel.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find dead and hot pixels in dark frames, and keep them with the averaged dark in the library.

    Cover lens and viewfinder, and shoot at the ISO and exposure time of the stack; `stack` then finds the dark itself.

    Example: stackcore darks darks/*.nef
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import calibrating

        return calibrating.darks(
            inputs,
            name=name,
            sigma=sigma,
            overall=overall,
            overwrite=overwrite,
            listeners=[*listeners, *([] if json or quiet else [_Closing("dark_tables")])],
            cancel=cancel,
        )

    _run(work, json=json, quiet=quiet, verbose=verbose)


def greycard(
    source: Annotated[Path, typer.Argument(metavar="RAW", help="A raw picture; the card fills its middle.")],
    fraction: Annotated[float, typer.Option(help="Share of both axes of the frame to look at, in its middle.")] = 0.3,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep it in the library as this.")] = None,
    darks: Annotated[
        str, typer.Option(metavar="NAME|auto|none", help="The dark to correct it with; the best one when left out.")
    ] = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Tell the white balance from a grey card: four multipliers, for red, green, blue and the second green.

    Example: stackcore greycard card.nef --save studio-flash
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api import calibrating

        return calibrating.greycard(
            source,
            fraction=fraction,
            save=save,
            darks=darks,
            overwrite=overwrite,
            listeners=[*listeners, *([] if json else [_Closing("multiplier_line" if quiet else "card_lines")])],
            cancel=cancel,
        )

    _run(work, json=json, quiet=quiet, verbose=verbose)


def _list(json: Document = False) -> None:
    """List every dark and white balance; a broken entry says so."""
    from stackcore.api.library import Library
    from stackcore.cli import calibration_text as text

    library = Library()
    contents = library.contents()
    if json:
        _print_json(
            "stackcore.library/1",
            {
                "folder": str(library.folder),
                "darks": [_gist(dark) for dark in contents.darks],
                "white_balances": [
                    balance.model_dump(mode="json", by_alias=True) for balance in contents.white_balances
                ],
                "broken": [{"name": name, "problem": str(error)} for name, error in contents.broken],
            },
        )
        return
    for line in text.library_tables(contents.darks, contents.white_balances):
        typer.echo(line)
    for name, error in contents.broken:
        typer.echo(f"broken: {name}: {error.why} {error.fix}", err=True)
    if not (contents.names or contents.broken):
        typer.echo(
            f"{library.folder} holds nothing yet; `stackcore darks` and `stackcore greycard --save` fill it.", err=True
        )


def _show(name: Name, json: Document = False) -> None:
    """Show a dark or a white balance."""
    from stackcore.api.library import DarkEntry, Library
    from stackcore.cli import calibration_text as text

    library = Library()
    entry = library.entry(name)
    if json:
        _print_json(
            entry.schema_, {"path": str(library.file(name)), **entry.model_dump(mode="json", exclude={"schema_"})}
        )
        return
    lines = text.dark_entry(entry) if isinstance(entry, DarkEntry) else text.white_balance_entry(entry)
    for line in [*lines, f"kept in   {library.file(name)}"]:
        typer.echo(line)


def _export(
    name: Name,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A dark: .txt, its defects as `dcraw -P` reads them; .tif; .pgm, as `dcraw -K` reads it; .json. A "
            "white balance: .txt, the multipliers; .json.",
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    json: Document = False,
) -> None:
    """Write a dark or a white balance as a file for other programs."""
    from stackcore.api.library import export_entry

    target = export_entry(name, output, overwrite=overwrite)
    if json:
        _print_json("stackcore.library.export/1", {"name": name, "output": str(target)})
        return
    typer.echo(str(target))


def _remove(name: Name, json: Document = False) -> None:
    """Remove a dark or a white balance, with all that was kept of it."""
    from stackcore.api.library import Library

    file = Library().remove(name)
    if json:
        _print_json("stackcore.library.remove/1", {"name": name, "removed": str(file)})
        return
    typer.echo(f"{name} is removed")


class _Closing:
    """Prints what a result holds beyond the usual summary, below it: a function of `calibration_text` makes the lines.

    Parameters
    ----------
    lines
        Its name.
    """

    def __init__(self, lines: str) -> None:
        self._lines = lines
        self._result: dict[str, Any] = {}

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        from stackcore.cli import calibration_text
        from stackcore.events import Result, RunFinished

        if isinstance(event, Result):
            self._result = event.data
        elif isinstance(event, RunFinished) and event.outcome == "completed":
            for line in getattr(calibration_text, self._lines)(self._result):
                print(line, flush=True)


def _gist(dark: DarkEntry) -> dict[str, Any]:
    """An entry without its long lists."""
    data = dark.model_dump(mode="json", by_alias=True, exclude={"dead", "hot", "channels", "sources"})
    return {**data, "dead": len(dark.dead), "hot": len(dark.hot)}


def _print_json(schema: str, document: dict[str, Any]) -> None:
    from json import dumps

    typer.echo(dumps({"schema": schema, **document}, ensure_ascii=False))


def _run(
    work: Callable[[Sequence[Listener], threading.Event], object], *, json: bool, quiet: bool, verbose: bool
) -> None:
    from stackcore.cli.session import run_command

    run_command(work, json=json, quiet=quiet, verbose=verbose)
