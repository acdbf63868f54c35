"""What a run leaves behind in its pictures: the record of how they were made, and the metadata of their frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore import __version__
from stackcore.api.stacks import StackOptions
from stackcore.colour.icc import profile
from stackcore.events import Emit, Warned
from stackcore.metadata.carrying import SRGB, Carried, collect
from stackcore.metadata.record import Record, UsedPlugin, legible
from stackcore.metadata.writing import Metadata
from stackcore.stacking import output
from stackcore.stacking.file_format import FileFormat
from stackcore.terms import Encoding, Pixels

SOFTWARE = f"stackcore {__version__}"
"""How we sign results."""

_NOT_ABOUT_THE_PICTURE = frozenset(
    {"aligner", "fuser", "sharpener", "executor", "settings", "workers", "memory_bytes", "overwrite", "file_format"}
    | {
        "depth_map",
        "report",
        "depth",
        "resume",
        "keep_aligned",
        "keep_slabs",
        "slabs",
        "slab_size",
        "slab_overlap",
        "notes",
        "passed_over",
    }  # the plan says what they came to, where it matters
)
"""Options that a record holds elsewhere, with the plugins, or that change nothing in the picture."""


def metadata_of(
    command: str,
    source: Path,
    frames: Sequence[str],
    made_at: datetime,
    *,
    skipped: Sequence[str] = (),
    crop: tuple[int, int, int, int] | None = None,
    plugins: Mapping[str, UsedPlugin] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Metadata:
    """Metadata of a picture made of `frames` (names), carried over from the file `source`.

    See `stackcore.metadata.record.Record` for the rest.
    """
    carried = collect(source)
    record = Record(
        software=SOFTWARE,
        command=command,
        frames=tuple(map(legible, frames)),
        frame_count=len(frames),
        skipped=tuple(map(legible, skipped)),
        reference=legible(source.name),
        crop=crop,
        plugins=dict(plugins or {}),
        settings={key: plain(value) for key, value in (settings or {}).items()},
        simulated=carried.simulated,
    )
    return Metadata(carried=carried, record=record, made_at=made_at)


def settings_of(options: StackOptions) -> dict[str, Any]:
    """The options that decide about the picture, by name."""
    names = [f.name for f in fields(options) if f.name not in _NOT_ABOUT_THE_PICTURE]
    return {name: plain(getattr(options, name)) for name in names}


def asked_slabs(options: StackOptions, plan: Mapping[str, Any]) -> dict[str, int]:
    """The size and overlap of slabs that were asked for, where slabs decide about the picture."""
    if plan.get("kind") == "fold":
        return {}
    asked = {"slab_size": options.slab_size, "slab_overlap": options.slab_overlap}
    return {key: value for key, value in asked.items() if value is not None}


def plain(value: Any) -> Any:
    """A value as JSON has it; of a path its name alone, for folders are nobody else's business."""
    if isinstance(value, Path):
        return legible(value.name)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def write_result(
    emit: Emit,
    picture: Pixels,
    target: Path,
    metadata: Metadata,
    *,
    icc: bytes | None,
    encoding: Encoding,
    overwrite: bool,
    file_format: FileFormat,
    valid: NDArray[np.bool_] | None = None,
) -> None:
    """Write a picture with its metadata and a profile: `result_ready`, between whose two steps nothing is done."""
    with result_ready(
        emit,
        picture,
        target,
        metadata,
        icc=icc,
        encoding=encoding,
        overwrite=overwrite,
        file_format=file_format,
        valid=valid,
    ):
        pass


@contextmanager
def result_ready(
    emit: Emit,
    picture: Pixels,
    target: Path,
    metadata: Metadata,
    *,
    icc: bytes | None,
    encoding: Encoding,
    overwrite: bool,
    file_format: FileFormat,
    valid: NDArray[np.bool_] | None = None,
) -> Iterator[None]:
    """Write a picture with its metadata and a profile; `target` appears when the block has ended.

    What could not be carried is a warning `metadata-incomplete`. `icc` is the profile of the frames, `encoding` how the
    numbers stand for light, `valid` (H, W) what becomes opaque; None for all.
    """
    with output.picture_ready(
        picture,
        target,
        overwrite=overwrite,
        icc=icc or usual_profile(metadata.carried, encoding),
        file_format=file_format,
        metadata=metadata,
        valid=valid,
    ) as notes:
        for note in notes:
            message = f"{note[:1].upper()}{note[1:]}"
            emit(Warned(code="metadata-incomplete", message=message, frame=metadata.carried.source))
        yield


def usual_profile(carried: Carried, encoding: Encoding) -> bytes | None:
    """The profile of frames that bring none: sRGB, unless their EXIF says otherwise.

    A camera set to Adobe RGB says so by the index R03 (DCF 2.0 section 3.3) and embeds nothing. Of numbers that are
    just "uncalibrated" nothing is known, so that nothing is claimed.
    """
    if carried.colour_space in (None, SRGB):
        return profile("srgb", encoding)
    return profile("adobe-rgb", encoding) if carried.is_adobe_rgb else None
