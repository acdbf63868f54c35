"""`stackcore doctor`: runs the checks and shows them as a list or as one JSON document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stackcore_plugins.command_doctor.checks import Finding, all_findings


def doctor(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where pictures will be written.", show_default="here")
    ] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check libraries, plugins, disk and folders, and say how to mend what is wrong.

    Exits with 0 when everything that matters works, else with the code of the first failure: 4 for a library or
    plugin, 7 for a place that cannot be written.
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
        {"name": f.name, "state": f.state, "detail": f.detail, "fix": f.fix} for f in findings
    ]
    healthy = all(finding.state != "failed" for finding in findings)
    document = {"schema": "stackcore.doctor/1", "healthy": healthy, "checks": rows}
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


_MARK = {"ok": "[green]ok  [/]", "warning": "[yellow]warn[/]", "failed": "[red]FAIL[/]"}


def _print_list(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for finding in findings:
        console.print(f"{_MARK[finding.state]} {escape(finding.name)}: {escape(finding.detail)}", soft_wrap=True)
        if finding.state != "ok" and finding.fix:
            console.print(f"     try: {escape(finding.fix)}", soft_wrap=True)
    failed = sum(finding.state == "failed" for finding in findings)
    warned = sum(finding.state == "warning" for finding in findings)
    console.print(f"\n{len(findings)} checks: {failed} failed, {warned} with a warning.")
