"""The report as data, for machines: what lies beside the page as JSON (schema `stackcore.report/1`)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stackcore.metadata.record import UsedPlugin


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")


class FrameEntry(_Part):
    """One frame: where it lay, how bright and how sharp it was; None for what is not known of a skipped one.

    `shift_px`, `scale_percent`, `rotation_deg` and `light_ev` are those of `stackcore.report.tracks.Place`, `matrix`
    and `gain` those of the transforms file. `sharpness` is the mean focus measure over the picture, unitless; `won`
    the share of the places with detail in which this frame is the sharpest, 0 to 1.
    """

    index: int
    name: str
    status: Literal["ok", "skipped"]
    reason: str | None = None
    matrix: list[list[float]] | None = None
    gain: tuple[float, float, float] | None = None
    shift_px: tuple[float, float] | None = None
    scale_percent: float | None = None
    rotation_deg: float | None = None
    light_ev: tuple[float, float, float] | None = None
    sharpness: float | None = None
    won: float | None = None


class PictureEntry(_Part):
    """The result: `crop` is x, y, width, height in the reference frame, whose size is `of_width`, `of_height`."""

    file: str | None
    width: int
    height: int
    crop: tuple[int, int, int, int]
    of_width: int
    of_height: int


class CameraEntry(_Part):
    """What the reference frame says of the camera; empty or None where it says nothing."""

    make: str = ""
    model: str = ""
    iso: int | None = None
    exposure_s: float | None = None
    simulated: bool = False


class FindingEntry(_Part):
    """One thing that is said of the coverage; see `stackcore.report.advice.Finding`."""

    code: str
    level: Literal["good", "note", "warning"]
    title: str
    text: str
    advice: str = ""


class GapEntry(_Part):
    """Slices `before` and `after` lie `steps` usual steps apart; `halfway` is the sharpness between them, 0 to 1."""

    before: int
    after: int
    steps: float
    halfway: float


class CoverageEntry(_Part):
    """How the stack covers its subject; shares and `halfway` are None where it cannot be told.

    `peak_slice` holds, row by row, the index of the sharpest slice in each cell of a grid over the picture, None where
    there is no detail; `gaining` the column and row of cells whose peak lies beyond an end that is warned of.
    """

    findings: list[FindingEntry]
    first_share: float | None = None
    last_share: float | None = None
    halfway: float | None = None
    gaps: list[GapEntry] = Field(default_factory=list)
    peak_slice: list[list[int | None]] | None = None
    gaining: list[tuple[int, int]] = Field(default_factory=list)


class DepthEntry(_Part):
    """The depth map, in slices: what 1 % and 99 % of the picture lie behind, the middle; `sure` where it is certain.

    `sure` is the share of the picture with a confidence above one half; None from fusers that tell none.
    """

    nearest: float
    median: float
    farthest: float
    sure: float | None = None
    files: dict[str, str] = Field(default_factory=dict)


class MemoryEntry(_Part):
    """Bytes that were reckoned with before the work, and the peak of the process; None where it is not known."""

    planned_bytes: int | None = None
    peak_bytes: int | None = None


class WarningEntry(_Part):
    """A warning of the run; `code` is stable."""

    code: str
    message: str
    frame: str | None = None


class Report(_Part):
    """Everything that a report tells of one run, without its pictures."""

    schema_: Literal["stackcore.report/1"] = Field("stackcore.report/1", alias="schema")
    software: str
    command: str
    made_at: str
    title: str
    result: PictureEntry
    camera: CameraEntry
    reference: int
    alignment_model: str
    noise_sigma: float
    frames: list[FrameEntry]
    coverage: CoverageEntry
    depth: DepthEntry | None
    seconds: dict[str, float]
    memory: MemoryEntry
    plugins: dict[str, UsedPlugin]
    settings: dict[str, Any]
    hot_pixels: dict[str, Any] | None
    warnings: list[WarningEntry]

    @property
    def used(self) -> list[FrameEntry]:
        """The frames that take part."""
        return [frame for frame in self.frames if frame.status == "ok"]

    def to_json(self) -> str:
        """The document, indented; the same report gives the same text."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
