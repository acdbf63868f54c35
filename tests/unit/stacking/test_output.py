"""The finished picture is in its place, complete, or it is not there at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips

from stackcore.errors import OutputError, UsageError
from stackcore.stacking import file_format, output

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def picture(dtype: str) -> np.ndarray:
    smooth = cv2.GaussianBlur(np.random.default_rng(3).random((40, 56, 3)).astype(np.float32), (0, 0), 3)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return smooth if dtype == "float32" else np.rint(smooth * np.iinfo(dtype).max).astype(dtype)


def read(path: Path) -> np.ndarray:
    image = pyvips.Image.new_from_file(str(path))
    return np.asarray(image.numpy())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["a.tif", "a.tiff", "A.TIF", "a.png"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_lossless_files_give_back_every_bit(tmp_path, name, dtype):
    pixels = picture(dtype)
    before = pixels.copy()
    output.write_picture(pixels, tmp_path / name, overwrite=False)
    assert np.array_equal(read(tmp_path / name), pixels)
    assert read(tmp_path / name).dtype == dtype
    assert np.array_equal(pixels, before)
    assert files(tmp_path) == [name]


def test_a_float_tiff_gives_back_every_bit_even_beyond_white(tmp_path):
    pixels = picture("float32") * np.float32(1.5) - np.float32(0.2)
    output.write_picture(pixels, tmp_path / "a.tif", overwrite=False)
    assert np.array_equal(read(tmp_path / "a.tif"), pixels)


def test_float_becomes_sixteen_bits_in_a_png_and_is_clipped(tmp_path):
    pixels = picture("float32") * np.float32(1.5) - np.float32(0.2)
    output.write_picture(pixels, tmp_path / "a.png", overwrite=False)
    expected = np.rint(np.clip(pixels, 0, 1) * 65535)
    assert np.abs(read(tmp_path / "a.png") - expected).max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_jpeg_has_eight_bits_and_the_right_brightness(tmp_path, dtype):
    pixels = picture(dtype)
    output.write_picture(pixels, tmp_path / "a.jpg", overwrite=False)
    full = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    back = read(tmp_path / "a.jpg")
    assert back.dtype == np.uint8
    assert np.abs(back - pixels * (255 / full)).max() < 10
    assert abs(float(back.mean()) - float(pixels.mean()) * 255 / full) < 0.5


def test_a_part_of_an_array_is_written_as_it_is_seen(tmp_path):
    pixels = picture("uint16")[5:30, ::-1]
    output.write_picture(pixels, tmp_path / "a.tif", overwrite=False)
    assert np.array_equal(read(tmp_path / "a.tif"), pixels)


def test_a_very_large_tiff_gets_wide_offsets(tmp_path, monkeypatch):
    output.write_picture(picture("uint8"), tmp_path / "small.tif", overwrite=False)
    monkeypatch.setattr(file_format, "_BIG", 1000)
    output.write_picture(picture("uint8"), tmp_path / "big.tif", overwrite=False)
    assert (tmp_path / "small.tif").read_bytes()[2] == 42
    assert (tmp_path / "big.tif").read_bytes()[2] == 43  # BigTIFF


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_the_colour_profile_goes_into_the_file(tmp_path, name):
    profile = pyvips.Image.black(4, 4).icc_export(output_profile="srgb").get("icc-profile-data")
    output.write_picture(picture("uint8"), tmp_path / name, overwrite=False, icc=profile)
    assert pyvips.Image.new_from_file(str(tmp_path / name)).get("icc-profile-data") == profile


def test_nothing_is_overwritten_unasked(tmp_path):
    target = tmp_path / "a.tif"
    target.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        output.check_target(target, overwrite=False)
    # It may also appear while the work is done.
    with pytest.raises(OutputError, match="appeared while"):
        output.write_picture(picture("uint8"), target, overwrite=False)
    with pytest.raises(OutputError, match="appeared while"):
        output.write_text("new", target, overwrite=False)
    assert target.read_bytes() == b"mine"
    assert files(tmp_path) == ["a.tif"]


def test_a_dangling_link_counts_as_existing(tmp_path):
    target = tmp_path / "a.tif"
    target.symlink_to(tmp_path / "elsewhere.tif")
    with pytest.raises(OutputError, match="exists already"):
        output.check_target(target, overwrite=False)
    with pytest.raises(OutputError, match="appeared while"):
        output.write_picture(picture("uint8"), target, overwrite=False)
    assert files(tmp_path) == ["a.tif"]


def test_it_is_overwritten_when_asked(tmp_path):
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    output.check_target(target, overwrite=True)
    output.write_picture(picture("uint8"), target, overwrite=True)
    assert np.array_equal(read(target), picture("uint8"))
    output.write_text("text\n", target, overwrite=True)
    assert target.read_text() == "text\n"
    assert files(tmp_path) == ["a.png"]


@pytest.mark.parametrize("name", ["a.bmp", "a.tfi", "a", "a.jpg.part"])
def test_an_unknown_extension_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(UsageError) as caught:
        output.check_target(tmp_path / name, overwrite=False)
    assert ".jpg" in caught.value.fix
    assert ".tif" in caught.value.fix


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError) as caught:
        output.check_target(tmp_path / "no" / "a.tif", overwrite=False)
    assert str(tmp_path / "no") in caught.value.why


def test_a_folder_is_no_target(tmp_path):
    (tmp_path / "a.tif").mkdir()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="it is a folder"):
            output.check_target(tmp_path / "a.tif", overwrite=overwrite)


@pytest.mark.skipif(AS_ROOT or os.name == "nt", reason="root may write everywhere, and Windows marks folders otherwise")
def test_a_read_only_folder_is_named(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="is not writable"):
            output.check_target(folder / "a.tif", overwrite=False)
        with pytest.raises(OutputError):
            output.write_picture(picture("uint8"), folder / "a.tif", overwrite=False)
    finally:
        folder.chmod(0o700)


def test_a_folder_that_vanishes_while_the_work_is_done(tmp_path):
    target = tmp_path / "gone" / "a.tif"
    with pytest.raises(OutputError, match=r"a\.tif could not be written"):
        output.write_picture(picture("uint8"), target, overwrite=False)
    with pytest.raises(OutputError, match=r"a\.tif could not be saved"):
        output.write_text("text", target, overwrite=False)


def test_an_input_is_refused_under_any_of_its_names(tmp_path):
    frame = tmp_path / "a.tif"
    frame.touch()
    (tmp_path / "sub").mkdir()
    for target in (frame, tmp_path / "sub" / ".." / "a.tif"):
        with pytest.raises(OutputError, match="is one of the inputs"):
            output.refuse_input(target, [tmp_path / "b.tif", frame])
    output.refuse_input(tmp_path / "c.tif", [frame])


FULL_DISK = """
import json, resource, sys
from pathlib import Path
import numpy as np
from stackcore.errors import OutputError
from stackcore.stacking import output
folder = Path(sys.argv[1])
pixels = np.random.default_rng(0).integers(0, 65536, (200, 300, 3), np.uint16)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
told = {}
jobs = {n: (lambda t: output.write_picture(pixels, t, overwrite=True)) for n in ("a.tif", "a.png", "a.jpg", "old.tif")}
jobs["a.json"] = lambda t: output.write_text("x" * 100_000, t, overwrite=True)
for name, job in jobs.items():
    try:
        job(folder / name)
    except OutputError as error:
        told[name] = [error.exit_code, error.what, error.why]
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(json.dumps(told))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file")
def test_a_disk_that_fills_up_leaves_nothing_and_harms_nothing(tmp_path):
    (tmp_path / "old.tif").write_bytes(b"of yesterday")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    told = json.loads(done.stdout)
    assert sorted(told) == ["a.jpg", "a.json", "a.png", "a.tif", "old.tif"]
    for name, (code, what, why) in told.items():
        assert code == 7
        assert name in what
        assert why
    assert files(tmp_path) == ["old.tif"]
    assert (tmp_path / "old.tif").read_bytes() == b"of yesterday"


NO_ROOM_FOR_METADATA = """
import json, resource, sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from stackcore.metadata.carrying import nothing
from stackcore.metadata.record import Record
from stackcore.metadata.writing import Metadata
from stackcore.stacking import output
folder = Path(sys.argv[1])
pixels = np.random.default_rng(0).integers(0, 65536, (200, 300, 3), np.uint16)
record = Record(software="s", command="stack", frames=("a",), frame_count=1, reference="a")
metadata = Metadata(carried=nothing(), record=record, made_at=datetime.now(UTC))
target = folder / sys.argv[2]
output.write_picture(pixels, target, overwrite=False)
plain = target.read_bytes()
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
told = []
for room in (0, 300, 1000, 2000):
    target.unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(plain) + 64 + room, hard))
    notes = output.write_picture(pixels, target, overwrite=False, metadata=metadata)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    told.append([notes, len(target.read_bytes()) - len(plain)])
print(json.dumps(told))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file")
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_a_disk_with_room_for_the_picture_alone_gets_the_picture(tmp_path, name):
    command = [sys.executable, "-c", NO_ROOM_FOR_METADATA, str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    for notes, more in json.loads(done.stdout):
        [note] = notes
        assert "without metadata" in note
        assert abs(more) < 64  # the resolution is told all the same
    assert files(tmp_path) == [name]
    assert read(tmp_path / name).shape == (200, 300, 3)
