"""`stackcore plugins new`: begins a plugin as a package of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stackcore.errors import UsageError, did_you_mean


def new(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="What it is: camera, mode, token, developer, aligner, fuser, sharpener, executor or command.",
        ),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people will choose it by, for example sharpest.")],
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where its folder is made.", show_default="here"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write a package that offers a plugin: complete, tested, ready to be installed and changed.

    The folder stackcore-KIND-NAME is made; nothing that is there already is touched.
    """
    from stackcore.api.new_plugins import new_plugin  # the templates' engine comes with it
    from stackcore.hookspecs import HOOK_OF_KIND

    if kind not in HOOK_OF_KIND:
        raise UsageError(f'There is no kind "{kind}".', "plugins are of fixed kinds.", did_you_mean(kind, HOOK_OF_KIND))
    taken = _commands(context) if kind == "command" else set()
    made = new_plugin(kind, name, folder, taken=taken)
    if json:
        import json as writer

        document = {
            "schema": "stackcore.new-plugin/1",
            "kind": kind,
            "name": name,
            "distribution": made.names.distribution,
            "folder": str(made.folder),
            "files": [path.relative_to(made.folder).as_posix() for path in made.files],
        }
        typer.echo(writer.dumps(document, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{made.folder}")
    for path in made.files:
        typer.echo(f"  {path.relative_to(made.folder).as_posix()}")
    # "./" lest pip takes the folder for the name of a package that it should fetch.
    place = made.folder if made.folder.is_absolute() else f"./{made.folder.as_posix()}"
    typer.echo(f"\nInstall and try it:\n  pip install -e '{place}[test]'\n  pytest '{place}'")


def _commands(context: typer.Context) -> set[str]:
    """Names of the commands of stackcore itself."""
    top: Any = context.find_root().command
    return set(getattr(top, "commands", ()))
