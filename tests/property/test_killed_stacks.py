"""A stack survives `kill -9`: real processes, killed at seeded moments, resumed until one of them ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

SEED = int(os.environ.get("STACKCORE_KILL_SEED", "20261122"))
CHAINS = int(os.environ.get("STACKCORE_KILL_CHAINS", "2"))
KILLS = 4
"""In one chain: the same command, killed so often before it may end."""

# The same command each time. It counts what it does to the disk and to the stack, and kills itself at a given count.
RUN = """
import os, signal, sys
from stackcore.api import processing
from stackcore.stacking import checkpoint

frames, target, plan, fatal = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
checkpoint.EVERY_S = checkpoint.SHARE = 0
count = 0

def tick(*_):
    global count
    count += 1
    if count == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

def around(name):
    real = getattr(os, name)
    def step(*arguments, **options):
        tick()
        result = real(*arguments, **options)
        tick()
        return result
    setattr(os, name, step)

for name in ("fsync", "replace", "mkdir", "unlink", "rmdir"):
    around(name)

result = processing.stack(
    frames, target, resume=True, slab_size=1, workers=2, settings={"executor": {"plan": plan}}, listeners=[tick]
)
print(count, "went on" if "align" not in result.seconds else "began")
"""


def run(frames: Path, target: Path, plan: str, fatal: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, str(frames), str(target), plan, str(fatal)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


@pytest.fixture(scope="module", params=["fold", "tree"])
def whole(request, stack_folder, tmp_path_factory):
    """Plan, bytes and number of moments of a run that nobody disturbs."""
    target = tmp_path_factory.mktemp("whole") / "a.tif"
    done = run(stack_folder, target, request.param, 0)
    assert done.returncode == 0, done.stderr
    return request.param, target.read_bytes(), int(done.stdout.split()[0])


@pytest.mark.parametrize("chain", range(CHAINS))
def test_the_same_bytes_after_any_number_of_kills(whole, chain, stack_folder, tmp_path):
    plan, expected, moments = whole
    dice = random.Random(f"{SEED} {plan} {chain}")
    target = tmp_path / "a.tif"
    killed = 0
    for _ in range(KILLS):
        done = run(stack_folder, target, plan, dice.randrange(1, moments))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        if target.exists():  # killed while it was clearing up; from now on nothing is overwritten unasked
            assert target.read_bytes() == expected, "half a picture was published"
            break
    assert killed
    if not target.exists():
        done = run(stack_folder, target, plan, 0)
        assert done.returncode == 0, done.stderr
        assert not target.with_name(".stackcore-a.tif.checkpoint").exists()
    assert target.read_bytes() == expected


def test_a_kill_late_in_the_work_costs_only_the_last_slab(whole, stack_folder, tmp_path):
    plan, expected, moments = whole
    target = tmp_path / "a.tif"
    assert run(stack_folder, target, plan, moments * 3 // 4).returncode == -signal.SIGKILL
    done = run(stack_folder, target, plan, 0)
    assert done.stdout.endswith("went on\n"), done.stderr
    assert target.read_bytes() == expected
