"""What a capture run is asked to do: settings with their ranges, and what they will cost in time and room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from stackcore.actions import (
    SLICES_MAX,
    SLICES_MIN,
    STEP_MAX,
    STEP_MIN,
    Action,
    CameraTraits,
    CapturePlan,
    DriveFocus,
    Expose,
    SavePreview,
    Wait,
)
from stackcore.errors import UsageError
from stackcore.paths.template import DEFAULT_TEMPLATE

_ALLOWED = {
    "slices": f"{SLICES_MIN} to {SLICES_MAX}",
    "step": f"{STEP_MIN} to {STEP_MAX} drive units",
    "delay_ms": "0 or more milliseconds",
}


class CaptureSettings(BaseModel):
    """The settings of a run that a profile remembers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slices: StrictInt = Field(12, ge=SLICES_MIN, le=SLICES_MAX, description="Number of focus positions.")
    step: StrictInt = Field(50, ge=STEP_MIN, le=STEP_MAX, description="Focus drive units between slices.")
    delay_ms: StrictInt = Field(200, ge=0, description="How long things settle after a movement, milliseconds.")
    mode: str = Field("full", description="Run mode.")
    path: str = Field(DEFAULT_TEMPLATE, description="Path template of saved files.")
    camera: str = Field("simulator", description="Camera provider.")

    @property
    def plan(self) -> CapturePlan:
        """The part that a run mode needs."""
        return CapturePlan(slices=self.slices, step=self.step, delay_ms=self.delay_ms)


def make_settings(values: dict[str, Any]) -> CaptureSettings:
    """Check `values`; `UsageError` names the setting, its value and the range."""
    try:
        return CaptureSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise UsageError(
            f"{name} cannot be {first['input']!r}.",
            f"{name} takes {_ALLOWED.get(name, 'text')}.",
            "choose a value within the range.",
        ) from error


@dataclass(frozen=True)
class Estimate:
    """What a run will cost: `seconds` with the way back, `bytes` of saved `files`, and the `travel` in drive units."""

    seconds: float
    bytes: int
    files: int
    travel: int


def estimate(actions: Iterable[Action], traits: CameraTraits) -> Estimate:
    """Add up what the actions will take, from the rough figures of the camera's traits."""
    seconds, size, files, travel = 0.0, 0, 0, 0
    for action in actions:
        match action:
            case Expose():
                seconds, size, files = seconds + traits.still_s, size + traits.still_bytes, files + 1
            case SavePreview():
                seconds, size, files = seconds + traits.preview_s, size + traits.preview_bytes, files + 1
            case DriveFocus(steps):
                seconds, travel = seconds + traits.move_s * len(split_movement(steps, traits.max_drive)), travel + steps
            case Wait(delay_ms):
                seconds += delay_ms / 1000
    if travel and traits.returns_focus:
        seconds += traits.move_s * len(split_movement(travel, traits.max_drive))
    return Estimate(seconds, size, files, travel)


def split_movement(steps: int, max_drive: int) -> list[int]:
    """Cut a signed movement into drive commands that the body accepts.

    Examples
    --------
    >>> split_movement(-25, 10)
    [-10, -10, -5]
    """
    sign, rest = (1, steps) if steps >= 0 else (-1, -steps)
    full, last = divmod(rest, max_drive)
    return [sign * max_drive] * full + ([sign * last] if last else [])
