"""What a preset may hold: one model for each table of the file, with the names of the command line's options."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from stackcore.capturing.plan import CaptureSettings
from stackcore.errors import UsageError
from stackcore.protocols import Highlights
from stackcore.stacking.budget import parse_bytes
from stackcore.stacking.file_format import Compression
from stackcore.terms import ColourSpace

STACK_KINDS = ("aligner", "fuser", "sharpener", "executor", "developer")
"""Kinds of plugins that process a stack; each has a table of options."""

CAPTURE_KINDS = ("camera", "mode")
"""Kinds of plugins that shoot one."""

KINDS = (*CAPTURE_KINDS, *STACK_KINDS)

NAME = "{name}"
"""Stands in the names of further files for that of the result, without its extension."""


class Section(BaseModel):
    """Base of the tables: unknown keys and values of another type are refused; None is what was not said."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _size(text: str) -> str:
    try:
        parse_bytes(text)
    except UsageError as error:
        raise ValueError(f"{error.why.rstrip('.')}, {error.fix.rstrip('.')}") from error
    return text


def _beside(text: str) -> str:
    """Refuse a template that leaves the folder of the result, or gives all results one name."""
    if NAME not in text or set("{}") & set(text.replace(NAME, "")):
        raise ValueError(f"it is a name with {NAME}, that of the result, for example {NAME}-depth.png")
    for path in (PurePosixPath(text), PureWindowsPath(text)):
        if path.is_absolute() or path.drive or ".." in path.parts:
            raise ValueError("it lies in the folder of the result or below it")
    return text


Size = Annotated[str, AfterValidator(_size)]
Beside = Annotated[str, AfterValidator(_beside)]
FourFactors = Annotated[list[float], Field(min_length=4, max_length=4)]


class StackSection(Section):
    """How a stack is processed."""

    aligner: str | None = Field(None, description="How frames are registered: a plugin.")
    model: str | None = Field(None, description="What may differ between frames; the same as model of [aligner].")
    fuser: str | None = Field(None, description="How frames become one picture: a plugin.")
    sharpener: str | None = Field(None, description='Who sharpens: a plugin, or "none".')
    sharpen: str | float | None = Field(None, description="Sharpen by S, or X:Y:Z for large, middle, small; 0 is off.")
    executor: str | None = Field(None, description="Where the work is done: a plugin.")
    workers: int | None = Field(None, ge=1, le=256, description="How many threads work; all cores if left out.")
    memory: Size | None = Field(None, description="Keep within this much memory, for example 2GiB.")
    slabs: Literal["exact", "images"] | None = Field(
        None, description="Fuse every frame once, or slabs and then their images."
    )
    slab_size: int | None = Field(None, ge=1, description="Frames from one slab to the next.")
    slab_overlap: int | None = Field(None, ge=0, description="Frames that slab images share.")
    align: bool | None = Field(None, description="Register the frames.")
    crop: bool | None = Field(None, description="Cut to the area that all frames cover.")
    match_exposure: bool | None = Field(None, description="Even out brightness from frame to frame.")
    on_unaligned: Literal["skip", "stop"] | None = Field(None, description="What happens to a frame that does not fit.")
    hot_pixels: bool | None = Field(None, description="Look for hot pixels and mend them.")
    linear: bool | None = Field(None, description="The frames hold linear light; raws are developed so.")
    white_balance: str | FourFactors | None = Field(
        None, description="Of raws: camera, daylight, auto, a grey card of the calibration library, or four factors."
    )
    darks: str | None = Field(None, description='Of raws: a dark of the calibration library, "none", or "auto".')
    flat: str | None = Field(None, description="Of raws: file that makes light even; relative to the preset's folder.")
    first_is_dark: bool | None = Field(None, description="The first file is a dark frame.")
    last_is_greycard: bool | None = Field(None, description="The last file is a grey card.")
    colour_space: ColourSpace | None = Field(None, description="Of raws: the colours that can be told apart.")
    exposure: float | None = Field(None, ge=-5, le=5, description="Of raws: brighter or darker, stops.")
    highlights: Highlights | None = Field(None, description="Of raws: what becomes of photosites that are full.")


class OutputSection(Section):
    """What is written; names of further files are relative to the folder of the result."""

    format: Literal["tif", "png", "jpg"] | None = Field(None, description="Of a result that is named without one.")
    compression: Compression | None = Field(None, description="Of a TIFF; all give back every bit.")
    tiled: bool | None = Field(None, description="TIFF in tiles, for very large pictures.")
    quality: int | None = Field(None, ge=1, le=100, description="Of a JPEG.")
    depth_map: Beside | None = Field(None, description=f"Depth of every pixel, for example {NAME}-depth.png.")
    report: Beside | None = Field(None, description=f"Page that shows the result, for example {NAME}-report.html.")
    keep_aligned: Beside | None = Field(None, description=f"Folder of the aligned frames, for example {NAME}-aligned.")
    keep_slabs: Beside | None = Field(None, description=f"Folder of the images of slabs, for example {NAME}-slabs.")


def _unsaid(model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a model, with their checks and descriptions, none of which need be said."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        for check in field.metadata:
            kind = Annotated[kind, check]
        fields[name] = (kind | None, Field(None, description=field.description))
    return fields


if TYPE_CHECKING:

    class CaptureSection(Section):
        """How a stack is shot: what a profile remembers, and whether live view is started and measured."""
else:
    CaptureSection = create_model(
        "CaptureSection",
        __base__=Section,
        __doc__="How a stack is shot.",
        **_unsaid(CaptureSettings),
        live_view_start=(bool | None, Field(None, description="Let live view be switched on where it is off.")),
        sharpness=(bool | None, Field(None, description="Measure how sharp live view is at each slice.")),
    )

Options = dict[str, Any]


class Preset(Section):
    """A file of settings: a preset, the user's defaults, or those of a project."""

    summary: str = Field("", description="One line for `stackcore presets list`.")
    extends: str | None = Field(None, description="Name or file of the preset whose values hold where this says none.")
    capture: CaptureSection = Field(default_factory=CaptureSection, description="How a stack is shot.")
    stack: StackSection = Field(default_factory=StackSection, description="How a stack is processed.")
    output: OutputSection = Field(default_factory=OutputSection, description="What is written.")
    camera: Options = Field(default_factory=dict, description="Options of the camera.")
    mode: Options = Field(default_factory=dict, description="Options of the run mode.")
    aligner: Options = Field(default_factory=dict, description="Options of the aligner.")
    fuser: Options = Field(default_factory=dict, description="Options of the fuser.")
    sharpener: Options = Field(default_factory=dict, description="Options of the sharpener.")
    executor: Options = Field(default_factory=dict, description="Options of the executor.")
    developer: Options = Field(default_factory=dict, description="Options of whatever reads the frames.")


SECTIONS: dict[str, type[Section]] = {"capture": CaptureSection, "stack": StackSection, "output": OutputSection}
"""The tables whose keys are the core's own."""
