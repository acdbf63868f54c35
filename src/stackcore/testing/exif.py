"""EXIF fields in pictures that tests and the simulator make, written where a camera writes them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from stackcore.metadata.library import opened


def with_exif(data: bytes, fields: Mapping[str, str]) -> bytes:
    """Return the file `data` (JPEG, TIFF, DNG) with `fields` set, pixels untouched.

    Keys and values are those of Exiv2: `{"Exif.Photo.ExposureTime": "1/60"}`. The blocks of a TIFF that hold no
    pixels may move. Raises `MetadataError` for a key that does not exist or a file that is no picture.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(data)
        with opened(path) as image:
            exif = image.exifData()
            for key, text in fields.items():
                exif[key] = text
            image.writeMetadata()
        return path.read_bytes()
