"""What each key takes, in words: for messages, and for the reference page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}


@cache
def _properties(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return found


def allowed(model: type[BaseModel], key: str) -> str:
    """Return what a key of a model takes.

    Examples
    --------
    >>> from stackcore.presets.sections import CaptureSection, StackSection
    >>> allowed(CaptureSection, "slices"), allowed(StackSection, "on_unaligned")
    ('a whole number from 2 to 199', 'skip or stop')
    """
    return _said(_properties(model)[key])


def choices(model: type[BaseModel], key: str) -> list[str]:
    """Return the words that a key takes, where these are all that it takes."""
    words: list[str] = next((p["enum"] for p in _parts(_properties(model)[key]) if "enum" in p), [])
    return words


def _parts(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]


def _said(schema: Mapping[str, Any]) -> str:
    return " or ".join(_part(part) for part in _parts(schema))


def _part(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        *first, last = [str(value) for value in schema["enum"]]
        return f"{', '.join(first)} or {last}" if first else last
    kind = _KINDS.get(str(schema.get("type")), "a value")
    if "items" in schema:
        many = f"{schema['minItems']} " if "minItems" in schema else ""
        return f"a list of {many}{_said(schema['items']).removeprefix('a ')}s"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{kind} from {low:g} to {high:g}"
    if low is not None:
        return f"{kind}, at least {low:g}"
    return kind
