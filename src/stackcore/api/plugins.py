"""Plugins from Python: which are installed, in what state, and what can be set."""

from __future__ import annotations

from typing import Any, get_args

from stackcore.config import describe_options
from stackcore.errors import UsageError, did_you_mean
from stackcore.hookspecs import Kind
from stackcore.registry import PluginRecord, Registry


def list_plugins(kind: Kind | None = None, *, registry: Registry | None = None) -> list[PluginRecord]:
    """Return every plugin, or those of a kind, sorted; one that cannot be used says why, and what mends it.

    `UsageError` for a kind that there is none.

    Examples
    --------
    >>> import stackcore
    >>> [plugin.name for plugin in stackcore.list_plugins("executor") if plugin.state == "ok"][-1]
    'local'
    """
    if kind is not None and kind not in get_args(Kind):
        raise UsageError(
            f'There is no kind "{kind}".', "plugins are of fixed kinds.", did_you_mean(kind, get_args(Kind))
        )
    return (registry or Registry.discover()).records(kind)


def plugin_options(kind: Kind, name: str, *, registry: Registry | None = None) -> list[dict[str, Any]]:
    """Return what can be set in a plugin: name, type, default, limits and description of each option.

    Raises `PluginError` for a plugin that is not there or cannot be used.

    Examples
    --------
    >>> import stackcore
    >>> [option["name"] for option in stackcore.plugin_options("sharpener", "unsharp3")]
    ['strength', 'sigma_px', 'base']
    """
    return describe_options((registry or Registry.discover()).offer(kind, name).options)
