"""`stackcore doctor`: runs the checks and shows them as a list or as one JSON document."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer

from stackcore_plugins.command_doctor.checks import all_findings
from stackcore_plugins.command_doctor.finding import Finding


def doctor(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where pictures will be written.", show_default="here")
    ] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check libraries, plugins, cameras, memory, disk and folders, and say how to mend what is wrong.

    No camera is connected to, and none is kept from another program. Exits with 0 when everything that matters works,
    else with the code of the first failure: 4 for a library or plugin, 7 for a place that cannot be written.
    """
    findings = all_findings(folder)
    failed = [finding for finding in findings if finding.state == "failed"]
    if json:
        _print_json(findings)
    else:
        _print_list(findings)
    if failed:
        raise typer.Exit(failed[0].exit_code)


def _print_json(findings: list[Finding]) -> None:
    import json

    rows: list[dict[str, Any]] = [
        {"name": f.name, "state": f.state, "detail": f.detail, "fix": f.fix, "figures": dict(f.figures)}
        for f in findings
    ]
    healthy = all(finding.state != "failed" for finding in findings)
    document = {"schema": "stackcore.doctor/1", "healthy": healthy, "checks": rows}
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


_MARK = {"ok": "[green]ok  [/]", "warning": "[yellow]warn[/]", "failed": "[red]FAIL[/]"}


LINES_IN_FILES = 10_000
"""Columns of a file or pipe: nothing is wrapped there."""

_INDENT = 5
"""Columns that the mark and the space after it take."""


def _lines(text: str, columns: int) -> list[str]:
    """Lines that fit beside the mark; a path that does not fit stays whole, for it is there to be copied."""
    return wrap(text, max(20, columns - _INDENT), break_long_words=False, break_on_hyphens=False)


def _print_list(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    columns = console.width if console.is_terminal or "COLUMNS" in os.environ else LINES_IN_FILES
    for finding in findings:
        first, *more = _lines(f"{finding.name}: {finding.detail}", columns)
        console.print(f"{_MARK[finding.state]} {escape(first)}", soft_wrap=True)
        tried = _lines(f"try: {finding.fix}", columns) if finding.state != "ok" and finding.fix else []
        for line in (*more, *tried):
            console.print(f"{' ' * _INDENT}{escape(line)}", soft_wrap=True)
    failed = sum(finding.state == "failed" for finding in findings)
    warned = sum(finding.state == "warning" for finding in findings)
    console.print(f"\n{len(findings)} checks: {failed} failed, {warned} with a warning.")
