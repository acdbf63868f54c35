"""Presets become what `stack` and `capture` take."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackcore import folders
from stackcore.api.capture_presets import capture_request
from stackcore.api.presets import settle_stack, stack_options
from stackcore.api.stacks import StackOptions
from stackcore.capturing.profiles import store_profile
from stackcore.errors import ConfigError, UsageError
from stackcore.stacking.file_format import FileFormat


@pytest.fixture
def preset(tmp_path: Path) -> str:
    (tmp_path / "p.toml").write_text(
        """
[capture]
slices = 30
camera = "simulator-legacy"
live_view_start = false
job = "Beetles"
[camera]
width_px = 192
[stack]
fuser = "depthmap"
memory = "1GiB"
sharpen = 1.5
exposure = 0.5
white_balance = [2.0, 1.0, 1.5, 1.0]
flat = "white.dng"
[fuser]
smooth_px = 32
[output]
format = "tif"
compression = "deflate"
quality = 80
depth_map = "{name}-depth.png"
keep_slabs = "{name}-slabs"
"""
    )
    return str(tmp_path / "p.toml")


def test_nothing_asked_for_is_what_python_does_by_itself() -> None:
    options = stack_options()
    raw = {"colour_space", "exposure_ev", "highlights"}
    assert options == StackOptions(passed_over=frozenset(raw))


def test_a_preset_becomes_options(preset: str, tmp_path: Path) -> None:
    settled = settle_stack(preset, output="out/beetle", fuser=None, once={"overwrite": True})
    options = settled.options()
    assert settled.output == Path("out/beetle.tif")
    assert (options.fuser, options.settings) == ("depthmap", {"fuser": {"smooth_px": 32}})
    assert (options.memory_bytes, options.sharpen, options.exposure_ev) == (2**30, "1.5", 0.5)
    assert options.white_balance == [2.0, 1.0, 1.5, 1.0]
    assert options.flat == tmp_path / "white.dng"
    assert options.file_format == FileFormat(compression="deflate")
    assert options.depth_map == Path("out/beetle-depth.png")
    assert options.keep_slabs == Path("out/beetle-slabs")
    assert (options.overwrite, options.preset) == (True, preset)


def test_what_a_preset_says_of_other_types_is_passed_over(preset: str) -> None:
    assert settle_stack(preset, output="a.jpg").options().file_format == FileFormat(quality=80)
    assert settle_stack(preset, output="a.png").options().file_format == FileFormat()
    asked = settle_stack(preset, output="a.jpg", compression="lzw").options().file_format
    assert asked.compression == "lzw"  # typed, so that `check` refuses it
    with pytest.raises(UsageError):
        asked.check(Path("a.jpg"))


def test_what_is_given_wins_and_files_that_are_given_stay_where_they_are(preset: str) -> None:
    options = settle_stack(
        preset, output="out/a.tif", depth_map=Path("d.png"), crop=False, settings={"fuser": {"edge": 0.1}}
    ).options()
    assert options.depth_map == Path("d.png")
    assert options.crop is False
    assert options.settings == {"fuser": {"smooth_px": 32, "edge": 0.1}}


def test_without_a_result_there_are_no_further_files(preset: str) -> None:
    options = stack_options(preset)
    assert (options.depth_map, options.keep_slabs) == (None, None)


def test_choices_for_raws_are_passed_over_only_where_nobody_typed_them(preset: str) -> None:
    named = {"white_balance", "exposure_ev", "flat"}
    assert named <= stack_options(preset).passed_over
    assert named - stack_options(preset, white_balance="daylight").passed_over == {"white_balance"}


def test_of_two_that_contradict_each_other_the_stronger_layer_holds(preset: str) -> None:
    assert stack_options(preset, last_is_greycard=True).white_balance is None
    both = stack_options(last_is_greycard=True, white_balance="daylight")
    assert (both.last_is_greycard, both.white_balance) == (True, "daylight")  # refused where they are used


@pytest.mark.parametrize(("key", "value"), [("slabs", "maybe"), ("on_unaligned", "wait")])
def test_a_given_value_that_is_none_is_refused(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=key.replace("_", "-")):
        stack_options(**{key: value})


def test_like_and_preset_contradict_each_other(preset: str) -> None:
    with pytest.raises(UsageError, match="contradict"):
        stack_options(preset, like="a.tif")


def test_python_asks_for_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKCORE_STACK_FUSER", "weighted")
    monkeypatch.setenv("STACKCORE_STAK_FUSER", "weighted")
    assert stack_options().fuser == "blend"
    options = stack_options(surroundings=True)
    assert options.fuser == "weighted"
    assert [code for code, _ in options.notes] == ["variable-unknown"]


def test_a_request_takes_preset_and_given_and_leaves_the_rest_to_the_profile(preset: str) -> None:
    store_profile(folders.config_folder(), "default", {"slices": 5, "step": 7, "job": "Old"})
    request = capture_request(preset, step=9, fields={"bd1": "x"}, settings={"camera": {"height_px": 128}})
    assert (request.slices, request.step, request.delay_ms, request.camera) == (30, 9, None, "simulator-legacy")
    assert request.fields == {"job": "Beetles", "bd1": "x"}
    assert request.settings == {"camera": {"width_px": 192, "height_px": 128}}
    assert (request.start_live_view, request.sharpness) == (False, True)


def test_the_profile_wins_over_the_users_defaults() -> None:
    folder = folders.config_folder()
    folder.mkdir(parents=True)
    (folder / "defaults.toml").write_text("[capture]\nslices = 40\nstep = 3\n")
    store_profile(folder, "default", {"slices": 5})
    request = capture_request(surroundings=True)
    assert (request.slices, request.step) == (None, 3)


def test_a_camera_that_is_not_there_names_the_place() -> None:
    folder = folders.config_folder()
    folder.mkdir(parents=True)
    (folder / "defaults.toml").write_text("[capture]\nslices = 200\n")
    with pytest.raises(ConfigError, match=r"defaults\.toml:2"):
        capture_request(surroundings=True)
