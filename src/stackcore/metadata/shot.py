"""What a frame tells of the camera and the exposure it was taken with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackcore.metadata.library import MetadataError, exiv2_alone, opened

_FARTHEST_APEX = 20
"""A shutter between a microsecond and twelve days."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """Camera and exposure of one file; what it does not tell is empty or None.

    Attributes
    ----------
    make, model, serial
        Of the body, as it writes them, without blanks at the ends.
    iso
        Sensitivity.
    exposure_s
        Exposure time, seconds.
    """

    make: str = ""
    model: str = ""
    serial: str = ""
    iso: int | None = None
    exposure_s: float | None = None


def read_shot(path: Path) -> Shot:
    """Return what `path` tells; an empty `Shot` for a file without metadata or of a type that nothing understands.

    Tags are those of EXIF 2.32 section 4.6.5, in the Exif IFD or, as TIFF/EP (ISO 12234-2) has them, in IFD0;
    the serial number also from maker notes and DNG 1.7 (CameraSerialNumber). Exiv2 knows where each maker puts it.
    """
    try:
        with exiv2_alone() as exiv2, opened(path) as image:
            return _shot(exiv2, image.exifData())
    except MetadataError:
        return Shot()


def _shot(exiv2: Any, data: Any) -> Shot:
    def first(*keys: str) -> Any:
        places = (data.findKey(exiv2.ExifKey(key)) for key in keys)
        return next((place for place in places if place != data.end()), None)

    iso = _value(exiv2.isoSpeed(data))
    return Shot(
        make=_text(exiv2.make(data)),
        model=_text(exiv2.model(data)) or _text(first("Exif.Image.UniqueCameraModel")),
        serial=_text(exiv2.serialNumber(data))
        or _text(first("Exif.Photo.BodySerialNumber", "Exif.Image.CameraSerialNumber")),
        iso=None if iso is None else round(iso),
        exposure_s=_value(exiv2.exposureTime(data))
        or _value(first("Exif.Image.ExposureTime"))
        or _from_apex(first("Exif.Photo.ShutterSpeedValue", "Exif.Image.ShutterSpeedValue")),
    )


def _from_apex(found: Any) -> float | None:
    """Seconds of a time value, 2 ** -Tv; EXIF 2.32 annex C."""
    if found is None or found.count() == 0:
        return None
    above, below = found.toRational()
    return None if below == 0 or abs(above / below) > _FARTHEST_APEX else 2.0 ** -(above / below)


def _text(found: Any) -> str:
    return "" if found is None else str(found.toString()).strip(" \0\t\r\n")


def _value(found: Any) -> float | None:
    if found is None or found.count() == 0:
        return None
    above, below = found.toRational()  # toFloat has single precision
    return above / below if above > 0 and below > 0 else None
