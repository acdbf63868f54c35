"""Plugins chosen for a run: one developer per suffix, built when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.api.memory import peak_memory_bytes
from stackcore.api.toolbox import Toolbox
from stackcore.config import NoOptions
from stackcore.errors import ConfigError, PluginError, UnreadableFrame, UsageError
from stackcore.hookspecs import Offer, hookimpl
from stackcore.registry import Registry
from stackcore.testing.dng import RawCamera, write_dng


def developer(name: str, *suffixes: str, build: Any = str) -> Any:
    offer = Offer[Any](name=name, summary="x", options=NoOptions, build=build, capabilities=suffixes)
    return hookimpl(lambda: [offer])


def test_every_suffix_has_its_developer():
    tools = Toolbox(Registry.discover(), {})
    assert {".jpg", ".tif", ".tiff", ".png", ".dng", ".nef"} <= tools.suffixes
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in tools.suffixes)


def test_a_developer_is_built_when_it_is_first_asked_for_anything_and_only_once(fake_plugins):
    built = []

    class Reader:
        prepare = read_reduced = read = mosaic = None

        def probe(self, path: Path) -> str:
            return f"probed {path}"

    def build(options: Any) -> Reader:
        built.append(options)
        return Reader()

    fake_plugins.add("dev", stackcore_developers=developer("dev", ".abc", build=build))
    tools = Toolbox(Registry.discover(), {})
    assert tools.suffixes == {".abc"}
    assert built == []
    for _ in range(2):
        assert tools.developers[".abc"].probe(Path("x.abc")) == "probed x.abc"
    assert len(built) == 1


def test_two_developers_of_one_suffix_are_refused_by_name(fake_plugins):
    fake_plugins.add("one", stackcore_developers=developer("one", ".abc"))
    fake_plugins.add("two", stackcore_developers=developer("two", ".xyz", ".abc"))
    with pytest.raises(PluginError) as caught:
        Toolbox(Registry.discover(), {})
    assert '"one" and "two"' in caught.value.why
    assert "--disable-plugin developer:two" in caught.value.fix


def test_where_a_wrong_value_came_from_decides_the_kind_of_error():
    tools = Toolbox(Registry.discover(), {"executor": {"workers": 1000}})
    with pytest.raises(UsageError):
        tools.executor("local", 0)
    with pytest.raises(ConfigError):
        tools.executor("local", 2)
    with pytest.raises(UsageError):
        tools.sharpener("unsharp3", "1:x:1")


def test_settings_win_over_defaults():
    executor = Toolbox(Registry.discover(), {"executor": {"workers": 3}}).executor("local", None)
    assert executor.workers == 3
    executor.close()


def test_peak_memory_is_told_in_bytes():
    peak = peak_memory_bytes()
    assert peak is None or 10_000_000 < peak < 10**12


@pytest.mark.parametrize("suffix", [".jpg", ".dng"])
def test_one_pixel_limit_holds_for_pictures_and_raws(tmp_path, suffix):
    path = tmp_path / f"large{suffix}"
    if suffix == ".dng":
        write_dng(path, np.full((1000, 1200, 3), 0.2, np.float32), RawCamera())
    else:
        assert cv2.imwrite(str(path), np.zeros((1000, 1200, 3), np.uint8))
    assert Toolbox(Registry.discover(), {}).developers[suffix].probe(path).width == 1200
    with pytest.raises(UnreadableFrame, match="the limit is 1 megapixels"):
        Toolbox(Registry.discover(), {"developer": {"max_megapixels": 1}}).developers[suffix].probe(path)
    with pytest.raises(ConfigError, match="max_megapixels"):
        Toolbox(Registry.discover(), {"developer": {"max_megapixels": 0}}).developers[suffix].probe(path)
