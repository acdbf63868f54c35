"""`stackcore path`: what path templates give."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Look at path templates.")
    group.command("preview")(preview)
    app.add_typer(group, name="path")


def preview(
    template: Annotated[str, typer.Argument(help="For example stackcore/@GRP/@GCT4.")],
    profile: Annotated[str, typer.Option(help="Whose counter is shown.")] = "default",
    extension: Annotated[str, typer.Option(help="Extension of the file, without its dot.")] = "jpg",
    json: Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")] = False,
) -> None:
    """Show the path that the next file would get; takes no counter number."""
    from stackcore.api.planning import preview_path

    found = preview_path(template, profile=profile, extension=extension)
    if json:
        from json import dumps

        typer.echo(dumps({"path": str(found.path), "warnings": list(found.warnings)}, indent=2))
        return
    typer.echo(str(found.path))
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
