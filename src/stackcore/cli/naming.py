"""The options that fill path templates: batch fields, and answers that are asked for on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stackcore.api.preparing import CaptureRequest

ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="Whose remembered settings to start from; the active one when left out."
    ),
]
JobOption = Annotated[str | None, typer.Option("--job", help="Job name, for @JOB in the path template.")]
BatchIdOption = Annotated[str | None, typer.Option("--batch-id", help="Batch id, for @BID.")]
Bd1Option = Annotated[str | None, typer.Option("--bd1", help="Batch field 1, for @BD1.")]
Bd2Option = Annotated[str | None, typer.Option("--bd2", help="Batch field 2, for @BD2.")]
Bd3Option = Annotated[str | None, typer.Option("--bd3", help="Batch field 3, for @BD3.")]
Bd4Option = Annotated[str | None, typer.Option("--bd4", help="Batch field 4, for @BD4.")]
Bd5Option = Annotated[str | None, typer.Option("--bd5", help="Batch field 5, for @BD5.")]
Bd6Option = Annotated[str | None, typer.Option("--bd6", help="Batch field 6, for @BD6.")]
AskOption = Annotated[
    list[str] | None,
    typer.Option("--ask", metavar="LABEL=VALUE", help="Answer to @ASK:label in the path template."),
]
MirrorOption = Annotated[
    str | None,
    typer.Option("--mirror", metavar="DIR", help='Folder of a second copy under the same name; "" for none.'),
]


def given_fields(**fields: str | None) -> dict[str, str]:
    """Return the batch fields that were typed; an empty one clears what the profile remembers."""
    return {name: value for name, value in fields.items() if value is not None}


def ask_user(request: CaptureRequest) -> dict[str, str]:
    """Ask on the terminal for what the template of `request` wants to know and was not told; {} without a terminal.

    This comes before the run: Ctrl-C at a question means that nothing was begun.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return {}
    from stackcore.api.naming import open_questions

    return {label: str(typer.prompt(text, err=True)) for label, text in open_questions(request).items()}
