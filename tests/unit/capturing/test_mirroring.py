from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from stackcore.capturing import mirroring, preflight
from stackcore.capturing.mirroring import mirror_folder
from stackcore.errors import OutputError, UsageError
from stackcore.paths import naming


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_mirror_holds_the_same_under_the_same_names(stage: Any) -> None:
    mirror = stage.folder.parent / "mirror"
    stage.camera.files_per_still = ("jpg", "nef")
    stage.capture(path="@EXT/@GRP/@MCT", base=stage.folder, mirror=mirror)
    assert len(stage.saved()) == 6
    kept = {name: data for name, data in tree(stage.folder).items() if not name.endswith(".log")}
    assert tree(mirror) == kept  # the manifest, too; the log tells of this folder alone
    assert stage.codes() == []


def test_an_anchored_template_starts_at_the_mirror(stage: Any) -> None:
    mirror = stage.folder.parent / "mirror"
    result = stage.capture(slices=2, path=f"{stage.folder.as_posix()}/@MCT", mirror=mirror)
    inside = stage.folder.relative_to(stage.folder.anchor)
    assert (mirror / inside / "1.jpg").read_bytes() == result.files[0].read_bytes()


def test_a_number_that_keeps_names_apart_is_that_of_the_frame(stage: Any) -> None:
    mirror = stage.folder.parent / "mirror"
    for _ in range(2):
        stage.capture(slices=2, path="x", base=stage.folder, mirror=mirror)
    assert sorted(name for name in tree(mirror) if name.endswith("jpg")) == [
        "x-(1).jpg",
        "x-(2).jpg",
        "x-(3).jpg",
        "x.jpg",
    ]


def test_a_file_in_the_mirror_is_never_touched(stage: Any) -> None:
    mirror = stage.folder.parent / "mirror"
    mirror.mkdir(parents=True)
    (mirror / "2.jpg").write_text("mine")
    stage.capture(path="@MCT", base=stage.folder, mirror=mirror)
    assert (mirror / "2.jpg").read_text() == "mine"
    assert (mirror / "2-(1).jpg").read_bytes() == (stage.folder / "2.jpg").read_bytes()
    assert stage.codes() == ["mirror"]


def test_a_failing_mirror_is_a_warning_for_each_frame(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = stage.folder.parent / "mirror"

    def fail(data: bytes, target: Path) -> None:
        raise OutputError(f"{target} could not be saved.", "no space left on device.", "free some space.")

    monkeypatch.setattr(mirroring, "place", fail)
    result = stage.capture(path="@MCT", base=stage.folder, mirror=mirror)
    assert result.outcome == "completed"
    assert len(stage.saved()) == 3
    assert [(event.code, event.frame) for event in result.warnings] == [("mirror", f"{n}.jpg") for n in (1, 2, 3)]
    assert [len(entry.warnings) for entry in stage.manifest().slices] == [1, 1, 1]
    assert not mirror.exists()


def test_a_mirror_that_goes_away_loses_its_copies_only(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = stage.folder.parent / "mirror"
    place = naming.place

    def unplugged(data: bytes, target: Path) -> Any:
        if target.name == "2.jpg":
            raise OutputError(f"{target} could not be saved.", "input/output error.", "look.")
        return place(data, target)

    monkeypatch.setattr(mirroring, "place", unplugged)
    stage.capture(path="@MCT", base=stage.folder, mirror=mirror)
    assert sorted(name for name in tree(mirror) if name.endswith("jpg")) == ["1.jpg", "3.jpg"]
    assert len(stage.saved()) == 3


def test_the_manifest_lies_where_it_does_among_the_frames(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = stage.folder.parent / "mirror"
    place = naming.place

    def late(data: bytes, target: Path) -> Any:
        if target.parent.name == "1":
            raise OutputError(f"{target} could not be saved.", "input/output error.", "look.")
        return place(data, target)

    monkeypatch.setattr(mirroring, "place", late)
    result = stage.capture(path="@SLICE/x", base=stage.folder, mirror=mirror)
    copy = mirror / result.manifest.relative_to(stage.folder)
    assert copy.read_bytes() == result.manifest.read_bytes()


def test_a_mirror_that_is_not_writable_warns_before_the_run(stage: Any) -> None:
    mirror = stage.folder.parent / "mirror"
    mirror.parent.mkdir(parents=True)
    mirror.write_text("in the way")
    result = stage.capture(slices=2, path="@MCT", base=stage.folder, mirror=mirror)
    assert [event.code for event in result.warnings] == ["preflight", "mirror", "mirror"]
    assert "--mirror" in result.warnings[0].message


def test_the_manifest_that_cannot_be_copied_is_a_warning(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes, target: Path) -> None:
        raise OutputError(f"{target} could not be saved.", "gone.", "look.")

    monkeypatch.setattr(mirroring, "replace", fail)
    assert stage.capture(path="@MCT", base=stage.folder, mirror=stage.folder.parent / "m").outcome == "completed"
    assert stage.codes() == ["mirror"]


def test_a_preview_mirrors_nothing(stage: Any) -> None:
    stage.capture(mode="preview", mirror=stage.folder.parent / "mirror")
    assert not (stage.folder.parent / "mirror").exists()


def test_a_mirror_is_remembered_as_it_was_meant_and_can_be_left_out(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (stage.folder.parent / name).mkdir(parents=True)
    monkeypatch.chdir(stage.folder.parent / "here")
    stage.capture(slices=2, path="@GCT1", base=stage.folder, mirror="copies")
    monkeypatch.chdir(stage.folder.parent / "there")
    stage.capture(slices=2, path="@GCT1", base=stage.folder)
    stage.capture(slices=2, path="@GCT1", base=stage.folder, mirror="")
    copies = stage.folder.parent / "here" / "copies"
    assert sorted(path.name for path in copies.glob("*.jpg")) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert os.listdir(stage.folder.parent / "there") == []


def test_the_folder_of_the_frames_is_no_mirror(stage: Any) -> None:
    stage.folder.mkdir(parents=True)
    (stage.folder.parent / "link").symlink_to(stage.folder)
    for mirror in (stage.folder, stage.folder.parent / "link"):
        with pytest.raises(UsageError, match="themselves"):
            stage.capture(path="@MCT", base=stage.folder, mirror=mirror)
    assert stage.camera.calls == []


def test_what_names_a_mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert mirror_folder("~/copies") == mirror_folder("copies") == tmp_path / "copies"
    assert mirror_folder("d:copies", drives=True).name
    with pytest.raises(UsageError, match="no drives"):
        mirror_folder("D:\\copies", drives=False)


def test_a_read_only_destination_is_told_before_anything_moves(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(preflight.tempfile, "TemporaryFile", refuse)
    with pytest.raises(OutputError, match="Read-only") as caught:
        stage.capture()
    assert "--path" in caught.value.fix
    assert stage.camera.moves == []
    assert not stage.folder.exists()
