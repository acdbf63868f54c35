"""What was typed, or given from Python, as the strongest layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackcore.errors import UsageError, did_you_mean
from stackcore.presets.layering import Layer, Setting
from stackcore.presets.sections import SECTIONS


def command_layer(section_names: tuple[str, ...], given: Mapping[str, Any], settings: Mapping[str, Any]) -> Layer:
    """Return what a command says.

    Parameters
    ----------
    section_names
        The tables that the command uses, `("stack", "output")`; a key is looked for in this order.
    given
        Values by key; those that are None were not said.
    settings
        Options of plugins by kind, as `--set` gives them.

    Raises
    ------
    UsageError
        A key that is in none of the tables.
    """
    found = []
    for key, value in given.items():
        section = next((name for name in section_names if key in SECTIONS[name].model_fields), None)
        if section is None:
            known = [name for part in section_names for name in SECTIONS[part].model_fields]
            raise UsageError(f'There is no setting "{key}".', "settings have fixed names.", did_you_mean(key, known))
        if value is not None:
            found.append(Setting(section, key, value, "command", option_of(key, value)))
    for kind, options in settings.items():
        found.extend(Setting(kind, key, value, "command", f"--set {kind}.{key}") for key, value in options.items())
    return [_at_home(setting) for setting in found]


def option_of(key: str, value: Any = True) -> str:
    """The option that sets a key.

    Examples
    --------
    >>> option_of("slab_size", 3), option_of("crop", False)
    ('--slab-size', '--no-crop')
    """
    name = key.replace("_", "-")
    return f"--no-{name}" if value is False else f"--{name}"


def _at_home(setting: Setting) -> Setting:
    if (setting.section, setting.key) != ("stack", "model"):
        return setting
    return Setting("aligner", "model", setting.value, setting.layer, setting.where)
