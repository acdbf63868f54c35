"""Which profile a run uses when the command does not say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stackcore.capturing.profiles import DEFAULT_PROFILE, profile_file
from stackcore.errors import ConfigError, UsageError
from stackcore.paths.naming import replace

PROFILE_VARIABLE = "STACKCORE_PROFILE"
"""Environment variable that names the active profile."""

_FILE = "active-profile"

ChosenBy = Literal["command", "environment", "use", "default"]


@dataclass(frozen=True)
class ActiveProfile:
    """The profile of a run, and what chose it: the command, the environment, `profiles use`, or nothing."""

    name: str
    chosen_by: ChosenBy


def active_profile(folder: Path, given: str | None = None) -> ActiveProfile:
    """Return the profile `given`, else that of `STACKCORE_PROFILE`, else the last one used, else `default`.

    Raises `UsageError` for a `given` name that is none, and `ConfigError` for one of the variable or of the file in
    the configuration `folder` that remembers the last one used.
    """
    if given is not None:
        profile_file(folder, given)
        return ActiveProfile(given, "command")
    if variable := os.environ.get(PROFILE_VARIABLE):
        return ActiveProfile(_checked(folder, variable, PROFILE_VARIABLE), "environment")
    file = folder / _FILE
    try:
        used = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ActiveProfile(DEFAULT_PROFILE, "default")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file} cannot be read.", f"{error}.", "remove that file, or choose with --profile."
        ) from error
    return ActiveProfile(_checked(folder, used, str(file)), "use")


def use_profile(folder: Path, name: str) -> None:
    """Make `name` the active profile from now on; `OutputError` if that cannot be kept."""
    profile_file(folder, name)
    replace(f"{name}\n".encode(), folder / _FILE)


def _checked(folder: Path, name: str, source: str) -> str:
    try:
        profile_file(folder, name)
    except UsageError as error:
        raise ConfigError(f"{source}: {error.what}", error.why, error.fix) from error
    return name
