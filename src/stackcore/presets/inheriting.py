"""A preset and what it extends, as layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackcore.errors import ConfigError, UsageError
from stackcore.presets.finding import find_preset
from stackcore.presets.layering import Layer, LayerName, Setting
from stackcore.presets.reading import PresetFile
from stackcore.presets.sections import KINDS, SECTIONS


def chain_of(file: PresetFile) -> list[PresetFile]:
    """Return what a preset extends, the farthest first, and the preset itself last.

    `ConfigError` names file and line of an `extends` that leads nowhere or in a circle.
    """
    chain = [file]
    while (named := chain[0].preset.extends) is not None:
        place = chain[0].where("extends")
        try:
            base = find_preset(named, beside=chain[0].path.parent)
        except UsageError as error:
            raise ConfigError(f"{place}: {error.what}", error.why, error.fix) from error
        if base.path.resolve() in [each.path.resolve() for each in chain]:
            way = " -> ".join(each.path.stem for each in (*reversed(chain), base))
            raise ConfigError(
                f"{place}: The presets extend each other in a circle.", f"{way}.", "remove one `extends` of them."
            )
        chain.insert(0, base)
    return chain


def layers_of(file: PresetFile, layer: LayerName) -> list[Layer]:
    """Return what a file and those it extends say, the farthest first."""
    return [settings_in(each, layer) for each in chain_of(file)]


def settings_in(file: PresetFile, layer: LayerName) -> Layer:
    """Return what one file says itself; `ConfigError` where it says one thing twice."""
    if "model" in file.data.get("stack", {}) and "model" in file.data.get("aligner", {}):
        raise ConfigError(
            f"{file.where('aligner', 'model')}: The model is said twice.",
            f"model of [stack], {file.where('stack', 'model')}, is the same as that of [aligner].",
            "remove one of them.",
        )
    found = []
    for section in (*SECTIONS, *KINDS):
        for key, written in file.data.get(section, {}).items():
            checked = getattr(getattr(file.preset, section), key) if section in SECTIONS else written
            place = file.where(section, key)
            found.append(
                Setting(*_home(section, key), _absolute(section, key, checked, file.path.parent), layer, place)
            )
    return found


def _home(section: str, key: str) -> tuple[str, str]:
    return ("aligner", "model") if (section, key) == ("stack", "model") else (section, key)


def _absolute(section: str, key: str, value: Any, folder: Path) -> Any:
    """A file is named as seen from the file that names it."""
    if (section, key) == ("stack", "flat"):
        return str(folder.absolute() / Path(value).expanduser())
    return value
