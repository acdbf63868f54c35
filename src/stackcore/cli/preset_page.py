"""The reference page of preset keys, made from the models that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackcore.presets.commanding import option_of
from stackcore.presets.describing import allowed
from stackcore.presets.environment import variable_of
from stackcore.presets.gathering import built_in
from stackcore.presets.sections import KINDS, SECTIONS, Preset, StackSection

_HEAD = """\
# Keys of presets

<!-- Made by `stackcore presets schema --markdown`; a test keeps it true. Do not edit. -->

A preset is a TOML file; so are `defaults.toml` in the user's configuration folder and `stackcore.toml` in a project's \
folder. Every key may be left out. [Use presets](../how-to/presets.md) shows how they work together.

At the top of the file:

| key | takes | meaning |
|---|---|---|
"""

_TABLE_HEAD = """\

## [{name}]

{summary}

| key | takes | if nobody says | meaning |
|---|---|---|---|
"""

_KINDS_HEAD = """\

## Options of plugins

A table for each kind holds options of the plugin that is chosen; `stackcore plugins show NAME` lists them, and \
`stackcore presets schema` has all of them for editors.

| table | plugin chosen by | same on the command line |
|---|---|---|
"""

_TAIL = f"""
## On the command line, and as variables

A key is the option of the same name: `slab_size` is `{option_of("slab_size")}`, and `crop = false` is \
`{option_of("crop", False)}`. As an environment variable it is `{variable_of("stack", "slab_size")}`, that is \
`STACKCORE_`, the table, and the key; options of plugins too, `{variable_of("fuser", "levels")}`. Switches are `true` \
or `false`. A variable of a known table with an unknown key is an error; one of no table is warned about. An empty one \
says nothing.

`STACKCORE_NO_CONFIG=1`, or `--no-presets`, passes over the user's settings, the project's and these variables; the \
preset that is named, the profile of capture runs, and what is typed stay.

Names of further files (`depth_map`, `report`, `keep_aligned`, `keep_slabs`) lie in the folder of the result or below \
it, and `{{name}}` is the name of the result without its extension.
"""

_IN_FILES_ONLY = ("summary", "extends")


def preset_page() -> str:
    """Return the page in Markdown."""
    usual = {(setting.section, setting.key): setting.value for setting in built_in()}
    parts = [_HEAD]
    parts += [f"| `{key}` | {allowed(Preset, key)} | {_cell(Preset, key)} |\n" for key in _IN_FILES_ONLY]
    for name, model in SECTIONS.items():
        summary = Preset.model_fields[name].description
        parts.append(_TABLE_HEAD.format(name=name, summary=summary))
        parts += [_row(name, model, key, usual) for key in model.model_fields]
    parts.append(_KINDS_HEAD)
    for kind in KINDS:
        section = "stack" if kind in StackSection.model_fields else "capture"
        chosen = "the suffix of the frames" if kind == "developer" else f"`[{section}] {kind}`"
        parts.append(f"| `[{kind}]` | {chosen} | `--set {kind}.KEY=VALUE` |\n")
    return "".join([*parts, _TAIL])


def _row(section: str, model: Any, key: str, usual: Mapping[tuple[str, str], Any]) -> str:
    value = usual.get((section, key))
    shown = "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"
    return f"| `{key}` | {allowed(model, key)} | {shown} | {_cell(model, key)} |\n"


def _cell(model: Any, key: str) -> str:
    return str(model.model_fields[key].description).replace("|", "\\|")
