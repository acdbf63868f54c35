"""What `develop` and `sharpen` take from presets, and what they leave to stacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips

from stackcore.api.processing import sharpen
from stackcore.api.stage_presets import develop_options, sharpen_choices
from stackcore.errors import ConfigError, UsageError

PRESET = """
[stack]
fuser = "weighted"
sharpener = "bounded"
sharpen = "0:0:2"
linear = true
colour_space = "adobe-rgb"
exposure = 0.5
workers = 2
memory = "1GiB"
[fuser]
exponent = 4
[sharpener]
noise_floor = 2.0
[developer]
demosaic = "ppg"
[output]
compression = "deflate"
format = "png"
"""


@pytest.fixture
def preset(tmp_path: Path) -> str:
    file = tmp_path / "mine.toml"
    file.write_text(PRESET)
    return str(file)


def test_develop_takes_what_is_about_raw_files(preset: str) -> None:
    options = develop_options(preset, exposure=1.0, overwrite=True)
    assert (options.linear, options.colour_space, options.exposure_ev) == (True, "adobe-rgb", 1.0)
    assert (options.workers, options.memory_bytes, options.overwrite) == (2, 2**30, True)
    assert options.file_format.compression == "deflate"
    assert options.settings == {"developer": {"demosaic": "ppg"}}


def test_sharpen_takes_strength_sharpener_and_type(preset: str) -> None:
    target, choices = sharpen_choices(preset, output=Path("out"))
    assert target == Path("out.png")
    assert (choices["strength"], choices["sharpener"]) == ("0:0:2", "bounded")
    assert choices["settings"] == {"sharpener": {"noise_floor": 2.0}, "developer": {"demosaic": "ppg"}}
    assert sharpen_choices(preset, output=Path("a.tif"), sharpen="1")[1]["strength"] == "1"
    assert sharpen_choices(preset, output=Path("a.tif"))[1]["file_format"].compression == "deflate"


def test_nothing_said_is_the_usual(tmp_path: Path) -> None:
    _, choices = sharpen_choices(output=Path("a.tif"))
    assert (choices["strength"], choices["sharpener"], choices["settings"]) == ("1", "unsharp3", {})
    options = develop_options()
    assert (options.linear, options.colour_space, options.executor) == (False, "srgb", "local")


def test_the_settings_around_hold_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKCORE_STACK_COLOUR_SPACE", "prophoto")
    monkeypatch.setenv("STACKCORE_STAK_SHARPEN", "3")
    options = develop_options(surroundings=True)
    assert options.colour_space == "prophoto"
    assert "STACKCORE_STAK_SHARPEN" in options.notes[0][1]
    assert develop_options().colour_space == "srgb"


def test_what_was_typed_and_belongs_elsewhere_is_refused(stack_folder: Path, tmp_path: Path) -> None:
    target, choices = sharpen_choices(output=tmp_path / "a.tif", settings={"fuser": {"levels": 3}})
    with pytest.raises((ConfigError, UsageError), match="fuser"):
        sharpen(stack_folder / "img8.tif", target, **choices)


def test_a_preset_makes_the_picture_that_its_words_make(stack_folder: Path, tmp_path: Path, preset: str) -> None:
    source = stack_folder / "img8.tif"
    target, choices = sharpen_choices(preset, output=tmp_path / "a.tif")
    sharpen(source, target, **choices)
    sharpen(
        source,
        tmp_path / "b.tif",
        strength="0:0:2",
        sharpener="bounded",
        settings={"sharpener": {"noise_floor": 2.0}},
    )
    one, other = (pyvips.Image.new_from_file(str(tmp_path / name)).numpy() for name in ("a.tif", "b.tif"))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, pyvips.Image.new_from_file(str(source)).numpy())
