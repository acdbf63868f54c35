from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stackcore.capturing.plan import CaptureSettings
from stackcore.capturing.profiles import load_profile, profile_file, store_profile
from stackcore.errors import ConfigError, UsageError


def test_a_profile_that_was_never_stored_remembers_nothing(tmp_path: Path) -> None:
    assert load_profile(tmp_path, "default") == {}


@pytest.mark.parametrize("path", ["a/@GRP", 'quo"te\\back', "tab\tnewline\nnul\x00 del\x7f", "Käfer 甲虫 🪲"])
def test_what_is_stored_is_loaded(tmp_path: Path, path: str) -> None:
    settings = CaptureSettings(slices=7, step=33, delay_ms=0, mode="preview", path=path, camera="fake")
    file = store_profile(tmp_path, "default", settings.model_dump())
    assert load_profile(tmp_path, "default") == settings.model_dump()
    assert tomllib.loads(file.read_text(encoding="utf-8"))["path"] == path


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("slices = 500", "slices"),
        ("slices = '7'", "slices"),
        ("slice = 7", "slices"),
        ("slices 7", "TOML|Expected"),
        ("slices = 7\nslices = 8", "verwrite"),
    ],
)
def test_a_wrong_profile_is_a_config_error_that_names_it(tmp_path: Path, text: str, hint: str) -> None:
    file = profile_file(tmp_path, "default")
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConfigError, match=hint) as caught:
        load_profile(tmp_path, "default")
    assert str(file) in str(caught.value)


def test_a_profile_that_is_not_text_is_a_config_error(tmp_path: Path) -> None:
    file = profile_file(tmp_path, "default")
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError):
        load_profile(tmp_path, "default")


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "x" * 65, "ä", "con", "COM1"])
def test_a_profile_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        profile_file(tmp_path, name)
