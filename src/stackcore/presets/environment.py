"""Settings from environment variables: `STACKCORE_STACK_FUSER=weighted` is `[stack] fuser`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from stackcore.capturing.active import PROFILE_VARIABLE
from stackcore.errors import ConfigError, did_you_mean
from stackcore.folders import CONFIG_VARIABLE, DATA_VARIABLE, STATE_VARIABLE
from stackcore.presets.describing import allowed
from stackcore.presets.layering import Layer, Setting
from stackcore.presets.sections import KINDS, SECTIONS
from stackcore.registry import DISABLE_VARIABLE, TRACE_VARIABLE

PREFIX = "STACKCORE_"

NO_CONFIG_VARIABLE = "STACKCORE_NO_CONFIG"
"""Environment variable: any value but 0 leaves out the settings of user, project and environment."""

_OTHERS = {
    PROFILE_VARIABLE,
    CONFIG_VARIABLE,
    DATA_VARIABLE,
    STATE_VARIABLE,
    DISABLE_VARIABLE,
    NO_CONFIG_VARIABLE,
    TRACE_VARIABLE,
}


def variable_of(section: str, key: str) -> str:
    """Name of the variable that sets a key.

    Examples
    --------
    >>> variable_of("output", "depth_map")
    'STACKCORE_OUTPUT_DEPTH_MAP'
    """
    return f"{PREFIX}{section}_{key}".upper()


def is_switched_off(environment: Mapping[str, str]) -> bool:
    """Whether `STACKCORE_NO_CONFIG` asks for the built-in settings alone."""
    return environment.get(NO_CONFIG_VARIABLE, "").strip() not in ("", "0")


def environment_layer(environment: Mapping[str, str]) -> tuple[Layer, list[str]]:
    """Return what variables say, and the names of those that look like ours and mean nothing.

    An empty variable says nothing. `ConfigError` for an unknown key of a known table, and for a value that the key
    does not take. Options of plugins are checked when the plugin is chosen.
    """
    found: list[Setting] = []
    strange: list[str] = []
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in _OTHERS or not text:
            continue
        section, _, key = variable.removeprefix(PREFIX).lower().partition("_")
        if section in SECTIONS:
            home = ("aligner", "model") if (section, key) == ("stack", "model") else (section, key)
            found.append(Setting(*home, _checked(variable, section, key, text), "environment", variable))
        elif section in KINDS and key:
            found.append(Setting(section, key, _read(text), "environment", variable))
        else:
            strange.append(variable)
    return found, strange


def _checked(variable: str, section: str, key: str, text: str) -> Any:
    model = SECTIONS[section]
    if key not in model.model_fields:
        raise ConfigError(
            f"{variable} sets nothing.",
            f'there is no "{key}" in [{section}].',
            did_you_mean(variable, [variable_of(section, name) for name in model.model_fields]),
        )
    try:
        return _of_text(model.model_fields[key], text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        own = fault["type"] == "value_error"
        why = str(fault["msg"]).removeprefix("Value error, ") if own else f"it takes {allowed(model, key)}"
        raise ConfigError(f'{variable} cannot be "{text}".', f"{why}.", "correct it, or unset it.") from error


def _of_text(field: FieldInfo, text: str) -> Any:
    """A value from text: `true`, `3` and `auto` as what the field takes."""
    from typing import Annotated

    kind: Any = field.annotation
    for check in field.metadata:
        kind = Annotated[kind, check]
    return TypeAdapter(kind).validate_strings(text)


def _read(text: str) -> Any:
    """A value as `--set` reads it: JSON where it is some, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
