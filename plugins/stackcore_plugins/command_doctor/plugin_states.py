"""The state of every plugin that is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from stackcore.registry import PluginRecord, Registry
from stackcore_plugins.command_doctor.finding import Finding, State


def plugin_states(registry: Registry) -> Iterator[Finding]:
    """One line for all plugins that work, one for each that does not."""
    records = registry.records()
    working = [record for record in records if record.state == "ok"]
    kinds = Counter(record.kind or "?" for record in working)
    yield Finding(
        name="plugins",
        state="ok",
        detail=f"{len(working)} of {len(records)} work",
        figures={
            "by_kind": dict(kinds),
            "by_state": dict(Counter(record.state for record in records)),
            "distributions": sorted({f"{record.distribution} {record.version}" for record in records}),
        },
    )
    for record in records:
        if record.state != "ok":
            yield _told(record)


def _told(record: PluginRecord) -> Finding:
    name = f"plugin {record.kind or '?'}:{record.name}"
    # Disabled is what the user asked for, a missing dependency what they did not need so far.
    state: State = "warning" if record.state in ("disabled", "missing") else "failed"
    detail = f"{record.state}, {record.reason}"
    if record.state == "missing" and record.offer is not None and record.offer.extra:
        state, detail = "ok", f"not installed, for whoever wants it: {record.fix}"
    return Finding(
        name=name,
        state=state,
        detail=detail,
        fix=record.fix,
        figures={"distribution": record.distribution, "version": record.version, "entry_point": record.entry_point},
    )
