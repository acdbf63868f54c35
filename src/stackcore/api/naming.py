"""Where files would go, before any camera is connected: the next path of a template, and what it still asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stackcore import folders
from stackcore.api.preparing import CaptureRequest, build_tokens, profile_of, resolve_settings
from stackcore.capturing.clock import Clock, SystemClock
from stackcore.capturing.plan import CaptureSettings
from stackcore.capturing.saving import FrameNamer, RunFacts
from stackcore.capturing.session import SAMPLE_EXTENSION
from stackcore.paths.counters import Counters
from stackcore.paths.questions import check_answers, questions
from stackcore.paths.template import Template, parse
from stackcore.protocols import CameraInfo, Token
from stackcore.registry import Registry

_CAMERA_NOTE = "model, serial number and lens are known when the camera is connected; this shows their places"


@dataclass(frozen=True, kw_only=True)
class PathPreview:
    """The path that the next file would get, and what was neutralised or is not known yet."""

    template: str
    path: Path
    warnings: tuple[str, ...]


def preview_path(
    template: str | None = None,
    *,
    profile: str | None = None,
    extension: str = SAMPLE_EXTENSION,
    fields: Mapping[str, str] | None = None,
    answers: Mapping[str, str] | None = None,
    base: Path | None = None,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> PathPreview:
    """Return the path that the next file of a run would get; takes no counter number and touches no camera.

    Parameters
    ----------
    template
        Path template; that of the profile where it is None.
    profile
        Whose counter and settings are shown; the active one where it is None.
    extension
        Type of the file, without its dot.
    fields, answers, base
        As in `CaptureRequest`; a question without an answer shows its label.

    Raises
    ------
    UsageError
        For a template that cannot be read, or an answer that nobody asked for.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.preview_path("leaf/slice-@SLICE").path.name
    'slice-01.jpg'
    """
    tokens = build_tokens(registry or Registry.discover())
    request = CaptureRequest(path=template, profile=profile, fields=fields or {}, answers=answers or {}, base=base)
    request = replace(request, profile=(chosen := profile_of(request)))
    settings = resolve_settings(request)
    parsed = parse(settings.path, tokens)
    open_ones = {label: label for label in questions(parsed, tokens) if label not in request.answers}
    answered = check_answers(parsed, tokens, {**open_ones, **request.answers})
    path, warnings = first_path(
        parsed,
        tokens,
        sample_facts(settings, chosen, clock or SystemClock(), answered),
        Counters(folders.state_folder()),
        extension,
        base,
    )
    notes = [f'@ASK:{label} is asked for when a run starts; this shows "{label}"' for label in open_ones]
    return PathPreview(template=settings.path, path=path, warnings=(*warnings, *notes))


def open_questions(request: CaptureRequest) -> dict[str, str]:
    """Return what the template asks for and `request` does not answer: the question in words, by label.

    Raises the errors that `capture` would raise for settings and template.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.open_questions(stackcore.capture_request(path="@ASK:subject/@MCT"))
    {'subject': 'subject'}
    """
    tokens = build_tokens(request.registry or Registry.discover())
    asked = questions(parse(resolve_settings(request).path, tokens), tokens)
    return {label: question for label, question in asked.items() if label not in request.answers}


def sample_facts(settings: CaptureSettings, profile: str, clock: Clock, answers: Mapping[str, str]) -> RunFacts:
    """What is known of a run whose camera is not connected; the camera's words are stand-ins."""
    return RunFacts(
        started=clock.now(),
        profile=profile,
        mode=settings.mode,
        slices=settings.slices,
        step=settings.step,
        camera=CameraInfo(provider=settings.camera, model="CAMERA", serial="SERIAL", lens="LENS"),
        fields=settings.fields,
        answers=answers,
    )


def first_path(
    template: Template,
    tokens: Mapping[str, Token],
    facts: RunFacts,
    counters: Counters,
    extension: str,
    base: Path | None,
) -> tuple[Path, tuple[str, ...]]:
    """Path of the first file of a run with `facts`, and what to tell about it; takes no number."""
    path, warnings = FrameNamer(template, tokens, facts, base).first(counters, extension)
    # The core knows no token by name: what changes with the camera depends on it.
    other = replace(facts, camera=CameraInfo(provider=facts.camera.provider, model="M", serial="S", lens="L"))
    elsewhere, _ = FrameNamer(template, tokens, other, base).first(counters, extension)
    return path, (*warnings, _CAMERA_NOTE) if elsewhere != path else warnings
