"""Profiles: the settings of the last run, kept by name in the user's configuration folder."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackcore.capturing.plan import CaptureSettings
from stackcore.errors import ConfigError, UsageError, did_you_mean
from stackcore.paths.naming import replace
from stackcore.paths.sanitise import sanitise

DEFAULT_PROFILE = "default"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_REMEMBERED = tuple(CaptureSettings.model_fields)


def profile_file(folder: Path, name: str) -> Path:
    """Where a profile is kept; `UsageError` for a name that is not letters, digits, - and _."""
    if not _NAME.fullmatch(name) or sanitise(name)[0] != name:
        raise UsageError(
            f'A profile cannot be called "{name}".',
            "a name has 1 to 64 letters, digits, - and _, starts with a letter or digit, and is none that Windows "
            "reserves, like CON.",
            f'for example "{DEFAULT_PROFILE}".',
        )
    return folder / "profiles" / f"{name}.toml"


def load_profile(folder: Path, name: str) -> dict[str, Any]:
    """Return what the profile remembers, nothing if it was never stored; `ConfigError` names what is wrong in it."""
    path = profile_file(folder, name)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # broken TOML and broken UTF-8 are ValueErrors
        raise ConfigError(
            f"The profile {path} cannot be read.", f"{error}.", "mend that file, or remove it to start afresh."
        ) from error
    for key in values:
        if key not in _REMEMBERED:
            raise ConfigError(
                f'The profile {path} holds the unknown key "{key}".',
                "a profile remembers the settings of capture runs and nothing else.",
                did_you_mean(key, _REMEMBERED),
            )
    _check(path, values)
    return values


def profile_names(folder: Path) -> list[str]:
    """Names of all profiles that were stored, and `default`, sorted."""
    stored = {path.stem for path in (folder / "profiles").glob("*.toml") if _NAME.fullmatch(path.stem)}
    return sorted({*stored, DEFAULT_PROFILE})


def store_profile(folder: Path, name: str, values: Mapping[str, Any]) -> Path:
    """Remember `values`, the settings by name; `OutputError` if that fails, the profile then stays as it was."""
    path = profile_file(folder, name)
    # JSON's strings are TOML's basic strings, and its integers TOML's.
    lines = [f"{key} = {_toml(values[key])}" for key in _REMEMBERED if key in values]
    replace("\n".join([*lines, ""]).encode(), path)
    return path


def _toml(value: str | int) -> str:
    # TOML knows no surrogate pairs and wants DEL escaped; JSON is content with both as they are.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check(path: Path, values: dict[str, Any]) -> None:
    from pydantic import ValidationError

    try:
        CaptureSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigError(
            f'{path}: "{first["loc"][0]}" cannot be {first["input"]!r}.',
            f"{first['msg'].lower()}.",
            "correct it in that file, or remove the file to start afresh.",
        ) from error
