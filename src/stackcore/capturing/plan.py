"""What a capture run is asked to do: settings with their ranges, and what they will cost in time and room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError

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


BATCH_FIELDS = ("job", "batch_id", "bd1", "bd2", "bd3", "bd4", "bd5", "bd6")
"""Settings that mean nothing to the run and stand in the names of its files."""


def _decodable(text: str) -> str:
    """Refuse what a shell passed on although it is no UTF-8: no event and no manifest could show it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("not valid UTF-8") from error
    return text


Text = Annotated[str, AfterValidator(_decodable)]


class CaptureSettings(BaseModel):
    """The settings of a run that a profile remembers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slices: StrictInt = Field(12, ge=SLICES_MIN, le=SLICES_MAX, description="Number of focus positions.")
    step: StrictInt = Field(50, ge=STEP_MIN, le=STEP_MAX, description="Focus drive units between slices.")
    delay_ms: StrictInt = Field(200, ge=0, description="How long things settle after a movement, milliseconds.")
    mode: str = Field("full", description="Run mode.")
    path: str = Field(DEFAULT_TEMPLATE, description="Path template of saved files.")
    camera: str = Field("simulator", description="Camera provider.")
    mirror: Text = Field("", description="Folder of second copies, absolute; empty for none.")
    job: Text = Field("", description="Job name, for @JOB.")
    batch_id: Text = Field("", description="Batch id, for @BID.")
    bd1: Text = Field("", description="Batch field 1, for @BD1.")
    bd2: Text = Field("", description="Batch field 2, for @BD2.")
    bd3: Text = Field("", description="Batch field 3, for @BD3.")
    bd4: Text = Field("", description="Batch field 4, for @BD4.")
    bd5: Text = Field("", description="Batch field 5, for @BD5.")
    bd6: Text = Field("", description="Batch field 6, for @BD6.")

    @property
    def plan(self) -> CapturePlan:
        """The part that a run mode needs."""
        return CapturePlan(slices=self.slices, step=self.step, delay_ms=self.delay_ms)

    @property
    def fields(self) -> dict[str, str]:
        """The part that path tokens may know: job, batch id and batch fields that have a value."""
        return {name: value for name in BATCH_FIELDS if (value := getattr(self, name))}


def make_settings(values: dict[str, Any]) -> CaptureSettings:
    """Check `values`; `UsageError` names the setting, its value and the range."""
    try:
        return CaptureSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise UsageError(
            f"{name} cannot be {first['input']!r}.",
            f"{name} takes {_ALLOWED.get(name, 'text in UTF-8')}.",
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
