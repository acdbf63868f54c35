"""Camera and exposure, wherever makers write them."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from stackcore.metadata.shot import Shot, read_shot
from stackcore.testing.dng import RawCamera, write_dng


@pytest.mark.parametrize(
    ("tags", "shot"),
    [
        (
            {
                "Exif.Image.Make": "Canon ",
                "Exif.Image.Model": "Canon EOS R5",
                "Exif.Photo.BodySerialNumber": "0123456789",
                "Exif.Photo.ExposureTime": "1/160",
                "Exif.Photo.ISOSpeedRatings": "400",
            },
            Shot(make="Canon", model="Canon EOS R5", serial="0123456789", iso=400, exposure_s=1 / 160),
        ),
        (  # an older Canon has its number in the maker note alone
            {"Exif.Image.Make": "Canon", "Exif.Image.Model": "Canon EOS 40D", "Exif.Canon.SerialNumber": "620423455"},
            Shot(make="Canon", model="Canon EOS 40D", serial="620423455"),
        ),
        (
            {"Exif.Image.Make": "NIKON CORPORATION", "Exif.Nikon3.SerialNumber": "6001234"},
            Shot(make="NIKON CORPORATION", serial="6001234"),
        ),
        (  # above 65535 the old tag is full, and the new one counts
            {
                "Exif.Photo.ISOSpeedRatings": "65535",
                "Exif.Photo.SensitivityType": "2",
                "Exif.Photo.RecommendedExposureIndex": "102400",
            },
            Shot(iso=102400),
        ),
        ({"Exif.Photo.ExposureTime": "30/1"}, Shot(exposure_s=30.0)),
        ({"Exif.Photo.ShutterSpeedValue": "6/1"}, Shot(exposure_s=1 / 64)),
        ({"Exif.Photo.ExposureTime": "1/0", "Exif.Photo.ISOSpeedRatings": "0"}, Shot()),
        ({"Exif.Image.ExposureTime": "1/3", "Exif.Image.ISOSpeedRatings": "200"}, Shot(iso=200, exposure_s=1 / 3)),
        ({}, Shot()),
    ],
)
def test_what_makers_write(tag, tags, shot):
    assert read_shot(tag("a.jpg", tags)) == shot


@pytest.mark.parametrize("place", ["ifd0", "exif"])
def test_a_dng_with_its_exposure_in_either_place(tmp_path, place):
    """TIFF/EP has exposure in IFD0, EXIF in a directory of its own; DNG allows both."""
    path = write_dng(tmp_path / "a.dng", np.zeros((8, 8, 3), np.float32), RawCamera(model="Z 7"))
    extra = [(33434, 5, 1, (1, 125), True), (34855, 3, 1, 800, True)]
    serial = [(50735, 2, 7, b"SN-042\0", True)]
    with tifffile.TiffWriter(path) as writer:
        tags = [*(extra if place == "ifd0" else []), *serial]
        writer.write(
            np.zeros((8, 8), np.uint16),
            photometric=32803,
            metadata=None,
            extratags=[
                (271, 2, 6, b"Nikon\0", True),
                (272, 2, 4, b"Z 7\0", True),
                (33421, 3, 2, (2, 2), True),
                (33422, 1, 4, b"\0\1\1\2", True),
                (50706, 1, 4, b"\1\4\0\0", True),
                *tags,
            ],
        )
    if place == "exif":
        from stackcore.metadata.library import opened

        with opened(path) as image:
            data = image.exifData()
            data["Exif.Photo.ExposureTime"] = "1/125"
            data["Exif.Photo.ISOSpeedRatings"] = "800"
            image.writeMetadata()
    assert read_shot(path) == Shot(make="Nikon", model="Z 7", serial="SN-042", iso=800, exposure_s=1 / 125)


def test_a_simulated_raw_says_what_it_is(tmp_path):
    path = write_dng(tmp_path / "a.dng", np.zeros((8, 8, 3), np.float32))
    assert read_shot(path) == Shot(make="SIMULATED", model="SIMULATED raw camera")


def test_files_that_tell_nothing(tmp_path, capfd):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.nef").touch()
    for name in ("text.jpg", "empty.nef", "nowhere.cr2"):
        assert read_shot(tmp_path / name) == Shot()
    assert capfd.readouterr() == ("", "")


def test_a_damaged_file_tells_what_is_left_and_nothing_is_printed(tag, capfd):
    path = tag(
        "a.jpg",
        {
            "Exif.Image.Make": "NIKON CORPORATION",
            "Exif.Image.Model": "NIKON D850",
            "Exif.Nikon3.SerialNumber": "6001234",
            "Exif.Nikon3.ShutterCount": "12",
        },
    )
    data = bytearray(path.read_bytes())
    at = data.index(b"Nikon\0") + 20
    data[at : at + 24] = b"\xff" * 24
    path.write_bytes(data)
    shot = read_shot(path)
    assert (shot.make, shot.model) == ("NIKON CORPORATION", "NIKON D850")
    assert capfd.readouterr() == ("", "")
