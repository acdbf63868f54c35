"""What a frame tells of the camera and the exposure it was taken with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
    """Return what `path` tells; an empty `Shot` for a file without metadata or of a type that nothing understands."""
    import exiv2  # heavy, and not needed by every command

    try:
        image = exiv2.ImageFactory.open(str(path))
        image.readMetadata()
    except exiv2.Exiv2Error:
        return Shot()
    data = image.exifData()
    iso = _value(exiv2.isoSpeed(data))
    seconds = _value(exiv2.exposureTime(data)) or _value(_find(data, "Exif.Image.ExposureTime"))
    return Shot(
        make=_text(exiv2.make(data)),
        model=_text(exiv2.model(data)),
        serial=_text(exiv2.serialNumber(data)) or _text(_find(data, "Exif.Image.CameraSerialNumber")),
        iso=None if iso is None else round(iso),
        exposure_s=seconds,
    )


def _find(data: Any, key: str) -> Any:
    import exiv2

    found = data.findKey(exiv2.ExifKey(key))
    return None if found == data.end() else found


def _text(found: Any) -> str:
    return "" if found is None else str(found.toString()).strip(" \0")


def _value(found: Any) -> float | None:
    if found is None or found.count() == 0:
        return None
    value = float(found.toFloat())
    return value if value > 0 else None
