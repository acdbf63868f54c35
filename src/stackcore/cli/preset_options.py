"""Settings typed as KEY=VALUE: `fuser=weighted`, `stack.crop=false`, `fuser.levels=6`."""

from __future__ import annotations

import json
from typing import Any

from stackcore.errors import UsageError
from stackcore.presets.sections import SECTIONS


def typed_options(texts: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return keys of the core's tables with their values, and options of plugins by kind.

    Examples
    --------
    >>> typed_options(["fuser=weighted", "--crop=false", "fuser.levels=6"])
    ({'fuser': 'weighted', 'crop': False}, {'fuser': {'levels': 6}})
    """
    given: dict[str, Any] = {}
    settings: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        section, dot, key = name.strip().removeprefix("--").replace("-", "_").rpartition(".")
        if not (equals and key):
            raise UsageError(
                f'"{text}" sets nothing.', "a setting has the form KEY=VALUE.", "for example `-o fuser=weighted`."
            )
        if dot and section not in SECTIONS:
            settings.setdefault(section, {})[key] = _read(value)
        else:
            given[key] = _read(value)
    return given, settings


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
