"""What a capture run is made of, as data: the plan, the camera's traits, and the actions of a run mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SLICES_MIN, SLICES_MAX = 2, 199
STEP_MIN, STEP_MAX = 2, 999
"""The ranges of the tethered capture workflow that stackcore grew from."""

SdkStyle = Literal["legacy", "unified"]


@dataclass(frozen=True, kw_only=True)
class CapturePlan:
    """What a run shall do: `slices` focus positions, `step` drive units apart, settling for `delay_ms`.

    The ranges are checked before a plan is made, see `stackcore.capturing.plan`.
    """

    slices: int
    step: int
    delay_ms: int


@dataclass(frozen=True, kw_only=True)
class CameraTraits:
    """What is true of a camera and its SDK style; the engine and the run modes branch on data, never on names.

    Attributes
    ----------
    style
        `legacy` or `unified`: which family of SDK the provider behaves like.
    waits_after_still
        The delay also applies after each finished still, before the movement (the legacy style).
    returns_focus
        The provider allows the engine to move focus back at the end of a run.
    simulated
        Nothing it delivers shows the real world; events, manifest and files say so.
    still_s, move_s, preview_s
        How long a still, a movement and a live-view frame take, roughly; for estimates only, seconds.
    still_bytes, preview_bytes
        How large one saved file is, roughly; for the room check only.
    max_drive
        The largest movement that one drive command accepts, in drive units; the engine splits larger ones.
    shutter_s
        How long the shutter is open for a still, seconds; time-outs grow by twice that, for a dark frame may follow.
    ready_timeout_s
        How long a body that is busy is waited for, beside the shutter's time, seconds.
    busy_retries, busy_pause_s
        How often a command is sent again that a busy body refused, and the pause before, seconds.
    """

    style: SdkStyle
    waits_after_still: bool
    returns_focus: bool = True
    simulated: bool = False
    still_s: float = 1.0
    move_s: float = 0.2
    preview_s: float = 0.1
    still_bytes: int = 50_000_000
    preview_bytes: int = 500_000
    max_drive: int = 32_767
    shutter_s: float = 0.0
    ready_timeout_s: float = 30.0
    busy_retries: int = 5
    busy_pause_s: float = 0.2

    @property
    def timeout_s(self) -> float:
        """How long the body may take until it accepts the next command, seconds."""
        return self.ready_timeout_s + 2 * self.shutter_s


@dataclass(frozen=True)
class Expose:
    """Take a still of this slice and save it."""

    slice_index: int


@dataclass(frozen=True)
class SavePreview:
    """Save the live-view frame of this slice."""

    slice_index: int


@dataclass(frozen=True)
class Watch:
    """Arrive at this slice and take nothing: the user watches live view."""

    slice_index: int


@dataclass(frozen=True)
class DriveFocus:
    """Move focus by `steps` drive units, + is away from the camera."""

    steps: int


@dataclass(frozen=True)
class Wait:
    """Let things settle; a cancel ends it at once."""

    delay_ms: int


Action = Expose | SavePreview | Watch | DriveFocus | Wait
