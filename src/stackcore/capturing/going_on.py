"""The rest of an earlier run: which actions are left, and whether it is still the same camera and lens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stackcore.actions import Action, CapturePlan, DriveFocus, Expose, SavePreview, Wait, Watch
from stackcore.capturing.journal import Journal
from stackcore.capturing.manifest import Manifest, State
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
    offset
        Where focus stands, in drive units from the start of the run.
    stated
        The user said so: the body is not asked for its opinion.
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
    offset: int
    stated: bool
    first_slice: int | None
    images: int
    ended_as: State


def remaining(actions: Iterable[Action], where: GoingOn, plan: CapturePlan) -> Iterator[Action]:
    """Yield the way from where focus stands to the first slice that is left, then everything from there on."""
    if where.first_slice is None:
        return
    target, reached = 0, False
    for action in actions:
        if not reached:
            match action:
                case DriveFocus(steps):
                    target += steps
                case Expose(index) | SavePreview(index) | Watch(index) if index >= where.first_slice:
                    reached = True
                    if target != where.offset:
                        yield DriveFocus(target - where.offset)
                        yield Wait(plan.delay_ms)
        if reached:
            yield action


def check_camera(run: Run, where: GoingOn, camera: CameraInfo, position: int | None) -> None:
    """Refuse another camera, and a lens that was moved since; a warning where the user stated the offset.

    `position` is what the body's drive counts now, None where it cannot tell.
    """
    known = where.manifest.camera
    differs = [
        f"{name} was {known[name]}, now {now}"
        for name, now in (("model", camera.model), ("serial", camera.serial), ("lens", camera.lens))
        if known.get(name) and now and known[name] != now
    ]
    start = known.get("focus_position")
    if not differs and isinstance(start, int) and position is not None and position != start + where.offset:
        differs = [f"the journal has the lens at {start + where.offset:+d} of its drive, the body says {position:+d}"]
    if not differs:
        return
    why = "; ".join(differs)
    if where.stated:
        run.emit(Warned(code="camera_differs", message=f"{why}; the offset is the one that was stated"))
        return
    raise NotReadyError(
        "This is not the camera and lens as the run left them; nothing was moved.",
        f"{why}.",
        "connect the same camera; if the lens was turned, look where it stands and say so with --focus-offset.",
    )
