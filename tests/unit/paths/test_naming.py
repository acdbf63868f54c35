from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from stackcore.errors import OutputError
from stackcore.paths import naming
from stackcore.paths.naming import create, free_suffix, move_without_replacing, place, replace


def no_links(*arguments: Any, **options: Any) -> None:
    raise OSError(errno.EPERM, "no links here")


def test_a_file_is_placed_with_its_folder(tmp_path: Path) -> None:
    done = place(b"pixels", tmp_path / "a" / "b" / "x.jpg")
    assert done.path.read_bytes() == b"pixels"
    assert (done.bytes, done.sha256, done.suffix) == (6, hashlib.sha256(b"pixels").hexdigest(), 0)
    assert os.listdir(done.path.parent) == ["x.jpg"]


@pytest.mark.parametrize("links", [True, False])
def test_a_taken_name_gets_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    names = [place(bytes([n]), tmp_path / "x.y.jpg").path for n in range(3)]
    assert [path.name for path in names] == ["x.y.jpg", "x.y-(1).jpg", "x.y-(2).jpg"]
    assert [path.read_bytes() for path in names] == [b"\0", b"\1", b"\2"]
    assert free_suffix([tmp_path / "x.y.jpg"]) == 3
    assert free_suffix([tmp_path / "new.jpg", tmp_path / "x.y.jpg"]) == 3


def test_a_name_taken_by_a_dangling_link_is_taken(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").symlink_to(tmp_path / "nowhere")
    assert place(b"", tmp_path / "x.jpg").path.name == "x-(1).jpg"


@pytest.mark.parametrize("links", [True, False])
def test_a_move_refuses_an_existing_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    target.write_text("old")
    with pytest.raises(FileExistsError):
        move_without_replacing(source, target)
    assert (source.read_text(), target.read_text()) == ("new", "old")
    target.unlink()
    move_without_replacing(source, target)
    assert (source.exists(), target.read_text()) == (False, "new")


@pytest.mark.parametrize("act", [place, replace])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "old.json").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no space left") as caught:
        act(b"new", tmp_path / "old.json")
    assert caught.value.exit_code == 7
    assert "free some space" in caught.value.fix
    assert os.listdir(tmp_path) == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_a_stop_while_writing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        place(b"new", tmp_path / "x.jpg")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputError):
        place(b"", tmp_path / "a" / "x.jpg")


def test_replace_changes_a_file_in_one_step(tmp_path: Path) -> None:
    for text in (b"one", b"two"):
        replace(text, tmp_path / "new" / "m.json")
    assert (tmp_path / "new" / "m.json").read_bytes() == b"two"
    assert os.listdir(tmp_path / "new") == ["m.json"]


def test_create_makes_a_file_and_never_replaces_one(tmp_path: Path) -> None:
    create(b"first", tmp_path / "a" / "x.json")
    with pytest.raises(OutputError, match="exists already"):
        create(b"second", tmp_path / "a" / "x.json")
    assert (tmp_path / "a" / "x.json").read_bytes() == b"first"
    assert os.listdir(tmp_path / "a") == ["x.json"]


def test_endless_collisions_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "_MOST_NAMES", 2)
    place(b"", tmp_path / "x.jpg")
    place(b"", tmp_path / "x.jpg")
    with pytest.raises(OutputError, match="2 files"):
        place(b"", tmp_path / "x.jpg")
    with pytest.raises(OutputError, match="2 files"):
        free_suffix([tmp_path / "x.jpg"])
