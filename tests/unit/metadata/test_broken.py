"""Metadata that are damaged, huge, or beyond what the result can hold never cost the picture."""

from __future__ import annotations

import random

import numpy as np
import pytest
import pyvips

from stackcore.metadata.carrying import collect
from stackcore.metadata.library import MetadataError
from stackcore.metadata.record import read_record
from stackcore.stacking import output

FORMATS = ["a.tif", "a.jpg", "a.png"]
NIKON = {
    "Exif.Image.Make": "NIKON CORPORATION",
    "Exif.Image.Model": "NIKON D850",
    "Exif.Nikon3.SerialNumber": "6001234",
    "Exif.Nikon3.Lens": "1050/10 1050/10 28/10 28/10",
}


def is_whole(path) -> bool:
    image = pyvips.Image.new_from_file(str(path), revalidate=True)
    return (image.width, image.height) == (50, 30) and image.avg() > 0


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_is_broken_the_picture_is_there(tag, result, camera, words, name, capfd):
    """Bytes of the metadata overwritten at random, and cut off: always a picture with a record."""
    reference = tag("ref.jpg", {**camera, **words, **NIKON})
    whole = reference.read_bytes()
    start, end = whole.index(b"Exif\0\0"), whole.index(b"\xff\xdb")
    dice = random.Random(7)
    told = 0
    for attempt in range(60):
        data = bytearray(whole)
        for _ in range(1 + attempt % 7):
            data[dice.randrange(start, end)] = dice.randrange(256)
        reference.write_bytes(data if attempt % 5 else data[: dice.randrange(2, end)])
        path, notes = result(reference, f"{attempt}-{name}")
        assert is_whole(path)
        assert read_record(path).software == "stackcore 9.9"
        assert all("ref.jpg" in note for note in notes)
        told += bool(notes)
    assert told > 10
    assert capfd.readouterr() == ("", "")


def test_a_reference_that_is_gone_or_tells_nothing(tmp_path, tag, result):
    [note] = collect(tmp_path / "gone.jpg").notes
    assert "gone.jpg cannot be read" in note
    path, notes = result(tag("ref.png", {}), "a.tif")
    assert notes == []
    assert read_record(path).frames == ("one.jpg", "two.jpg")


def test_a_jpeg_has_no_room_for_everything(tag, told, result, record):
    """64 KiB for EXIF, and as much for XMP; what goes is told, and a TIFF has room."""
    reference = tag(
        "ref.tif",
        {
            "Exif.Image.Artist": "A. Photographer",
            "Exif.Photo.UserComment": "charset=Ascii " + "x" * 70_000,
            "Xmp.dc.description": 'lang="x-default" ' + "y" * 70_000,
            "Xmp.dc.subject": "flower",
        },
    )
    path, notes = result(reference, "a.jpg")
    assert sorted("XMP values" in note or "User Comment" in note for note in notes) == [True, True]
    now = told(path)
    assert now["Exif.Image.Artist"] == "A. Photographer"
    assert now["Xmp.dc.subject[1]" if "Xmp.dc.subject[1]" in now else "Xmp.dc.subject"] == "flower"
    assert read_record(path) == record
    path, notes = result(reference, "a.tif")
    assert notes == []
    assert len(told(path)["Exif.Photo.UserComment"]) > 70_000


def test_thousands_of_names_do_not_fit_into_a_jpeg(tag, result, record):
    reference = tag("ref.jpg", {"Xmp.dc.subject": "flower"})
    many = record.model_copy(
        update={"frames": tuple(f"IMG_{i:04d}_a_long_name_of_a_frame.NEF" for i in range(2000)), "frame_count": 2000}
    )
    path, [note] = result(reference, "a.jpg", record=many)
    assert "list of the frames" in note
    assert (read_record(path).frame_count, read_record(path).frames) == (2000, ())
    path, notes = result(reference, "a.png", record=many)
    assert notes == []
    assert len(read_record(path).frames) == 2000
    path, notes = result(reference, "b.jpg", record=many.model_copy(update={"frames": many.frames[:300]}))
    assert notes == []


def test_a_failing_library_costs_the_metadata_not_the_picture(tag, result, camera, monkeypatch):
    reference = tag("ref.jpg", camera)

    def fail(path, *rest):
        path.write_bytes(b"spoiled")
        raise MetadataError("the library broke down")

    monkeypatch.setattr(output, "write_metadata", fail)
    for name in FORMATS:
        path, [note] = result(reference, name)
        assert is_whole(path)
        assert "the library broke down" in note
        assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith(".")) == []


def test_a_maker_note_of_an_unknown_make(tag, told, result):
    """As it is when it can be moved; not when its values are found by their place in the file."""
    harmless = b"\x00056\x00\x00\xa5\xa5\xc8\xc8\x2d\x00\x5f\x1c\x01\x00"
    path, notes = result(tag("ref.jpg", {"Exif.Image.Make": "ACME", "Exif.Photo.MakerNote": harmless}), "a.tif")
    assert notes == []
    assert told(path)["Exif.Photo.MakerNote"] == " ".join(str(b) for b in harmless)
    pointing = b"ACME\0\0\0\0" + b"\x01\x00" + b"\x01\x00\x02\x00\x20\x00\x00\x00\x00\x02\x00\x00" + bytes(8)
    reference = tag("ref2.jpg", {"Exif.Image.Make": "ACME", "Exif.Photo.MakerNote": pointing})
    path, [note] = result(reference, "b.tif")
    assert "maker note" in note
    assert "Exif.Photo.MakerNote" not in told(path)


def test_previews_of_the_frame_stay_behind(tag, told, result, camera):
    reference = tag("ref.jpg", camera)
    from stackcore.metadata.library import exiv2_alone, opened

    with exiv2_alone() as exiv2, opened(reference) as image:
        exiv2.ExifThumb(image.exifData()).setJpegThumbnail(reference.read_bytes())
        image.writeMetadata()
    assert any(key.startswith("Exif.Thumbnail") for key in told(reference))
    for name in FORMATS:
        assert not any(key.startswith("Exif.Thumbnail") for key in told(result(reference, name)[0]))


def test_pixels_are_those_that_were_written(tag, camera, result):
    """Whatever Exiv2 does to a file, its pixels stay."""
    expected = np.random.default_rng(1).integers(0, 65536, (30, 50, 3), np.uint16)
    for name in ("a.tif", "a.png"):
        path, _ = result(tag("ref.jpg", camera), name)
        assert np.array_equal(pyvips.Image.new_from_file(str(path)).numpy(), expected)
