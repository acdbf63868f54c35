"""Checks that the chosen plugins are there, and that what is set is what they take; each fault with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import ValidationError

from stackcore.errors import ConfigError, PluginError, StackcoreError, did_you_mean
from stackcore.hookspecs import Kind
from stackcore.presets.layering import Resolved, Setting
from stackcore.registry import Registry

NOBODY = {"sharpener": "none"}
"""Names that stand for no plugin."""


def check_plugins(resolved: Resolved, registry: Registry, kinds: Iterable[str]) -> None:
    """Check the chosen plugins of some kinds with their options.

    What was typed is left to whoever builds the plugin: only what comes from files, variables and results is checked.
    `PluginError` for a plugin that is not there, `ConfigError` for an option that it does not have or take; both name
    the place.
    """
    for kind in kinds:
        options = resolved.of(kind)
        if kind == "developer":
            _check_developers(options, registry)
            continue
        chosen = resolved.plugin(kind)
        if chosen is None or chosen.value in (None, NOBODY.get(kind)):
            continue
        name = str(chosen.value).partition(":")[0] if kind == "camera" else str(chosen.value)
        try:
            registry.offer(cast(Kind, kind), name)
        except PluginError as error:
            _raise_placed(error, chosen)
            continue
        _check(registry, kind, name, options)
        if kind == "sharpener" and (strength := resolved.settings.get(("stack", "sharpen"))) is not None:
            _check(registry, kind, name, {"strength": strength} if strength.value is not None else {})


def _check_developers(options: Mapping[str, Setting], registry: Registry) -> None:
    """One table serves all developers, each of which takes what it knows."""
    offers = registry.offers("developer")
    known = {key for offer in offers for key in offer.options.model_fields}
    for key, setting in options.items():
        if key not in known:
            error = ConfigError(
                f'No developer has an option "{key}".',
                "options are checked so that a mistyped one is not passed over.",
                did_you_mean(key, known),
            )
            _raise_placed(error, setting)
    for offer in offers:
        own = {key: setting for key, setting in options.items() if key in offer.options.model_fields}
        _check(registry, "developer", offer.name, own)


def _check(registry: Registry, kind: str, name: str, options: Mapping[str, Setting]) -> None:
    try:
        registry.options(cast(Kind, kind), name, {key: setting.value for key, setting in options.items()})
    except ConfigError as error:
        _raise_placed(error, _culprit(error, options))


def _culprit(error: ConfigError, options: Mapping[str, Setting]) -> Setting | None:
    """The setting that a fault is about: the one named, or the last one where several do not go together."""
    if isinstance(error.__cause__, ValidationError):
        loc = error.__cause__.errors(include_url=False)[0]["loc"]
        if loc and str(loc[0]) in options:
            return options[str(loc[0])]
    return list(options.values())[-1] if options else None


def _raise_placed(error: StackcoreError, setting: Setting | None) -> None:
    """Raise the same error with the place before it, unless it is about what was typed."""
    if setting is not None and setting.layer != "command":
        raise type(error)(f"{setting.where}: {error.what}", error.why, error.fix) from error
