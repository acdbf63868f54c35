"""A real stack, killed at random instants and resumed until it is done, with a check of its bytes; a script.

    python tests/bench/killed_stacks.py shoot/*.jpg --kills 20 --seed 1 -- --fuser blend --memory 1GiB

What follows `--` goes to `stackcore stack`. One run is not disturbed, and tells how long the instants may be. Each of
the others is ended by SIGKILL at an instant of its own and started again with the same command, with 1, 2 or 4 workers
in turn. Prints a line for each, and exits with 1 when a byte differs. Checkpoints are made as often as slabs end.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# What the command does, with a checkpoint at the end of each slab instead of every 30 s.
RUN = """
import sys
from stackcore.cli.app import main
from stackcore.stacking import checkpoint

checkpoint.EVERY_S = checkpoint.SHARE = 0
sys.argv = ["stackcore", *sys.argv[1:]]
main()
"""


def started(frames: Sequence[str], target: Path, workers: int, options: Sequence[str]) -> subprocess.Popen[str]:
    """The command under way."""
    command = ["stack", *frames, "-o", str(target), "--resume", "--workers", str(workers), "--quiet", *options]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def killed_and_resumed(
    frames: Sequence[str], target: Path, options: Sequence[str], dice: random.Random, longest_s: float, kills: int
) -> int:
    """Make `target` through at most so many kills; how many there were."""
    for killed in range(kills + 1):
        process = started(frames, target, (1, 2, 4)[killed % 3], options)
        try:
            process.wait(None if killed == kills else dice.uniform(0, longest_s))
        except subprocess.TimeoutExpired:
            process.kill()
        said = process.communicate()[1]
        if process.returncode == 0:
            return killed
        if process.returncode > 0:
            raise SystemExit(f"the run ended with exit code {process.returncode}:\n{said}")
    raise AssertionError("unreachable")  # the last one is not killed


def main() -> int:
    """Run and compare; exit code 1 when a byte differs."""
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames", nargs="+", help="files of the stack")
    parser.add_argument("--kills", type=int, default=20, help="in all")
    parser.add_argument("--in-a-row", type=int, default=4, help="at most so many before a stack may end")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(given[:cut])
    options, dice = given[cut + 1 :], random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.tif"
        begun = time.monotonic()
        if (process := started(chosen.frames, whole, 2, options)).wait():
            raise SystemExit(process.communicate()[1])
        took = time.monotonic() - begun
        expected, kills, stacks = whole.read_bytes(), 0, 0
        print(f"undisturbed: {took:.1f} s, {len(expected):,} bytes", flush=True)
        while kills < chosen.kills:
            target = Path(folder) / f"stack_{stacks:03d}.tif"
            more = killed_and_resumed(chosen.frames, target, options, dice, took, chosen.in_a_row)
            kills, stacks = kills + more, stacks + 1
            same = target.read_bytes() == expected
            print(f"stack {stacks}: killed {more} times, {'the same bytes' if same else 'OTHER BYTES'}", flush=True)
            if not same:
                return 1
            target.unlink()
    print(f"{kills} kills in {stacks} stacks: the same bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
