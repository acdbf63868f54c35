"""Finds, checks, lists and builds plugins; the only module that owns a plugin manager.

Entry points are walked one by one instead of by pluggy's own loader, which stops at the first import error and
skips a repeated name without a word; each hook implementation is called on its own, so that one that raises does
not empty the list for all.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import importlib_metadata
import pluggy

from stackcore.config import Options, resolve_options
from stackcore.errors import PluginError, StackcoreError, did_you_mean
from stackcore.hookspecs import HOOK_OF_KIND, PROJECT, Hooks, Kind, Offer

State = Literal["ok", "disabled", "missing", "broken", "duplicate"]

DISABLE_VARIABLE = "STACKCORE_DISABLE_PLUGINS"
"""Environment variable: names of plugins to leave out, separated by commas."""


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """One plugin as `stackcore plugins list` shows it; `kind` is None where its module could not be loaded."""

    kind: Kind | None
    name: str
    summary: str
    distribution: str
    version: str
    entry_point: str
    state: State
    reason: str = ""
    fix: str = ""
    capabilities: tuple[str, ...] = ()
    offer: Offer[Any] | None = None


class Registry:
    """All plugins that are installed, with their state."""

    def __init__(self, records: Iterable[PluginRecord]) -> None:
        self._records = list(records)

    @classmethod
    def discover(cls, disabled: Collection[str] = ()) -> Registry:
        """Find every plugin of the entry-point group `stackcore`.

        `disabled` names plugins (`name`, `kind:name` or `distribution:name`) to leave out, beside those of
        the environment variable `STACKCORE_DISABLE_PLUGINS`. Never raises for a plugin that cannot work.
        """
        variable = os.environ.get(DISABLE_VARIABLE, "")
        off = {*disabled, *(name.strip() for name in variable.split(",") if name.strip())}
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        records: list[PluginRecord] = []
        for entry_point in sorted(importlib_metadata.entry_points(group=PROJECT), key=lambda e: (e.name, e.value)):
            records.extend(_load(manager, entry_point))
        return cls(_mark_duplicates([_settle(record, off) for record in records]))

    def records(self, kind: Kind | None = None) -> list[PluginRecord]:
        """Every plugin, or those of one kind, sorted by kind and name."""
        chosen = [r for r in self._records if kind is None or r.kind == kind]
        return sorted(chosen, key=lambda r: (r.kind or "~", r.name, r.distribution))

    def names(self, kind: Kind) -> list[str]:
        """Names of the plugins of a kind that work."""
        return sorted({r.name for r in self._records if r.kind == kind and r.state == "ok"})

    def offers(self, kind: Kind) -> list[Offer[Any]]:
        """Offers of a kind that work."""
        return [r.offer for r in self.records(kind) if r.state == "ok" and r.offer is not None]

    def offer(self, kind: Kind, name: str) -> Offer[Any]:
        """Return the working plugin of that name; `PluginError` says why there is none and what is near."""
        for record in self.records(kind):
            if record.name != name:
                continue
            if record.state == "ok" and record.offer is not None:
                return record.offer
            raise PluginError(f'The {kind} "{name}" cannot be used.', record.reason, record.fix)
        for record in self._records:
            # What could not say its name goes by that of its entry point: `fuser-sharpest`.
            nameless = record.offer is None and record.kind in (None, kind)
            if nameless and name in (record.name, record.name.removeprefix(f"{kind}-")):
                raise PluginError(f'The {kind} "{name}" cannot be used.', record.reason, record.fix)
        raise PluginError(
            f'There is no {kind} called "{name}".',
            f"no installed plugin offers it (looked in {len(self._records)} plugins).",
            did_you_mean(name, self.names(kind)),
        )

    def options(self, kind: Kind, name: str, values: Mapping[str, Any]) -> Options:
        """Check option values for a plugin; `ConfigError` names the key and what is allowed."""
        return resolve_options(self.offer(kind, name).options, values, f'{kind} "{name}"')

    def build(self, kind: Kind, name: str, values: Mapping[str, Any] | Options | None = None) -> Any:
        """Build a plugin from option values; what `build` raises becomes a `PluginError`."""
        offer = self.offer(kind, name)
        options = values if isinstance(values, Options) else self.options(kind, name, values or {})
        try:
            return offer.build(options)
        except StackcoreError:
            raise
        except Exception as error:
            problem = "importing it failed" if isinstance(error, ImportError) else "building it failed"
            raise PluginError(
                f'The {kind} "{name}" cannot be used.',
                f"{problem}: {type(error).__name__}: {error}.",
                _install_advice(offer),
            ) from error


def _load(manager: pluggy.PluginManager, entry_point: importlib_metadata.EntryPoint) -> list[PluginRecord]:
    distribution: Any = entry_point.dist  # the library's protocol for it does not say that it hashes
    dist_name, version = _origin(distribution)
    unloaded = PluginRecord(
        kind=None,
        name=entry_point.name,
        summary="",
        distribution=dist_name,
        version=version,
        entry_point=entry_point.value,
        state="broken",
    )
    repair = f"pip install --force-reinstall {dist_name}, or pip uninstall {dist_name}"
    try:
        module = entry_point.load()
        manager.register(module, name=f"{dist_name}:{entry_point.name}")
        # A hook whose arguments do not fit would otherwise be blamed on the next plugin.
        implementations = {
            kind: [impl for impl in getattr(manager.hook, hook).get_hookimpls() if impl.plugin is module]
            for kind, hook in HOOK_OF_KIND.items()
        }
    except (Exception, SystemExit) as error:
        reason = f"loading {entry_point.value} failed: {type(error).__name__}: {error}"
        return [replace(unloaded, reason=reason, fix=repair)]
    found: list[PluginRecord] = []
    for kind, impls in implementations.items():
        for impl in impls:
            try:
                offers = list(impl.function())
                found.extend(_record(unloaded, kind, offer) for offer in offers)
            except (Exception, SystemExit) as error:
                reason = f"its hook {HOOK_OF_KIND[kind]} failed: {type(error).__name__}: {error}"
                found.append(replace(unloaded, kind=kind, reason=reason, fix=repair))
    if not found:
        return [replace(unloaded, reason=f"{entry_point.value} implements no hook of stackcore.", fix=repair)]
    return found


@cache  # each look parses all of the metadata again, README included
def _origin(distribution: importlib_metadata.Distribution | None) -> tuple[str, str]:
    return ("unknown", "?") if distribution is None else (distribution.name, distribution.version)


def _record(base: PluginRecord, kind: Kind, offer: Offer[Any]) -> PluginRecord:
    if not isinstance(offer, Offer):
        raise TypeError(f"a hook returns offers, not {type(offer).__name__}")
    offer.options()  # buildable with no arguments, or the plugin is broken
    return replace(
        base,
        kind=kind,
        name=offer.name,
        summary=offer.summary,
        state="ok",
        capabilities=offer.capabilities,
        offer=offer,
    )


def _mark_duplicates(records: list[PluginRecord]) -> list[PluginRecord]:
    by_name: dict[tuple[Kind | None, str], list[PluginRecord]] = {}
    for record in records:
        if record.state == "ok":
            by_name.setdefault((record.kind, record.name), []).append(record)
    marked = []
    for record in records:
        twins = by_name.get((record.kind, record.name), [])
        if record.state == "ok" and len(twins) > 1:
            owners = " and ".join(f"{t.distribution} {t.version} ({t.entry_point})" for t in twins)
            marked.append(
                replace(
                    record,
                    state="duplicate",
                    reason=f'two plugins are called "{record.name}": {owners}.',
                    fix="uninstall one, or leave one out: "
                    + ", ".join(f"--disable-plugin {t.distribution}:{t.name}" for t in twins),
                )
            )
        else:
            marked.append(record)
    return marked


def _settle(record: PluginRecord, disabled: set[str]) -> PluginRecord:
    if not disabled.isdisjoint((record.name, f"{record.kind}:{record.name}", f"{record.distribution}:{record.name}")):
        fix = f"remove it from {DISABLE_VARIABLE} and from --disable-plugin."
        return replace(record, state="disabled", reason="it is disabled.", fix=fix)
    if record.state == "ok" and record.offer is not None:
        absent = [module for module in record.offer.needs if not _is_installed(module)]
        if absent:
            reason = f"it needs {', '.join(absent)}, which is not installed."
            return replace(record, state="missing", reason=reason, fix=_install_advice(record.offer))
    return record


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # the parent of a submodule is missing, or the module has no spec
        return False


def _install_advice(offer: Offer[Any]) -> str:
    if offer.extra:
        return f"pip install 'stackcore[{offer.extra}]'"
    return f"pip install {' '.join(offer.needs)}" if offer.needs else "reinstall the package that brings it."
