"""Writes the finished picture: checked before the work, complete or not at all, never over another file unasked."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import OutputError
from stackcore.metadata.library import MetadataError
from stackcore.metadata.writing import Metadata
from stackcore.metadata.writing import write as write_metadata
from stackcore.paths.decoding import as_text, is_text
from stackcore.paths.naming import move_without_replacing, translated
from stackcore.stacking.file_format import FileFormat, has_eight_bits, holds_floats
from stackcore.terms import FULL_SCALE, Pixels

USUAL_FORMAT = FileFormat()
"""Uncompressed TIFF in strips, JPEG of quality 95."""

_MM_PER_INCH = 25.4
_WITH_ALPHA = (".tif", ".tiff", ".png")
_OPAQUE = {"uchar": 255, "ushort": 65535, "float": 1}

_INTERPRETATIONS = {
    1: {"uchar": "b-w", "ushort": "grey16", "float": "b-w"},
    3: {"uchar": "srgb", "ushort": "rgb16", "float": "rgb"},
}
"""Names of libvips, by bands and format."""


def check_target(target: Path, *, overwrite: bool, file_format: FileFormat = USUAL_FORMAT) -> None:
    """Refuse, before any work, what could not be written at its end.

    `UsageError` for an extension that nothing writes or a format that does not go with it; `OutputError` when the
    folder is missing or not writable, or the file exists and `overwrite` is false.
    """
    file_format.check(target)
    check_place(target, overwrite=overwrite)


def check_place(target: Path, *, overwrite: bool) -> None:
    """Refuse a target, of whatever type, in a missing or read-only folder or one that exists already."""
    if not is_text(target):
        why = "its name holds bytes, shown as ?, that are not UTF-8."
        raise OutputError(f"{as_text(target)} cannot be written.", why, "choose another name or folder.")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(f"{target} cannot be written.", f"the folder {folder} does not exist.", "make it first.")
    if target.is_dir():
        raise OutputError(f"{target} cannot be written.", "it is a folder.", "name a file in it.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{target} cannot be written.", f"{folder} is not writable.", "choose another folder.")
    if os.path.lexists(target) and not overwrite:
        raise OutputError(f"{target} exists already.", "nothing is overwritten unasked.", "rename it, or --overwrite.")


def refuse_input(target: Path, inputs: Sequence[Path]) -> None:
    """Refuse to write over one of the files that the work reads, even when overwriting was asked for."""
    here = target.resolve()
    if any(path.resolve() == here for path in inputs):
        raise OutputError(f"{target} is one of the inputs.", "no input is ever modified.", "choose another name.")


def make_folder(folder: Path) -> None:
    """Make a folder unless it exists; `OutputError` when that fails."""
    with translated(folder):
        folder.mkdir(exist_ok=True)


def write_picture(
    pixels: Pixels,
    target: Path,
    *,
    overwrite: bool,
    icc: bytes | None = None,
    file_format: FileFormat = USUAL_FORMAT,
    metadata: Metadata | None = None,
    valid: NDArray[np.bool_] | None = None,
) -> list[str]:
    """Write uint8, uint16 or float32 pixels (H, W, 3), or (H, W) of grey, as TIFF, PNG or JPEG (8 bit, 4:4:4).

    Parameters and errors are those of `picture_ready`, between whose two steps nothing is done.
    """
    with picture_ready(
        pixels, target, overwrite=overwrite, icc=icc, file_format=file_format, metadata=metadata, valid=valid
    ) as notes:
        return notes


@contextlib.contextmanager
def picture_ready(
    pixels: Pixels,
    target: Path,
    *,
    overwrite: bool,
    icc: bytes | None = None,
    file_format: FileFormat = USUAL_FORMAT,
    metadata: Metadata | None = None,
    valid: NDArray[np.bool_] | None = None,
) -> Iterator[list[str]]:
    """Write uint8, uint16 or float32 pixels (H, W, 3), or (H, W) of grey; `target` appears when the block has ended.

    TIFF, PNG or JPEG (8 bit, 4:4:4), written under a temporary name in the same folder, given its metadata, flushed and
    moved into place. `OutputError` when that fails; then nothing is left behind. `icc` is embedded. `valid` (H, W)
    becomes alpha, opaque where it is true, in the types that have alpha (TIFF and PNG); None, or all of it true, is no
    alpha. Metadata that cannot be written never cost the picture: what is missing is yielded, one sentence each. If the
    block raises there is none.
    """
    suffix = target.suffix.lower()
    image = _image(pixels, suffix, icc, metadata, valid)
    options = file_format.saver(suffix, pixels.dtype.name, pixels.nbytes)
    notes: list[str] = []
    with _published(target, suffix, overwrite=overwrite) as temporary:
        _save(image, temporary, options, target, pixels.nbytes)
        if metadata is not None:
            try:
                notes = write_metadata(temporary, metadata, (image.width, image.height), icc)
            except MetadataError as error:
                _save(image, temporary, options, target, pixels.nbytes)
                notes = [f"the picture is written without metadata: {error}."]
        _settle(temporary)
        yield notes


def _save(image: Any, path: Path, options: dict[str, Any], target: Path, size_bytes: int) -> None:
    import pyvips

    try:
        image.write_to_file(str(path), **options)
    except pyvips.Error as error:
        raise _failed(target, size_bytes, error) from error


def write_text(text: str, target: Path, *, overwrite: bool) -> None:
    """Write a text file in the same way."""
    with _published(target, ".part", overwrite=overwrite) as temporary:
        temporary.write_text(text, "utf-8")


def write_bytes(data: bytes, target: Path, *, overwrite: bool) -> None:
    """Write a file that was made elsewhere in the same way."""
    with _published(target, ".part", overwrite=overwrite) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def _published(target: Path, suffix: str, *, overwrite: bool) -> Iterator[Path]:
    """A name beside `target` for the block to write, moved into place after it; nothing stays if it fails."""
    temporary = target.with_name(f".stackcore-{secrets.token_hex(8)}{suffix}")
    with translated(target):
        try:
            yield temporary
            _publish(temporary, target, overwrite=overwrite)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _settle(file: Path) -> None:
    """Have the system write out what it still holds of a file."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _publish(temporary: Path, target: Path, *, overwrite: bool) -> None:
    _settle(temporary)
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        move_without_replacing(temporary, target)
    except FileExistsError as error:
        raise OutputError(
            f"{target} exists already.", "it appeared while the work was done.", "rename it, or use --overwrite."
        ) from error


def _image(
    pixels: Pixels, suffix: str, icc: bytes | None, metadata: Metadata | None, valid: NDArray[np.bool_] | None
) -> Any:
    import pyvips

    height, width = pixels.shape[:2]
    formats = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
    memory = np.ascontiguousarray(pixels).data
    bands = 1 if pixels.ndim == 2 else 3
    image: Any = pyvips.Image.new_from_memory(memory, width, height, bands, formats[pixels.dtype.name])
    if pixels.dtype == np.float32 and not holds_floats(suffix):
        image = (image * FULL_SCALE["uint16"]).rint().cast("ushort")
    if has_eight_bits(suffix) and image.format != "uchar":
        image = (image / 257.0).rint().cast("uchar")
    if valid is not None and suffix in _WITH_ALPHA and not valid.all():
        mask = np.ascontiguousarray(valid.astype(np.uint8))
        plane: Any = pyvips.Image.new_from_memory(mask.data, width, height, 1, "uchar")
        image = image.bandjoin((plane * _OPAQUE[image.format]).cast(image.format))
    known: dict[str, Any] = {"interpretation": _INTERPRETATIONS[bands][image.format]}
    if metadata is not None:
        x_dpi, y_dpi = metadata.resolution_dpi
        known |= {"xres": x_dpi / _MM_PER_INCH, "yres": y_dpi / _MM_PER_INCH}
    image = image.copy(**known)
    if icc is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    return image


def _failed(target: Path, size: int, error: Any) -> OutputError:
    lines = [line.strip() for line in str(error.detail).splitlines() if line.strip()]
    reason = lines[-1] if lines else str(error)
    return OutputError(
        f"{target} could not be written.",
        f"{reason} (the picture takes about {size / 2**20:.0f} MiB).",
        "free some space, or choose another disk.",
    )
