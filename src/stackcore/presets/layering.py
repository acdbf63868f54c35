"""Settings laid over each other: the last layer that says something about a key wins, and says where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from stackcore.presets.sections import CAPTURE_KINDS, KINDS

LayerName = Literal["built-in", "user", "project", "profile", "preset", "environment", "like", "command"]

LAYERS: tuple[LayerName, ...] = (
    *("built-in", "user", "project", "profile", "preset", "environment", "like", "command"),
)
"""From the weakest to the strongest."""


@dataclass(frozen=True)
class Setting:
    """One value.

    Attributes
    ----------
    section, key
        `fuser`, `levels`: where it stands in a preset.
    value
        None takes back what a weaker layer says.
    layer, where
        Who says so, and where: a file and its line, a variable, an option.
    """

    section: str
    key: str
    value: Any
    layer: LayerName
    where: str

    @property
    def name(self) -> str:
        """`fuser.levels`."""
        return f"{self.section}.{self.key}"


Layer = Sequence[Setting]
"""What one file, the environment, a result or the command line says."""


@dataclass(frozen=True)
class Resolved:
    """What holds, by section and key; and what does not hold any more because the plugin it was for was replaced."""

    settings: Mapping[tuple[str, str], Setting] = field(default_factory=dict)
    dropped: tuple[Setting, ...] = ()

    def get(self, section: str, key: str) -> Any:
        """Return a value; None where nobody said one."""
        setting = self.settings.get((section, key))
        return None if setting is None else setting.value

    def of(self, section: str) -> dict[str, Setting]:
        """Return the settings of a section that have a value, by key."""
        return {key: s for (part, key), s in self.settings.items() if part == section and s.value is not None}

    def plugin(self, kind: str) -> Setting | None:
        """Return which plugin of a kind is chosen; None for a kind of which none is."""
        return self.settings.get(chooser(kind))


def chooser(kind: str) -> tuple[str, str]:
    """Section and key that choose the plugin of a kind.

    Examples
    --------
    >>> chooser("fuser"), chooser("camera")
    (('stack', 'fuser'), ('capture', 'camera'))
    """
    return ("capture" if kind in CAPTURE_KINDS else "stack", kind)


def resolve(layers: Iterable[Layer]) -> Resolved:
    """Lay each layer over those before it.

    Options of a plugin are meant for the plugin that holds where they are said: a layer that chooses another one of
    the kind drops them. `[stack] model` is an option of the aligner.
    """
    settings: dict[tuple[str, str], Setting] = {}
    dropped: list[Setting] = []
    for layer in layers:
        said = {(setting.section, setting.key): setting for setting in layer}
        for kind in KINDS:
            before, now = settings.get(chooser(kind)), said.get(chooser(kind))
            if now is not None and before is not None and _plugin(now) != _plugin(before):
                gone = [place for place in settings if place[0] == kind]
                dropped.extend(settings.pop(place) for place in gone)
        settings.update(said)
    return Resolved(settings, tuple(dropped))


def _plugin(setting: Setting) -> str:
    """The name, without the address that may follow that of a camera."""
    return str(setting.value).partition(":")[0]
