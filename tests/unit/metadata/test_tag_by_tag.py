"""Reference and result compared tag by tag: what is equal, what differs, and why it may."""

from __future__ import annotations

import subprocess

import pytest
import pyvips

from stackcore.metadata.tags import LAYOUT, OUTDATED, REWRITTEN, XMP_OUTDATED

FORMATS = ["a.tif", "a.jpg", "a.png"]
MAKERS = {
    "Nikon": {
        "Exif.Image.Make": "NIKON CORPORATION",
        "Exif.Image.Model": "NIKON D850",
        "Exif.Nikon3.SerialNumber": "6001234",
        "Exif.Nikon3.Lens": "1050/10 1050/10 28/10 28/10",
        "Exif.Nikon3.ShutterCount": "12345",
    },
    "Canon": {
        "Exif.Image.Make": "Canon",
        "Exif.Image.Model": "Canon EOS R5",
        "Exif.Canon.OwnerName": "A. Photographer of the House",
        "Exif.Canon.FirmwareVersion": "Firmware Version 1.8.1",
        "Exif.Canon.SerialNumber": "620423455",
        "Exif.CanonCs.LensType": "254",
    },
    "Olympus": {
        "Exif.Image.Make": "OLYMPUS CORPORATION",
        "Exif.Image.Model": "E-M1MarkII",
        "Exif.Olympus2.CameraID": b"OLYMPUS DIGITAL CAMERA\0\0",
        "Exif.OlympusEq.SerialNumber": "BHP242330",
        "Exif.OlympusEq.LensModel": "OLYMPUS M.60mm F2.8 Macro",
    },
    "FUJIFILM": {
        "Exif.Image.Make": "FUJIFILM",
        "Exif.Image.Model": "X-T5",
        "Exif.Fujifilm.SerialNumber": "FF02B7100",
        "Exif.Fujifilm.Quality": "NORMAL and more than four bytes",
    },
    "Panasonic": {
        "Exif.Image.Make": "Panasonic",
        "Exif.Image.Model": "DC-S5",
        "Exif.Panasonic.InternalSerialNumber": b"F1234567890",
        "Exif.Panasonic.LensType": "LUMIX S 20-60/F3.5-5.6",
    },
    "SONY": {
        "Exif.Image.Make": "SONY",
        "Exif.Image.Model": "ILCE-7RM4",
        "Exif.Sony1.LensID": "65535",
        "Exif.Sony1.SonyModelID": "375",
    },
}
"""Notes that Exiv2 can make from nothing; each maker lays them out in another way."""


def may_differ(key: str) -> bool:
    """Whether the lists of the package give a reason why this key of Exiv2 is not as it was."""
    family, group, tag = key.split(".", 2)
    if family == "Exif" and group in ("Image", "Photo", "Iop"):
        return key in REWRITTEN or tag in LAYOUT or tag in OUTDATED
    if family == "Xmp":
        name = f"{group}:{tag.split('[')[0].split('/')[0]}"
        return group in XMP_OUTDATED or name in XMP_OUTDATED
    return key.startswith("Exif.MakerNote")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("source", ["ref.jpg", "ref.tif", "ref.png"])
def test_nothing_differs_without_a_reason(tag, told, source, name, camera, words, result):
    reference = tag(source, {**camera, **words})
    before = reference.read_bytes()
    path, notes = result(reference, name)
    was, now = told(reference), told(path)
    differing = {key for key in was if was[key] != now.get(key) and not may_differ(key)}
    assert differing == set()
    assert notes == []
    assert reference.read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
def test_what_must_change_changes(tag, told, name, camera, words, result):
    now = told(result(tag("ref.jpg", {**camera, **words, "Exif.Image.Orientation": "6"}), name)[0])
    assert now["Exif.Image.Orientation"] == "1"
    assert now["Exif.Image.Software"] == "stackcore 9.9"
    assert now["Exif.Photo.CameraFirmware"] == "Ver.1.31"
    assert now["Exif.Image.DateTime"] == "2026:11:22 09:30:05"
    assert now["Exif.Photo.OffsetTime"] == "+02:00"
    assert now["Exif.Photo.CompositeImage"] == "2"
    assert now["Exif.Photo.SourceImageNumberOfCompositeImage"] == "2 2"
    assert now["Xmp.dc.format"] == {"a.tif": "image/tiff", "a.jpg": "image/jpeg", "a.png": "image/png"}[name]
    size = (now.get("Exif.Photo.PixelXDimension"), now.get("Exif.Photo.PixelYDimension"))
    assert size == ((None, None) if name == "a.tif" else ("50", "30"))
    gone = ("Exif.Photo.SubSecTime", "Exif.Photo.SubjectArea", "Xmp.crs.Exposure2012", "Xmp.tiff.Orientation")
    assert not set(gone) & set(now)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("maker", MAKERS)
def test_known_maker_notes_are_put_together_again(tag, told, maker, name, camera, result):
    reference = tag("ref.jpg", {**camera, **MAKERS[maker]})
    was = told(reference)
    path, notes = result(reference, name)
    now = told(path)
    assert notes == []
    for key in MAKERS[maker]:
        assert now[key] == was[key]


OF_THE_FILE = ("ExifTool", "System", "File", "Composite", "JFIF", "PNG", "PNG-pHYs", "XMP-x", "Photoshop")
"""Groups that tell of the file and not of the photograph."""

EXPECTED = {
    "IFD0:Software": "stackcore made it",
    "IFD0:ModifyDate": "when it was made",
    "IFD0:YCbCrPositioning": "JPEG alone has it",
    "IFD0:XResolution": "rounding of what is not whole",
    "ExifIFD:ExifVersion": "2.32 has composites",
    "ExifIFD:ComponentsConfiguration": "JPEG alone has it",
    "ExifIFD:ExifImageWidth": "size of the result",
    "ExifIFD:ExifImageHeight": "size of the result",
    "ExifIFD:SubSecTime": "belongs to ModifyDate",
    "ExifIFD:SubjectArea": "moved by aligning",
    "XMP-crs:Exposure2012": "would be applied again",
    "XMP-tiff:Orientation": "pixels are upright",
}
"""What exiftool may see differ, with the reason."""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("maker", MAKERS)
def test_exiftool_sees_no_other_difference(tag, maker, name, camera, words, result, exiftool):
    reference = tag("ref.jpg", {**camera, **words, **MAKERS[maker]})
    path, _ = result(reference, name)
    was, now = exiftool(reference, "-n"), exiftool(path, "-n")
    differing = {
        key: (value, now.get(key))
        for key, value in was.items()
        if key.split(":")[0] not in OF_THE_FILE and now.get(key) != value and key != "SourceFile"
    }
    assert {key: pair for key, pair in differing.items() if key not in EXPECTED} == {}
    assert len(was) > 40
    assert now["GPS:GPSLatitude"] == pytest.approx(48.1367, abs=1e-3)


@pytest.mark.parametrize("name", FORMATS)
def test_exiftool_finds_nothing_wrong(tag, name, camera, words, result, exiftool):
    """It knows no tag of EXIF 3.0 before version 12.60, so the camera's firmware is no fault."""
    reference = tag("ref.jpg", {**camera, **words, **MAKERS["Canon"]})
    found = exiftool(result(reference, name)[0], "-validate", "-warning")
    texts = found.get("ExifTool:Warning", [])
    warnings = [w for w in ([texts] if isinstance(texts, str) else texts) if "0xa439" not in w and "minor" not in w]
    assert warnings == []


@pytest.mark.parametrize("name", FORMATS)
def test_the_resolution_is_one_wherever_it_is_told(tag, name, camera, result):
    reference = tag("ref.jpg", {**camera, "Exif.Image.XResolution": "240/1", "Exif.Image.YResolution": "240/1"})
    path, _ = result(reference, name)
    image = pyvips.Image.new_from_file(str(path))
    assert (round(image.xres * 25.4), round(image.yres * 25.4)) == (240, 240)


@pytest.mark.parametrize("name", FORMATS)
def test_the_profile_stays_and_colour_space_agrees(tag, told, name, camera, result):
    reference = tag("ref.jpg", camera)
    for intent, colour_space, index in (("srgb", "1", "R98"), ("p3", "65535", None)):
        image = pyvips.Image.black(4, 4, bands=3).copy(interpretation="srgb")
        icc = image.icc_export(output_profile=intent).get("icc-profile-data")
        path, _ = result(reference, f"{intent}-{name}", icc)  # libvips remembers files by name
        assert pyvips.Image.new_from_file(str(path)).get("icc-profile-data") == icc
        now = told(path)
        assert now["Exif.Photo.ColorSpace"] == colour_space
        assert now.get("Exif.Iop.InteroperabilityIndex") == index


@pytest.mark.parametrize(("was", "now"), [("0230", "0232"), ("0300", "0300")])
def test_the_version_of_exif_never_sinks(tag, told, result, was, now):
    path, _ = result(tag("ref.jpg", {"Exif.Photo.ExifVersion": was.encode()}), "a.jpg")
    assert bytes(map(int, told(path)["Exif.Photo.ExifVersion"].split())).decode() == now


@pytest.mark.parametrize(
    ("x", "y", "unit", "orientation", "expected"),
    [
        ("300/1", "300/1", "2", "1", (300, 300)),
        ("118110/1000", "118110/1000", "3", "1", (300, 300)),
        ("300/1", "150/1", "2", "6", (150, 300)),
        ("1/1", "1/1", "1", "1", (72, 72)),
        ("300/0", "300/1", "2", "1", (72, 72)),
    ],
)
def test_every_unit_of_resolution(tag, told, result, x, y, unit, orientation, expected):
    tags = {
        "Exif.Image.XResolution": x,
        "Exif.Image.YResolution": y,
        "Exif.Image.ResolutionUnit": unit,
        "Exif.Image.Orientation": orientation,
    }
    now = told(result(tag("ref.jpg", tags), "a.jpg")[0])
    assert (now["Exif.Image.XResolution"], now["Exif.Image.YResolution"]) == tuple(f"{dpi}/1" for dpi in expected)
    assert now["Exif.Image.ResolutionUnit"] == "2"


def test_exiftool_misses_nothing_in_a_file_whose_frame_told_nothing(tag, result, exiftool):
    for name in FORMATS:
        found = exiftool(result(tag("ref.png", {}), name)[0], "-validate", "-warning")
        assert "FlashpixVersion" not in str(found.get("ExifTool:Warning", ""))


@pytest.mark.parametrize("name", FORMATS)
def test_a_big_endian_frame(tag, told, result, camera, exiftool, name):
    """A Nikon note has a byte order of its own; a Canon one that does not follow its file is not understood."""
    for maker in ("Nikon", "Canon"):
        little = tag(f"{maker}.jpg", {**camera, **MAKERS[maker]})
        reference = little.with_name(f"{maker}-big.jpg")
        turn = (
            "-q",
            "-o",
            reference,
            "-all=",
            "-tagsfromfile",
            "@",
            "-all:all",
            "-unsafe",
            "-ExifByteOrder=MM",
            little,
        )
        subprocess.run(["exiftool", *map(str, turn)], check=True)
        assert exiftool(reference)["File:ExifByteOrder"].startswith("Big")
        path, notes = result(reference, f"{maker}-{name}")
        now = told(path)
        assert now["Exif.GPSInfo.GPSLatitude"] == told(reference)["Exif.GPSInfo.GPSLatitude"]
        if maker == "Nikon":
            assert notes == []
            assert now["Exif.Nikon3.SerialNumber"] == "6001234"
        else:
            assert any("maker note" in note and "left out" in note for note in notes)
            assert "Exif.Photo.MakerNote" not in now
