"""Layers from real places: files of user and project, profile, preset, variables, command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackcore import folders
from stackcore.api.stacks import StackOptions
from stackcore.capturing.plan import CaptureSettings
from stackcore.capturing.profiles import store_profile
from stackcore.errors import ConfigError, UsageError
from stackcore.presets.commanding import command_layer
from stackcore.presets.finding import SHIPPED, find_preset, known_presets, project_file, user_presets
from stackcore.presets.gathering import Asked, built_in, gather
from stackcore.presets.layering import LAYERS


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


ORDER = [name for name in LAYERS if name != "like"]


@pytest.mark.parametrize("strongest", range(len(ORDER)))
def test_each_layer_wins_over_those_below_it(tmp_path: Path, strongest: int) -> None:
    """Every layer up to one says its own number; that one wins, and is named as the place."""
    number = {name: 20 + place for place, name in enumerate(ORDER)}
    said = ORDER[: strongest + 1]
    asked: dict[str, Any] = {"folder": tmp_path, "with_profile": True, "environment": {}}
    for name in said:
        text = f"[capture]\nslices = {number[name]}\n"
        if name == "user":
            put(folders.config_folder() / "defaults.toml", text)
        elif name == "project":
            put(tmp_path / "stackcore.toml", text)
        elif name == "profile":
            store_profile(folders.config_folder(), "default", {"slices": number[name]})
        elif name == "preset":
            asked["preset"] = str(put(tmp_path / "p.toml", text))
        elif name == "environment":
            asked["environment"] = {"STACKCORE_CAPTURE_SLICES": str(number[name])}
        elif name == "command":
            asked["command"] = command_layer(("capture",), {"slices": number[name]}, {})
    setting = gather(Asked(**asked)).resolved.settings["capture", "slices"]
    assert setting.layer == ORDER[strongest]
    assert setting.value == (12 if strongest == 0 else number[ORDER[strongest]])
    place = {
        "built-in": "built-in:",
        "user": "defaults.toml:2",
        "project": "stackcore.toml:2",
        "profile": "default:1",
        "preset": "p.toml:2",
        "environment": "STACKCORE_CAPTURE_SLICES",
        "command": "--slices",
    }[setting.layer]
    assert place in setting.where


def test_the_project_is_the_nearest_file_above(tmp_path: Path) -> None:
    put(tmp_path / "stackcore.toml", "")
    inner = put(tmp_path / "a" / "stackcore.toml", "")
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert project_file(tmp_path / "a" / "b" / "c") == inner
    assert project_file(tmp_path) == tmp_path / "stackcore.toml"


@pytest.mark.parametrize("how", ["asked", "variable"])
def test_the_surroundings_can_be_left_out(tmp_path: Path, how: str) -> None:
    put(folders.config_folder() / "defaults.toml", "broken")
    put(tmp_path / "stackcore.toml", "broken")
    environment = {"STACKCORE_STACK_FUSER": "weighted", "STACKCORE_STACK_CROP": "broken"}
    if how == "variable":
        environment["STACKCORE_NO_CONFIG"] = "1"
    asked = Asked(folder=tmp_path, environment=environment, surroundings=how == "variable", preset="quick-draft")
    found = gather(asked).resolved
    assert {s.layer for s in found.settings.values()} == {"built-in", "preset"}
    with pytest.raises(ConfigError, match=r"defaults\.toml:1"):
        gather(Asked(folder=tmp_path, environment={}))


def test_the_built_in_settings_are_the_defaults_from_python() -> None:
    usual = StackOptions()
    names = {"exposure": "exposure_ev"}
    for setting in built_in():
        if setting.section == "stack":
            assert getattr(usual, names.get(setting.key, setting.key)) == setting.value, setting.name
        elif setting.section == "output":
            assert getattr(usual.file_format, setting.key) == setting.value, setting.name
        elif setting.key not in ("live_view_start", "sharpness"):
            assert CaptureSettings.model_fields[setting.key].default == setting.value, setting.name


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UsageError, match='did you mean "studio-10x"'):
        find_preset("studio-10")
    with pytest.raises(UsageError, match="no preset file"):
        find_preset("./studio.toml")


def test_presets_of_user_and_package_are_known() -> None:
    put(user_presets() / "product.toml", "")
    put(user_presets() / "own.toml", "")
    told = {known.name: (known.source, known.hides) for known in known_presets()}
    assert told["product"] == ("user", True)
    assert told["own"] == ("user", False)
    assert told["microscope"] == ("shipped", False)
    assert set(told) == {path.stem for path in SHIPPED.glob("*.toml")} | {"own"}


def test_an_unknown_key_from_python_is_refused() -> None:
    with pytest.raises(UsageError, match='did you mean "fuser"'):
        command_layer(("stack", "output"), {"fusre": "blend"}, {})
