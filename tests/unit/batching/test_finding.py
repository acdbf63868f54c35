from __future__ import annotations

import json

import pytest

from stackcore.batching.finding import Search, find_stacks
from stackcore.errors import FrameError, UsageError

SUFFIXES = (".jpg", ".tif", ".nef")


def fill(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def manifest(folder, name, frames):
    record = {"slices": [{"files": [{"path": frame}]} for frame in frames]}
    (folder / f"{name}.stackcore.json").write_text(json.dumps(record))


def listed(places, **search):
    found = find_stacks(places, SUFFIXES, Search(**search))
    return {stack.name: [path.name for path in stack.frames] for stack in found}


def test_a_folder_of_frames_is_one_stack_in_the_order_of_its_slices(tmp_path):
    fill(tmp_path / "beetle", "f10.jpg", "f2.jpg", "notes.txt", ".hidden.jpg")
    assert listed([tmp_path / "beetle"]) == {"beetle": ["f2.jpg", "f10.jpg"]}


def test_a_folder_of_folders_stands_for_them_one_level_deep(tmp_path):
    fill(tmp_path / "a", "1.jpg", "2.jpg")
    fill(tmp_path / "b", "1.jpg", "2.jpg")
    fill(tmp_path / "c" / "deep", "1.jpg", "2.jpg")
    fill(tmp_path / ".trash", "1.jpg", "2.jpg")
    assert list(listed([tmp_path])) == ["a", "b"]
    assert list(listed([tmp_path], recursive=True)) == ["a", "b", "c-deep"]


def test_folders_of_results_are_not_looked_into(tmp_path):
    fill(tmp_path / "a", "1.jpg", "2.jpg")
    fill(tmp_path / "out", "a.tif", "b.tif")
    assert list(listed([tmp_path], leave_out=(tmp_path / "out",), recursive=True)) == ["a"]


def test_a_pattern_chooses_frames_whatever_their_case(tmp_path):
    fill(tmp_path / "a", "1.NEF", "1.JPG", "2.nef", "2.jpg")
    assert listed([tmp_path / "a"], pattern="*.nef") == {"a": ["1.NEF", "2.nef"]}


def test_manifests_tell_stacks_of_one_folder_apart(tmp_path):
    fill(tmp_path / "a", *(f"{n}.jpg" for n in range(7)))
    manifest(tmp_path / "a", "r1", ["0.jpg", "1.jpg"])
    manifest(tmp_path / "a", "r2", ["2.jpg", "3.jpg", "4.jpg"])
    assert listed([tmp_path / "a"]) == {
        "a-r1": ["0.jpg", "1.jpg"],
        "a-r2": ["2.jpg", "3.jpg", "4.jpg"],
        "a-other": ["5.jpg", "6.jpg"],
    }
    assert list(listed([tmp_path / "a"], split="folder")) == ["a"]


def test_a_broken_manifest_costs_its_own_stack_alone(tmp_path):
    fill(tmp_path / "a", "0.jpg", "1.jpg")
    manifest(tmp_path / "a", "r1", ["0.jpg", "1.jpg"])
    manifest(tmp_path / "a", "r2", ["gone.jpg", "1.jpg"])
    found = find_stacks([tmp_path / "a"], SUFFIXES, Search())
    assert [(stack.name, stack.problem is None) for stack in found] == [("a-r1", True), ("a-r2", False)]


def test_a_folder_without_a_manifest_is_a_problem_where_one_is_asked_for(tmp_path):
    fill(tmp_path / "a", "0.jpg", "1.jpg")
    with pytest.raises(FrameError, match="manifest"):
        find_stacks([tmp_path / "a"], SUFFIXES, Search(split="manifest"))


def test_equal_names_are_told_apart_by_the_folders_above_them(tmp_path):
    fill(tmp_path / "mon" / "wing", "1.jpg", "2.jpg")
    fill(tmp_path / "tue" / "Wing", "1.jpg", "2.jpg")
    assert list(listed([tmp_path / "mon" / "wing", tmp_path / "tue" / "Wing"])) == ["mon-wing", "tue-Wing"]


def test_names_that_clash_even_so_are_numbered(tmp_path):
    fill(tmp_path / "x" / "mon" / "wing", "1.jpg", "2.jpg")
    fill(tmp_path / "y" / "mon" / "wing", "1.jpg", "2.jpg")
    places = [tmp_path / "x" / "mon" / "wing", tmp_path / "y" / "mon" / "wing"]
    assert list(listed(places)) == ["mon-wing", "mon-wing-2"]


def test_an_empty_folder_beside_good_ones_is_kept_as_a_problem(tmp_path):
    fill(tmp_path / "a", "1.jpg", "2.jpg")
    fill(tmp_path / "one", "1.jpg")
    (tmp_path / "empty").mkdir()
    found = find_stacks([tmp_path / name for name in ("a", "one", "empty")], SUFFIXES, Search())
    assert [stack.problem is None for stack in found] == [True, False, False]


def test_nothing_at_all_is_refused(tmp_path):
    with pytest.raises(FrameError, match="--recursive"):
        find_stacks([tmp_path], SUFFIXES, Search())


@pytest.mark.parametrize("kind", ["missing", "file", "twice"])
def test_places_that_are_no_folders_are_refused(tmp_path, kind):
    fill(tmp_path / "a", "1.jpg", "2.jpg")
    places = {"missing": [tmp_path / "b"], "file": [tmp_path / "a" / "1.jpg"], "twice": [tmp_path / "a"] * 2}[kind]
    with pytest.raises(UsageError):
        find_stacks(places, SUFFIXES, Search())
