"""What the user names becomes the ordered files of a stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackcore.errors import FrameError, UnreadableFrame
from stackcore.stacking.inputs import collect, natural_key, refuse_single

SUFFIXES = {".jpg", ".tif", ".png"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("img10.jpg", "img9.JPG", "img1.jpg", "notes.txt", ".img5.jpg", "shoot.stackcore.json"):
        (tmp_path / name).touch()
    (tmp_path / "img2.jpg").mkdir()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def write_manifest(folder: Path, *paths: str) -> Path:
    manifest = folder / "run.stackcore.json"
    slices = [{"index": i, "files": [{"path": path}]} for i, path in enumerate(paths)]
    manifest.write_text(json.dumps({"schema": "stackcore.capture/1", "slices": slices}))
    return manifest


def test_a_folder_gives_its_readable_files_in_natural_order(folder):
    assert names(collect([folder], SUFFIXES)) == ["img1.jpg", "img9.JPG", "img10.jpg"]


def test_a_glob_does_the_same(folder):
    assert names(collect([str(folder / "img*")], SUFFIXES)) == ["img1.jpg", "img9.JPG", "img10.jpg"]
    assert names(collect([folder / "img1*.jpg"], SUFFIXES)) == ["img1.jpg", "img10.jpg"]


def test_files_keep_the_order_in_which_they_are_named(folder):
    assert names(collect([folder / "img10.jpg", str(folder / "img1.jpg")], SUFFIXES)) == ["img10.jpg", "img1.jpg"]


def test_a_file_may_have_the_signs_of_a_glob_in_its_name(tmp_path):
    (tmp_path / "a[1].jpg").touch()
    assert names(collect([tmp_path / "a[1].jpg"], SUFFIXES)) == ["a[1].jpg"]


def test_natural_order_reads_numbers_and_minds_no_case():
    shuffled = ["B1.jpg", "a10.jpg", "a2.jpg", "A1.jpg", "a2b.jpg", "10.jpg", "9.jpg"]
    assert sorted(map(Path, shuffled), key=natural_key) == [
        Path(name) for name in ("9.jpg", "10.jpg", "A1.jpg", "a2.jpg", "a2b.jpg", "a10.jpg", "B1.jpg")
    ]


def test_a_manifest_gives_its_frames_relative_to_itself_in_the_order_of_slices(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.jpg", "sub/a.jpg"):
        (tmp_path / name).touch()
    manifest = write_manifest(tmp_path, "b.jpg", "sub/a.jpg")
    assert collect([manifest], SUFFIXES) == [tmp_path / "b.jpg", tmp_path / "sub" / "a.jpg"]


def test_a_slice_of_a_manifest_without_a_file_is_passed_over(tmp_path):
    (tmp_path / "a.jpg").touch()
    manifest = tmp_path / "run.stackcore.json"
    manifest.write_text(json.dumps({"slices": [{"files": []}, {"files": [{"path": "a.jpg"}, {"path": "a.nef"}]}]}))
    assert names(collect([manifest], SUFFIXES)) == ["a.jpg"]


def test_a_manifest_names_the_frame_that_is_gone(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(UnreadableFrame) as caught:
        collect([write_manifest(tmp_path, "a.jpg", "lost.jpg")], SUFFIXES)
    assert "lost.jpg" in caught.value.what
    assert "run.stackcore.json" in caught.value.why


def test_a_manifest_with_a_frame_of_an_unknown_type(tmp_path):
    (tmp_path / "a.xyz").touch()
    with pytest.raises(UnreadableFrame, match="nothing here reads"):
        collect([write_manifest(tmp_path, "a.xyz")], SUFFIXES)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"slices": [{"files": [{}]}]}', '{"slices": 3}', "null"])
def test_a_manifest_that_is_none(tmp_path, text):
    manifest = tmp_path / "run.stackcore.json"
    manifest.write_text(text)
    with pytest.raises(UnreadableFrame, match="not a usable capture manifest"):
        collect([manifest], SUFFIXES)


def test_a_manifest_in_another_alphabet_is_refused_too(tmp_path):
    manifest = tmp_path / "run.stackcore.json"
    manifest.write_bytes(b"\xff\xfe{\x00")
    with pytest.raises(UnreadableFrame, match="not a usable capture manifest"):
        collect([manifest], SUFFIXES)


def test_a_missing_file_is_named_with_the_nearest_one(folder):
    with pytest.raises(UnreadableFrame) as caught:
        collect([folder / "img11.jpg"], SUFFIXES)
    assert "img11.jpg does not exist" in caught.value.what
    assert '"img10.jpg"' in caught.value.fix or '"img1.jpg"' in caught.value.fix


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UnreadableFrame) as caught:
        collect([tmp_path / "nowhere" / "a.jpg"], SUFFIXES)
    assert f"the folder {tmp_path / 'nowhere'} does not exist" in caught.value.fix


def test_an_unknown_extension_is_named_with_those_that_are_read(folder):
    with pytest.raises(UnreadableFrame) as caught:
        collect([folder / "img1.jpg", folder / "notes.txt"], SUFFIXES)
    assert '".txt"' in caught.value.why
    assert ".jpg, .png, .tif" in caught.value.fix


def test_a_frame_named_twice_is_refused(folder):
    with pytest.raises(FrameError, match=r"img9\.JPG is named twice"):
        collect([folder, folder / "img9.JPG"], SUFFIXES)
    with pytest.raises(FrameError, match="named twice"):
        collect([folder / "img1.jpg", folder / "img2.jpg" / ".." / "img1.jpg"], SUFFIXES)


@pytest.mark.parametrize("inputs", [[], ["empty"], ["*.jpg"]])
def test_no_frames(tmp_path, inputs):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FrameError, match="There are no frames"):
        collect([tmp_path / item for item in inputs], SUFFIXES)


def test_one_frame_is_not_a_stack(folder):
    with pytest.raises(FrameError, match="One frame is not a stack"):
        refuse_single([folder / "img1.jpg"])
    refuse_single([folder / "img1.jpg", folder / "img10.jpg"])
