"""Builds what an offer describes, and makes sure that it is what its kind needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stackcore.errors import PluginError, StackcoreError
from stackcore.hookspecs import HOOK_OF_KIND, Hooks, Kind, hook_facts
from stackcore.registry.describing import members
from stackcore.registry.records import PluginRecord
from stackcore.registry.tracing import hook_trace
from stackcore.registry.waiting import LOOKOUT, within

if TYPE_CHECKING:
    from stackcore.config import Options


def build(record: PluginRecord, options: Options, limit_s: float | None = None) -> Any:
    """Build the plugin of a record that works.

    Parameters
    ----------
    limit_s
        How long it may take, seconds; None for as long as it takes, of which the user is told after a while.

    Raises
    ------
    PluginError
        When `build` raises anything but a `StackcoreError`, takes too long, or returns what its kind does not take.
        Names the plugin, its distribution and the hook.
    """
    offer, kind = record.offer, record.kind
    assert offer is not None
    assert kind is not None
    what = f'{record.origin} to build the {kind} "{record.name}"'
    try:
        with hook_trace().asking(f"{record.distribution}:{record.name}", f"build {kind}") as answer:
            if limit_s is None:
                with LOOKOUT.over(what):
                    built = offer.build(options)
            else:
                built = within(limit_s, what, lambda: offer.build(options))
            answer.text = type(built).__name__
    except StackcoreError:
        raise
    except TimeoutError as error:
        if limit_s is None:  # the plugin's own
            raise _cannot(record, f"building it failed: TimeoutError: {error}", record.supply) from error
        fix = f"leave it out with --disable-plugin {record.distribution}:{record.name}, or tell its author."
        raise _cannot(record, f"building it was not done within {limit_s:g} s", fix) from error
    except (Exception, SystemExit) as error:
        problem = "importing it failed" if isinstance(error, ImportError) else "building it failed"
        raise _cannot(record, f"{problem}: {type(error).__name__}: {error}", record.supply) from error
    if lacks := _lacks(kind, built):
        name = type(built).__name__
        why = f"its build returned a {name}, which is no {kind}: {lacks}"
        raise _cannot(record, why, f"tell its author, and see `stackcore plugins check {kind}:{record.name}`.")
    return built


def _cannot(record: PluginRecord, why: str, fix: str) -> PluginError:
    hook = HOOK_OF_KIND[record.kind] if record.kind else "?"
    text = f"{why.rstrip('.')} ({record.distribution} {record.version}, {hook} of {record.entry_point})."
    return PluginError(f'The {record.kind} "{record.name}" cannot be used.', text, fix)


def _lacks(kind: Kind, built: Any) -> str:
    """What keeps a thing from being of a kind, in words; empty where nothing does."""
    protocol = hook_facts(Hooks)[HOOK_OF_KIND[kind]].protocol
    if not protocol:
        return "" if callable(built) else "it cannot be called"
    absent = [name for name in members(protocol) if not hasattr(type(built), name) and _is_absent(built, name)]
    return f"it has no {', '.join(absent)}" if absent else ""


def _is_absent(built: Any, name: str) -> bool:
    """Whether an instance lacks an attribute; asked only for what its class does not have, for getters may be slow."""
    return not hasattr(built, name)
