"""When a frame was taken, by the camera's clock."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from pathlib import Path

from stackcore.metadata.library import MetadataError, exiv2_alone, opened

_TIMES = (
    ("Exif.Photo.DateTimeOriginal", "Exif.Photo.SubSecTimeOriginal"),
    ("Exif.Image.DateTimeOriginal", ""),
    ("Exif.Photo.DateTimeDigitized", "Exif.Photo.SubSecTimeDigitized"),
)
"""EXIF 2.32 section 4.6.5 F, and TIFF/EP; not the time of the file, which copying changes."""


def taken_at(path: Path) -> datetime | None:
    """The time of the shot, without a zone, to the fraction of a second where the camera tells it; else None."""
    try:
        with exiv2_alone(), opened(path) as image:
            tags = {str(datum.key()): str(datum.toString()) for datum in image.exifData()}
    except MetadataError:
        return None
    for whole, fraction in _TIMES:
        with contextlib.suppress(ValueError):
            moment = datetime.strptime(tags.get(whole, "").strip(" \0"), "%Y:%m:%d %H:%M:%S")
            digits = tags.get(fraction, "").strip(" \0")
            return moment + timedelta(seconds=float(f"0.{digits}")) if digits.isdecimal() else moment
    return None
