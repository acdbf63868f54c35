"""`stackcore plugins`, with `list` and `show`: what is installed, what it can do, and why it does not work."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from stackcore.cli import checking, plugin_new
from stackcore.cli.columns import columns_of, fitted, is_narrow
from stackcore.errors import PluginError, UsageError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from stackcore.registry import PluginRecord, Registry

WIDTH_IN_FILES = 160

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
KindOption = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="Only this kind: camera, mode, token, fuser, ...")
]


def register(app: typer.Typer) -> None:
    """Add `plugins` with its verbs to the application."""
    group = typer.Typer(help="What is installed: cameras, run modes, fusers, commands and more.")
    group.callback(invoke_without_command=True)(_list_by_default)
    group.command("list")(_list)
    group.command("show")(_show)
    checking.register(group)
    group.command("new")(plugin_new.new)
    app.add_typer(group, name="plugins")


def _list_by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        _list()


def _list(kind: KindOption = None, json: JsonOption = False) -> None:
    """List every plugin with its state, and how to mend the broken ones."""
    records = _discover().records()
    if kind is not None:
        _check_kind(kind)
        records = [record for record in records if record.kind == kind]
    if json:
        _print_json({"schema": "stackcore.plugins/1", "plugins": [_as_data(record) for record in records]})
    else:
        _print_table(records)


def _show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or KIND:NAME, as `plugins list` shows it.")],
    kind: KindOption = None,
    json: JsonOption = False,
) -> None:
    """Show what a plugin can do and every option it takes."""
    if kind is not None:
        _check_kind(kind)
    found = find_plugins(_discover(), name, kind)
    if json:
        _print_json({"schema": "stackcore.plugin/1", "plugins": [_as_data(record, options=True) for record in found]})
    else:
        for record in found:
            _print_plugin(record)


def _discover() -> Registry:
    from stackcore.registry import Registry  # pydantic and every plugin module come with it

    return Registry.discover()


def _check_kind(kind: str) -> None:
    from stackcore.hookspecs import Kind

    if kind not in get_args(Kind):
        raise UsageError(
            f'There is no kind "{kind}".', "plugins are of fixed kinds.", did_you_mean(kind, get_args(Kind))
        )


def find_plugins(registry: Registry, name: str, kind: str | None) -> list[PluginRecord]:
    """Return the plugins of that name, which several kinds may share; `PluginError` names the nearest."""
    prefix, colon, rest = name.partition(":")
    if colon:
        kind, name = prefix, rest
    candidates = [record for record in registry.records() if kind is None or record.kind in (kind, None)]
    found = [record for record in candidates if name in (record.name, _short_name(record))]
    if not found:
        owner = f'{kind} called "{name}"' if kind else f'plugin called "{name}"'
        raise PluginError(
            f"There is no {owner}.",
            f"no installed distribution offers it (looked at {len(candidates)} plugins).",
            did_you_mean(name, {record.name for record in candidates}),
        )
    return found


def _short_name(record: PluginRecord) -> str:
    """What people would choose a plugin by that could not say its name: `bad` where its entry point is `camera-bad`."""
    kind, hyphen, rest = record.name.partition("-")
    return rest if record.offer is None and hyphen and record.kind in (None, kind) else record.name


def _as_data(record: PluginRecord, *, options: bool = False) -> dict[str, Any]:
    data: dict[str, Any] = {
        "kind": record.kind,
        "name": record.name,
        "summary": record.summary,
        "version": record.version,
        "distribution": record.distribution,
        "entry_point": record.entry_point,
        "state": record.state,
        "reason": record.reason,
        "fix": record.fix,
        "notes": list(record.notes),
        "api": record.api,
        "capabilities": list(record.capabilities),
    }
    if options:
        data["options"] = _options(record)
    return data


def _options(record: PluginRecord) -> list[dict[str, Any]]:
    from stackcore.config import describe_options

    return describe_options(record.offer.options) if record.offer is not None else []


def _print_json(document: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(document, indent=2, default=str, ensure_ascii=False))


def wide_console() -> Console:
    """A console as wide as the terminal; files and pipes get room for a plugin in one line."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_IN_FILES)


_STATE_STYLE = {
    "ok": "green",
    "disabled": "dim",
    "missing": "yellow",
    "incompatible": "red",
    "broken": "red",
    "duplicate": "red",
}


def _print_table(records: list[PluginRecord]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = wide_console()
    if is_narrow(columns_of()):
        _print_list(console, records)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("kind", "name", "state", "version", "from", "summary"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("kind", "state", "version"))
    for record in records:
        state = f"[{_STATE_STYLE[record.state]}]{record.state}[/]"
        cells = (record.kind or "?", record.name, record.version, record.distribution, record.summary)
        kind, name, version, origin, summary = (escape(cell) for cell in cells)
        table.add_row(kind, name, state, version, origin, summary)
    console.print(table)
    _print_problems(console, records)


def _print_list(console: Console, records: list[PluginRecord]) -> None:
    """The same where a table would have columns of some letters."""
    from rich.markup import escape

    for record in records:
        state = f"[{_STATE_STYLE[record.state]}]{record.state}[/]"
        console.print(f"{escape(record.kind or '?')} [bold]{escape(record.name)}[/] {state}", highlight=False)
        for text in (record.summary, f"{record.distribution} {record.version}"):
            for line in fitted(text, console.width - 2):
                console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    _print_problems(console, records)


def _print_problems(console: Console, records: list[PluginRecord]) -> None:
    from rich.markup import escape

    for record in records:
        if record.state != "ok":
            console.print(f"\n[bold]{escape(record.name)}[/] ({record.state}): {escape(record.reason)}")
            console.print(f"  try: {escape(record.fix)}")
        _print_notes(console, record)


def _print_notes(console: Console, record: PluginRecord) -> None:
    from rich.markup import escape

    for note in record.notes:
        console.print(f"\n[bold]{escape(record.name)}[/] of {escape(record.origin)} {escape(note)}")


def _print_plugin(record: PluginRecord) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = wide_console()
    console.print(f"[bold]{escape(record.name)}[/] ({record.kind or 'kind unknown'}): {escape(record.summary)}")
    written_for = f", for version {escape(record.api)} of the hooks" if record.api else ""
    console.print(
        f"from {escape(record.distribution)} {escape(record.version)}, {escape(record.entry_point)}{written_for}"
    )
    console.print(f"state: {record.state}" + (f", {escape(record.reason)}" if record.reason else ""))
    if record.fix:
        console.print(f"  try: {escape(record.fix)}")
    _print_notes(console, record)
    if record.capabilities:
        console.print(f"can do: {escape(', '.join(record.capabilities))}")
    rows = _options(record)
    if not rows:
        console.print("no options" if record.offer is not None else "")
        return
    if is_narrow(columns_of()):
        _print_options(console, rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", title="options", title_justify="left")
    for heading in ("name", "type", "default", "limits", "description"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            *(escape(cell) for cell in (row["name"], row["type"], str(row["default"]), limits_text(row["limits"]))),
            escape(row["description"]),
        )
    console.print(table)


def _print_options(console: Console, rows: list[dict[str, Any]]) -> None:
    """Options where a table would have columns of some letters."""
    from rich.markup import escape

    console.print("options")
    for row in rows:
        limits = limits_text(row["limits"])
        facts = ", ".join([row["type"], str(row["default"]), *([limits] if limits else [])])
        console.print(f"[bold]{escape(row['name'])}[/]", highlight=False)
        for text in (facts, row["description"]):
            for line in fitted(text, console.width - 2):
                console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def limits_text(limits: dict[str, Any]) -> str:
    """Limits of an option in words.

    Examples
    --------
    >>> limits_text({"minimum": 1, "maximum": 64}), limits_text({"exclusiveMinimum": 0}), limits_text({})
    ('1 to 64', 'above 0', '')
    """
    if "enum" in limits:
        return " | ".join(str(value) for value in limits["enum"])
    low, high = limits.get("minimum"), limits.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    return ", ".join(f"{word} {limits[key]}" for key, word in words.items() if key in limits)
