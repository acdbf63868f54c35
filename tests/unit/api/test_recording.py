"""What results say of themselves: the record of the run, the metadata of the frames, the profile, the time."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

import stackcore.api as api
from stackcore import __version__
from stackcore.api.processing import sharpen, stack
from stackcore.colour.icc import profile
from stackcore.errors import ConfigError, UnreadableFrame, UsageError
from stackcore.metadata.library import opened
from stackcore.metadata.record import KEY, read_record
from stackcore.stacking.file_format import FileFormat
from stackcore.testing.exif import with_exif

TAGS = {
    "Exif.Image.Make": "ACME",
    "Exif.Image.Model": "One",
    "Exif.Photo.ExposureTime": "1/60",
    "Exif.GPSInfo.GPSLatitudeRef": "N",
}


def told(path: Path) -> dict[str, str]:
    with opened(path) as image:
        return {d.key(): d.toString() for data in (image.exifData(), image.xmpData()) for d in data}


def tag(path: Path, **more: str) -> None:
    fields = {**TAGS, "Exif.Image.ImageDescription": f"frame {path.stem}"}
    path.write_bytes(with_exif(path.read_bytes(), {**fields, **{k.replace("_", "."): v for k, v in more.items()}}))


@pytest.fixture
def tagged(shoot: Path) -> Path:
    """The stack, each frame saying which it is."""
    for path in shoot.iterdir():
        tag(path)
    return shoot


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_a_result_says_how_it_was_made(tagged, tmp_path, name, ear):
    target = tmp_path / name
    settings = {"fuser": {"levels": 5}, "executor": {"workers": 1}}
    stack(tagged, target, sharpen="1", settings=settings, listeners=[ear])
    record = read_record(target)
    assert record.software == f"stackcore {__version__}"
    assert (record.command, record.frame_count, record.reference) == ("stack", 6, "img11.tif")
    assert record.frames == tuple(f"img{i}.tif" for i in range(8, 14))
    assert record.crop == tuple(ear.of("result")[0].data["crop"])
    assert {kind: plugin.name for kind, plugin in record.plugins.items()} == {
        "developer": "image",
        "aligner": "ecc",
        "fuser": "blend",
        "sharpener": "unsharp3",
    }
    assert record.plugins["fuser"].options["levels"] == 5
    assert record.plugins["fuser"].version == __version__
    assert record.settings["sharpen"] == "1"
    assert not {"workers", "executor", "memory_bytes", "overwrite"} & set(record.settings)
    now = told(target)
    assert now["Exif.Image.ImageDescription"] == "frame img11"
    assert now["Exif.Photo.SourceImageNumberOfCompositeImage"] == "6 6"
    assert now["Xmp.xmpMM.History[1]/stEvt:softwareAgent"] == f"stackcore {__version__}"
    assert "levels 5" in now["Xmp.xmpMM.History[1]/stEvt:parameters"]
    assert now["Xmp.xmpMM.DerivedFrom/stRef:filePath"] == "img11.tif"
    assert now["Xmp.xmpMM.Ingredients[6]/stRef:filePath"] == "img13.tif"
    assert now["Xmp.iptcExt.DigitalSourceType"].endswith("/computationalCapture")
    assert ear.of("warning") == []


def test_skipped_frames_are_recorded(tagged, tmp_path, small_stack):
    grey = np.full_like(small_stack.frames[0], 128) + np.random.default_rng(1).integers(
        0, 2, small_stack.frames[0].shape, np.uint8
    )
    pyvips.Image.new_from_array(grey).copy(interpretation="srgb").write_to_file(str(tagged / "img9.tif"))
    stack(tagged, tmp_path / "a.tif")
    record = read_record(tmp_path / "a.tif")
    assert (record.skipped, record.frame_count) == (("img9.tif",), 5)
    assert "img9.tif" not in record.frames
    assert told(tmp_path / "a.tif")["Exif.Photo.SourceImageNumberOfCompositeImage"] == "6 5"


def test_sharpening_goes_on_with_the_history(tagged, tmp_path):
    stack(tagged, tmp_path / "a.tif", align=False)
    sharpen(tmp_path / "a.tif", tmp_path / "b.png", strength="0:0:1")
    record = read_record(tmp_path / "b.png")
    assert (record.command, record.frames) == ("sharpen", ("a.tif",))
    assert record.before == read_record(tmp_path / "a.tif")
    now = told(tmp_path / "b.png")
    assert now["Xmp.xmpMM.History[1]/stEvt:action"] == "created"
    assert now["Xmp.xmpMM.History[2]/stEvt:action"] == "filtered"
    assert now["Xmp.xmpMM.DerivedFrom/stRef:filePath"] == "a.tif"
    assert now["Xmp.xmpMM.Ingredients[6]/stRef:filePath"] == "img13.tif"
    assert now["Exif.Photo.CompositeImage"] == "2"
    assert now["Exif.Photo.ExposureTime"] == "1/60"
    assert "Xmp.xmpMM.History[3]/stEvt:action" not in now


def test_aligned_frames_keep_their_own_metadata(tagged, tmp_path):
    tag(tagged / "img9.tif", Exif_Photo_ExposureTime="1/30")
    api.survey(tagged, aligned=tmp_path / "out", file_format=FileFormat(compression="lzw"))
    now = told(tmp_path / "out" / "aligned_0001.tif")
    assert now["Exif.Image.ImageDescription"] == "frame img9"
    assert now["Exif.Photo.ExposureTime"] == "1/30"
    assert "Exif.Photo.CompositeImage" not in now
    record = read_record(tmp_path / "out" / "aligned_0001.tif")
    assert (record.command, record.frames) == ("align", ("img9.tif",))
    assert record.settings["reference"] == "img11.tif"
    assert len(record.settings["matrix"]) == 3
    assert told(tmp_path / "out" / "aligned_0001.tif")["Exif.Image.Compression"] == "5"  # LZW


def test_simulated_frames_stay_simulated(shoot, tmp_path):
    for path in shoot.iterdir():
        tag(path, Exif_Image_Make="SIMULATED", Exif_Image_ImageDescription="SIMULATED, no photograph")
    stack(shoot, tmp_path / "a.jpg", align=False)
    now = told(tmp_path / "a.jpg")
    assert now["Exif.Image.Make"] == "SIMULATED"
    assert now["Exif.Image.ImageDescription"] == "SIMULATED, no photograph"
    assert now["Xmp.iptcExt.DigitalSourceType"].endswith("/algorithmicMedia")
    assert read_record(tmp_path / "a.jpg").simulated


def test_all_files_of_a_run_tell_one_time(tagged, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    api.survey(tagged, aligned=tmp_path / "out")
    times = {told(path)["Exif.Image.DateTime"] for path in (tmp_path / "out").iterdir()}
    assert times == {"2026:09:21 14:13:20"}


def test_a_wrong_time_is_told_before_any_work(tagged, tmp_path, monkeypatch, ear):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH"):
        stack(tagged, tmp_path / "a.tif", listeners=[ear])
    assert ear.of("stage_started") == []


@pytest.mark.parametrize(
    ("colour", "linear", "expected"),
    [
        ({}, False, profile("srgb", "srgb")),
        ({}, True, profile("srgb", "linear")),
        ({"Exif_Photo_ColorSpace": "1"}, False, profile("srgb", "srgb")),
        ({"Exif_Photo_ColorSpace": "65535"}, False, None),
        (
            {"Exif_Photo_ColorSpace": "65535", "Exif_Iop_InteroperabilityIndex": "R03"},
            False,
            profile("adobe-rgb", "srgb"),
        ),
    ],
)
def test_frames_without_a_profile(shoot, tmp_path, colour, linear, expected):
    for path in shoot.iterdir():
        tag(path, **colour)
    stack(shoot, tmp_path / "a.tif", align=False, linear=linear)
    image = pyvips.Image.new_from_file(str(tmp_path / "a.tif"))
    assert (image.get("icc-profile-data") if "icc-profile-data" in image.get_fields() else None) == expected


def test_the_profile_of_the_frames_is_carried(shoot, tmp_path):
    icc = profile("display-p3", "srgb")
    for path in shoot.iterdir():
        image = pyvips.Image.new_from_file(str(path)).copy_memory()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
        image.write_to_file(str(path))
    stack(shoot, tmp_path / "a.tif", align=False)
    assert pyvips.Image.new_from_file(str(tmp_path / "a.tif")).get("icc-profile-data") == icc
    assert told(tmp_path / "a.tif")["Exif.Photo.ColorSpace"] == "65535"


def test_damaged_metadata_are_a_warning(tagged, tmp_path, ear):
    path = tagged / "img11.tif"
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<HHI2s", 1, 2, 2, b"N"))  # GPSLatitudeRef
    data[at + 4 : at + 8] = b"\xff" * 4  # of so many letters
    path.write_bytes(data)
    result = stack(tagged, tmp_path / "a.tif", align=False, listeners=[ear])
    [warning] = ear.of("warning")
    assert (warning.code, warning.frame) == ("metadata-incomplete", "img11.tif")
    assert result.warnings == [warning.message]
    assert (tmp_path / "a.tif").exists()


def test_a_record_that_is_not_there_or_not_understood(shoot, tmp_path):
    with pytest.raises(UnreadableFrame, match="does not tell"):
        read_record(shoot / "img8.tif")
    with pytest.raises(UnreadableFrame, match="cannot be read"):
        read_record(tmp_path / "nowhere.tif")
    stack(shoot, tmp_path / "a.tif", align=False)
    record: dict[str, Any] = json.loads(told(tmp_path / "a.tif")[KEY])
    for change in ({"schema": "stackcore.result/2"}, {"frames": 7}):
        with opened(tmp_path / "a.tif") as image:
            image.xmpData()[KEY] = json.dumps({**record, **change})
            image.writeMetadata()
        with pytest.raises(UnreadableFrame, match="this version understands"):
            read_record(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("name", "chosen", "told_so"),
    [
        ("a.jpg", {"compression": "lzw"}, "--compression"),
        ("a.png", {"tiled": True}, "--tiled"),
        ("a.tif", {"quality": 80}, "--quality"),
        ("a.jpg", {"quality": 0}, "1 to 100"),
        ("a.tif", {"compression": "lzma"}, "lzw"),
    ],
)
def test_a_format_that_does_not_fit_is_told_before_any_work(shoot, tmp_path, ear, name, chosen, told_so):
    with pytest.raises(UsageError) as caught:
        stack(shoot, tmp_path / name, file_format=FileFormat(**chosen), listeners=[ear])
    assert told_so in str(caught.value)
    assert ear.of("stage_started") == []


def test_formats_that_are_asked_for(shoot, tmp_path):
    plain = stack(shoot, tmp_path / "a.tif", align=False).picture
    for compression in ("lzw", "deflate"):
        target = tmp_path / f"{compression}.tif"
        stack(shoot, target, align=False, file_format=FileFormat(compression=compression, tiled=True))
        image = pyvips.Image.new_from_file(str(target))
        assert np.array_equal(image.numpy(), plain)
        assert image.get("tile-width") == 256
    stack(shoot, tmp_path / "fine.jpg", align=False)
    stack(shoot, tmp_path / "rough.jpg", align=False, file_format=FileFormat(quality=20))
    assert (tmp_path / "rough.jpg").stat().st_size < 0.4 * (tmp_path / "fine.jpg").stat().st_size


@pytest.mark.parametrize("odd", ["a\x01b", "line\nbreak", "<&\"'>", "K\u00e4fer \u87f2"])
def test_frames_of_odd_names(tagged, tmp_path, odd):
    """Whatever a file is called, its name harms neither the record nor the fields for others."""
    for number, path in enumerate(sorted(tagged.iterdir())):
        path.rename(path.with_name(f"{odd}{number}.tif"))
    stack(tagged, tmp_path / "a.jpg", align=False)
    record = read_record(tmp_path / "a.jpg")
    assert record.frame_count == 6
    legible = "".join(letter if letter.isprintable() else "?" for letter in odd)
    assert record.reference == f"{legible}3.tif"
    assert told(tmp_path / "a.jpg")["Xmp.xmpMM.DerivedFrom/stRef:filePath"] == record.reference
