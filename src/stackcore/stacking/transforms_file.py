"""The transforms file: what the survey found, kept, edited and used again (schema `stackcore.transforms/1`)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stackcore.errors import ConfigError, FrameMismatch
from stackcore.stacking.survey import FrameGeometry, Survey, survey_record
from stackcore.terms import Encoding, Region, Transform

SCHEMA = "stackcore.transforms/1"

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Row = tuple[_Number, _Number, _Number]


class _FrameEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: str
    index: int = Field(ge=0)
    matrix: tuple[_Row, _Row, _Row]
    gain: tuple[_Factor, _Factor, _Factor] = (1.0, 1.0, 1.0)
    status: Literal["ok", "skipped"] = "ok"
    reason: str | None = None

    @field_validator("matrix")
    @classmethod
    def _invertible(cls, value: tuple[_Row, _Row, _Row]) -> tuple[_Row, _Row, _Row]:
        if abs(np.linalg.det(np.array(value))) < 1e-9:
            raise ValueError("the matrix squeezes the picture to nothing")
        return value


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    schema_: Literal["stackcore.transforms/1"] = Field(alias="schema")
    reference: int = Field(ge=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    model: str
    encoding: Literal["srgb", "linear"]
    crop: tuple[int, int, int, int]
    frames: list[_FrameEntry]
    survey: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> _File:
        x, y, width, height = self.crop
        if min(x, y) < 0 or min(width, height) < 1 or x + width > self.width or y + height > self.height:
            raise ValueError(f"crop {list(self.crop)} does not lie within {self.width}x{self.height}")
        if [frame.index for frame in self.frames] != list(range(len(self.frames))):
            raise ValueError("the index of the frames must count from 0 without a gap")
        if sum(frame.status == "ok" for frame in self.frames) < 2:
            raise ValueError('fewer than two frames have the status "ok"')
        if self.reference >= len(self.frames):
            raise ValueError(f"reference {self.reference} is not among the {len(self.frames)} frames")
        return self


def to_json(survey: Survey, paths: Sequence[Path], folder: Path) -> str:
    """The file's text; paths are written relative to `folder`, where the file will lie."""
    identity = Transform.identity().matrix
    record = {
        "schema": SCHEMA,
        "reference": survey.reference,
        "width": survey.width,
        "height": survey.height,
        "model": survey.model,
        "encoding": survey.encoding,
        "crop": [survey.crop.x, survey.crop.y, survey.crop.width, survey.crop.height],
        "frames": [
            {
                "path": _relative(path, folder),
                "index": frame.index,
                "matrix": (identity if frame.transform is None else frame.transform.matrix).tolist(),
                "gain": list(frame.gain),
                "status": "ok" if frame.transform is not None else "skipped",
                "reason": frame.reason,
            }
            for frame, path in zip(survey.frames, paths, strict=True)
        ],
        "survey": survey_record(survey),
    }
    return json.dumps(record, indent=1) + "\n"


def matrices_json(survey: Survey) -> str:
    """The bare list of 3x3 matrices, reference to frame; identity for a skipped frame."""
    identity = Transform.identity()
    return json.dumps([(f.transform or identity).matrix.tolist() for f in survey.frames]) + "\n"


def read(path: Path, paths: Sequence[Path], size: tuple[int, int], encoding: Encoding) -> Survey:
    """Read a transforms file for frames of this `size` (width, height), worked on in this `encoding`.

    `ConfigError` names a wrong key; `FrameMismatch` when number, size or encoding of the frames differ (names
    may differ: the same geometry serves another lighting of the subject).
    """
    width, height = size
    try:
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read.", f"{error.strerror}.", "check the path.") from error
    except ValidationError as error:
        faults = error.errors(include_url=False)
        first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])  # a mistyped key
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(
            f"{path} is not a valid transforms file.", f"{key}: {first['msg']}.", "write it anew: stackcore align."
        ) from error
    if file.encoding != encoding:
        raise FrameMismatch(
            f"{path} does not fit these frames.",
            f"it was made for {file.encoding} frames, these are read as {encoding}.",
            "add --linear." if file.encoding == "linear" else "leave out --linear, or align anew with it.",
        )
    if len(file.frames) != len(paths) or (file.width, file.height) != (width, height):
        raise FrameMismatch(
            f"{path} does not fit these frames.",
            f"it is for {len(file.frames)} frames of {file.width}x{file.height}, these are {len(paths)} of "
            f"{width}x{height}.",
            "name the frames in the same number and order, or align anew.",
        )
    frames = tuple(
        FrameGeometry(
            entry.index,
            Transform(np.array(entry.matrix, np.float64)) if entry.status == "ok" else None,
            entry.gain,
            entry.reason,
        )
        for entry in file.frames
    )
    noise = float(file.survey.get("noise_sigma", 0.0))
    return Survey(width, height, file.reference, file.encoding, Region(*file.crop), frames, noise, None, file.model)


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()
