"""Presets from Python: what there is, what would hold, whether a file is in order, and its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from stackcore.errors import PluginError, StackcoreError
from stackcore.hookspecs import Kind
from stackcore.presets.commanding import command_layer
from stackcore.presets.finding import Source, find_preset, known_presets
from stackcore.presets.gathering import Asked, Gathered, built_in, gather
from stackcore.presets.inheriting import layers_of
from stackcore.presets.layering import Setting, resolve
from stackcore.presets.plugins import check_plugins
from stackcore.presets.reading import read_preset
from stackcore.presets.schema import preset_schema
from stackcore.presets.sections import KINDS
from stackcore.registry import Registry


@dataclass(frozen=True, kw_only=True)
class PresetInfo:
    """A preset that goes by a name.

    Attributes
    ----------
    hides
        It is the user's, and takes the place of a shipped one of that name.
    problem
        Why it cannot be used; None where it can.
    """

    name: str
    summary: str
    source: Source
    path: Path
    hides: bool
    extends: str | None = None
    problem: StackcoreError | None = None


def list_presets() -> list[PresetInfo]:
    """Return every preset that goes by a name, sorted; one that is not in order carries its problem.

    Examples
    --------
    >>> import stackcore
    >>> [preset.name for preset in stackcore.list_presets() if preset.problem is None][0]
    'field-macro'
    """
    return [_info(known.name, known.source, known.path, known.hides) for known in known_presets()]


def _info(name: str, source: Source, path: Path, hides: bool) -> PresetInfo:
    try:
        preset = read_preset(path).preset
    except StackcoreError as error:
        return PresetInfo(name=name, summary="", source=source, path=path, hides=hides, problem=error)
    return PresetInfo(name=name, summary=preset.summary, source=source, path=path, hides=hides, extends=preset.extends)


def show_preset(named: str) -> str:
    """Return the text of a preset, given by name or file; errors as those of a run that would use it.

    Examples
    --------
    >>> import stackcore
    >>> "[stack]" in stackcore.show_preset("quick-draft")
    True
    """
    return find_preset(named).text


def resolved_settings(
    preset: str | None = None,
    *,
    given: Mapping[str, Any] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    profile: str | None = None,
    surroundings: bool = True,
    registry: Registry | None = None,
) -> Gathered:
    """Return what would hold for a run here, each value with the place where it comes from.

    `given` and `settings` stand for what would be typed; options of the chosen plugins that nobody sets are those of
    the plugin itself.

    Examples
    --------
    >>> import stackcore
    >>> found = stackcore.resolved_settings("quick-draft", surroundings=False)
    >>> setting = found.resolved.settings["stack", "fuser"]
    >>> setting.value, setting.layer
    ('weighted', 'preset')
    """
    found = gather(
        Asked(
            preset=preset,
            command=command_layer(("stack", "output", "capture"), given or {}, settings or {}),
            surroundings=surroundings,
            with_profile=True,
            profile=profile,
        )
    )
    defaults = _defaults_of_plugins(found, registry or Registry.discover())
    said = list(found.resolved.settings.values())
    joined = replace(found.resolved, settings=resolve([[*defaults, *said]]).settings)
    return replace(found, resolved=joined)


def _defaults_of_plugins(found: Gathered, registry: Registry) -> list[Setting]:
    """What the chosen plugins do where nobody says anything; nothing of plugins that are not there."""
    defaults: list[Setting] = []
    for kind in KINDS:
        chosen = found.resolved.plugin(kind)
        if chosen is None:
            continue
        name = str(chosen.value).partition(":")[0] if kind == "camera" else str(chosen.value)
        try:
            options = registry.offer(cast(Kind, kind), name).options()
        except PluginError:
            continue
        defaults.extend(
            Setting(kind, key, value, "built-in", f'{kind} "{name}"')
            for key, value in options.model_dump(mode="json").items()
            if value is not None
        )
    return defaults


def validate_preset(named: str, registry: Registry | None = None) -> None:
    """Check a preset and the plugins that it chooses, with their options, as a run would.

    `UsageError` where there is none, `ConfigError` for what is wrong in it, `PluginError` for a plugin that is not
    there; each names file and line.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.validate_preset("studio-10x")
    """
    file = find_preset(named)
    plugins = registry or Registry.discover()
    check_plugins(resolve([built_in(), *layers_of(file, "preset")]), plugins, KINDS)


def presets_schema(registry: Registry | None = None) -> dict[str, Any]:
    """Return the JSON Schema of preset files, with the options of the plugins that are installed.

    Examples
    --------
    >>> import stackcore
    >>> sorted(stackcore.presets_schema()["properties"])[:3]
    ['aligner', 'camera', 'capture']
    """
    return preset_schema(registry or Registry.discover())
