"""The wheel carries both packages, their types, every entry point and the licence."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    (path,) = folder.glob("stackcore-*-py3-none-any.whl")
    return zipfile.ZipFile(path)


def read(wheel: zipfile.ZipFile, name: str) -> str:
    (path,) = [path for path in wheel.namelist() if path.endswith(f".dist-info/{name}")]
    return wheel.read(path).decode()


def test_every_module_is_in_it_and_nothing_else(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    outside = {
        path.relative_to(ROOT / base).as_posix()
        for base in ("src", "plugins")
        for path in (ROOT / base).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == outside
    assert {"stackcore/py.typed", "stackcore_plugins/py.typed"} <= inside


def test_every_entry_point_leads_to_a_module_in_it(wheel):
    declared = ConfigParser()
    declared.optionxform = str  # type: ignore[assignment,method-assign]
    declared.read_string(read(wheel, "entry_points.txt"))
    assert declared["console_scripts"]["stackcore"] == "stackcore.cli.app:main"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dict(declared["stackcore"]) == project["entry-points"]["stackcore"]
    modules = {value.replace(".", "/") + ".py" for value in declared["stackcore"].values()}
    assert modules <= set(wheel.namelist())


def test_every_built_in_plugin_is_declared(wheel):
    declared = read(wheel, "entry_points.txt")
    modules = [
        name for name in wheel.namelist() if name.startswith("stackcore_plugins/") and name.endswith("/plugin.py")
    ]
    assert modules
    for module in modules:
        assert module.removesuffix(".py").replace("/", ".") in declared


def test_the_metadata_says_who_may_use_it(wheel):
    metadata = read(wheel, "METADATA")
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
