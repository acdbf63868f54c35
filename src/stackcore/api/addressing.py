"""What is typed after `--camera`: the name of a provider, and where its camera is found: `NAME:ADDRESS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackcore.config import Options
from stackcore.errors import UsageError
from stackcore.registry import Registry

ADDRESS_OPTION = "port"
"""The option of a camera that takes the address; a provider that has none takes no address."""


def resolve_camera(registry: Registry, camera: str, values: Mapping[str, Any]) -> tuple[str, Options]:
    """Split `NAME:ADDRESS` at its first colon; return the provider's name and its options with the address in them.

    Raises `UsageError` for an address that the provider does not take, or that contradicts `values`; `PluginError`
    and `ConfigError` as the registry does.
    """
    name, colon, address = camera.partition(":")
    if not colon:
        return name, registry.options("camera", name, values)
    model = registry.offer("camera", name).options
    if ADDRESS_OPTION not in model.model_fields:
        raise UsageError(
            f'The camera "{name}" takes no address.',
            f'"{address}" follows its name, and it has no option "{ADDRESS_OPTION}".',
            f"--camera {name}",
        )
    if not address:
        raise UsageError(
            f'"{camera}" ends where an address should follow.',
            "there is nothing behind the colon.",
            f"--camera {name}, or an address as `stackcore cameras` lists it.",
        )
    if values.get(ADDRESS_OPTION, address) != address:
        raise UsageError(
            "The camera has two addresses.",
            f"--camera says {address}, --set camera.{ADDRESS_OPTION} says {values[ADDRESS_OPTION]}.",
            "give one of them.",
        )
    return name, registry.options("camera", name, {**values, ADDRESS_OPTION: address})
