"""What one entry point offers: its module is imported, its hooks are called, and each offer is looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import importlib_metadata
import pluggy

from stackcore.hookspecs import PROJECT, HookFacts, Offer, hook_facts
from stackcore.registry.compatibility import ATTRIBUTE, FIRST_VERSION, mismatch, read_declared
from stackcore.registry.records import PluginRecord
from stackcore.registry.tracing import HookTrace


class Asker:
    """Asks one entry point after the other; `specification` is the class that holds the hooks."""

    def __init__(self, specification: type, trace: HookTrace) -> None:
        self._facts: Mapping[str, HookFacts] = hook_facts(specification)
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(specification)
        self._trace = trace

    def ask(self, entry_point: importlib_metadata.EntryPoint, unloaded: PluginRecord) -> list[PluginRecord]:
        """Return a record for each offer, and one for each thing that went wrong; raises for no plugin.

        `unloaded` is what is known without importing anything.
        """
        owner = f"{unloaded.distribution}:{entry_point.name}"
        try:
            declared: object = read_declared(entry_point.module)
            if declared is not None and (bad := _misfit(unloaded, declared)):
                return [bad]
            with self._trace.asking(owner, "import") as answer:
                plugin = entry_point.load()
                answer.text = entry_point.value
        except (Exception, SystemExit) as error:
            reason = f"importing {entry_point.value} failed: {type(error).__name__}: {error}"
            return [replace(unloaded, reason=reason, fix=unloaded.repair)]
        declared = getattr(plugin, ATTRIBUTE, getattr(sys.modules.get(entry_point.module), ATTRIBUTE, FIRST_VERSION))
        if bad := _misfit(unloaded, declared):
            return [bad]
        return self._answers(owner, plugin, replace(unloaded, api=str(declared)))

    def _answers(self, owner: str, plugin: Any, unloaded: PluginRecord) -> list[PluginRecord]:
        try:
            # Alone in the manager while it is asked: what it raises, or breaks, is its own.
            self._manager.register(plugin, name=owner)
        except (Exception, SystemExit) as error:  # a hook whose arguments do not fit, for one
            self._forget(owner)
            reason = f"its hooks do not fit: {type(error).__name__}: {error}"
            return [replace(unloaded, reason=reason, fix=unloaded.repair)]
        try:
            found = [record for hook in self._facts for record in self._answer(owner, plugin, hook, unloaded)]
        finally:
            self._forget(owner)
        if not found:
            reason = f"{unloaded.entry_point} offers nothing: no hook of stackcore, or none that returns an offer."
            return [replace(unloaded, reason=reason, fix=unloaded.repair)]
        return found

    def _forget(self, owner: str) -> None:
        if self._manager.has_plugin(owner):
            self._manager.unregister(name=owner)

    def _answer(self, owner: str, plugin: Any, hook: str, unloaded: PluginRecord) -> Iterator[PluginRecord]:
        caller = getattr(self._manager.hook, hook)
        if not caller.get_hookimpls():
            return
        facts = self._facts[hook]
        notes = (facts.deprecated.told(hook),) if facts.deprecated else ()
        base = replace(unloaded, kind=facts.kind, notes=notes)
        offers: list[Any] = []
        try:
            with self._trace.asking(owner, hook) as answer:
                for offered in caller() or [None]:  # pluggy leaves out what is None
                    offers.extend(offered)
                answer.text = ", ".join(str(getattr(offer, "name", offer)) for offer in offers)
        except (Exception, SystemExit) as error:
            reason = f"its hook {hook} failed: {type(error).__name__}: {error}"
            yield replace(base, reason=reason, fix=base.repair)
        for offer in offers:
            yield _record(base, hook, offer)


def _misfit(unloaded: PluginRecord, declared: object) -> PluginRecord | None:
    bad = mismatch(declared, unloaded.distribution)
    if bad is None:
        return None
    return replace(unloaded, api=str(declared), state=bad.state, reason=bad.reason, fix=bad.fix)


def _record(base: PluginRecord, hook: str, offer: Any) -> PluginRecord:
    fault = _fault(offer)
    if fault:
        name = getattr(offer, "name", None)
        named = name if isinstance(name, str) and name else base.name
        return replace(base, name=named, reason=f"its hook {hook} {fault}.", fix=base.repair)
    return replace(
        base,
        name=offer.name,
        summary=offer.summary,
        state="ok",
        capabilities=tuple(offer.capabilities),
        offer=offer,
    )


def _fault(offer: Any) -> str:
    """What is wrong with an offer, in words that follow "its hook"; empty where nothing is."""
    if not isinstance(offer, Offer):
        return f"returned {_a(offer)} where an Offer is wanted"
    for field in ("name", "summary"):
        text = getattr(offer, field)
        if not isinstance(text, str) or (field == "name" and not text.strip()):
            return f"offered a plugin whose {field} is {text!r}, not a text"
    if "options" not in vars(offer):  # left out; looking for the class would load pydantic
        return _fault_beside_options(offer)
    from stackcore.config import Options

    if not (isinstance(offer.options, type) and issubclass(offer.options, Options)):
        return f'offered "{offer.name}", whose options are {_a(offer.options)}, not a subclass of Options'
    try:
        offer.options()
    except (Exception, SystemExit) as error:
        return f'offered "{offer.name}", whose options cannot be made without arguments: {_flat(error)}'
    return _fault_beside_options(offer)


def _fault_beside_options(offer: Offer[Any]) -> str:
    if not callable(offer.build):
        return f'offered "{offer.name}", whose build is {_a(offer.build)}, not a function'
    for field in ("capabilities", "needs"):
        words = getattr(offer, field)
        if not isinstance(words, tuple | list) or not all(isinstance(word, str) for word in words):
            return f'offered "{offer.name}", whose {field} are {words!r}, not a tuple of texts'
    return ""


def _a(value: object) -> str:
    return f"a value of type {type(value).__name__}"


def _flat(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
