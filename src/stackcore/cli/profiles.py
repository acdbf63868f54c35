"""`stackcore profiles`: the settings that runs remember, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.errors import UsageError

if TYPE_CHECKING:
    from stackcore.api.profiles import Profile

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_CHOSEN_BY = {
    "command": "named in the command",
    "environment": "named by STACKCORE_PROFILE",
    "use": "the last one used",
    "default": "nothing chose another",
}


def register(app: typer.Typer) -> None:
    """Add `profiles` with its verbs to the application."""
    group = typer.Typer(no_args_is_help=True, help="The settings that capture runs remember, by name.")
    group.command("list")(_list)
    group.command("show")(_show)
    group.command("set")(_set)
    group.command("use")(_use)
    app.add_typer(group, name="profiles")


def _list(json: JsonOption = False) -> None:
    """List every profile; an asterisk marks the active one."""
    from stackcore.api.profiles import current_profile, list_profiles

    profiles, chosen = list_profiles(), current_profile()
    if json:
        document = {"active": chosen.name, "chosen_by": chosen.chosen_by, "profiles": [_as_data(p) for p in profiles]}
        _print_json("stackcore.profiles/1", document)
        return
    for profile in profiles:
        typer.echo(f"{'*' if profile.active else ' '} {profile.name:<16} {_gist(profile)}")
    if chosen.name not in [profile.name for profile in profiles]:
        typer.echo(f"* {chosen.name:<16} new: the next run makes it")
    typer.echo(f"active: {chosen.name} ({_CHOSEN_BY[chosen.chosen_by]})", err=True)


def _show(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The active one when left out.")] = None,
    json: JsonOption = False,
) -> None:
    """Show what a profile remembers, and the defaults of what it does not."""
    from stackcore.api.profiles import show_profile

    profile = show_profile(name)
    _print_json("stackcore.profile/1", _as_data(profile)) if json else _print_profile(profile)


def _set(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME] [KEY=VALUE]...",
            help="slices, step, delay_ms, mode, path, camera, mirror, job, batch_id, bd1 to bd6; the active profile "
            "when no name is given.",
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Store settings in a profile; the profile is made where there is none."""
    from stackcore.api.profiles import set_profile

    name = None if "=" in arguments[0] else arguments[0]
    profile = set_profile(name, _assignments(arguments[0 if name is None else 1 :]))
    _print_json("stackcore.profile/1", _as_data(profile)) if json else _print_profile(profile)


def _use(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `stackcore profiles list` shows it.")],
    json: JsonOption = False,
) -> None:
    """Make a profile the active one of all later runs."""
    from stackcore.api.profiles import use_profile

    chosen = use_profile(name)
    if json:
        _print_json("stackcore.profiles.use/1", {"active": chosen.name, "chosen_by": chosen.chosen_by, "used": name})
        return
    typer.echo(f"{name} is used from now on")
    if chosen.name != name:
        typer.echo(f"warning: STACKCORE_PROFILE is set, so {chosen.name} stays active here", err=True)


def _assignments(texts: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE; a value is a whole number where the setting wants one."""
    from stackcore.capturing.plan import CaptureSettings

    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(
                f'"{text}" sets nothing.', "a setting has the form KEY=VALUE.", "for example `slices=20 job=Beetles`."
            )
        key = key.replace("-", "_")
        field = CaptureSettings.model_fields.get(key)
        is_number = field is not None and isinstance(field.default, int) and value.removeprefix("-").isdecimal()
        values[key] = int(value) if is_number else value
    return values


def _as_data(profile: Profile) -> dict[str, Any]:
    data: dict[str, Any] = {"name": profile.name, "active": profile.active, "file": str(profile.file)}
    if profile.settings is None:
        problem = profile.problem
        return {**data, "settings": None, "problem": str(problem)}
    return {**data, "settings": profile.settings.model_dump(), "remembered": sorted(profile.remembered)}


def _gist(profile: Profile) -> str:
    if profile.settings is None:
        return f"broken: {profile.problem.why if profile.problem else ''}"
    settings = profile.settings
    shot = f"{settings.slices} slices, step {settings.step}, delay {settings.delay_ms} ms"
    return f"{shot}, {settings.mode}, {settings.camera}, {settings.path}"


def _print_profile(profile: Profile) -> None:
    typer.echo(f"{profile.name}{' (active)' if profile.active else ''}")
    for key, value in profile.settings.model_dump().items() if profile.settings else ():
        origin = "" if key in profile.remembered else "  (default)"
        typer.echo(f"  {key:<9} {value}{origin}".rstrip())


def _print_json(schema: str, document: dict[str, Any]) -> None:
    from json import dumps

    typer.echo(dumps({"schema": schema, **document}, indent=2, ensure_ascii=False))
