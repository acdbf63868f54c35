"""The plugins that are installed: listed, found by name, and built."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stackcore.errors import PluginError, did_you_mean
from stackcore.hookspecs import Kind, Offer
from stackcore.registry.building import build
from stackcore.registry.finding import ANSWER_LIMIT_S, find_plugins
from stackcore.registry.records import PluginRecord

if TYPE_CHECKING:
    from stackcore.config import Options


class Registry:
    """All plugins that are installed, with their state."""

    def __init__(self, records: Iterable[PluginRecord]) -> None:
        self._records = list(records)

    @classmethod
    def discover(
        cls, disabled: Collection[str] = (), *, kind: Kind | None = None, limit_s: float = ANSWER_LIMIT_S
    ) -> Registry:
        """Find every plugin of the entry-point group `stackcore`, or those of one kind; see `find_plugins`.

        Never raises for a plugin that cannot work: its record says why.
        """
        return cls(find_plugins(disabled, kind=kind, limit_s=limit_s))

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
        offer = self._working(kind, name).offer
        assert offer is not None
        return offer

    def options(self, kind: Kind, name: str, values: Mapping[str, Any]) -> Options:
        """Check option values for a plugin; `ConfigError` names the key and what is allowed."""
        from stackcore.config import resolve_options

        return resolve_options(self.offer(kind, name).options, values, f'{kind} "{name}"')

    def build(
        self,
        kind: Kind,
        name: str,
        values: Mapping[str, Any] | Options | None = None,
        *,
        limit_s: float | None = None,
    ) -> Any:
        """Build a plugin from option values.

        Raises
        ------
        ConfigError
            For values that its options do not take.
        PluginError
            When there is none that works, when building it fails or takes longer than `limit_s`, seconds (None: as
            long as it takes), and when what it builds is not of the kind.
        """
        from stackcore.config import Options

        record = self._working(kind, name)
        options = values if isinstance(values, Options) else self.options(kind, name, values or {})
        return build(record, options, limit_s)

    def _working(self, kind: Kind, name: str) -> PluginRecord:
        for record in self.records(kind):
            if record.name != name:
                continue
            if record.state == "ok" and record.offer is not None:
                return record
            raise _unusable(kind, name, record)
        for record in self._records:
            # What could not say its name goes by that of its entry point: `fuser-sharpest`.
            nameless = record.offer is None and record.kind in (None, kind)
            if nameless and name in (record.name, record.name.removeprefix(f"{kind}-")):
                raise _unusable(kind, name, record)
        raise PluginError(
            f'There is no {kind} called "{name}".',
            f"no installed plugin offers it (looked in {len(self._records)} plugins).",
            did_you_mean(name, self.names(kind)),
        )


def _unusable(kind: Kind, name: str, record: PluginRecord) -> PluginError:
    return PluginError(f'The {kind} "{name}" of {record.origin} cannot be used.', record.reason, record.fix)
