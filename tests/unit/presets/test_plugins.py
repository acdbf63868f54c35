"""Plugins and their options that presets choose: each fault with its place, and the exit code of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.api.preset_files import validate_preset
from stackcore.api.presets import stack_options
from stackcore.errors import ConfigError, PluginError, StackcoreError

WRONG = [
    ('[stack]\n\nfuser = "blned"', 3, PluginError, 'did you mean "blend"'),
    ('[stack]\naligner = "sift"', 2, PluginError, "ecc"),
    ('[capture]\nmode = "ful"', 2, PluginError, 'did you mean "full"'),
    ('[capture]\ncamera = "simulater:x"', 2, PluginError, 'did you mean "simulator"'),
    ("[fuser]\nlevels = 99", 2, ConfigError, "less than or equal to 12"),
    ("[fuser]\nlevels = 3\nlevles = 3", 3, ConfigError, 'did you mean "levels"'),
    ('[stack]\nfuser = "weighted"\n[fuser]\nlevels = 3', 4, ConfigError, 'no option "levels"'),
    ('[stack]\nmodel = "bent"', 2, ConfigError, "'shift'"),
    ('[stack]\nsharpen = "1:2"', 2, ConfigError, "three joined by colons"),
    ("[developer]\ndemosiac = 1", 2, ConfigError, 'did you mean "demosaic"'),
    ("[developer]\nmax_megapixels = -1", 2, ConfigError, "max_megapixels"),
    ("[camera]\nwidth_px = 1", 2, ConfigError, "width_px"),
    (
        '[stack]\nfuser = "contrast"\n[fuser]\ncontrast_weight = 0\nhard_mask = true',
        5,
        ConfigError,
        "cannot all be 0",
    ),
]


@pytest.mark.parametrize(("text", "line", "kind", "told"), WRONG, ids=[text for text, *_ in WRONG])
def test_what_a_plugin_does_not_take_has_its_line(
    tmp_path: Path, text: str, line: int, kind: type[StackcoreError], told: str
) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(kind) as caught:
        validate_preset(str(tmp_path / "x.toml"))
    assert caught.value.what.startswith(f"{tmp_path / 'x.toml'}:{line}: ")
    assert told in str(caught.value)


def test_options_of_a_plugin_that_is_not_chosen_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('[fuser]\nlevels = 3\n[stack]\nfuser = "blend"\n')
    options = stack_options(str(tmp_path / "x.toml"), fuser="weighted")
    assert options.fuser == "weighted"
    assert options.settings == {}


def test_nobody_sharpens(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('[stack]\nsharpen = 2\nsharpener = "none"\n')
    validate_preset(str(tmp_path / "x.toml"))
    assert stack_options(str(tmp_path / "x.toml")).sharpen is None
