"""`stackcore path`: what path templates give."""

from __future__ import annotations

from typing import Annotated

import typer

from stackcore.cli.naming import (
    AskOption,
    BatchIdOption,
    Bd1Option,
    Bd2Option,
    Bd3Option,
    Bd4Option,
    Bd5Option,
    Bd6Option,
    JobOption,
    ProfileOption,
    given_fields,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Look at path templates.")
    group.command("preview")(preview)
    group.command("tokens")(tokens)
    app.add_typer(group, name="path")


def preview(
    template: Annotated[
        str | None, typer.Argument(help="For example stackcore/@GRP/@GCT4; that of the profile when left out.")
    ] = None,
    profile: ProfileOption = None,
    extension: Annotated[str, typer.Option(help="Extension of the file, without its dot.")] = "jpg",
    job: JobOption = None,
    batch_id: BatchIdOption = None,
    bd1: Bd1Option = None,
    bd2: Bd2Option = None,
    bd3: Bd3Option = None,
    bd4: Bd4Option = None,
    bd5: Bd5Option = None,
    bd6: Bd6Option = None,
    ask: AskOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")] = False,
) -> None:
    """Show the path that the next file would get; takes no counter number and touches no camera."""
    from stackcore.api.naming import preview_path
    from stackcore.paths.questions import parse_answers

    found = preview_path(
        template,
        profile=profile,
        extension=extension,
        fields=given_fields(job=job, batch_id=batch_id, bd1=bd1, bd2=bd2, bd3=bd3, bd4=bd4, bd5=bd5, bd6=bd6),
        answers=parse_answers(ask or []),
    )
    if json:
        from json import dumps

        told = {"template": found.template, "path": str(found.path), "warnings": list(found.warnings)}
        typer.echo(dumps({"schema": "stackcore.path/1", **told}, indent=2, ensure_ascii=False))
        return
    typer.echo(str(found.path))
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)


def tokens(
    json: Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference page.")] = False,
) -> None:
    """List the tokens of path templates, each with an example."""
    from stackcore.api.tokens import list_tokens

    found = list_tokens()
    if json:
        from json import dumps

        rows = [{**vars(token), "about": list(token.about)} for token in found]
        typer.echo(dumps({"schema": "stackcore.tokens/1", "tokens": rows}, indent=2, ensure_ascii=False))
        return
    if markdown:
        from stackcore.cli.token_page import token_page

        typer.echo(token_page(found), nl=False)
        return
    for token in found:
        typer.echo(f"{token.written:<11} {token.result:<24} {token.summary}")
    typer.echo(f"{'@@':<11} {'@':<24} A literal @.")
