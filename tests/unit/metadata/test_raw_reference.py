"""A raw frame as reference: its photograph is described in the result, its sensor and its file are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from stackcore.metadata.library import opened
from stackcore.metadata.tags import DESCRIBING, LAYOUT, REWRITTEN

FORMATS = ["a.tif", "a.jpg", "a.png"]


def raw(path: Path) -> Path:
    """A DNG as converters write it: a preview in IFD0, the mosaic in a directory below, tags of TIFF/EP and DNG."""
    preview = np.full((16, 24, 3), 128, np.uint8)
    mosaic = np.zeros((64, 96), np.uint16)
    tags = [
        (271, 2, 6, b"Nikon\0", True),
        (272, 2, 4, b"Z 7\0", True),
        (274, 3, 1, 8, True),
        (315, 2, 3, b"Me\0", True),
        (33434, 5, 1, (1, 125), True),
        (33437, 5, 1, (56, 10), True),
        (34855, 3, 1, 800, True),
        (36867, 2, 20, b"2026:06:01 10:00:00\0", True),
        (50706, 1, 4, b"\1\4\0\0", True),
        (50708, 2, 10, b"Nikon Z 7\0", True),
        (50721, 10, 9, (1, 1) * 9, True),
        (50728, 5, 3, (1, 2, 1, 1, 5, 8), True),
        (50735, 2, 7, b"SN-042\0", True),
        (50736, 5, 4, (105, 1, 105, 1, 28, 10, 28, 10), True),
        (50740, 1, 9, b"Adobe\0abc", True),
    ]
    with tifffile.TiffWriter(path) as writer:
        writer.write(preview, photometric="rgb", metadata=None, subifds=1, software="Ver.3.0", extratags=tags)
        cfa = [(33421, 3, 2, (2, 2), True), (33422, 1, 4, b"\0\1\1\2", True), (50714, 3, 1, 512, True)]
        writer.write(mosaic, photometric=32803, metadata=None, subfiletype=0, extratags=cfa)
    with opened(path) as image:
        image.exifData()["Exif.Photo.LensModel"] = "NIKKOR Z MC 105mm"
        image.exifData()["Exif.GPSInfo.GPSLatitudeRef"] = "N"
        image.xmpData()["Xmp.crs.Exposure2012"] = "+0.50"
        image.xmpData()["Xmp.xmp.Rating"] = "5"
        image.writeMetadata()
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_the_photograph_is_described_and_the_sensor_is_not(tmp_path, told, result, name):
    path, notes = result(raw(tmp_path / "IMG_1.dng"), name)
    now = told(path)
    assert notes == []
    expected = {
        "Exif.Image.Make": "Nikon",
        "Exif.Image.Model": "Z 7",
        "Exif.Image.Artist": "Me",
        "Exif.Image.Orientation": "1",
        "Exif.Photo.ExposureTime": "1/125",
        "Exif.Photo.FNumber": "56/10",
        "Exif.Photo.ISOSpeedRatings": "800",
        "Exif.Photo.DateTimeOriginal": "2026:06:01 10:00:00",
        "Exif.Photo.BodySerialNumber": "SN-042",
        "Exif.Photo.LensSpecification": "105/1 105/1 28/10 28/10",
        "Exif.Photo.LensModel": "NIKKOR Z MC 105mm",
        "Exif.Photo.CameraFirmware": "Ver.3.0",
        "Exif.GPSInfo.GPSLatitudeRef": "N",
        "Xmp.xmp.Rating": "5",
    }
    assert {key: now.get(key) for key in expected} == expected
    groups = {key.split(".")[1] for key in now if key.startswith("Exif.")}
    assert groups <= {"Image", "Photo", "GPSInfo", "Iop"}
    in_ifd0 = {key.split(".")[2] for key in now if key.startswith("Exif.Image.")}
    of_results = {key.split(".")[2] for key in REWRITTEN}
    assert in_ifd0 <= DESCRIBING | set(LAYOUT) | of_results
    assert not any("crs" in key for key in now)


def test_exiftool_sees_nothing_of_the_raw(tmp_path, result, exiftool):
    path, _ = result(raw(tmp_path / "IMG_1.dng"), "a.tif")
    found = exiftool(path)
    assert found["IFD0:ImageWidth"] == 50
    assert not [key for key in found if key.startswith(("SubIFD", "IFD1")) or "DNG" in key or "CFA" in key]
    assert found["ExifIFD:LensInfo"] == "105mm f/2.8"
