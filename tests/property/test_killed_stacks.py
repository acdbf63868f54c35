"""A stack survives `kill -9`: real processes, killed at seeded moments, resumed until one of them ends."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

from stackcore.api.processing import stack
from stackcore.errors import ConfigError
from stackcore.stacking.budget import parse_bytes
from stackcore.testing.scene import make_stack

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

SEED = int(os.environ.get("STACKCORE_KILL_SEED", "20261122"))
CHAINS = int(os.environ.get("STACKCORE_KILL_CHAINS", "1"))
KILLS = 4
"""In one chain: the same command, killed so often before it may end."""

# The same command each time. It counts what it does to the disk and to the stack, and kills itself at a given count, or
# as soon as a slab is kept.
RUN = """
import json, os, pathlib, signal, sys
from stackcore.api import processing
from stackcore.stacking import checkpoint

frames, target, choices, fatal = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
checkpoint.EVERY_S = checkpoint.SHARE = 0
count = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def tick(*_):
    global count
    count += 1
    if str(count) == fatal:
        die()

def around(name):
    real = getattr(os, name)
    def step(*arguments, **options):
        tick()
        result = real(*arguments, **options)
        tick()
        kept = str(arguments[-1])
        if fatal == "kept" and (kept.endswith("checkpoint.json") or ".slabs" in kept and name == "rename"):
            die()
        return result
    setattr(os, name, step)

for name in ("fsync", "replace", "mkdir", "unlink", "rmdir", "rename"):
    around(name)

result = processing.stack(frames, target, resume=True, listeners=[tick], **choices)
print(count, *result.warnings, "went on" if "align" not in result.seconds else "began")
"""


class Case(NamedTuple):
    """A command, and what a run of it that nobody disturbs writes: by name, and in so many moments."""

    frames: Path
    choices: dict[str, Any]
    expected: dict[str, bytes]
    moments: int


def run(case: Case | tuple[Path, dict[str, Any]], target: Path, fatal: int | str) -> subprocess.CompletedProcess[str]:
    places = {name: str(target.parent / value) for name, value in case[1].get("places", {}).items()}
    choices = {**{name: value for name, value in case[1].items() if name != "places"}, **places}
    command = [sys.executable, "-c", RUN, str(case[0]), str(target), json.dumps(choices), str(fatal)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


def files_in(folder: Path) -> dict[str, bytes]:
    """What lies there, but for what was half written under a temporary name when the process was killed."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if not re.fullmatch(r"(.*/)?\.stackcore-[0-9a-f]{16}\..*", name)}


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames of 64 x 300: high enough for three strips."""
    folder = tmp_path_factory.mktemp("tall")
    for index, frame in enumerate(make_stack(64, 300, 3, seed=5).frames):
        assert cv2.imwrite(str(folder / f"t{index}.png"), np.ascontiguousarray(frame[..., ::-1]))
    return folder


COMMANDS: dict[str, dict[str, Any]] = {
    "fold": {"slab_size": 2, "places": {"keep_slabs": "slabs"}},
    "tree": {"slab_size": 1, "settings": {"executor": {"plan": "tree"}}, "sharpen": "1"},
    "images": {"slab_size": 2, "slabs": "images", "places": {"keep_slabs": "slabs", "keep_aligned": "aligned"}},
    "strips": {
        "slab_size": 1,
        "slab_overlap": 0,
        "align": False,
        "hot_pixels": False,
        "fuser": "max",
        "places": {"depth_map": "depth.png", "keep_aligned": "aligned"},
    },
}


@pytest.fixture(scope="module", params=COMMANDS)
def case(
    request: pytest.FixtureRequest, stack_folder: Path, tall: Path, tmp_path_factory: pytest.TempPathFactory
) -> Case:
    choices = {"workers": 2, **COMMANDS[request.param]}
    frames = stack_folder
    if request.param == "strips":
        frames = tall
        given = {name: value for name, value in choices.items() if name != "places"}
        with pytest.raises(ConfigError) as caught:
            stack(tall, memory_bytes=1, **given)
        choices["memory_bytes"] = parse_bytes(re.findall(r"--memory (\w+)", caught.value.fix)[0])
    target = tmp_path_factory.mktemp("whole") / "a.tif"
    done = run((frames, choices), target, 0)
    assert done.returncode == 0, done.stderr
    return Case(frames, choices, files_in(target.parent), int(done.stdout.split()[0]))


@pytest.mark.parametrize("chain", range(CHAINS))
def test_the_same_bytes_after_any_number_of_kills(case: Case, chain: int, tmp_path: Path) -> None:
    dice = random.Random(f"{SEED} {case.choices} {chain}")
    target = tmp_path / "a.tif"
    killed = 0
    for _ in range(KILLS):
        done = run(case, target, dice.randrange(1, case.moments))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        assert not target.exists() or target.read_bytes() == case.expected["a.tif"], "half a picture was published"
    assert killed
    assert run(case, target, 0).returncode == 0, done.stderr
    assert files_in(tmp_path) == case.expected


def test_the_same_bytes_after_a_kill_at_every_slab(case: Case, tmp_path: Path) -> None:
    """Each process gets as far as the next slab that is kept, and goes on where the one before was killed."""
    target = tmp_path / "a.tif"
    killed = 0
    while (done := run(case, target, "kept")).returncode:
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        assert killed < 20
    assert done.stdout.endswith("went on\n")
    assert killed >= 2
    assert files_in(tmp_path) == case.expected


@pytest.mark.parametrize("back", [1, 4, 7])
def test_a_kill_while_it_clears_up_leaves_a_result_that_the_next_run_finds(
    case: Case, tmp_path: Path, back: int
) -> None:
    if "places" in case.choices and back > 1:
        pytest.skip("once is enough")
    target = tmp_path / "a.tif"
    assert run(case, target, case.moments - back).returncode == -signal.SIGKILL
    assert target.read_bytes() == case.expected["a.tif"]
    done = run(case, target, 0)
    assert done.returncode == 0, done.stderr
    assert "is there already" in done.stdout
    assert files_in(tmp_path) == case.expected
