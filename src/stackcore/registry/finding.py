"""Which plugins are installed, and how each of them stands.

Entry points are walked one by one instead of by pluggy's own loader, which stops at the first import error and skips
a repeated name without a word; each plugin is asked on its own, so that one that raises does not empty the list for
all; and on a thread of its own, so that one that hangs does not hang the rest.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache, partial
from typing import Any

import importlib_metadata

from stackcore.hookspecs import HOOK_OF_KIND, PROJECT, Hooks, Kind, hook_facts
from stackcore.registry.asking import Asker
from stackcore.registry.deprecations import warn_once
from stackcore.registry.records import PluginRecord
from stackcore.registry.tracing import hook_trace
from stackcore.registry.waiting import Worker

DISABLE_VARIABLE = "STACKCORE_DISABLE_PLUGINS"
"""Environment variable: names of plugins to leave out, separated by commas."""

ANSWER_LIMIT_S = 10.0
"""How long the module of a plugin may take to be imported and to answer its hooks, seconds.

They take some milliseconds; the rest is for a cold disk on a busy machine.
"""


def find_plugins(
    disabled: Collection[str] = (),
    *,
    kind: Kind | None = None,
    limit_s: float = ANSWER_LIMIT_S,
    specification: type = Hooks,
) -> list[PluginRecord]:
    """Return a record for every plugin of the entry-point group `stackcore`.

    Parameters
    ----------
    disabled
        Names of plugins to leave out, beside those of `STACKCORE_DISABLE_PLUGINS`: `name`, `kind:name`,
        `distribution:name`, or an entry point, which is then not even imported.
    kind
        The only one that is wanted: entry points that bear the name of another one (`fuser-sharpest`) are not loaded,
        which is much faster.
    limit_s
        How long a plugin may take, seconds; see `ANSWER_LIMIT_S`.
    specification
        The class that holds the hooks.
    """
    variable = os.environ.get(DISABLE_VARIABLE, "")
    off = {*disabled, *(name.strip() for name in variable.split(",") if name.strip())}
    points = sorted(importlib_metadata.entry_points(group=PROJECT), key=lambda e: (e.name, e.value))
    asked = [(point, _unloaded(point)) for point in points if kind is None or _may_bring(point.name, kind)]
    records = [_settle(record, off) for record in _ask_all(asked, off, limit_s, specification)]
    for record in records:
        for note in record.notes:
            warn_once(record, note)
    return _mark_duplicates(records)


def _may_bring(entry_point: str, kind: Kind) -> bool:
    """Whether plugins of a kind may be behind an entry point of this name; `tokens-acme` is of one kind, `acme` of any.

    Examples
    --------
    >>> [_may_bring(name, "command") for name in ("command-demo", "tokens-acme", "acme")]
    [True, False, True]
    """
    said = entry_point.partition("-")[0].removesuffix("s")
    return said == kind or said not in HOOK_OF_KIND


def _ask_all(
    asked: Sequence[tuple[importlib_metadata.EntryPoint, PluginRecord]],
    off: set[str],
    limit_s: float,
    specification: type,
) -> Iterator[PluginRecord]:
    owners = [f"{unloaded.distribution}:{unloaded.name}" for _, unloaded in asked]
    trace = hook_trace(owners, hook_facts(specification))
    trace.head()
    worker, asker = Worker(), Asker(specification, trace)
    try:
        for point, unloaded in asked:
            if not off.isdisjoint((unloaded.name, f"{unloaded.distribution}:{unloaded.name}")):
                yield unloaded
                continue
            what = f"{unloaded.origin} to say what it offers"
            try:
                with redirect_stdout(sys.stderr):  # what a plugin prints must not come between lines of --json
                    found = worker.do(partial(asker.ask, point, unloaded), limit_s, what)
                yield from found
            except TimeoutError:
                yield _hung(unloaded, limit_s)
                worker.close()
                # What hangs may wake up one day and go on with the old ones.
                worker, asker = Worker(), Asker(specification, trace)
    finally:
        worker.close()


def _unloaded(entry_point: importlib_metadata.EntryPoint) -> PluginRecord:
    distribution: Any = entry_point.dist  # the library's protocol for it does not say that it hashes
    name, version = _origin(distribution)
    return PluginRecord(
        kind=None,
        name=entry_point.name,
        summary="",
        distribution=name,
        version=version,
        entry_point=entry_point.value,
        state="broken",
    )


def _hung(unloaded: PluginRecord, limit_s: float) -> PluginRecord:
    reason = f"importing {unloaded.entry_point} and calling its hooks was not done within {limit_s:g} s."
    leave_out = f"--disable-plugin {unloaded.distribution}:{unloaded.name}"
    fix = f"leave it out with {leave_out}, or pip uninstall {unloaded.distribution}"
    return replace(unloaded, reason=reason, fix=fix)


@cache  # each look parses all of the metadata again, README included
def _origin(distribution: importlib_metadata.Distribution | None) -> tuple[str, str]:
    return ("unknown", "?") if distribution is None else (distribution.name, distribution.version)


def _mark_duplicates(records: list[PluginRecord]) -> list[PluginRecord]:
    by_name: dict[tuple[Kind | None, str], list[PluginRecord]] = {}
    for record in records:
        if record.state == "ok":
            by_name.setdefault((record.kind, record.name), []).append(record)
    marked = []
    for record in records:
        twins = by_name.get((record.kind, record.name), [])
        if record.state == "ok" and len(twins) > 1:
            owners = " and ".join(t.origin for t in twins)
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
            return replace(record, state="missing", reason=reason, fix=record.supply)
    return record


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # the parent of a submodule is missing, or the module has no spec
        return False
