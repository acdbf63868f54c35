"""The rest of an earlier run: which actions are left, and whether it is still the same camera and lens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stackcore.actions import Action, CapturePlan, DriveFocus, Expose, SavePreview, Wait, Watch
from stackcore.capturing.journal import Journal
from stackcore.capturing.manifest import Manifest, State
from stackcore.capturing.recovery import Whereabouts, require_certain
from stackcore.errors import NotReadyError
from stackcore.events import Warned
from stackcore.protocols import CameraInfo
from stackcore.runs import Run


@dataclass(frozen=True, kw_only=True)
class GoingOn:
    """Where an earlier run goes on.

    Attributes
    ----------
    manifest, folder, journal
        The run's own, which it appends to; the journal is held by this process.
    started
        When the run was started first: its group timestamp stays.
    focus
        Where focus stands, as far as manifest and journal know.
    stated
        Where the user says it stands, in drive units from the start of the run; believed whatever else is known.
    first_slice
        The first slice that is not saved, None when only focus shall be returned.
    images
        How many slices have files.
    ended_as
        What the run was, for one that only returns focus.
    """

    manifest: Manifest
    folder: Path
    journal: Journal
    started: datetime
    focus: Whereabouts
    stated: int | None
    first_slice: int | None
    images: int
    ended_as: State


def remaining(actions: Iterable[Action], first_slice: int | None, offset: int, plan: CapturePlan) -> Iterator[Action]:
    """Yield the way from `offset`, where focus stands, to the first slice that is left, then all that follows it."""
    if first_slice is None:
        return
    target, reached = 0, False
    for action in actions:
        if not reached:
            match action:
                case DriveFocus(steps):
                    target += steps
                case Expose(index) | SavePreview(index) | Watch(index) if index >= first_slice:
                    reached = True
                    if target != offset:
                        yield DriveFocus(target - offset)
                        yield Wait(plan.delay_ms)
        if reached:
            yield action


def start_position(manifest: Manifest) -> int | None:
    """What the body's drive counted when the run started, None where it could not tell."""
    start = manifest.camera.get("focus_position")
    return start if isinstance(start, int) else None


def locate(run: Run, where: GoingOn, camera: CameraInfo, position: int | None) -> int:
    """Return where focus stands, in drive units from the start of the run; nothing moves.

    `position` is what the body's drive counts now, None where it cannot tell. A body that can tell settles what the
    journal leaves open, and notices a lens that was turned since.

    Raises `NotReadyError` for another camera, another lens, or one that was turned; `CameraError` where nobody knows.
    What the user stated stands above both, with a warning.
    """
    differs = _differences(where, camera, position)
    if where.stated is not None:
        if differs:
            _warn(run, f"{'; '.join(differs)}; the offset is the one that was stated")
        return where.stated
    if differs:
        raise NotReadyError(
            "This is not the camera and lens as the run left them; nothing was moved.",
            f"{'; '.join(differs)}.",
            "connect the same camera; if the lens was turned, look where it stands and say so with --focus-offset.",
        )
    start = start_position(where.manifest)
    if start is None or position is None or where.focus.low is None:
        return require_certain(where.focus, None)
    if not where.focus.certain:
        _warn(run, f"focus stands {where.focus} by the journal; the body says {position - start:+d}")
    return position - start


def _differences(where: GoingOn, camera: CameraInfo, position: int | None) -> list[str]:
    known = where.manifest.camera
    differs = [
        f"{name} was {known[name]}, now {now}"
        for name, now in (("model", camera.model), ("serial", camera.serial), ("lens", camera.lens))
        if known.get(name) and now and known[name] != now
    ]
    start, low, high = start_position(where.manifest), where.focus.low, where.focus.high
    if start is not None and position is not None and low is not None and high is not None:
        expected = Whereabouts(start + low, start + high)
        if not start + low <= position <= start + high:
            differs.append(f"by the journal the drive stands {expected}, the body says {position:+d}")
    return differs


def _warn(run: Run, message: str) -> None:
    run.emit(Warned(code="camera_differs", message=message))
