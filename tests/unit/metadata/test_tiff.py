"""Metadata of BigTIFF, which Exiv2 cannot write, and directories moved in any TIFF."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import pyvips
import tifffile

from stackcore.errors import UnreadableFrame
from stackcore.metadata import tiff
from stackcore.metadata.carrying import collect
from stackcore.metadata.library import MetadataError, opened
from stackcore.metadata.record import read_record
from stackcore.metadata.shot import read_shot
from stackcore.stacking import file_format
from stackcore.stacking.file_format import FileFormat

NIKON = {
    "Exif.Image.Make": "NIKON CORPORATION",
    "Exif.Image.Model": "NIKON D850",
    "Exif.Nikon3.SerialNumber": "6001234",
}


@pytest.fixture
def unwritable(monkeypatch):
    """Every TIFF becomes a BigTIFF."""
    monkeypatch.setattr(file_format, "_BIG", 1000)


@pytest.mark.parametrize("layout", [{}, {"tiled": True}, {"compression": "deflate"}])
def test_it_says_the_same_as_a_small_file(tag, told, result, camera, words, unwritable, monkeypatch, layout):
    reference = tag("ref.jpg", {**camera, **words})
    icc = (
        pyvips.Image.black(4, 4, bands=3)
        .copy(interpretation="srgb")
        .icc_export(output_profile="srgb")
        .get("icc-profile-data")
    )
    path, notes = result(reference, "large.tif", icc, file_format=FileFormat(**layout))
    assert notes == []
    assert path.read_bytes()[2] == 43
    monkeypatch.undo()
    small, _ = result(reference, "small.tif", icc, file_format=FileFormat(**layout))
    of_the_layout = ("Offsets", "ByteCounts", "InterColorProfile", "ExifTag", "GPSTag", "InteroperabilityTag")
    was = {k: v for k, v in told(small).items() if not k.endswith(of_the_layout)}
    now = {k: v for k, v in told(path).items() if not k.endswith(of_the_layout)}
    left = ("Bits", "Samples", "Rows", "Planar", "Photometric", "Compression", "SampleFormat", "Tile", "Predictor")
    # What is extracted for Exiv2 tells nothing of pixels but their number.
    was = {k: v for k, v in was.items() if not k.removeprefix("Exif.Image.").startswith(left)}
    assert now == was
    assert "Exif.GPSInfo.GPSLatitude" in now
    assert read_record(path) == read_record(small)
    one, two = (pyvips.Image.new_from_file(str(p)) for p in (path, small))
    assert np.array_equal(one.numpy(), two.numpy())
    assert one.get("icc-profile-data") == two.get("icc-profile-data") == icc


def test_exiftool_reads_it(tag, result, camera, words, unwritable, exiftool):
    path, _ = result(tag("ref.jpg", {**camera, **words}), "a.tif")
    found = exiftool(path, "-n")
    texts = {key.split(":")[1]: value for key, value in found.items() if ":" in key}
    assert texts["ExposureTime"] == pytest.approx(1 / 160)
    assert "48 8 12.34" in texts.values()  # exiftool 12.57 gives GPS tags of a BigTIFF the names of others
    assert texts["LensModel"] == "Macro 100mm f/2.8"
    assert texts["CreatorTool"] == "stackcore 9.9"
    assert texts["Caption-Abstract"] == "Ein Käfer"


def test_a_maker_note_stays_behind_and_that_is_told(tag, told, result, unwritable):
    path, [note] = result(tag("ref.jpg", {**NIKON, "Exif.Photo.LensModel": "L"}), "a.tif")
    assert "a BigTIFF has no room for this of ref.jpg, which is left out: the maker note" in note
    assert told(path)["Exif.Image.Model"] == "NIKON D850"
    with tifffile.TiffFile(path) as file:
        exif = file.pages[0].tags["ExifTag"].value
    assert "LensModel" in exif
    assert "MakerNote" not in exif


def test_a_bigtiff_is_a_reference_too(tag, told, result, camera, monkeypatch):
    monkeypatch.setattr(file_format, "_BIG", 1000)
    first, _ = result(tag("ref.jpg", camera), "first.tif")
    monkeypatch.undo()
    assert read_shot(first).iso == 200
    second, notes = result(first, "second.jpg")
    assert notes == []
    assert told(second)["Exif.Photo.LensModel"] == "Macro 100mm f/2.8"
    assert read_record(second).before == read_record(first)


@pytest.mark.parametrize("cut", [4, 9, 17, 40, -200, -60])
def test_a_truncated_bigtiff_is_told(tag, result, camera, monkeypatch, cut, capfd):
    monkeypatch.setattr(file_format, "_BIG", 1000)
    path, _ = result(tag("ref.jpg", camera), "a.tif")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(MetadataError), opened(path):
        pass
    with pytest.raises(UnreadableFrame):
        read_record(path)
    [note] = collect(path).notes
    assert "a.tif" in note
    assert capfd.readouterr() == ("", "")


def test_a_bigtiff_that_lies(tmp_path):
    """Endless directories, entries that point to themselves, and values larger than the file."""
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
    entries = {
        "many": struct.pack("<Q", 1 << 60),
        "itself": struct.pack("<QHHQQQ", 1, 34665, 18, 1, 16, 0),
        "far": struct.pack("<QHHQQQ", 1, 34665, 18, 1, 1 << 63, 0),
        "unknown": struct.pack("<QHHQQQ", 1, 270, 99, 1 << 61, 16, 0),
        "vast": struct.pack("<QHHQQQ", 1, 270, 2, 1 << 61, 16, 0),
    }
    for name, body in entries.items():
        path = tmp_path / f"{name}.tif"
        path.write_bytes(head + body)
        if name in ("itself", "vast", "unknown"):
            assert len(tiff.extract(path)) < 1000
        else:
            with pytest.raises(MetadataError):
                tiff.extract(path)


def test_byte_orders_are_not_mixed(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(struct.pack(">2sHHHQQQ", b"MM", 43, 8, 0, 16, 0, 0))
    with pytest.raises(MetadataError, match="byte order"):
        tiff.graft(path, tiff.blank() if tiff.blank()[:2] == b"II" else b"II*\0\x08\0\0\0\0\0\0\0\0\0")


@pytest.mark.parametrize("layout", [{}, {"tiled": True}, {"compression": "lzw"}])
@pytest.mark.parametrize("noted", [False, True])
def test_pixels_are_where_the_directory_says(tag, result, noted, layout):
    """With a maker note all of the file moves, without one nothing does."""
    expected = np.random.default_rng(1).integers(0, 65536, (30, 50, 3), np.uint16)
    path, _ = result(tag("ref.jpg", NIKON if noted else {}), "a.tif", file_format=FileFormat(**layout))
    assert np.array_equal(pyvips.Image.new_from_file(str(path)).numpy(), expected)
    with tifffile.TiffFile(path) as file:
        [page] = file.pages
        assert min(page.dataoffsets) % 2 == 0
        assert (min(page.dataoffsets) > 1000) == noted
