"""`stackcore plugins check`: tries an installed plugin against the contract of its kind, one line a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.errors import PluginError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from stackcore.registry import PluginRecord, Registry
    from stackcore.testing.checking import CheckOrder
    from stackcore.testing.verdict import Finding, Verdict

SCHEMA = "stackcore.check/1"

OnFinding = Callable[["Finding"], None]


def register(group: typer.Typer) -> None:
    """Add the command to `stackcore plugins`."""
    group.command("check")(check)


def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or KIND:NAME, as `plugins list` shows it.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND.KEY=VALUE", help="Option of the plugin: fuser.levels=6."),
    ] = None,
    sample: Annotated[
        list[Path] | None,
        typer.Option("--sample", metavar="FILE", help="For developers: a file of its format to try it with as well."),
    ] = None,
    connect: Annotated[
        bool, typer.Option("--connect", help="For cameras: connect, move focus and take pictures with a real one.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit", metavar="SECONDS", min=0.1, help="How long one promise may take; 60, of cameras 600."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a list.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict alone.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell what each promise means.")] = False,
) -> None:
    """Try an installed plugin against the contract of its kind.

    Every promise that plugins of its kind make is tried in a process of its own: each is kept, broken or not
    applicable. Exits with 0 when none is broken, else with 4. A camera that is not simulated is left alone unless
    `--connect` is given.
    """
    from stackcore.registry import Registry
    from stackcore.testing.checking import check_plugin

    registry = Registry.discover()
    record = _the_only(registry, name)
    order = _order(registry, record, settings or [], sample or [], connect, time_limit)
    if json:
        verdict = check_plugin(record, order)
        _print_json(verdict)
    else:
        with _screen(record, order, quiet, verbose) as on_finding:
            verdict = check_plugin(record, order, on_finding)
        typer.echo(_in_one_line(verdict))
    if not verdict.is_kept:
        raise typer.Exit(PluginError.exit_code)


def _the_only(registry: Registry, name: str) -> PluginRecord:
    """Return the one working plugin of that name, which may be `KIND:NAME`."""
    from stackcore.cli.plugins import find_plugins

    found = find_plugins(registry, name, None)
    if len({record.kind for record in found}) > 1:
        names = " or ".join(f"`{record.kind}:{record.name}`" for record in found)
        raise UsageError(f'Several plugins are called "{name}".', "they are of different kinds.", f"say {names}.")
    record = found[0]
    if record.kind is None:
        raise PluginError(f'The plugin "{record.name}" cannot be used.', record.reason, record.fix)
    registry.offer(record.kind, record.name)
    return record


def _order(
    registry: Registry,
    record: PluginRecord,
    settings: list[str],
    samples: list[Path],
    connects: bool,
    time_limit_s: float | None,
) -> CheckOrder:
    from stackcore.config import parse_settings, refuse_unknown_sections
    from stackcore.testing.checking import CheckOrder

    kind = record.kind
    assert kind is not None
    if samples and kind != "developer":
        raise UsageError("--sample is for developers.", f'"{record.name}" is a {kind}.', "leave it out.")
    if connects and kind != "camera":
        raise UsageError("--connect is for cameras.", f'"{record.name}" is a {kind}.', "leave it out.")
    for path in samples:
        if not path.is_file():
            raise UsageError(f"{path} is no sample.", "there is no such file.", "give a file of the plugin's format.")
    values = parse_settings(settings)
    refuse_unknown_sections(values, [kind])
    options = values.get(kind, {})
    registry.options(kind, record.name, options)
    return CheckOrder(
        kind=kind,
        name=record.name,
        options=options,
        files=tuple(path.absolute() for path in samples),
        connects=connects,
        time_limit_s=time_limit_s,
    )


@contextmanager
def _screen(record: PluginRecord, order: CheckOrder, quiet: bool, verbose: bool) -> Iterator[OnFinding]:
    """Show findings as they come; on a terminal with a bar beneath them."""
    if quiet:
        yield lambda finding: None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from stackcore.cli.plugins import wide_console
    from stackcore.testing import contract_of

    console = wide_console()
    origin = f"from {record.distribution} {record.version}"
    console.print(f"[bold]{escape(record.name)}[/] ({record.kind}) {escape(origin)}\n", highlight=False)
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("checking", total=len(contract_of(order.kind).promises()))

        def show(finding: Finding) -> None:
            _print_finding(console, finding, verbose)
            bar.advance(task)

        yield show
    console.print()


_MARKS = {"kept": "[green]kept  [/]", "broken": "[bold red]BROKEN[/]", "not applicable": "[dim]-     [/]"}


def _print_finding(console: Console, finding: Finding, verbose: bool) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    why = f" [dim]({escape(finding.happened)})[/]" if finding.state == "not applicable" else ""
    console.print(f"{_MARKS[finding.state]} {escape(finding.title)}{why}", highlight=False, soft_wrap=True)
    lines = []
    if finding.state == "broken" or verbose:
        lines.append(f"expected: {finding.expected}")
    if finding.state == "broken":
        lines.append(f"happened: {finding.happened}")
    for line in lines:
        console.print(Padding(escape(line), (0, 0, 0, 9), expand=False), highlight=False)


def _in_one_line(verdict: Verdict) -> str:
    """Return the verdict: `blend (fuser): 20 promises kept, none broken, 1 not applicable.`."""
    broken = verdict.count("broken")
    return (
        f"{verdict.name} ({verdict.kind}): {verdict.count('kept')} promises kept, {broken or 'none'} broken, "
        f"{verdict.count('not applicable')} not applicable."
    )


def _print_json(verdict: Verdict) -> None:
    from dataclasses import asdict
    from json import dumps

    document: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": verdict.kind,
        "name": verdict.name,
        "distribution": verdict.distribution,
        "version": verdict.version,
        "kept": verdict.is_kept,
        "promises": [{**asdict(finding), "seconds": round(finding.seconds, 3)} for finding in verdict.findings],
    }
    typer.echo(dumps(document, indent=2, ensure_ascii=False))
