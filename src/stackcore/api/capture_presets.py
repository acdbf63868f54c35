"""Settings from presets, as what `capture` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stackcore.api.preparing import CaptureRequest
from stackcore.capturing.plan import BATCH_FIELDS
from stackcore.presets.commanding import command_layer
from stackcore.presets.gathering import Asked, gather
from stackcore.presets.layering import Resolved
from stackcore.presets.plugins import check_plugins
from stackcore.presets.sections import CAPTURE_KINDS
from stackcore.registry import Registry

Settings = Mapping[str, Mapping[str, Any]]

_SAID_ELSEWHERE = ("built-in", "profile")
"""Layers that the request knows by itself: its defaults, and what the profile remembers."""

_SWITCHES = {"live_view_start": "start_live_view", "sharpness": "sharpness"}


def capture_request(
    preset: str | None = None,
    *,
    surroundings: bool = False,
    profile: str | None = None,
    fields: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    registry: Registry | None = None,
    answers: Mapping[str, str] | None = None,
    save_profile: bool = True,
    **given: Any,
) -> CaptureRequest:
    """Return the request of a run from presets, the profile and what is given.

    Parameters
    ----------
    preset, surroundings
        As for `stackcore.api.presets.settle_stack`.
    profile, fields, settings, answers, save_profile
        As in `CaptureRequest`.
    given
        Keys of the table `[capture]`; they are stronger than anything else. None says nothing.

    Raises
    ------
    ConfigError, PluginError
        A file, a variable, the camera or the mode that they choose, or an option of it is wrong; the place is named.
    UsageError
        There is no such preset, or no such key.

    Examples
    --------
    >>> import stackcore
    >>> request = stackcore.capture_request(slices=12, step=50)
    >>> request.slices, request.step, request.camera is None  # the profile says which
    (12, 50, True)
    """
    command = command_layer(("capture",), {**given, **(fields or {})}, settings or {})
    found = gather(Asked(preset=preset, command=command, surroundings=surroundings, with_profile=True, profile=profile))
    resolved = found.resolved
    plugins = registry or Registry.discover()
    check_plugins(resolved, plugins, CAPTURE_KINDS)
    said = {key: s.value for key, s in resolved.of("capture").items() if s.layer not in _SAID_ELSEWHERE}
    switches = {name: said.pop(key) for key, name in _SWITCHES.items() if key in said}
    return CaptureRequest(
        fields={key: said.pop(key) for key in BATCH_FIELDS if key in said},
        answers=answers or {},
        profile=profile,
        save_profile=save_profile,
        settings=_plugin_settings(resolved),
        registry=plugins,
        notes=found.notes,
        **said,
        **switches,
    )


def with_preset(request: CaptureRequest, preset: str | None, *, surroundings: bool = False) -> CaptureRequest:
    """Return a request whose open settings come from a preset, and, if asked, from the surroundings.

    Errors as those of `capture_request`.
    """
    keys = ("slices", "step", "delay_ms", "mode", "camera", "path", "mirror")
    given = {key: getattr(request, key) for key in keys}
    if given["mirror"] is not None:
        given["mirror"] = str(given["mirror"])
    switches = {} if request.start_live_view else {"live_view_start": False}
    switches |= {} if request.sharpness else {"sharpness": False}
    settled = capture_request(
        preset,
        surroundings=surroundings,
        profile=request.profile,
        fields=request.fields,
        settings=request.settings,
        registry=request.registry,
        answers=request.answers,
        save_profile=request.save_profile,
        **given,
        **switches,
    )
    return replace(
        settled, base=request.base, show=request.show, clock=request.clock, notes=(*settled.notes, *request.notes)
    )


def _plugin_settings(resolved: Resolved) -> dict[str, dict[str, Any]]:
    """Options of camera and mode, and whatever else was typed, which is refused where it is used."""
    settings: dict[str, dict[str, Any]] = {}
    for (section, key), setting in resolved.settings.items():
        if section in CAPTURE_KINDS or (section not in ("capture", "stack", "output") and setting.layer == "command"):
            settings.setdefault(section, {})[key] = setting.value
    return settings
