"""Turns a request for a capture run into checked settings and built plugins; nothing is connected yet."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackcore import folders
from stackcore.api.addressing import resolve_camera
from stackcore.capturing.clock import Clock, SystemClock
from stackcore.capturing.plan import CaptureSettings, make_settings
from stackcore.capturing.profiles import DEFAULT_PROFILE, load_profile, store_profile
from stackcore.capturing.session import Shoot
from stackcore.config import refuse_unknown_sections
from stackcore.errors import OutputError, PluginError
from stackcore.events import Warned
from stackcore.paths.template import parse
from stackcore.protocols import CameraProvider, RunMode, Token
from stackcore.registry import Registry
from stackcore.runs import Run

Settings = Mapping[str, Mapping[str, Any]]
"""Options of plugins by kind: `{"camera": {"width_px": 1200}}`."""


@dataclass(frozen=True, kw_only=True)
class CaptureRequest:
    """What a run is asked to do; what is None comes from the profile, else from the defaults.

    Attributes
    ----------
    slices, step, delay_ms
        2 to 199 focus positions, 2 to 999 drive units apart, 0 or more milliseconds to settle.
    mode, camera
        Names of plugins; a camera may be followed by a colon and its address.
    path
        Path template of the saved files.
    base
        Folder that a relative template starts at, used as it is; the current folder where it is None.
    profile, save_profile
        Whose remembered settings are used, and whether this run is remembered.
    start_live_view
        Let live view be switched on; without, a camera whose live view is off is refused.
    settings
        Options of the camera and the run mode, by kind.
    registry, clock
        Plugins and time, for tests and for programs that have their own.
    """

    slices: int | None = None
    step: int | None = None
    delay_ms: int | None = None
    mode: str | None = None
    camera: str | None = None
    path: str | None = None
    base: Path | None = None
    profile: str = DEFAULT_PROFILE
    save_profile: bool = True
    start_live_view: bool = True
    settings: Settings = field(default_factory=dict)
    registry: Registry | None = None
    clock: Clock | None = None

    def given(self) -> dict[str, Any]:
        """Return what was asked for in words, without what is left to the profile."""
        names = ("slices", "step", "delay_ms", "mode", "camera", "path")
        chosen = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {**chosen, "profile": self.profile}


def prepare(request: CaptureRequest, run: Run) -> Shoot:
    """Check and build everything that a run works with.

    Raises `UsageError`, `ConfigError` or `PluginError`; warnings go to `run`.
    """
    refuse_unknown_sections(request.settings, ["camera", "mode"])
    settings = resolve_settings(request)
    registry = request.registry or Registry.discover()
    camera_name, camera_options = resolve_camera(registry, settings.camera, request.settings.get("camera", {}))
    mode: RunMode = registry.build("mode", settings.mode, request.settings.get("mode", {}))
    tokens = build_tokens(registry)
    template = parse(settings.path, tokens)
    camera: CameraProvider = registry.build("camera", camera_name, camera_options)
    return Shoot(
        camera=camera,
        mode=mode,
        settings=settings,
        profile=request.profile,
        template=template,
        tokens=tokens,
        base=request.base,
        state_folder=folders.state_folder(),
        clock=request.clock or SystemClock(),
        start_live_view=request.start_live_view,
        extra_settings={"profile": request.profile, "camera_options": camera_options.model_dump(mode="json")},
        on_ready=lambda: _remember(request, settings, run),
    )


def resolve_settings(request: CaptureRequest) -> CaptureSettings:
    """Join what was given with what the profile remembers."""
    remembered = load_profile(folders.config_folder(), request.profile)
    given = {name: value for name, value in request.given().items() if name != "profile"}
    return make_settings({**remembered, **given})


def build_tokens(registry: Registry) -> dict[str, Token]:
    """Return every path token that works, by name; one that cannot be built is left out and harms no other."""
    tokens: dict[str, Token] = {}
    for offer in registry.offers("token"):
        with contextlib.suppress(PluginError):
            tokens[offer.name] = registry.build("token", offer.name)
    return tokens


def _remember(request: CaptureRequest, settings: CaptureSettings, run: Run) -> None:
    if not request.save_profile:
        return
    try:
        store_profile(folders.config_folder(), request.profile, settings)
    except OutputError as error:  # no reason not to shoot
        run.emit(Warned(code="profile", message=f"the settings are not remembered: {error.why}"))
