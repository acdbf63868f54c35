"""`stackcore presets`: settings by name, and where each value comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.cli.columns import columns_of, fitted

if TYPE_CHECKING:
    from stackcore.api.preset_files import PresetInfo
    from stackcore.presets.gathering import Gathered

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add `presets` with its verbs to the application."""
    group = typer.Typer(no_args_is_help=True, help="Settings by name: what there is, what would hold, and from where.")
    group.command("list")(_list)
    group.command("show")(_show)
    group.command("new")(_new)
    group.command("validate")(_validate)
    group.command("schema")(_schema)
    app.add_typer(group, name="presets")


def _list(json: JsonOption = False) -> None:
    """List every preset that goes by a name."""
    from stackcore.api.preset_files import list_presets
    from stackcore.presets.finding import user_presets

    presets = list_presets()
    if json:
        document = {"folder": str(user_presets()), "presets": [_as_data(preset) for preset in presets]}
        _print_json("stackcore.presets/1", document)
        return
    width = max((len(preset.name) for preset in presets), default=0)
    for preset in presets:
        typer.echo("\n".join(fitted(_gist(preset), columns_of(), label=f"{preset.name:<{width}}  ")))
    typer.echo(f"yours are kept in {user_presets()}", err=True)


def _show(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="What holds here without a preset when left out.")
    ] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Every value that would hold, and where it comes from.")
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", "-o", metavar="KEY=VALUE", help="With --resolved, as if typed: fuser=weighted, fuser.levels=6."
        ),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="With --resolved: whose remembered settings take part.")] = None,
    no_presets: Annotated[
        bool, typer.Option("--no-presets", help="Pass over the settings of user, project and environment.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show the file of a preset, or what would hold for a run."""
    from stackcore.api.preset_files import resolved_settings, show_preset
    from stackcore.cli.preset_options import typed_options

    if name is not None and not (resolved or option):
        text = show_preset(name)
        _print_json("stackcore.preset/1", {"name": name, "text": text}) if json else typer.echo(text, nl=False)
        return
    given, settings = typed_options(option or [])
    found = resolved_settings(name, given=given, settings=settings, profile=profile, surroundings=not no_presets)
    if json:
        _print_json("stackcore.settings/1", _settings_as_data(found))
    else:
        _print_settings(found)


def _new(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Asked for when left out.")] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="field|studio|microscope|product", help="What is photographed, and where.")
    ] = None,
    magnification: Annotated[
        float | None, typer.Option(metavar="M", help="Size on the sensor over size of the subject: 0.5, 1, 5.")
    ] = None,
    camera: Annotated[str | None, typer.Option(help="Camera provider, as `stackcore cameras` shows it.")] = None,
    aim: Annotated[str | None, typer.Option(metavar="quality|speed", help="What matters more.")] = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="tif|png|jpg", help="Type of the results.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it here, not among your presets.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: what is left out has its usual value.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write a preset from a few answers; nothing is overwritten.

    For example:

    stackcore presets new beetles --subject studio --magnification 5 --yes
    """
    from stackcore.cli.preset_questions import answered

    answers = answered(
        asks=not (yes or json),
        name=name,
        subject=subject,
        magnification=magnification,
        camera=camera,
        aim=aim,
        format=format_,
    )
    from stackcore.api.preset_new import new_preset

    path = new_preset(answers, out)
    if json:
        _print_json("stackcore.presets.new/1", {"name": answers.name, "path": str(path)})
        return
    typer.echo(str(path))
    typer.echo(
        f"use it: stackcore stack INPUT... -o OUT --preset {path if out is not None else answers.name}", err=True
    )


def _validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, or names of presets.")],
    json: JsonOption = False,
) -> None:
    """Check presets with the plugins that they choose; the first fault ends it with its exit code."""
    from stackcore.api.preset_files import validate_preset

    for file in files:
        validate_preset(file)
        if not json:
            typer.echo(f"{file} is in order")
    if json:
        _print_json("stackcore.presets.validate/1", {"valid": files})


def _schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference page of the keys instead.")] = False,
) -> None:
    """Print the JSON Schema of presets, with the options of the plugins that are installed."""
    if markdown:
        from stackcore.cli.preset_page import preset_page

        typer.echo(preset_page(), nl=False)
        return
    from json import dumps

    from stackcore.api.preset_files import presets_schema

    typer.echo(dumps(presets_schema(), indent=2, ensure_ascii=False))


def _gist(preset: PresetInfo) -> str:
    if preset.problem is not None:
        return f"broken: {preset.problem.what} {preset.problem.why}"
    base = f" (extends {preset.extends})" if preset.extends else ""
    own = "" if preset.source == "shipped" else ", yours instead of the shipped one" if preset.hides else ", yours"
    return f"{preset.summary or 'no summary'}{base}{own}"


def _as_data(preset: PresetInfo) -> dict[str, Any]:
    return {
        "name": preset.name,
        "summary": preset.summary,
        "source": preset.source,
        "path": str(preset.path),
        "extends": preset.extends,
        "problem": None if preset.problem is None else str(preset.problem),
    }


def _settings_as_data(found: Gathered) -> dict[str, Any]:
    def told(settings: Any) -> list[dict[str, Any]]:
        return [
            {"section": s.section, "key": s.key, "value": s.value, "layer": s.layer, "from": s.where} for s in settings
        ]

    return {
        "settings": told(_in_order(found)),
        "dropped": told(found.resolved.dropped),
        "unknown_variables": found.strange,
    }


def _in_order(found: Gathered) -> list[Any]:
    from stackcore.presets.sections import KINDS, SECTIONS

    order = [*SECTIONS, *KINDS]
    settings = [setting for setting in found.resolved.settings.values() if setting.value is not None]
    return sorted(settings, key=lambda setting: order.index(setting.section))


def _print_settings(found: Gathered) -> None:
    from json import dumps

    section, columns = "", columns_of()
    for setting in _in_order(found):
        if setting.section != section:
            typer.echo(f"{chr(10) if section else ''}[{setting.section}]")
            section = setting.section
        assignment = f"{setting.key} = {dumps(setting.value, ensure_ascii=False)}"
        where = setting.where if setting.layer in ("built-in", "command") else f"{setting.layer} {setting.where}"
        line = f"{assignment:<36}  # {where}"
        fits = columns is None or len(line) <= columns
        typer.echo(line if fits else f"{assignment}\n    # {where}")
    for setting in found.resolved.dropped:
        typer.echo(f"dropped: {setting.name} of {setting.where}, for another {setting.section} is chosen", err=True)
    for variable in found.strange:
        typer.echo(f"warning: the environment variable {variable} means nothing to stackcore", err=True)


def _print_json(schema: str, document: dict[str, Any]) -> None:
    from json import dumps

    typer.echo(dumps({"schema": schema, **document}, indent=2, ensure_ascii=False))
