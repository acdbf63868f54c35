"""Typed options of plugins, and how values from the command line become them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stackcore.errors import ConfigError, did_you_mean


class Options(BaseModel):
    """Base of every plugin's options: frozen, unknown keys refused, buildable with no arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoOptions(Options):
    """For plugins that have nothing to set."""


OptionsT = TypeVar("OptionsT", bound=Options)


def parse_settings(assignments: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read `--set SECTION.KEY=VALUE` into {section: {key: value}}.

    A value that is JSON (number, true, list) is read as such; anything else stays text.
    Raises `ConfigError` for an assignment without a section or a value.

    Examples
    --------
    >>> parse_settings(["fuser.levels=6", "aligner.model=rigid"])
    {'fuser': {'levels': 6}, 'aligner': {'model': 'rigid'}}
    """
    settings: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (equals and dot and section and key):
            raise ConfigError(
                f'"{assignment}" cannot be set.',
                "a setting has the form SECTION.KEY=VALUE.",
                "for example `--set fuser.levels=6`.",
            )
        try:
            value: Any = json.loads(text)
        except ValueError:
            value = text
        settings.setdefault(section, {})[key] = value
    return settings


def refuse_unknown_sections(settings: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise `ConfigError` when `--set` names a section that this command does not use."""
    allowed = list(known)
    for section in settings:
        if section not in allowed:
            raise ConfigError(
                f'Nothing here is called "{section}".',
                "`--set` names a kind of plugin that this command uses.",
                did_you_mean(section, allowed),
            )


def resolve_options(model: type[OptionsT], values: Mapping[str, Any], owner: str) -> OptionsT:
    """Check `values` against an options model.

    Raises `ConfigError` that names the key, what it was, what is allowed and the nearest valid key.
    `owner` is how the user knows the plugin, for example `fuser "pyramid"`.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise _explain(error, model, owner) from error


def _explain(error: ValidationError, model: type[Options], owner: str) -> ConfigError:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "value"
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f'The {owner} has no option "{key}".',
            "options are checked so that a mistyped one is not silently ignored.",
            did_you_mean(key, model.model_fields),
        )
    field = model.model_fields.get(str(first["loc"][0])) if first["loc"] else None
    about = f" ({field.description})" if field is not None and field.description else ""
    return ConfigError(
        f'Option "{key}" of the {owner} cannot be {first["input"]!r}.',
        f"{first['msg'].removeprefix('Value error, ').lower()}{about}",
        f"set it within its limits, or leave it out to use {field.default!r}."
        if field
        else "see `stackcore plugins show`.",
    )


def describe_options(model: type[Options]) -> list[dict[str, Any]]:
    """Rows for `plugins show`: name, type, default, limits and description of every option."""
    schema = model.model_json_schema()
    rows = []
    for name, field in schema.get("properties", {}).items():
        limits = {
            key: field[key]
            for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum")
            if key in field
        }
        kind = field.get("type") or " or ".join(str(part.get("type", "?")) for part in field.get("anyOf", [])) or "any"
        rows.append(
            {
                "name": name,
                "type": kind,
                "default": model.model_fields[name].default,
                "limits": limits,
                "description": field.get("description", ""),
            }
        )
    return rows
