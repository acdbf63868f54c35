"""Tells, once for each plugin and hook, that a plugin leans on what will go away."""

from __future__ import annotations

import warnings

from stackcore.registry.records import PluginRecord

_TOLD: set[tuple[str, str, str]] = set()


class HookDeprecationWarning(FutureWarning):
    """A plugin implements a hook that is deprecated.

    Shown to everybody, not to developers alone as a `DeprecationWarning` is: whoever uses the plugin is who will miss
    it, and can ask its author. `warnings.filterwarnings` silences it by this class.
    """


def warn_once(record: PluginRecord, note: str) -> None:
    """Issue a `HookDeprecationWarning` about a plugin, unless this process has heard it."""
    key = (record.distribution, record.entry_point, note)
    if key in _TOLD:
        return
    _TOLD.add(key)
    # As if from the module of the plugin, which is what a filter would go by.
    module = record.entry_point.partition(":")[0]
    warnings.warn_explicit(
        f"{record.origin} {note}", HookDeprecationWarning, filename=record.entry_point, lineno=1, module=module
    )
