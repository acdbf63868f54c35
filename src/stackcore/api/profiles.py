"""Profiles from Python: what each remembers, which is active, and how to change that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackcore import folders
from stackcore.api.preparing import build_tokens
from stackcore.capturing import active
from stackcore.capturing.active import ActiveProfile, active_profile
from stackcore.capturing.mirroring import mirror_folder
from stackcore.capturing.plan import CaptureSettings, make_settings
from stackcore.capturing.profiles import load_profile, profile_file, profile_names, store_profile
from stackcore.errors import StackcoreError, UsageError, did_you_mean
from stackcore.paths.template import parse
from stackcore.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile.

    Attributes
    ----------
    remembered
        What is stored in `file`, by name of the setting.
    settings
        The same with the defaults of what is not stored; None where the file cannot be used, for `problem`.
    """

    name: str
    active: bool
    file: Path
    remembered: Mapping[str, Any]
    settings: CaptureSettings | None
    problem: StackcoreError | None = None


def current_profile(name: str | None = None) -> ActiveProfile:
    """Return the profile that a run with `--profile name` would use, and what chose it.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.current_profile("bench").name
    'bench'
    """
    return active_profile(folders.config_folder(), name)


def list_profiles() -> list[Profile]:
    """Return every profile, sorted by name; one that cannot be used carries its problem and harms no other.

    Examples
    --------
    >>> import stackcore
    >>> profile = stackcore.set_profile("bench", {"slices": 40})
    >>> "bench" in [profile.name for profile in stackcore.list_profiles()]
    True
    """
    return [_read(name) for name in profile_names(folders.config_folder())]


def show_profile(name: str | None = None) -> Profile:
    """Return a profile, the active one for None; `UsageError` for an unknown one, `ConfigError` for a broken one.

    Examples
    --------
    >>> import stackcore
    >>> profile = stackcore.set_profile("bench", {"slices": 40})
    >>> dict(stackcore.show_profile("bench").remembered)["slices"]
    40
    """
    chosen = current_profile(name).name
    if name is not None:
        _must_exist(name)
    profile = _read(chosen)
    if profile.problem is not None:
        raise profile.problem
    return profile


def set_profile(name: str | None, values: Mapping[str, Any], registry: Registry | None = None) -> Profile:
    """Store `values` in a profile, the active one for None, beside what it remembers; makes it where there is none.

    `UsageError` or `PluginError` for a value that a run would refuse, `ConfigError` for a broken profile; nothing is
    stored then.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.set_profile("bench", {"slices": 40, "step": 12}).settings.step
    12
    """
    folder = folders.config_folder()
    chosen = current_profile(name).name
    for key in values:
        if key not in CaptureSettings.model_fields:
            known = did_you_mean(key, CaptureSettings.model_fields)
            raise UsageError(f'A profile does not remember "{key}".', "it keeps the settings of capture runs.", known)
    if values.get("mirror"):
        values = {**values, "mirror": str(mirror_folder(values["mirror"]))}
    merged = {**load_profile(folder, chosen), **values}
    settings = make_settings(merged)
    checks: dict[str, Callable[[Registry], object]] = {
        "mode": lambda plugins: plugins.offer("mode", settings.mode),
        "camera": lambda plugins: plugins.offer("camera", settings.camera.partition(":")[0]),
        "path": lambda plugins: parse(settings.path, build_tokens(plugins)),
    }
    if needed := [check for key, check in checks.items() if key in values]:
        plugins = registry or Registry.discover()
        for check in needed:
            check(plugins)
    store_profile(folder, chosen, merged)
    return _read(chosen)


def use_profile(name: str) -> ActiveProfile:
    """Make a profile the active one of later runs; returns the one that is active now: a variable may win.

    `UsageError` for an unknown profile.

    Examples
    --------
    >>> import stackcore
    >>> profile = stackcore.set_profile("bench", {"slices": 40})
    >>> stackcore.use_profile("bench").name
    'bench'
    """
    _must_exist(name)
    active.use_profile(folders.config_folder(), name)
    return current_profile()


def _must_exist(name: str) -> None:
    folder = folders.config_folder()
    profile_file(folder, name)
    if name not in (known := profile_names(folder)):
        raise UsageError(
            f'There is no profile "{name}".',
            "nothing was stored under that name.",
            f"{did_you_mean(name, known)} `stackcore profiles set {name}` makes it.",
        )


def _read(name: str) -> Profile:
    folder = folders.config_folder()
    file = profile_file(folder, name)
    try:
        is_active = current_profile().name == name
    except StackcoreError:  # none is, until the variable or the file that names it is mended
        is_active = False
    try:
        remembered = load_profile(folder, name)
    except StackcoreError as error:
        return Profile(name=name, active=is_active, file=file, remembered={}, settings=None, problem=error)
    settings = make_settings(remembered)
    return Profile(name=name, active=is_active, file=file, remembered=remembered, settings=settings)
