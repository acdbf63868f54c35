"""What a frame says of how it was made, taken out of its file, ready to be written into a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackcore.metadata.library import PREFIX, MetadataError, complaints, exiv2_alone, opened
from stackcore.metadata.maker_note import can_be_moved
from stackcore.metadata.record import legible
from stackcore.metadata.tags import MOVED, exif_is_carried, lays_out_pixels, xmp_is_carried

SRGB = 1
"""ColorSpace of EXIF for sRGB; 65535 is everything else."""

_SIDEWAYS = 5
"""EXIF orientations from here on swap width and height."""

_CM_PER_INCH = 2.54
_INCHES, _CENTIMETRES = 2, 3
_RGB = 2


@dataclass(frozen=True, kw_only=True)
class Carried:
    """The metadata of one file, less what would not be true of a result.

    Attributes
    ----------
    source
        Name of the file.
    exif, iptc, xmp
        `exiv2.ExifData`, `IptcData`, `XmpData`; copies, the file is closed.
    earlier
        How the document named itself and of what it was made, with our own record: {XMP key: text}.
    resolution_dpi
        Pixels per inch in x and y of the upright picture, or None.
    colour_space
        ColorSpace of EXIF: 1 for sRGB, 65535 for anything else, None when the file does not tell.
    is_adobe_rgb
        The file says so by its interoperability index alone, as cameras do.
    simulated
        The file says that it is no photograph.
    notes
        What could not be taken, one sentence each.
    """

    source: str
    exif: Any
    iptc: Any
    xmp: Any
    little_endian: bool = True
    earlier: dict[str, str] = field(default_factory=dict)
    resolution_dpi: tuple[float, float] | None = None
    colour_space: int | None = None
    is_adobe_rgb: bool = False
    simulated: bool = False
    notes: tuple[str, ...] = ()


def nothing() -> Carried:
    """A file that says nothing."""
    with exiv2_alone() as exiv2:
        return Carried(source="", exif=exiv2.ExifData(), iptc=exiv2.IptcData(), xmp=exiv2.XmpData())


def collect(path: Path) -> Carried:
    """Read EXIF with GPS and maker notes, IPTC and XMP of `path`, leaving out what `stackcore.metadata.tags` lists.

    Never fails: what cannot be read is named in `notes`. A maker note of a known maker is taken apart, to be put
    together again in its new place; an unknown one is carried as it is where it can be moved.
    """
    try:
        with exiv2_alone() as exiv2, complaints() as heard, opened(path) as image:
            exif, notes = _exif(exiv2, image)
            data = image.exifData()
            return Carried(
                source=legible(path.name),
                exif=exif,
                iptc=_copied(image.iptcData(), exiv2.IptcData(), exiv2.IptcKey),
                xmp=_xmp(exiv2, image),
                little_endian=image.byteOrder() != exiv2.ByteOrder.bigEndian,
                earlier={d.key(): d.toString() for d in image.xmpData() if d.groupName() in ("xmpMM", PREFIX)},
                resolution_dpi=_resolution(exiv2, data),
                colour_space=None if _is_raw(exiv2, image) else _number(exiv2, data, "Exif.Photo.ColorSpace"),
                is_adobe_rgb=_text(exiv2, data, "Exif.Iop.InteroperabilityIndex") == "R03",
                simulated=_is_simulated(exiv2, data),
                notes=(*_damage(path, heard), *(f"{path.name}: {note}" for note in notes)),
            )
    except MetadataError as error:
        empty = nothing()
        return Carried(
            source=legible(path.name),
            exif=empty.exif,
            iptc=empty.iptc,
            xmp=empty.xmp,
            notes=(f"the metadata of {path.name} cannot be read and is not carried over: {error}.",),
        )


def _exif(exiv2: Any, image: Any) -> tuple[Any, list[str]]:
    data, kept, notes = image.exifData(), exiv2.ExifData(), list[str]()
    from_tiff = lays_out_pixels(image.mimeType())
    maker = [d for d in data if exiv2.ExifTags.isMakerGroup(d.groupName())]
    for datum in data:
        if exif_is_carried(datum.groupName(), datum.tagName(), from_tiff=from_tiff):
            kept.add(exiv2.ExifKey(datum.key()), datum.value())
    for datum in data:
        goal = MOVED.get(datum.key())
        if goal is not None and _absent(exiv2, kept, goal):
            kept.add(exiv2.ExifKey(goal), datum.value())
    _keep_firmware(exiv2, image, kept)
    if any(d.groupName() != "MakerNote" for d in maker):
        for datum in maker:
            if "Preview" not in datum.key() and "Thumbnail" not in datum.key():
                kept.add(exiv2.ExifKey(datum.key()), datum.value())
    else:
        notes += _unknown_note(exiv2, image, kept)
    return kept, notes


def _keep_firmware(exiv2: Any, image: Any, kept: Any) -> None:
    """Software of a file that no program has touched is the camera's firmware; EXIF 3.0 has a tag of its own for it."""
    place = image.exifData().findKey(exiv2.ExifKey("Exif.Image.Software"))
    touched = any(d.key() == "Xmp.xmp.CreatorTool" for d in image.xmpData())
    if place != image.exifData().end() and not touched and _absent(exiv2, kept, "Exif.Photo.CameraFirmware"):
        kept.add(exiv2.ExifKey("Exif.Photo.CameraFirmware"), place.value())


def _unknown_note(exiv2: Any, image: Any, kept: Any) -> list[str]:
    """Carry a maker note that Exiv2 does not know, or say why not."""
    data = image.exifData()
    place = data.findKey(exiv2.ExifKey("Exif.Photo.MakerNote"))
    if place == data.end():
        return []
    note = bytes(place.value().data())
    if not can_be_moved(note, ">" if image.byteOrder() == exiv2.ByteOrder.bigEndian else "<"):
        return [f"its maker note ({len(note)} bytes) is not understood, cannot be moved as it is, and is left out."]
    kept.add(exiv2.ExifKey("Exif.Photo.MakerNote"), place.value())
    return []


def _xmp(exiv2: Any, image: Any) -> Any:
    kept = exiv2.XmpData()
    for datum in image.xmpData():
        if xmp_is_carried(datum.key()):
            kept.add(exiv2.XmpKey(datum.key()), datum.value())
    return kept


def _copied(data: Any, into: Any, key: Any) -> Any:
    for datum in data:
        into.add(key(datum.key()), datum.value())
    return into


def _absent(exiv2: Any, data: Any, key: str) -> bool:
    return bool(data.findKey(exiv2.ExifKey(key)) == data.end())


def _number(exiv2: Any, data: Any, key: str) -> int | None:
    place = data.findKey(exiv2.ExifKey(key))
    return None if place == data.end() or place.count() == 0 else int(place.toInt64())


def _resolution(exiv2: Any, data: Any) -> tuple[float, float] | None:
    found = []
    for key in ("Exif.Image.XResolution", "Exif.Image.YResolution"):
        place = data.findKey(exiv2.ExifKey(key))
        above, below = (0, 0) if place == data.end() or place.count() == 0 else place.toRational()
        if above <= 0 or below <= 0:
            return None
        found.append(above / below)
    unit = _number(exiv2, data, "Exif.Image.ResolutionUnit")
    if unit not in (None, _INCHES, _CENTIMETRES):  # a ratio without a unit says nothing about dots
        return None
    scale = _CM_PER_INCH if unit == _CENTIMETRES else 1.0
    x, y = (value * scale for value in found)
    sideways = (_number(exiv2, data, "Exif.Image.Orientation") or 1) >= _SIDEWAYS
    return (y, x) if sideways else (x, y)


def _is_raw(exiv2: Any, image: Any) -> bool:
    """Whether the file's pixels need developing: then its ColorSpace is that of a preview."""
    photometric = _number(exiv2, image.exifData(), "Exif.Image.PhotometricInterpretation")
    return lays_out_pixels(image.mimeType()) and photometric != _RGB


def _is_simulated(exiv2: Any, data: Any) -> bool:
    keys = ("Exif.Image.Make", "Exif.Image.Model", "Exif.Image.ImageDescription")
    return any("SIMULATED" in _text(exiv2, data, key) for key in keys)


def _text(exiv2: Any, data: Any, key: str) -> str:
    place = data.findKey(exiv2.ExifKey(key))
    return "" if place == data.end() else str(place.toString())


def _damage(path: Path, heard: list[str]) -> list[str]:
    if not heard:
        return []
    more = f" (and {len(heard) - 1} more faults)" if len(heard) > 1 else ""
    return [f"part of the metadata of {path.name} is damaged and is not carried over: {heard[0]}{more}."]
