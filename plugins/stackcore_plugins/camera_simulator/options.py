"""What can be set on a simulated camera."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from stackcore.config import Options
from stackcore_plugins.camera_simulator.bodies import BODIES, Body, BodyName
from stackcore_plugins.camera_simulator.chip import LampName
from stackcore_plugins.camera_simulator.faults import describe_faults, parse_faults


class SimulatorOptions(Options):
    """Scene, optics, sensor, focus drive, speed, and faults on request.

    The default run of 12 slices 50 units apart covers the scene, whose depth is 550 units, from its nearest point.
    """

    seed: int = Field(1, ge=0, description="Which scene, which noise; the same seed gives the same pixels.")
    width_px: int = Field(
        1500, ge=64, le=6000, description="Width of a still, pixels; takes about 250 bytes of memory a pixel."
    )
    height_px: int = Field(1000, ge=64, le=6000, description="Height of a still, pixels.")
    format: Literal["jpeg", "tiff16", "dng", "dng+jpeg"] = Field(
        "jpeg", description="What a still is: JPEG, TIFF of 16 bits, raw as DNG, or raw with a JPEG beside it."
    )
    subject: Literal["scene", "dark", "grey-card"] = Field(
        "scene", description="What is before the lens: the scene, its cap, or a grey card that fills the frame."
    )
    body: BodyName = Field("plain", description="Which camera: plain, fast (a mirrorless) or slow (a reflex).")
    depth_units: int = Field(550, ge=1, description="Depth of the scene, focus drive units; it begins at 0.")
    blur_px: float | None = Field(
        None, gt=0, le=100, description="Radius of a point out of focus by the whole depth, pixels; 1/64 of the width."
    )
    near_stop: int = Field(-400, le=0, description="Where the lens stops on the near side, drive units.")
    far_stop: int = Field(20_000, ge=0, description="Where the lens stops on the far side, drive units.")
    backlash_units: int = Field(3, ge=0, description="Drive units lost whenever the direction changes.")
    breathing: float = Field(0.02, ge=-0.05, le=0.05, description="Change of scale over the depth of the scene.")
    drift_px: float = Field(1.5, ge=0, le=20, description="How far the picture wanders during a run, pixels.")
    jitter_px: float = Field(0.3, ge=0, le=5, description="Shake of each still, standard deviation, pixels.")
    rotation_deg: float = Field(0.1, ge=0, le=1, description="How far the picture turns during a run, degrees.")
    flicker: float = Field(0.02, ge=0, le=0.5, description="Standard deviation of the exposure, fraction of the light.")
    full_well_e: float = Field(20_000, ge=0, description="Electrons that mean white; fewer is noisier, 0 is no noise.")
    read_e: float = Field(8, ge=0, description="Read noise, electrons.")
    hot_pixels: int = Field(
        0, ge=0, le=100_000, description="Pixels of the sensor that shine by themselves, more so in long exposures."
    )
    dead_pixels: int = Field(0, ge=0, le=100_000, description="Pixels of the sensor that count nothing.")
    glow: float = Field(
        0,
        ge=0,
        le=1,
        description="Light the amplifier adds in the lower right corner in 1/60 s at ISO 100, 1 is white.",
    )
    exposure_s: float = Field(1 / 60, gt=0, le=600, description="Exposure time, seconds; the light is set to match.")
    iso: int = Field(100, ge=25, le=102_400, description="Sensitivity; more is noisier. The light is set to match.")
    lamp: LampName = Field("noted", description="Light of the subject: as the body notes it, warmer, or cooler.")
    still_s: float | None = Field(
        None, ge=0, le=600, description="A still takes at least this long, seconds; as the body when left out."
    )
    move_s: float | None = Field(
        None, ge=0, le=60, description="A movement takes at least this long, seconds; as the body when left out."
    )
    tells_position: bool | None = Field(
        None, description="The body tells where its drive stands; as the body when left out."
    )
    lens_file: Path | None = Field(
        None, description="File that keeps the position of the lens from one run to the next, as a real lens does."
    )
    timeout_s: float = Field(30, ge=0, le=600, description="How long a camera that does not answer is waited for, s.")
    live_view: bool = Field(False, description="Live view is on before anybody switches it on.")
    replay: Path | None = Field(None, description="Folder of frames to deliver, byte for byte, instead of the scene.")
    replay_step: int = Field(50, ge=1, description="Drive units from one replayed frame to the next.")
    fault: str = Field(
        "", description=f"Faults on request, as in jam@3,still-fails@5 (N counts from 1). {describe_faults()}"
    )

    @property
    def identity(self) -> Body:
        """The body, with what was set otherwise."""
        changes: dict[str, Any] = {
            "still_s": self.still_s,
            "move_s": self.move_s,
            "tells_position": self.tells_position,
        }
        return replace(BODIES[self.body], **{name: value for name, value in changes.items() if value is not None})

    @property
    def serial(self) -> str:
        """Serial number of the body; the seed of the scene belongs to it."""
        return f"{self.identity.serial}-{self.seed}"

    @field_validator("fault")
    @classmethod
    def _known_faults(cls, text: str) -> str:
        parse_faults(text)
        return text

    @model_validator(mode="after")
    def _noise_needs_a_well(self) -> SimulatorOptions:
        if self.read_e and not self.full_well_e and "read_e" in self.model_fields_set:
            raise ValueError("read_e needs full_well_e above 0")
        return self
