"""What `stackcore plugins new` writes installs, is found, keeps its contract, and works, for every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest

from stackcore.api import new_plugin
from stackcore.hookspecs import Kind
from stackcore.registry import Registry

from .conftest import install

ROOT = Path(__file__).parents[2]
KINDS = get_args(Kind)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("new")
    names = {kind: "DAY" if kind == "token" else "my-own" for kind in KINDS}
    return [new_plugin(kind, names[kind], folder, registry=Registry([])).folder for kind in KINDS]


@pytest.fixture(scope="module")
def installed(sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with all of them."""
    return install(tmp_path_factory.mktemp("installed"), *sources)


def test_each_is_found_and_works(stackcore_with, installed):
    done = stackcore_with(installed, "plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    found = {p["kind"]: p for p in json.loads(done.stdout)["plugins"] if p["distribution"] != "stackcore"}
    assert {kind: (plugin["state"], plugin["reason"]) for kind, plugin in found.items()} == dict.fromkeys(
        KINDS, ("ok", "")
    )
    assert all(plugin["distribution"].startswith(f"stackcore-{kind}-") for kind, plugin in found.items())


def test_the_tests_of_each_are_green(sources, installed, tmp_path):
    told = tmp_path / "told.xml"
    options = ["-q", "-W", "error", "--import-mode=importlib", "-p", "no:cacheprovider", f"--junitxml={told}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, sources)],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    cases = [case for case in ElementTree.parse(told).iter("testcase") if case.find("skipped") is None]
    passed = Counter(case.attrib["classname"].rpartition("Test")[2] for case in cases)
    assert set(passed) == {"DayToken", *(f"MyOwn{kind.capitalize()}" for kind in KINDS if kind != "token")}
    assert min(passed.values()) >= 5, passed


def test_the_types_of_all_are_right(sources):
    """With our own settings, which are as strict: mypy remembers then what it found in the libraries."""
    places = [
        str(place) for source in sources for place in (*(source / "src").iterdir(), *(source / "tests").iterdir())
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *places],
        env={**os.environ, "MYPYPATH": os.pathsep.join(str(source / "src") for source in sources)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_camera_a_mode_and_a_token_shoot_together(stackcore_with, installed, tmp_path):
    done = stackcore_with(
        installed,
        *("capture", "--camera", "my-own", "--mode", "my-own", "--slices", "2", "--step", "5", "--delay-ms", "0"),
        *("--path", str(tmp_path / "@DAY" / "@MCT"), "--no-save", "--json"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (day,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert 1 <= int(day.name) <= 366
    assert sorted(path.name for path in day.glob("*.jpg")) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]


def test_an_aligner_a_fuser_a_sharpener_and_an_executor_stack_together(
    stackcore_with, installed, stack_folder, tmp_path
):
    chosen = [f"--{kind}=my-own" for kind in ("aligner", "fuser", "sharpener", "executor")]
    output = tmp_path / "sharp.tif"
    done = stackcore_with(installed, "stack", str(stack_folder), "-o", str(output), *chosen, "--sharpen=0.5", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert output.is_file()


def test_a_command_runs(stackcore_with, installed, stack_folder):
    done = stackcore_with(installed, "my-own", str(stack_folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6", ".tif"]
