"""What a stack is asked for, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stackcore.api.calibrated import RawChoices
from stackcore.colour.icc import profile
from stackcore.stacking.depth_picture import colours
from stackcore.stacking.file_format import FileFormat
from stackcore.stacking.hot_pixels import HotPixels
from stackcore.stacking.output import USUAL_FORMAT, check_target, write_picture
from stackcore.stacking.survey import OnFailure, Survey
from stackcore.terms import Encoding, Pixels

Inputs = Sequence[str | Path] | str | Path
Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class StackOptions(RawChoices):
    """How a stack is processed; every field has the name of its command-line option.

    How raw frames are developed is asked for as in `RawChoices`; `linear` means of finished pictures that they hold
    linear light.

    Attributes
    ----------
    aligner, fuser, sharpener, executor
        Names of plugins. `sharpen` switches the sharpener on and is its strength, S or X:Y:Z.
    align, crop, match_exposure
        Whether frames are registered; cut to their common area; matched in exposure.
    on_unaligned
        `skip` leaves out a frame that cannot be registered, with a warning; `stop` ends the run.
    transforms
        A transforms file to use instead of registering.
    hot_pixels
        Hot pixels are searched for in the stack itself and mended, unless defects of the sensor are known already.
    workers, memory_bytes
        Limits; None for all cores and no limit.
    slabs
        `exact` adds every frame once; `images` fuses slabs, and then their images, as retouchers do by hand.
    keep_aligned
        A folder for the aligned frames, 16-bit TIFF, with alpha where a frame does not cover the result; None for none.
    keep_slabs
        A folder for the images of the slabs, 16-bit TIFF, beside an unchanged result.
    slab_size, slab_overlap
        Arithmetic of slabs, see `stackcore.stacking.slabs`; None for the root of the number of frames, and 0.3 of it.
    depth_map
        A .png or .tif to write the depth map into, 16-bit grey, with its false colours and confidence beside it.
    report
        A .html to write the report into, with the same as JSON beside it.
    depth
        Find depth and confidence for `StackResult` without writing them, if the fuser can; no option of the command
        line.
    resume
        Go on from the checkpoint that an earlier run with the same output left, if there is one.
    file_format
        Compression, tiles, quality of the result.
    settings
        Options of plugins by section: {"fuser": {"levels": 6}}.
    preset
        Name or file of the preset that these options began with; it is recorded and does nothing.
    notes
        Warnings that are told when work begins: code and message.
    """

    aligner: str = "ecc"
    fuser: str = "blend"
    sharpener: str = "unsharp3"
    executor: str = "local"
    sharpen: str | None = None
    align: bool = True
    crop: bool = True
    match_exposure: bool = True
    on_unaligned: OnFailure = "skip"
    transforms: Path | None = None
    hot_pixels: bool = True
    workers: int | None = None
    memory_bytes: int | None = None
    slabs: Literal["exact", "images"] = "exact"
    keep_aligned: Path | None = None
    keep_slabs: Path | None = None
    slab_size: int | None = None
    slab_overlap: int | None = None
    depth_map: Path | None = None
    report: Path | None = None
    depth: bool = False
    resume: bool = False
    overwrite: bool = False
    file_format: FileFormat = USUAL_FORMAT
    settings: Settings = field(default_factory=dict)
    preset: str | None = None
    notes: tuple[tuple[str, str], ...] = ()


def described(options: Any, inputs: Inputs) -> dict[str, Any]:
    """The settings of a run as its first event tells them: inputs and `options` (a dataclass), paths as text."""
    many = [inputs] if isinstance(inputs, str | Path) else inputs
    record = {"inputs": [str(each) for each in many], **asdict(options)}
    record["settings"] = {section: dict(values) for section, values in options.settings.items()}
    for name in ("notes", "passed_over"):
        record.pop(name, None)
    return {name: str(value) if isinstance(value, Path) else value for name, value in record.items()}


@dataclass(frozen=True, kw_only=True, repr=False)
class StackResult:
    """A finished stack: `picture` (H, W, 3) uint16 or float32, where it was written, and how it came about.

    `encoding` says how its numbers stand for light, `icc` is their profile, None for sRGB primaries.
    `development` says how raw frames were developed: see `stackcore.api.calibrated.Calibrated.report`.
    `hot_pixels` is None where none were searched for. `slabs` are the images of slabs that were kept.
    `depth` (H, W) float32 is in slices, `confidence` (H, W) float32 0 to 1, both None from fusers that find none;
    `depth_map` says which files hold them, and what a slice is in them; `report` which files are the report.
    `arrangement` is how many workers, frames and strips there were: it follows the memory, and changes no bit.
    `planned_memory_bytes` is what was reckoned with before the work, `peak_memory_bytes` the peak of the process so
    far.
    """

    picture: Pixels
    output: Path | None
    width: int
    height: int
    encoding: Encoding
    icc: bytes | None
    frames: int
    skipped: list[str]
    crop: tuple[int, int, int, int]
    survey: Survey | None
    development: dict[str, Any]
    hot_pixels: HotPixels | None
    slabs: list[Path]
    depth: NDArray[np.float32] | None
    confidence: NDArray[np.float32] | None
    depth_map: dict[str, Any] | None
    report: dict[str, str] | None
    warnings: list[str]
    seconds: dict[str, float]
    arrangement: dict[str, Any] | None
    planned_memory_bytes: int | None
    peak_memory_bytes: int | None

    def save(self, output: str | Path, *, overwrite: bool = False, file_format: FileFormat = USUAL_FORMAT) -> Path:
        """Write the picture into another file, with its profile; `stack` writes the metadata of the frames as well.

        .tif, .png or .jpg; returns the path. `OutputError` for a file that exists without `overwrite`, or that cannot
        be written; `UsageError` for another extension.
        """
        target = Path(output)
        check_target(target, overwrite=overwrite, file_format=file_format)
        icc = self.icc or profile("srgb", self.encoding)
        write_picture(self.picture, target, overwrite=overwrite, icc=icc, file_format=file_format)
        return target

    def depth_colours(self) -> NDArray[np.uint8] | None:
        """The depth map in false colours, (H, W, 3) RGB: dark blue for the first slice, yellow for the last."""
        if self.depth is None:
            return None
        return colours(self.depth, self.frames + len(self.skipped))

    def _repr_png_(self) -> bytes:
        """The picture reduced, for notebooks."""
        from stackcore.api.showing import stack_png

        return stack_png(self)

    def _repr_html_(self) -> str:
        """The picture reduced, with what is known of it, for notebooks."""
        from stackcore.api.showing import stack_html

        return stack_html(self)

    def __repr__(self) -> str:
        where = "" if self.output is None else f", {self.output}"
        depth = "" if self.depth is None else ", with depth"
        return f"<{self.width} x {self.height} {self.picture.dtype} of {self.frames} frames{depth}{where}>"

    def summary(self) -> dict[str, Any]:
        """What the `result` event says: everything but the pixels."""
        left_out = ("picture", "encoding", "icc", "survey", "hot_pixels", "depth", "confidence")
        record = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        return {
            **record,
            "output": None if self.output is None else str(self.output),
            "crop": list(self.crop),
            "slabs": [str(path) for path in self.slabs],
            "hot_pixels": None if self.hot_pixels is None else self.hot_pixels.summary(),
        }
