"""Settings from presets, as what `stack` takes: every layer read, checked, and joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stackcore.api.repeating import differences, like_layer, read_like
from stackcore.api.stacks import StackOptions
from stackcore.errors import UsageError
from stackcore.presets.commanding import command_layer
from stackcore.presets.gathering import Asked, Gathered, gather
from stackcore.presets.layering import LAYERS, Resolved, Setting
from stackcore.presets.plugins import NOBODY, check_plugins
from stackcore.presets.sections import NAME, STACK_KINDS
from stackcore.registry import Registry
from stackcore.stacking.budget import parse_bytes
from stackcore.stacking.file_format import COMPRESSED_SUFFIXES, QUALITY_SUFFIXES, FileFormat

Settings = Mapping[str, Mapping[str, Any]]

_RAW_ONLY = {"colour_space", "white_balance", "darks", "flat", "exposure", "highlights"}
"""What is meant for raw files; finished pictures pass it over unless it was asked for in so many words."""

_RENAMED = {"exposure": "exposure_ev", "memory": "memory_bytes"}
"""Keys of presets whose field of `StackOptions` names the unit."""

_FILES = ("depth_map", "keep_aligned", "keep_slabs", "report")


@dataclass(frozen=True)
class SettledStack:
    """The settings of a stack, and the name of its result with the extension that they give it."""

    gathered: Gathered
    output: Path | None
    once: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def options(self) -> StackOptions:
        """Return the settings as `stack` takes them; `UsageError` for what was given and is none of the choices."""
        differs = tuple(("repeated-differently", f"the result may differ: {told}") for told in self.notes)
        return _as_options(
            self.gathered.resolved, self.output, {**self.once, "notes": (*self.gathered.notes, *differs)}
        )


def stack_options(preset: str | None = None, **given: Any) -> StackOptions:
    """Return the options of a stack from presets and from what is given: `settle_stack` in one step.

    Examples
    --------
    >>> stack_options(fuser="weighted", memory="1GiB", settings={"fuser": {"exponent": 8}}).memory_bytes
    1073741824
    """
    return settle_stack(preset, **given).options()


def settle_stack(
    preset: str | None = None,
    *,
    like: str | Path | None = None,
    output: str | Path | None = None,
    settings: Settings | None = None,
    surroundings: bool = False,
    registry: Registry | None = None,
    once: Mapping[str, Any] | None = None,
    **given: Any,
) -> SettledStack:
    """Settle how a stack is processed, from presets and from what is given.

    Parameters
    ----------
    preset
        Name or file of a preset.
    like
        A result whose settings are used again.
    output
        The picture to be written: what a preset says of its type depends on it, and further files are named after it.
    settings
        Options of plugins by kind, `{"fuser": {"levels": 6}}`.
    surroundings
        Use the settings of the user, of the project that the current folder lies in, and of environment variables, as
        the command line does.
    once
        Fields of `StackOptions` that belong to one run: `transforms`, `resume`, `overwrite`.
    given
        Keys of the tables `[stack]` and `[output]`; they are stronger than anything else. None says nothing.

    Raises
    ------
    ConfigError
        A file, a variable or an option of a plugin is wrong; the place is named.
    PluginError
        A plugin that is chosen is not there.
    UsageError
        There is no such preset, or no such key; the result cannot be repeated.
    UnreadableFrame
        The result carries no record.

    Examples
    --------
    >>> import stackcore
    >>> settled = stackcore.settle_stack("quick-draft", output="leaf", format="png", sharpen="1")
    >>> settled.output.name, settled.options().sharpen
    ('leaf.png', '1')
    """
    if like is not None and preset is not None:
        raise UsageError(
            "--like and --preset contradict each other.",
            "both say how the stack is processed.",
            "leave one of them out; what else is typed is stronger than either.",
        )
    plugins = registry or Registry.discover()
    command = command_layer(("stack", "output"), given, settings or {})
    record = None if like is None else read_like(like)
    repeated = () if record is None else like_layer(record, str(like), {**given, **(once or {})})
    found = gather(Asked(preset=preset, like=repeated, surroundings=surroundings, command=command))
    check_plugins(found.resolved, plugins, STACK_KINDS)
    return SettledStack(
        gathered=found,
        output=None if output is None else _named(Path(output), found.resolved),
        once={**(once or {}), "preset": preset if record is None else record.settings.get("preset")},
        notes=() if record is None else tuple(differences(record, found.resolved, plugins)),
    )


def _named(output: Path, resolved: Resolved) -> Path:
    """The name of the result; one without an extension gets that of `[output] format`, if there is one."""
    wanted = resolved.get("output", "format")
    return output if output.suffix or wanted is None else output.with_name(f"{output.name}.{wanted}")


def _as_options(resolved: Resolved, target: Path | None, once: Mapping[str, Any]) -> StackOptions:
    resolved = _without_weaker(resolved)
    values = {_RENAMED.get(key, key): _value(key, setting) for key, setting in resolved.of("stack").items()}
    if values.get("sharpener") == NOBODY["sharpener"]:
        values["sharpen"] = None
    for key in _FILES:
        values[key] = _beside(resolved.settings.get(("output", key)), target)
    return StackOptions(
        **{**values, **once},
        file_format=_file_format(resolved, target),
        settings=_plugin_settings(resolved),
        passed_over=frozenset(
            _RENAMED.get(key, key) for key, s in resolved.of("stack").items() if key in _RAW_ONLY and not _typed(s)
        ),
    )


def _without_weaker(resolved: Resolved) -> Resolved:
    """Of two settings that contradict each other the one of the stronger layer holds; of one layer both stay."""
    settings = dict(resolved.settings)
    for one, other in (("first_is_dark", "darks"), ("last_is_greycard", "white_balance")):
        first, second = settings.get(("stack", one)), settings.get(("stack", other))
        if first is None or second is None or not first.value or second.value is None:
            continue
        ranks = LAYERS.index(first.layer), LAYERS.index(second.layer)
        if ranks[0] != ranks[1]:
            del settings["stack", one if ranks[0] < ranks[1] else other]
    for own, option in (
        (("stack", "sharpen"), ("sharpener", "strength")),
        (("stack", "workers"), ("executor", "workers")),
    ):
        first, second = settings.get(own), settings.get(option)
        if first is not None and second is not None and LAYERS.index(first.layer) > LAYERS.index(second.layer):
            del settings[option]
    return replace(resolved, settings=settings)


def _typed(setting: Setting) -> bool:
    return setting.layer == "command"


def _value(key: str, setting: Setting) -> Any:
    value = setting.value
    if key == "memory":
        return parse_bytes(value)
    if key == "sharpen" and not isinstance(value, str):
        return f"{value:g}"
    if key == "flat":
        return Path(value)
    for name, words in (("on_unaligned", ("skip", "stop")), ("slabs", ("exact", "images"))):
        if key == name and value not in words:
            option = key.replace("_", "-")
            raise UsageError(f'--{option} cannot be "{value}".', f"it is {' or '.join(words)}.", f"choose {words[0]}.")
    return value


def _beside(setting: Setting | None, target: Path | None) -> Path | None:
    """A further file: as it was typed, or named after the result and beside it."""
    if setting is None or setting.value is None:
        return None
    if _typed(setting):
        return Path(setting.value)
    return None if target is None else target.parent / str(setting.value).replace(NAME, target.stem)


def _file_format(resolved: Resolved, target: Path | None) -> FileFormat:
    """What a preset says of other types of files than this one holds for those; what was typed has to fit."""
    suffix = "" if target is None else target.suffix.lower()
    fitting = {"compression": COMPRESSED_SUFFIXES, "tiled": COMPRESSED_SUFFIXES, "quality": QUALITY_SUFFIXES}
    values = {
        key: setting.value
        for key, setting in resolved.of("output").items()
        if key in fitting and (_typed(setting) or suffix in fitting[key])
    }
    return FileFormat(**values)


def _plugin_settings(resolved: Resolved) -> dict[str, dict[str, Any]]:
    """Options by kind: those of processing, and whatever else was typed, which is refused where it is used."""
    settings: dict[str, dict[str, Any]] = {}
    for (section, key), setting in resolved.settings.items():
        if section in ("capture", "stack", "output") or setting.value is None:
            continue
        if section in STACK_KINDS or _typed(setting):
            settings.setdefault(section, {})[key] = setting.value
    return settings
