"""The plugins that one run has chosen, built with the options it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackcore.errors import ConfigError, PluginError, UsageError, did_you_mean
from stackcore.hookspecs import Kind
from stackcore.metadata.record import UsedPlugin
from stackcore.protocols import Aligner, Developer, Executor, Fuser, Sharpener
from stackcore.registry import Registry

SECTIONS = ("aligner", "fuser", "sharpener", "executor", "developer")
"""What `--set` may name when a stack is processed."""


class Toolbox:
    """Builds plugins by name; `settings` holds their options by section."""

    def __init__(self, registry: Registry, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self._registry = registry
        self._settings = settings
        self._owners: dict[str, str] = {}
        self.developers = self._all_developers()

    @property
    def suffixes(self) -> set[str]:
        """Suffixes of all files that can be read."""
        return set(self.developers)

    def aligner(self, name: str) -> Aligner:
        """Build an aligner."""
        built: Aligner = self._build("aligner", name)
        return built

    def fuser(self, name: str) -> Fuser[Any]:
        """Build a fuser."""
        built: Fuser[Any] = self._build("fuser", name)
        return built

    def can(self, kind: Kind, name: str, capability: str) -> bool:
        """Whether a plugin lists a capability."""
        return capability in self._registry.offer(kind, name).capabilities

    def able(self, kind: Kind, capability: str) -> list[str]:
        """Names of the plugins of a kind that list it."""
        return sorted(offer.name for offer in self._registry.offers(kind) if capability in offer.capabilities)

    def sharpener(self, name: str, strength: str) -> Sharpener:
        """Build a sharpener of some strength."""
        built: Sharpener = self._build("sharpener", name, strength=strength)
        return built

    def executor(self, name: str, workers: int | None) -> Executor:
        """Build an executor with so many workers, or its own default."""
        extra = {} if workers is None else {"workers": workers}
        built: Executor = self._build("executor", name, **extra)
        return built

    def used(self, kind: Kind, name: str, **given: Any) -> UsedPlugin:
        """Which plugin a name stands for, with the options it is built with."""
        record = next(r for r in self._registry.records(kind) if r.name == name and r.state == "ok")
        known = self._settings.get(kind, {})
        if kind == "developer":  # one section serves all developers
            known = {k: v for k, v in known.items() if k in self._registry.offer(kind, name).options.model_fields}
        options = self._registry.options(kind, name, {**given, **known}).model_dump(mode="json")
        return UsedPlugin(name=name, distribution=record.distribution, version=record.version, options=options)

    def used_developer(self, suffix: str) -> UsedPlugin:
        """Which developer reads files of a suffix (lower case, with the dot)."""
        return self.used("developer", self._owners[suffix])

    def _build(self, kind: Kind, name: str, **given: Any) -> Any:
        try:
            self._registry.options(kind, name, given)
        except ConfigError as error:  # `given` has options of its own on the command line; the rest came by --set
            raise UsageError(error.what, error.why, error.fix) from error
        return self._registry.build(kind, name, {**given, **self._settings.get(kind, {})})

    def _all_developers(self) -> dict[str, Developer]:
        """One developer per suffix, each built when its first file is seen."""
        found: dict[str, Developer] = {}
        owners = self._owners
        self._refuse_unknown_to_all_developers()
        for offer in self._registry.offers("developer"):
            known = {k: v for k, v in self._settings.get("developer", {}).items() if k in offer.options.model_fields}
            developer = _Lazy(self._registry, offer.name, known)
            for suffix in offer.capabilities:
                if suffix in owners:
                    raise PluginError(
                        f"Two developers read {suffix} files.",
                        f'"{owners[suffix]}" and "{offer.name}" both offer to.',
                        f"disable one: --disable-plugin developer:{offer.name}.",
                    )
                owners[suffix], found[suffix] = offer.name, developer
        return found

    def _refuse_unknown_to_all_developers(self) -> None:
        """One section serves all developers, each of which takes what it knows; some of them must know each key."""
        known = {key for offer in self._registry.offers("developer") for key in offer.options.model_fields}
        for key in self._settings.get("developer", {}):
            if key not in known:
                raise ConfigError(
                    f'No developer has an option "{key}".',
                    "options are checked so that a mistyped one is not silently ignored.",
                    did_you_mean(key, known),
                )


class _Lazy:
    """A developer that is built when it is first asked for anything, so that JPEGs load no raw library."""

    def __init__(self, registry: Registry | None, name: str, options: Mapping[str, Any]) -> None:
        self._registry, self._name, self._options = registry, name, options
        self._built: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Elsewhere it is built of the plugins that are installed there."""
        return _Lazy, (None, self._name, dict(self._options))

    def __getattr__(self, verb: str) -> Any:
        if self._built is None:
            registry = self._registry or Registry.discover()
            self._built = registry.build("developer", self._name, self._options)
        return getattr(self._built, verb)
