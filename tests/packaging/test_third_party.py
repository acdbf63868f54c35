"""A plugin of a separate distribution is found, listed, selected and run; a broken one breaks nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest


def listed(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """Plugins of others by distribution."""
    assert done.returncode == 0, done.stderr
    plugins = json.loads(done.stdout)["plugins"]
    return {plugin["distribution"]: plugin for plugin in plugins if plugin["distribution"] != "stackcore"}


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    pixels = np.random.default_rng(3).integers(0, 65536, (3, 90, 120, 3), np.uint16)
    for number, frame in enumerate(pixels):
        assert cv2.imwrite(str(folder / f"f{number}.tif"), frame)
    return folder


def test_it_is_listed_with_its_origin(stackcore_with, third_party):
    found = listed(stackcore_with(third_party, "plugins", "list", "--json"))["acme-brightest"]
    assert (found["kind"], found["name"], found["version"], found["state"]) == ("fuser", "brightest", "0.3", "ok")
    assert found["summary"] == "Brightest wins."


def test_it_is_checked_where_neither_pytest_nor_hypothesis_is(stackcore_with, third_party, tmp_path):
    for name in ("pytest", "hypothesis"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not installed')\n")
    path = os.pathsep.join(map(str, (tmp_path, third_party)))
    done = stackcore_with(third_party, "plugins", "check", "brightest", "--json", variables={"PYTHONPATH": path})
    assert done.returncode == 4, done.stderr
    document = json.loads(done.stdout)
    assert (document["distribution"], document["version"]) == ("acme-brightest", "0.3")
    states = {promise["title"]: promise["state"] for promise in document["promises"]}
    assert states["every cut and order gives the same picture"] == "kept"
    assert states["pixels outside a frame never win"] == "broken"  # it never looks at what is valid


def test_broken_ones_are_listed_with_their_reason(stackcore_with, third_party):
    found = listed(stackcore_with(third_party, "plugins", "list", "--json"))
    for distribution, reason in (("acme-broken", "a_library_that_nobody_has"), ("acme-exits", "SystemExit: bye")):
        assert found[distribution]["state"] == "broken"
        assert reason in found[distribution]["reason"]
        assert distribution in found[distribution]["fix"]


def test_one_for_other_hooks_is_listed_as_such(stackcore_with, third_party, frames, tmp_path):
    found = listed(stackcore_with(third_party, "plugins", "list", "--json"))["acme-tomorrow"]
    assert (found["state"], found["api"]) == ("incompatible", "2")
    assert "version 2 of the hooks" in found["reason"]
    output = tmp_path / "out.tif"
    done = stackcore_with(third_party, "stack", str(frames), "-o", str(output), "--fuser", "tomorrow")
    assert done.returncode == 4
    assert "pip install --upgrade stackcore" in done.stderr


PROGRAM = """
import numpy as np, stackcore

frames = np.random.default_rng(3).integers(0, 65536, (3, 90, 120, 3), np.uint16)
result = stackcore.fuse(frames, fuser="brightest", align=False, hot_pixels=False)
assert np.array_equal(result.picture, frames.max(axis=0))
states = {plugin.distribution: plugin.state for plugin in stackcore.list_plugins("fuser")}
print(states["acme-brightest"], stackcore.plugin_options("fuser", "brightest"))
"""


def test_python_programs_use_it_as_well(third_party):
    environment = {**os.environ, "PYTHONPATH": str(third_party)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("ok []\n", "")


def test_it_is_selected_and_run(stackcore_with, third_party, frames, tmp_path):
    output = tmp_path / "out.tif"
    arguments = ("stack", str(frames), "-o", str(output), "--no-align", "--fuser", "brightest", "--json")
    done = stackcore_with(third_party, *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "completed"
    stack = np.stack([cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(frames.iterdir())])
    np.testing.assert_allclose(cv2.imread(str(output), cv2.IMREAD_UNCHANGED), stack.max(axis=0), atol=1)


@pytest.mark.parametrize(
    ("name", "why"), [("broken", "a_library_that_nobody_has"), ("brightset", 'did you mean "brightest"')]
)
def test_selecting_one_that_cannot_work_exits_with_4(stackcore_with, third_party, frames, tmp_path, name, why):
    output = tmp_path / "out.tif"
    done = stackcore_with(third_party, "stack", str(frames), "-o", str(output), "--fuser", name)
    assert done.returncode == 4
    assert why in done.stderr
    assert not output.exists()


def test_two_of_one_name_are_refused_and_both_named(stackcore_with, rivals, frames, tmp_path):
    found = listed(stackcore_with(rivals, "plugins", "list", "--json"))
    assert {plugin["state"] for plugin in found.values()} == {"duplicate"}
    done = stackcore_with(rivals, "stack", str(frames), "-o", str(tmp_path / "o.tif"), "--fuser", "brightest")
    assert done.returncode == 4
    assert "acme-brightest 0.3" in done.stderr
    assert "rival-brightest 9.0" in done.stderr


def test_leaving_one_of_two_out_lets_the_other_run(stackcore_with, rivals, frames, tmp_path):
    output = tmp_path / "o.tif"
    chosen = ("--disable-plugin", "rival-brightest:brightest")
    work = ("stack", str(frames), "--no-align", "-o", str(output), "--fuser", "brightest", "--quiet")
    done = stackcore_with(rivals, *chosen, *work)
    assert done.returncode == 0, done.stderr
    assert output.is_file()


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(["--disable-plugin", "brightest"], {}), ([], {"STACKCORE_DISABLE_PLUGINS": "fuser:brightest"})],
    ids=["option", "environment"],
)
def test_it_can_be_disabled(stackcore_with, third_party, arguments, variables):
    done = stackcore_with(third_party, *arguments, "plugins", "list", "--json", variables=variables)
    assert listed(done)["acme-brightest"]["state"] == "disabled"
