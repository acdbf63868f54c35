"""All layers of settings, in order: built-in, user, project, profile, preset, environment, result, command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stackcore import folders
from stackcore.capturing.active import active_profile
from stackcore.capturing.profiles import load_profile, profile_file
from stackcore.presets.environment import environment_layer, is_switched_off
from stackcore.presets.finding import BUILT_IN, USER_FILE, find_preset, project_file
from stackcore.presets.inheriting import layers_of, settings_in
from stackcore.presets.layering import Layer, Resolved, Setting, resolve
from stackcore.presets.positions import line_of, lines_of
from stackcore.presets.reading import PresetFile, read_preset


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the settings of a run are gathered from.

    Attributes
    ----------
    preset
        Name or file of a preset.
    command
        What was typed, or given from Python.
    like
        What a result says it was made with.
    surroundings
        Use the user's settings, the project's, and environment variables; `STACKCORE_NO_CONFIG` wins over it.
    with_profile, profile
        Whether the profile of capture runs takes part, and its name; the active one for None.
    folder
        Where the search for the project's file begins; the current folder for None.
    environment
        Variables; those of the process for None.
    """

    preset: str | PresetFile | None = None
    command: Layer = ()
    like: Layer = ()
    surroundings: bool = True
    with_profile: bool = False
    profile: str | None = None
    folder: Path | None = None
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Gathered:
    """The settings of a run, and the variables that look like settings and are none."""

    resolved: Resolved
    strange: list[str] = field(default_factory=list)

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """Warnings, as code and message."""
        told = "the environment variable {} means nothing to stackcore; is it mistyped?"
        return tuple(("variable-unknown", told.format(name)) for name in self.strange)


def gather(asked: Asked) -> Gathered:
    """Read every layer and lay them over each other.

    `ConfigError` for what is wrong in a file or a variable, `UsageError` for an unknown preset.
    """
    environment = os.environ if asked.environment is None else asked.environment
    surroundings = asked.surroundings and not is_switched_off(environment)
    layers: list[Layer] = [built_in()]
    if surroundings:
        layers.extend(_user_layers())
        layers.extend(_project_layers(asked.folder or Path.cwd()))
    if asked.with_profile:
        layers.append(_profile_layer(asked.profile))
    if asked.preset is not None:
        file = find_preset(asked.preset) if isinstance(asked.preset, str) else asked.preset
        layers.extend(layers_of(file, "preset"))
    strange: list[str] = []
    if surroundings:
        variables, strange = environment_layer(environment)
        layers.append(variables)
    return Gathered(resolve([*layers, asked.like, asked.command]), strange)


def built_in() -> Layer:
    """What holds where nobody says anything else."""
    return settings_in(read_preset(BUILT_IN, "built-in"), "built-in")


def _user_layers() -> Iterable[Layer]:
    file = folders.config_folder() / USER_FILE
    return layers_of(read_preset(file), "user") if file.is_file() else ()


def _project_layers(start: Path) -> Iterable[Layer]:
    file = project_file(start)
    return () if file is None else layers_of(read_preset(file), "project")


def _profile_layer(named: str | None) -> Layer:
    """What the profile remembers of the last run."""
    folder = folders.config_folder()
    name = active_profile(folder, named).name
    remembered = load_profile(folder, name)
    if not remembered:
        return ()
    file = profile_file(folder, name)
    lines = lines_of(file.read_text(encoding="utf-8"))
    return [
        Setting("capture", key, value, "profile", f"{name}:{line_of(lines, (key,))}")
        for key, value in remembered.items()
    ]
