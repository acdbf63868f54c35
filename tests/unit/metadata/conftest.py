"""Small pictures with metadata of every kind, and what a file says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from stackcore.metadata.carrying import collect
from stackcore.metadata.library import exiv2_alone, opened
from stackcore.metadata.record import Record
from stackcore.metadata.writing import Metadata
from stackcore.stacking.file_format import FileFormat
from stackcore.stacking.output import write_picture

RECORD = Record(
    software="stackcore 9.9", command="stack", frames=("one.jpg", "two.jpg"), frame_count=2, reference="two.jpg"
)
MADE_AT = datetime(2026, 11, 22, 9, 30, 5, tzinfo=timezone(timedelta(hours=2)))

CAMERA = {
    "Exif.Image.ImageDescription": "a beetle",
    "Exif.Image.Artist": "A. Photographer",
    "Exif.Image.Copyright": "A. P., all rights reserved",
    "Exif.Image.XResolution": "300/1",
    "Exif.Image.YResolution": "300/1",
    "Exif.Image.ResolutionUnit": "2",
    "Exif.Image.Software": "Ver.1.31",
    "Exif.Image.DateTime": "2026:06:01 10:00:00",
    "Exif.Image.Rating": "4",
    "Exif.Photo.ExposureTime": "1/160",
    "Exif.Photo.FNumber": "56/10",
    "Exif.Photo.ISOSpeedRatings": "200",
    "Exif.Photo.DateTimeOriginal": "2026:06:01 10:00:00",
    "Exif.Photo.OffsetTimeOriginal": "+02:00",
    "Exif.Photo.SubSecTimeOriginal": "42",
    "Exif.Photo.SubSecTime": "17",
    "Exif.Photo.LensModel": "Macro 100mm f/2.8",
    "Exif.Photo.LensSpecification": "100/1 100/1 28/10 28/10",
    "Exif.Photo.BodySerialNumber": "6001234",
    "Exif.Photo.UserComment": "charset=Ascii five flashes",
    "Exif.Photo.SubjectArea": "30 20 5 5",
    "Exif.Photo.PixelXDimension": "6000",
    "Exif.Photo.PixelYDimension": "4000",
    "Exif.Photo.ColorSpace": "1",
    "Exif.Iop.InteroperabilityIndex": "R98",
    "Exif.GPSInfo.GPSLatitudeRef": "N",
    "Exif.GPSInfo.GPSLatitude": "48/1 8/1 1234/100",
    "Exif.GPSInfo.GPSLongitudeRef": "E",
    "Exif.GPSInfo.GPSLongitude": "11/1 34/1 567/100",
    "Exif.GPSInfo.GPSAltitude": "51950/100",
    "Exif.GPSInfo.GPSDateStamp": "2026:06:01",
}
WORDS = {
    "Iptc.Application2.Caption": "Ein Käfer",
    "Iptc.Application2.Keywords": "Käfer",
    "Iptc.Envelope.CharacterSet": "\033%G",
    "Xmp.dc.title": 'lang="x-default" Beetle',
    "Xmp.dc.subject": "beetle",
    "Xmp.xmp.Rating": "4",
    "Xmp.xmpRights.Marked": "True",
    "Xmp.crs.Exposure2012": "+1.50",
    "Xmp.tiff.Orientation": "6",
}
Tag = Callable[..., Path]


def blank(path: Path, width: int = 60, height: int = 40, **options: Any) -> Path:
    """A picture without any metadata but what its format needs."""
    image = pyvips.Image.gaussnoise(width, height, seed=1, mean=128, sigma=30).cast("uchar")
    image.bandjoin([image, image]).copy(interpretation="srgb").write_to_file(str(path), **options)
    return path


@pytest.fixture
def tag(tmp_path: Path) -> Tag:
    """Make a picture, and set tags of it by the names of Exiv2; `(type, value)` where a type must be chosen."""

    def make(name: str, tags: dict[str, Any], **options: Any) -> Path:
        path = blank(tmp_path / name, **options)
        with exiv2_alone() as exiv2, opened(path) as image:
            families = {"Exif": image.exifData(), "Iptc": image.iptcData(), "Xmp": image.xmpData()}
            for key, value in tags.items():
                data = families[key.split(".")[0]]
                if isinstance(value, bytes):
                    value = exiv2.DataValue(value)
                data[key] = value
            image.writeMetadata()
        return path

    return make


@pytest.fixture
def told() -> Callable[[Path], dict[str, str]]:
    """What a file says, {key: text}, by the names of Exiv2."""

    def read(path: Path) -> dict[str, str]:
        with opened(path) as image:
            families = (image.exifData(), image.iptcData(), image.xmpData())
            return {datum.key(): datum.toString() for data in families for datum in data}

    return read


@pytest.fixture
def camera() -> dict[str, Any]:
    """EXIF as a camera writes it, by Exiv2's names."""
    return dict(CAMERA)


@pytest.fixture
def words() -> dict[str, Any]:
    """What photographers write: IPTC and XMP."""
    return dict(WORDS)


@pytest.fixture
def record() -> Record:
    return RECORD


@pytest.fixture
def result() -> Callable[..., tuple[Path, list[str]]]:
    """Write a picture made of a reference, in a folder of its own; gives its path, and what was not carried."""

    def make(
        reference: Path,
        name: str,
        icc: bytes | None = None,
        record: Record = RECORD,
        file_format: FileFormat = FileFormat(),  # noqa: B008 - frozen
    ) -> tuple[Path, list[str]]:
        folder = reference.parent / "out"
        folder.mkdir(exist_ok=True)
        pixels = np.random.default_rng(1).integers(0, 65536, (30, 50, 3), np.uint16)
        metadata = Metadata(carried=collect(reference), record=record, made_at=MADE_AT)
        target = folder / name
        notes = write_picture(pixels, target, overwrite=True, icc=icc, file_format=file_format, metadata=metadata)
        return target, notes

    return make


@pytest.fixture
def exiftool() -> Callable[..., dict[str, Any]]:
    """What exiftool says of a file, by group and name."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")

    def ask(path: Path, *options: str) -> dict[str, Any]:
        command = ["exiftool", "-j", "-a", "-G1", "-struct", *options, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found

    return ask
