"""Turns a request for a capture run into checked settings and built plugins; nothing is connected yet."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stackcore import folders
from stackcore.api.addressing import resolve_camera
from stackcore.capturing.active import active_profile
from stackcore.capturing.clock import Clock, SystemClock
from stackcore.capturing.live_view import ShowFrame
from stackcore.capturing.mirroring import mirror_folder
from stackcore.capturing.plan import BATCH_FIELDS, CaptureSettings, make_settings
from stackcore.capturing.profiles import load_profile, profile_names, store_profile
from stackcore.capturing.session import Shoot
from stackcore.config import refuse_unknown_sections
from stackcore.errors import OutputError, PluginError, UsageError, did_you_mean
from stackcore.events import Warned
from stackcore.paths.questions import check_answers
from stackcore.paths.template import parse, root_of
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
    fields
        Job, batch id and batch fields for the names of files: `job`, `batch_id`, `bd1` to `bd6`.
    answers
        Answers to the questions of the template, by label: `{"subject": "Carabus"}` for `@ASK:subject`.
    mirror
        Folder that gets a second copy of each file under the same name; empty for none.
    base
        Folder that a relative template starts at, used as it is; the current folder where it is None.
    profile, save_profile
        Whose remembered settings are used (None: those of the active profile), and whether this run is remembered.
    start_live_view
        Let live view be switched on; without, a camera whose live view is off is refused.
    sharpness
        Measure how sharp live view is at each slice; `progress` events of the stage `sharpness` tell it.
    show
        Gets the live-view frame of each slice.
    settings
        Options of the camera and the run mode, by kind.
    notes
        Warnings that are told at the start: code and message.
    registry, clock
        Plugins and time, for tests and for programs that have their own.
    """

    slices: int | None = None
    step: int | None = None
    delay_ms: int | None = None
    mode: str | None = None
    camera: str | None = None
    path: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    mirror: str | Path | None = None
    base: Path | None = None
    profile: str | None = None
    save_profile: bool = True
    start_live_view: bool = True
    sharpness: bool = True
    show: ShowFrame | None = None
    settings: Settings = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()
    registry: Registry | None = None
    clock: Clock | None = None

    def given(self) -> dict[str, Any]:
        """Return what was asked for in words, without what is left to the profile."""
        names = ("slices", "step", "delay_ms", "mode", "camera", "path")
        chosen = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        answers = {"answers": dict(self.answers)} if self.answers else {}
        if self.mirror is not None:
            chosen["mirror"] = str(self.mirror)
        profile = {"profile": self.profile} if self.profile is not None else {}
        return {**chosen, **self.fields, **answers, **profile}


def prepare(request: CaptureRequest, run: Run) -> Shoot:
    """Check and build everything that a run works with.

    Raises `UsageError`, `ConfigError` or `PluginError`; warnings go to `run`.
    """
    for code, message in request.notes:
        run.emit(Warned(code=code, message=message))
    refuse_unknown_sections(request.settings, ["camera", "mode"])
    profile = profile_of(request)
    request = replace(request, profile=profile)  # whatever becomes the active one meanwhile
    settings = resolve_settings(request)
    if profile not in profile_names(folders.config_folder()):
        message = f'the profile "{profile}" is new; what is not given comes from the defaults'
        run.emit(Warned(code="profile_new", message=message))
    registry = request.registry or Registry.discover()
    camera_name, camera_options = resolve_camera(registry, settings.camera, request.settings.get("camera", {}))
    mode_options = registry.options("mode", settings.mode, request.settings.get("mode", {}))
    mode: RunMode = registry.build("mode", settings.mode, mode_options)
    tokens = build_tokens(registry)
    template = parse(settings.path, tokens)
    answers = check_answers(template, tokens, request.answers)
    mirror = _mirror(settings, root_of(template, request.base))
    camera: CameraProvider = registry.build("camera", camera_name, camera_options)
    return Shoot(
        camera=camera,
        mode=mode,
        settings=settings,
        profile=profile,
        template=template,
        tokens=tokens,
        answers=answers,
        base=request.base,
        mirror=mirror,
        state_folder=folders.state_folder(),
        clock=request.clock or SystemClock(),
        start_live_view=request.start_live_view,
        sharpness=request.sharpness,
        show=request.show,
        extra_settings={
            "profile": profile,
            "answers": answers,
            "base": str(request.base or Path.cwd()),
            "sharpness": request.sharpness,
            "camera_options": camera_options.model_dump(mode="json"),
            "given_options": {
                "camera": camera_options.model_dump(mode="json", exclude_unset=True),
                "mode": mode_options.model_dump(mode="json", exclude_unset=True),
            },
        },
        on_ready=lambda: _remember(profile if request.save_profile else None, settings, run),
    )


def resolve_settings(request: CaptureRequest) -> CaptureSettings:
    """Join what was given with what the profile remembers."""
    for name in request.fields:
        if name not in BATCH_FIELDS:
            known = did_you_mean(name, BATCH_FIELDS)
            raise UsageError(f'There is no batch field "{name}".', "they have fixed names.", known)
    remembered = load_profile(folders.config_folder(), profile_of(request))
    given = {name: value for name, value in request.given().items() if name in CaptureSettings.model_fields}
    if given.get("mirror"):
        given["mirror"] = str(mirror_folder(given["mirror"]))  # a profile may be used in another folder
    return make_settings({**remembered, **given})


def _mirror(settings: CaptureSettings, root: Path) -> Path | None:
    if not settings.mirror:
        return None
    folder = mirror_folder(settings.mirror)
    if folder.resolve() == root.resolve():
        raise UsageError(
            "The mirror is the folder of the frames themselves.",
            f"the path template starts at {root}.",
            'choose another folder with --mirror, or none: --mirror "".',
        )
    return folder


def profile_of(request: CaptureRequest) -> str:
    """Name of the profile that the request uses; errors as those of `active_profile`."""
    return active_profile(folders.config_folder(), request.profile).name


def build_tokens(registry: Registry) -> dict[str, Token]:
    """Return every path token that works, by name; one that cannot be built is left out and harms no other."""
    tokens: dict[str, Token] = {}
    for offer in registry.offers("token"):
        with contextlib.suppress(PluginError):
            tokens[offer.name] = registry.build("token", offer.name)
    return tokens


def _remember(profile: str | None, settings: CaptureSettings, run: Run) -> None:
    if profile is None:
        return
    try:
        store_profile(folders.config_folder(), profile, settings.model_dump())
    except OutputError as error:  # no reason not to shoot
        run.emit(Warned(code="profile", message=f"the settings are not remembered: {error.why}"))
