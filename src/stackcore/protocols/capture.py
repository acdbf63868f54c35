"""What cameras, run modes and path tokens must do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from stackcore.actions import Action, CameraTraits, CapturePlan

Need = Literal["live_view", "focus_drive", "still"]
"""What a run mode needs from a camera; preflight checks each one."""


@dataclass(frozen=True, kw_only=True)
class CameraInfo:
    """Who a camera says it is; empty strings where it does not say."""

    provider: str
    model: str
    maker: str = ""
    serial: str = ""
    lens: str = ""
    port: str = ""
    simulated: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of preflight: `name` of what was looked at, whether it is `ok`, and what to do if not.

    A check that is not ok and not `fatal` is a warning.
    """

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""
    fatal: bool = True


@dataclass(frozen=True, kw_only=True)
class CapturedFile:
    """A file as the camera delivers it: `data` and its `extension` without a dot, lower case (`jpg`, `nef`)."""

    data: bytes
    extension: str


class CameraProvider(Protocol):
    """A camera. Every call blocks until it is done and reports what really happened.

    Calls come from one thread. Errors are `CameraError` and its subclasses, never a library's own.
    """

    @property
    def traits(self) -> CameraTraits:
        """What is true of this camera; may be asked before `open`, touches no device."""
        ...

    def open(self) -> CameraInfo:
        """Connect; `NotReadyError` when no such camera is there."""
        ...

    def close(self) -> None:
        """Disconnect and release the device; may be called twice, never raises for a lost camera."""
        ...

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        """Look at everything that the run needs, move nothing.

        Switches live view on where the body allows it and `start_live_view` is true.
        """
        ...

    def restore(self) -> None:
        """Put back what `preflight` changed (live view as it was)."""
        ...

    def drive_focus(self, steps: int) -> None:
        """Move focus by signed drive units, + is away from the camera; `FocusDriveError` tells how far it came."""
        ...

    def expose(self) -> Sequence[CapturedFile]:
        """Take a still without autofocus and deliver its files; returns once the transfer is complete."""
        ...

    def preview_frame(self) -> CapturedFile:
        """Return the current live-view frame, a JPEG."""
        ...

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the camera accepts commands; False when it does not within `timeout_s`."""
        ...

    def focus_position(self) -> int | None:
        """Return the position of the drive in its units where the body can tell, else None."""
        ...


@dataclass(frozen=True, kw_only=True)
class DetectedCamera:
    """A camera that is there; `address` is what follows `--camera NAME:`, empty where the name alone is enough."""

    model: str
    address: str


@dataclass(frozen=True, kw_only=True)
class DriveProfile:
    """How a provider drives the focus of one maker's bodies, and how that is known.

    `verified`: `body` on a real one, `wire` with the real driver against a responder, `source` by reading the driver
    only. `returns_exactly`: the same number of units back reaches the same place.
    """

    maker: str
    verified: Literal["wire", "source", "body"]
    returns_exactly: bool
    note: str


@runtime_checkable
class CameraFinder(Protocol):
    """A provider that can tell which cameras are there."""

    def detect(self) -> Sequence[DetectedCamera]:
        """Look for cameras and connect to none; `CameraError` when nothing can be looked for."""
        ...


@runtime_checkable
class CameraCatalogue(Protocol):
    """A provider that can tell which makers' bodies it drives."""

    def drive_profiles(self) -> Sequence[DriveProfile]:
        """Return one profile a maker; touches no device."""
        ...


class RunMode(Protocol):
    """Turns a plan into actions and touches nothing."""

    needs: frozenset[Need]
    saves: bool

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        """Yield the run from its start at the nearest point to its last slice; the way back is the engine's."""
        ...


@dataclass(frozen=True, kw_only=True)
class TokenContext:
    """What a path token may know when a file is about to be named.

    `run_started` and `taken_at` are aware datetimes in local time; `counter` is the number reserved for this
    file from the counter that the token asked for; `image_in_run` counts saved files of this run from 1.
    `fields` holds job name, batch id and batch fields as far as they were given (`job`, `batch_id`, `bd1` to `bd6`),
    `answers` what the user was asked for at the start of the run, by label; `label` is that of the token itself.
    """

    run_started: datetime
    taken_at: datetime
    profile: str
    mode: str
    extension: str
    slice_index: int
    slices: int
    step: int
    focus_offset: int
    image_in_run: int
    camera: CameraInfo
    counter: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    label: str = ""


class Token(Protocol):
    """One `@` token of path templates. The offer's name is what is typed after the `@`.

    `takes_digits`: one digit 1 to 9 follows the name (`@GCT4`). `counter`: which lasting counter the token
    shows, or None. A token may be asked any number of times for one file and must answer the same.
    """

    takes_digits: bool
    counter: Literal["global", "profile"] | None

    def expand(self, context: TokenContext, digits: int | None) -> str:
        """Return the text that takes the token's place; what is unsafe in a name is neutralised afterwards."""
        ...


@runtime_checkable
class AskingToken(Protocol):
    """A token whose value the user gives once for a whole run.

    A colon and a label follow its name (`@ASK:subject`). The answer is in `TokenContext.answers` under that label.
    """

    def question(self, label: str) -> str:
        """Return what to ask for, in words: `subject`."""
        ...
