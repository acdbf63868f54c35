"""One file of settings, read and checked; whatever is wrong in it is named by file, line and key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stackcore.errors import ConfigError, did_you_mean
from stackcore.presets.describing import allowed, choices
from stackcore.presets.positions import line_of, lines_of
from stackcore.presets.sections import SECTIONS, Preset, Section

MAX_BYTES = 1_000_000
"""No file of settings is larger; a picture named by mistake is."""

_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True)
class PresetFile:
    """A file of settings that is in order.

    Attributes
    ----------
    path
        Where it lies.
    label
        How its lines are cited: `studio.toml`, or for a shipped one `studio-10x`.
    """

    path: Path
    label: str
    text: str
    preset: Preset
    data: dict[str, Any]

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        return lines_of(self.text)

    def where(self, *path: str) -> str:
        """Where a key stands: `studio.toml:12`."""
        return f"{self.label}:{line_of(self._lines, path)}"


def read_preset(path: Path, label: str | None = None) -> PresetFile:
    """Read and check a file of settings; `label` is how errors cite it, its path if left out.

    Raises
    ------
    ConfigError
        The file cannot be read, is no TOML, or holds an unknown key or a value of the wrong type or range.
    """
    label = label or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(
                f"{label} is no file of settings.", f"it is larger than {MAX_BYTES} bytes.", "name a TOML file."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{label} cannot be read.", f"{error.strerror or error}.", "see `stackcore presets list` for what is there."
        ) from error
    return parse_preset(raw, path, label)


def parse_preset(raw: bytes, path: Path, label: str) -> PresetFile:
    """Check the content of a file of settings; raises as `read_preset` does."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{label}:{line}: This is no text.", "TOML is written in UTF-8.", "save it so.") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _broken(label, text, error) from error
    try:
        preset = Preset.model_validate(data)
    except ValidationError as error:
        raise _wrong(label, text, error) from error
    return PresetFile(path=path, label=label, text=text, preset=preset, data=data)


def _broken(label: str, text: str, error: tomllib.TOMLDecodeError) -> ConfigError:
    found = _AT_LINE.search(str(error))
    line = int(found[1]) if found else max(text.rstrip().count("\n") + 1, 1)
    column = f", column {found[2]}" if found else ""
    lines = text.split("\n")
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    said = _AT_LINE.sub("", str(error)).replace("(at end of document)", "before the end of the file").strip()
    return ConfigError(
        f"{label}:{line}: This is no TOML.",
        f"{said[:1].lower()}{said[1:]}, line {line}{column}: {shown}",
        'a setting is KEY = VALUE, text in quotes, for example fuser = "blend".',
    )


def _wrong(label: str, text: str, error: ValidationError) -> ConfigError:
    """Explain the first fault by its place in the file."""
    lines = lines_of(text)
    faults = error.errors(include_url=False)
    fault = min(faults, key=lambda f: line_of(lines, tuple(str(part) for part in f["loc"])))
    path = tuple(str(part) for part in fault["loc"])
    place = f"{label}:{line_of(lines, path)}"
    section, key = (path[0], path[1]) if path[0] in SECTIONS and len(path) > 1 else ("", path[0])
    model: type[Section] = SECTIONS.get(section, Preset)
    if fault["type"] == "extra_forbidden":
        table = f"[{section}]" if section else "a preset"
        return ConfigError(
            f'{place}: There is no "{key}" in {table}.',
            "keys are checked so that a mistyped one is not passed over.",
            _other_table(key, section) or did_you_mean(key, model.model_fields),
        )
    name = f"{section}.{key}" if section else key
    if fault["type"] == "value_error":
        why = str(fault["msg"]).removeprefix("Value error, ") + "."
    else:
        why = f"it takes {allowed(model, key)}."
    value = fault["input"]
    if not section and key in (*SECTIONS, *Preset.model_fields) and key not in ("summary", "extends"):
        inside = _other_table(key, "")
        return ConfigError(f"{place}: {key} is no value.", f"[{key}] is a table.", inside or "write its keys below it.")
    advice = did_you_mean(str(value), words) if (words := choices(model, key)) else _about(model, key)
    return ConfigError(f"{place}: {name} cannot be {_toml(value)}.", why, advice)


def _about(model: type[Section], key: str) -> str:
    return f"correct it, or leave it out. {key}: {model.model_fields[key].description}"


def _other_table(key: str, section: str) -> str:
    """Advice for a key that stands in the wrong table."""
    for name, model in SECTIONS.items():
        if name != section and key in model.model_fields:
            return f"it belongs into the table [{name}]."
    return ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
