"""Writes what was carried, and the record of the processing, into a finished file that nobody else sees yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stackcore.metadata.carrying import SRGB, Carried
from stackcore.metadata.fitting import Held, is_maker_note, smaller_exif, smaller_xmp
from stackcore.metadata.history import exif_of, write_xmp
from stackcore.metadata.library import MetadataError, exiv2_alone, opened
from stackcore.metadata.record import Record, record_in
from stackcore.metadata.splicing import carrier_for, splice
from stackcore.metadata.tags import LAYOUT
from stackcore.metadata.tiff import is_big

USUAL_DPI = 72.0
"""Resolution where a frame tells none: that of EXIF 2.32 section 4.6.5 for one that is unknown."""

_UNCALIBRATED = 65535
_EXIF_VERSION = b"0232"
_FLASHPIX = "Exif.Photo.FlashpixVersion"
"""EXIF 2.32 section 4.6.5 wants it in every file, and knows one value of it, 0100."""

_YCBCR = bytes((1, 2, 3, 0))
_CENTRED = 1


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a result shall say of itself: metadata of the reference, the record of the run, and when that began."""

    carried: Carried
    record: Record
    made_at: datetime

    @property
    def resolution_dpi(self) -> tuple[float, float]:
        """Pixels per inch in x and y."""
        return self.carried.resolution_dpi or (USUAL_DPI, USUAL_DPI)


def write(path: Path, metadata: Metadata, size: tuple[int, int], icc: bytes | None) -> list[str]:
    """Write metadata into the TIFF, JPEG or PNG `path`, whose pixels are complete.

    Parameters
    ----------
    path
        Changed in place; its pixels and its ICC profile stay as they are.
    size
        Width and height of the picture, pixels.
    icc
        The profile in the file, or None; ColorSpace follows it.

    Returns
    -------
    What is not carried over, one sentence each: what `collect` noted, and what a JPEG has no room for.

    Raises
    ------
    MetadataError
        Nothing could be written; the file may be damaged and must be written anew.
    """
    carried, record = metadata.carried, metadata.record
    held: Held = carried, record.model_copy(update={"before": record.before or record_in(carried.earlier)})
    steps = {"Exif": smaller_exif(held), "XMP": smaller_xmp(held)}
    notes = list(metadata.carried.notes)
    while True:
        try:
            _write(path, held, metadata, size, icc)
        except MetadataError as error:
            step = next(steps[_segment(error)], None)
            if step is None:
                raise
            shorten, lost = step
            held = shorten(held)
            notes.append(f"a {_kind(path)} has no room for {lost}: left out.")
        else:
            return notes + _lost(path, held[0], size)


def _kind(path: Path) -> str:
    name = path.suffix[1:].upper()
    return {"TIF": "TIFF", "JPG": "JPEG"}.get(name, name)


def _segment(error: MetadataError) -> str:
    """Which segment of a JPEG is full; any other error goes on its way."""
    for name in ("Exif", "XMP"):
        if f"Size of {name} JPEG segment" in str(error):
            return name
    raise error


def _lost(path: Path, carried: Carried, size: tuple[int, int]) -> list[str]:
    """What Exiv2 left out by itself, as it does with long values in a JPEG."""
    with exiv2_alone() as exiv2, opened(path) as image:
        if (image.pixelWidth(), image.pixelHeight()) != size:
            raise MetadataError("the file did not open again as the picture it was")
        written = {d.key() for d in image.exifData()}
        lost = [
            d.tagLabel() or d.tagName() for d in carried.exif if not is_maker_note(exiv2, d) and d.key() not in written
        ]
        if any(is_maker_note(exiv2, d) for d in carried.exif) and "Exif.Photo.MakerNote" not in written:
            lost.append("the maker note")
    if not lost:
        return []
    kind = "BigTIFF" if is_big(path) else _kind(path)
    return [f"a {kind} has no room for this of {carried.source}, which is left out: {', '.join(lost)}."]


def _write(path: Path, held: Held, metadata: Metadata, size: tuple[int, int], icc: bytes | None) -> None:
    with TemporaryDirectory() as folder:
        carrier = Path(folder) / f"carrier{path.suffix}"
        carrier.write_bytes(carrier_for(path))
        _describe(carrier, held, metadata, size, icc)
        splice(path, carrier.read_bytes())


def _describe(carrier: Path, held: Held, metadata: Metadata, size: tuple[int, int], icc: bytes | None) -> None:
    """Let Exiv2 write all metadata into a small file."""
    carried, record = held
    with exiv2_alone() as exiv2, opened(carrier) as image:
        kind = image.mimeType()
        exif, agrees = exiv2.ExifData(), _interoperable(exiv2, carried, icc)
        for datum in (d for d in image.exifData() if kind == "image/tiff" and d.tagName() in LAYOUT):
            exif.add(exiv2.ExifKey(datum.key()), datum.value())
        for datum in (d for d in carried.exif if agrees or d.groupName() != "Iop"):
            exif.add(exiv2.ExifKey(datum.key()), datum.value())
        own = _own_tags(exiv2, metadata, kind, size, _colour_space(carried, icc))
        for key, value in {**own, **exif_of(record, metadata.made_at)}.items():
            exif[key] = value
        xmp = exiv2.XmpData()
        for datum in carried.xmp:
            xmp.add(exiv2.XmpKey(datum.key()), datum.value())
        xmp["Xmp.dc.format"] = kind
        write_xmp(exiv2, xmp, record, carried.source, carried.earlier, metadata.made_at)
        if kind != "image/tiff":  # whose pixels have a byte order, too
            image.setByteOrder(exiv2.ByteOrder.littleEndian if carried.little_endian else exiv2.ByteOrder.bigEndian)
        image.setExifData(exif)
        image.setIptcData(carried.iptc)
        image.setXmpData(xmp)
        image.writeMetadata()


def _own_tags(
    exiv2: Any, metadata: Metadata, kind: str, size: tuple[int, int], colour_space: int | None
) -> dict[str, Any]:
    """The tags that follow from the picture itself; see `stackcore.metadata.tags.REWRITTEN`."""
    x_dpi, y_dpi = metadata.resolution_dpi
    told: dict[str, Any] = {
        "Exif.Image.Orientation": exiv2.UShortValue(1),
        "Exif.Image.XResolution": _ratio(exiv2, x_dpi),
        "Exif.Image.YResolution": _ratio(exiv2, y_dpi),
        "Exif.Image.ResolutionUnit": exiv2.UShortValue(2),
        "Exif.Photo.ExifVersion": exiv2.DataValue(max(_EXIF_VERSION, _exif_version(exiv2, metadata.carried))),
    }
    if metadata.carried.exif.findKey(exiv2.ExifKey(_FLASHPIX)) == metadata.carried.exif.end():
        told[_FLASHPIX] = exiv2.DataValue(b"0100")
    if kind != "image/tiff":  # which tells its size elsewhere
        told["Exif.Photo.PixelXDimension"] = exiv2.ULongValue(size[0])
        told["Exif.Photo.PixelYDimension"] = exiv2.ULongValue(size[1])
    if kind == "image/jpeg":  # EXIF 2.32 sections 4.6.8 wants both there, and there alone
        told["Exif.Photo.ComponentsConfiguration"] = exiv2.DataValue(_YCBCR)
        told["Exif.Image.YCbCrPositioning"] = exiv2.UShortValue(_CENTRED)
    if colour_space is not None:
        told["Exif.Photo.ColorSpace"] = exiv2.UShortValue(colour_space)
    return told


def _exif_version(exiv2: Any, carried: Carried) -> bytes:
    place = carried.exif.findKey(exiv2.ExifKey("Exif.Photo.ExifVersion"))
    found = b"" if place == carried.exif.end() else bytes(place.value().data())
    return found if len(found) == len(_EXIF_VERSION) and found.isdigit() else b""


def _ratio(exiv2: Any, dpi: float) -> Any:
    value = exiv2.URationalValue()
    value.read(f"{round(dpi)}/1" if abs(dpi - round(dpi)) < 1e-3 else f"{round(dpi * 1000)}/1000")
    return value


def _colour_space(carried: Carried, icc: bytes | None) -> int | None:
    """1 when the numbers are sRGB, 65535 when a profile says anything else, what the frame told without a profile."""
    if icc is None:
        return carried.colour_space
    return SRGB if names_srgb(icc) else _UNCALIBRATED


def _interoperable(exiv2: Any, carried: Carried, icc: bytes | None) -> bool:
    """Whether what the interoperability IFD says of colours holds: R98 is sRGB, R03 Adobe RGB (DCF 2.0 section 3.3)."""
    place = carried.exif.findKey(exiv2.ExifKey("Exif.Iop.InteroperabilityIndex"))
    if icc is None or place == carried.exif.end():
        return icc is None
    return bool(names_srgb(icc) if place.toString() == "R98" else _mentions(icc, "Adobe RGB"))


def names_srgb(icc: bytes) -> bool:
    """Whether a profile calls itself sRGB, with the curve of sRGB."""
    return _mentions(icc, "sRGB") and not (_mentions(icc, "linear") or _mentions(icc, "Linear"))


def _mentions(icc: bytes, name: str) -> bool:
    """Profiles of version 2 have names in ASCII, those of version 4 in UTF-16."""
    return name.encode() in icc or name.encode("utf-16-be") in icc
