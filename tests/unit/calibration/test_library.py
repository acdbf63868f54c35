"""The library: what is kept comes back, whole or not at all, and nothing harms anything else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackcore.calibration.entries import DarkEntry, WhiteBalanceEntry
from stackcore.calibration.library import Library
from stackcore.errors import ConfigError, OutputError, UsageError
from stackcore.metadata.shot import Shot

Make = Callable[..., Any]


def image(seed: int = 0, dtype: Any = np.float32) -> np.ndarray:
    return (np.random.default_rng(seed).random((16, 24)) * 100 + 500).astype(dtype)


def files(library: Library) -> list[str]:
    return sorted(path.name for path in library.folder.iterdir())


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_dark_comes_back_as_it_was(library: Library, make_dark: Make, dtype: Any) -> None:
    path = library.store_dark(make_dark(), image(dtype=dtype))
    assert path == library.file("d850")
    entry = library.dark("d850")
    assert entry == make_dark(image=entry.image)
    assert library.image(entry).dtype == dtype
    np.testing.assert_array_equal(library.image(entry), image(dtype=dtype))
    assert files(library) == sorted(["d850.json", entry.image])


def test_the_file_says_what_it_is(library: Library, make_dark: Make, make_balance: Make) -> None:
    written = json.loads(library.store_dark(make_dark(), image()).read_text())
    assert written["schema"] == "stackcore.dark/1"
    assert written["hot"] == [[20, 1], [3, 12]]
    assert (library.folder / written["image"]).is_file()
    written = json.loads(library.store_white_balance(make_balance()).read_text())
    assert written["schema"] == "stackcore.white-balance/1"
    assert written["multipliers"] == [2.0, 1.0, 1.6, 1.003]


def test_the_picture_is_a_plain_tiff(library: Library, make_dark: Make) -> None:
    import pyvips

    library.store_dark(make_dark(), image())
    seen = pyvips.Image.new_from_file(str(library.image_file(library.dark("d850"))))
    assert (seen.width, seen.height, seen.bands, seen.format) == (24, 16, 1, "float")


def test_a_white_balance_comes_back(library: Library, make_balance: Make) -> None:
    library.store_white_balance(make_balance())
    assert library.white_balance("studio-flash") == (2.0, 1.0, 1.6, 1.003)
    assert library.entry("studio-flash") == make_balance()


def test_an_empty_library(library: Library) -> None:
    contents = library.contents()
    assert (contents.darks, contents.white_balances, contents.broken, contents.names) == ((), (), (), [])
    assert library.match(Shot(), 24, 16) is None
    assert not library.folder.exists()  # looking makes nothing


def test_the_folder_is_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKCORE_DATA_DIR", str(tmp_path))
    assert Library().folder == tmp_path / "calibration"


def test_contents_are_sorted_by_name(library: Library, make_dark: Make, make_balance: Make) -> None:
    for name in ("b", "a"):
        library.store_dark(make_dark(name), image())
        library.store_white_balance(make_balance(f"w{name}"))
    assert [d.name for d in library.contents().darks] == ["a", "b"]
    assert library.contents().names == ["a", "b", "wa", "wb"]


# ---------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name", ["", "a b", "../x", "-a", "a" * 65, "CON", "a.b", "none", "Auto", "camera", "daylight"]
)
def test_a_name_that_none_can_have(library: Library, name: str) -> None:
    with pytest.raises(UsageError, match="can be called"):
        library.file(name)


def test_an_unknown_name_gets_a_hint(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark("macro"), image())
    with pytest.raises(UsageError, match='holds no "marco"') as caught:
        library.dark("marco")
    assert '"macro"' in caught.value.fix


def test_a_thing_of_the_other_kind_is_refused(library: Library, make_dark: Make, make_balance: Make) -> None:
    library.store_dark(make_dark(), image())
    library.store_white_balance(make_balance())
    with pytest.raises(UsageError, match="cannot be used here"):
        library.white_balance("d850")
    with pytest.raises(UsageError, match="cannot be used here"):
        library.dark("studio-flash")
    for overwrite in (False, True):
        with pytest.raises(OutputError):
            library.store_dark(make_dark("studio-flash"), image(), overwrite=overwrite)
        with pytest.raises(OutputError):
            library.store_white_balance(make_balance("d850"), overwrite=overwrite)
    assert library.contents().names == ["d850", "studio-flash"]


# ---------------------------------------------------------------------- replacing


def test_nothing_is_replaced_unasked(library: Library, make_dark: Make, make_balance: Make) -> None:
    library.store_dark(make_dark(), image(1))
    library.store_white_balance(make_balance())
    before = files(library)
    with pytest.raises(OutputError, match="already"):
        library.store_dark(make_dark(iso=800), image(2))
    with pytest.raises(OutputError, match="already"):
        library.store_white_balance(make_balance())
    assert files(library) == before
    assert library.dark("d850").iso == 64


def test_asked_for_it_is_replaced_with_its_picture(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark(), image(1))
    library.store_dark(make_dark(iso=800), image(2), overwrite=True)
    entry = library.dark("d850")
    assert entry.iso == 800
    np.testing.assert_array_equal(library.image(entry), image(2))
    assert files(library) == sorted(["d850.json", entry.image])  # the old picture is gone


def test_a_broken_entry_is_replaced_when_asked(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark(), image(1))
    library.file("d850").write_text("{")
    library.store_dark(make_dark(), image(2), overwrite=True)
    np.testing.assert_array_equal(library.image(library.dark("d850")), image(2))


def test_the_name_is_taken_meanwhile(library: Library, make_dark: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "check_free", lambda *a, **k: library.folder.mkdir(exist_ok=True))
    library.store_dark(make_dark(), image(1))
    before = files(library)
    with pytest.raises(OutputError, match="exists already"):
        library.store_dark(make_dark(), image(2))
    assert files(library) == before
    np.testing.assert_array_equal(library.image(library.dark("d850")), image(1))


# ---------------------------------------------------------------------- faults


class Fault:
    """Lets the n-th call to the file system fail, whichever it is."""

    CALLS = ("fsync", "replace", "link", "unlink")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, moment: int, error: BaseException) -> None:
        self.seen = 0
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._failing(getattr(os, name), moment, error))

    def _failing(self, real: Any, moment: int, error: BaseException) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.seen += 1
            if self.seen - 1 == moment:
                raise error
            return real(*arguments, **options)

        return call


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "interrupt"]
)
@pytest.mark.parametrize("replacing", [False, True])
def test_a_fault_at_any_moment_leaves_old_or_new(
    tmp_path: Path, make_dark: Make, monkeypatch: pytest.MonkeyPatch, replacing: bool, error: BaseException
) -> None:
    faults = 0
    for moment in count():
        library = Library(tmp_path / f"{moment}")
        if replacing:
            library.store_dark(make_dark(), image(1))
        with monkeypatch.context() as patched:
            fault = Fault(patched, moment, error)
            try:
                library.store_dark(make_dark(iso=800), image(2), overwrite=replacing)
            except (OutputError, KeyboardInterrupt):
                faults += 1
        contents = library.contents()
        assert contents.broken == ()
        for entry in contents.darks:
            np.testing.assert_array_equal(library.image(entry), image(2 if entry.iso == 800 else 1))
        assert len(contents.darks) == 1 or not replacing
        left = {entry.image for entry in contents.darks}
        assert len(set(files(library)) - left - {"d850.json"}) <= 1  # an old picture that could not be removed
        if fault.seen <= moment:
            break
    assert faults >= 3
    assert [entry.iso for entry in contents.darks] == [800]


class Killed(BaseException):
    """Nothing is cleaned up after this."""


def test_a_run_killed_before_the_entry_leaves_what_was_there(
    library: Library, make_dark: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.store_dark(make_dark(), image(1))

    def die(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(Path, "unlink", lambda *a, **k: None)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("stackcore.calibration.library.replace", die)
        with pytest.raises(Killed):
            library.store_dark(make_dark(iso=800), image(2), overwrite=True)
    monkeypatch.undo()
    entry = library.dark("d850")
    assert entry.iso == 64
    np.testing.assert_array_equal(library.image(entry), image(1))
    assert len(files(library)) == 3  # the picture of the killed run

    library.store_dark(make_dark(iso=400), image(3), overwrite=True)
    assert len(files(library)) == 3  # it may still be at work
    for path in library.folder.glob("*.tif"):
        os.utime(path, (time.time() - 7200,) * 2)
    library.store_dark(make_dark(iso=200), image(4), overwrite=True)
    assert files(library) == sorted(["d850.json", library.dark("d850").image])


def test_the_pictures_of_others_are_never_swept_away(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark("d850-long"), image(1))
    (library.folder / "my.tif").write_bytes(b"mine")
    for path in library.folder.iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    library.store_dark(make_dark("d850"), image(2))
    library.remove("d850")
    assert "my.tif" in files(library)
    np.testing.assert_array_equal(library.image(library.dark("d850-long")), image(1))


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path, make_dark: Make) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        Library(tmp_path / "file" / "calibration").store_dark(make_dark(), image())


# ---------------------------------------------------------------------- broken entries


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "JSON"),
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "object"),
        (b'{"schema": "stackcore.dark/2"}', "stackcore.dark/2"),
        (b'{"schema": "stackcore.dark/1", "name": "d850"}', "required"),
    ],
)
def test_a_broken_entry_is_named_and_harms_no_other(
    library: Library, make_dark: Make, content: bytes, reason: str
) -> None:
    library.store_dark(make_dark("good"), image())
    library.file("bad").write_bytes(content)
    contents = library.contents()
    assert [entry.name for entry in contents.darks] == ["good"]
    ((name, problem),) = contents.broken
    assert name == "bad"
    assert reason in problem.why
    assert "bad.json" in problem.what
    assert "library remove bad" in problem.fix
    with pytest.raises(ConfigError):
        library.dark("bad")
    assert library.match(make_dark().shot, 24, 16) is not None
    library.remove("bad")
    assert library.contents().broken == ()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("hot", [[24, 3]], "[24, 3] lies outside of 24x16"),
        ("dead", [[3, -1]], "[3, -1] lies outside"),
        ("frames", 0, "frames"),
        ("mine", 1, "mine"),
    ],
)
def test_a_dark_that_was_changed_by_hand_is_checked(
    library: Library, make_dark: Make, key: str, value: Any, reason: str
) -> None:
    path = library.store_dark(make_dark(), image())
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        library.dark("d850")
    assert reason in caught.value.why


@pytest.mark.parametrize("factor", [0, -1.0, "NaN"])
def test_a_white_balance_that_was_changed_by_hand_is_checked(library: Library, make_balance: Make, factor: Any) -> None:
    path = library.store_white_balance(make_balance())
    path.write_text(json.dumps({**json.loads(path.read_text()), "multipliers": [factor, 1, 1, 1]}))
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        library.white_balance("studio-flash")
    assert "multipliers" in caught.value.why


def test_a_stray_file_is_not_to_be_removed_by_a_name_it_cannot_have(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark(), image())
    (library.folder / "my notes.json").write_text("{}")
    ((name, problem),) = library.contents().broken
    assert name == "my notes"
    assert "library remove" not in problem.fix


def test_an_entry_under_another_name_is_broken(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark(), image())
    library.file("d850").rename(library.file("mine"))
    ((name, problem),) = library.contents().broken
    assert name == "mine"
    assert '"d850"' in problem.why


def test_a_missing_or_damaged_picture_is_named(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark(), image())
    entry = library.dark("d850")
    picture = library.image_file(entry)
    whole = picture.read_bytes()
    for damaged in (b"", b"II*\0junk", whole[:200]):
        picture.write_bytes(damaged)
        with pytest.raises(ConfigError, match='"d850"'):
            library.image(entry)
    picture.unlink()
    with pytest.raises(ConfigError, match='"d850"') as caught:
        library.dark("d850")
    assert entry.image in caught.value.why
    with pytest.raises(ConfigError, match="no name"):
        library.image_file(entry.model_copy(update={"image": "../../secret.tif"}))


def test_a_picture_of_another_size_is_named(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark("a"), image())
    library.store_dark(make_dark("b", height=15), image()[:15])
    swapped = library.dark("a").model_copy(update={"image": library.dark("b").image})
    with pytest.raises(ConfigError, match="damaged") as caught:
        library.image(swapped)
    assert "24x15" in caught.value.why
    with pytest.raises(ValueError, match="picture"):
        library.store_dark(make_dark("c"), image()[:15])


# ---------------------------------------------------------------------- removing, correcting


def test_removing_takes_all_of_it_away(library: Library, make_dark: Make, make_balance: Make) -> None:
    library.store_dark(make_dark(), image())
    library.store_white_balance(make_balance())
    assert library.remove("d850") == library.file("d850")
    library.remove("studio-flash")
    assert files(library) == []
    with pytest.raises(UsageError, match='holds no "d850"'):
        library.remove("d850")


def test_the_correction_of_an_entry(library: Library, make_dark: Make) -> None:
    library.store_dark(make_dark(), image(dtype=np.uint16))
    entry = library.dark("d850")
    alone = library.correction_of(entry, with_dark=False)
    assert alone.dark is None
    assert alone.defects == ((20, 1), (5, 9), (3, 12))  # by rows
    both = library.correction_of(entry, with_dark=True)
    assert both.dark is not None
    assert both.dark.dtype == np.float32
    np.testing.assert_array_equal(both.dark, image(dtype=np.uint16))
    assert both.defects == alone.defects


def test_entries_are_of_two_kinds(library: Library, make_dark: Make, make_balance: Make) -> None:
    library.store_dark(make_dark(), image())
    library.store_white_balance(make_balance())
    assert isinstance(library.entry("d850"), DarkEntry)
    assert isinstance(library.entry("studio-flash"), WhiteBalanceEntry)
