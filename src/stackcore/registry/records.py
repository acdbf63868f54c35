"""What is known of one plugin: where it comes from, what it offers, whether it works, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from stackcore.hookspecs import Kind, Offer

State = Literal["ok", "disabled", "missing", "incompatible", "broken", "duplicate"]


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """One plugin as `stackcore plugins list` shows it.

    Attributes
    ----------
    kind
        None where its module could not be loaded.
    name
        What the user types; the name of the entry point where the plugin could not say its own.
    distribution, version
        The package that brings it.
    entry_point
        The module that offers it.
    state
        `ok`; `disabled` by the user; `missing` a library; `incompatible` with this version of the hooks; `broken`;
        `duplicate` where another plugin of its kind has its name.
    reason, fix
        Why it does not work, and what to do; empty where it does.
    notes
        What its author should know though it works: hooks that are deprecated.
    api
        The version of the hooks that it was written for; empty where nobody knows.
    offer
        What it offers, or None where it could not be asked.
    """

    kind: Kind | None
    name: str
    summary: str
    distribution: str
    version: str
    entry_point: str
    state: State
    reason: str = ""
    fix: str = ""
    notes: tuple[str, ...] = ()
    api: str = ""
    capabilities: tuple[str, ...] = ()
    offer: Offer[Any] | None = None

    @property
    def origin(self) -> str:
        """Distribution, version and module in words: `acme-sharpest 0.3 (acme_sharpest)`."""
        return f"{self.distribution} {self.version} ({self.entry_point})"

    @property
    def repair(self) -> str:
        """The commands that mend a distribution which is broken, or do without it."""
        return f"pip install --force-reinstall {self.distribution}, or pip uninstall {self.distribution}"

    @property
    def supply(self) -> str:
        """The command that brings what its offer needs.

        It names the distribution, which knows its requirements: a module often has another name than the package that
        brings it (`cv2`, `serial`), and a package called like the module may be anybody's.
        """
        if self.offer is not None and self.offer.extra:
            return f"pip install '{self.distribution}[{self.offer.extra}]'"
        if self.offer is not None and self.offer.needs:
            return f"pip install {self.distribution}"
        return "reinstall the package that brings it."
