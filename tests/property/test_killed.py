"""Numbers and files outlive `kill -9`: real processes in one folder, killed at seeded points and at any instant."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stackcore.paths.counters import Counters

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

SEED = 20261122
WORKERS = 3
KILLS = 20

# Saves as a run does, and says each number as soon as its file is in place. With a point, it kills itself there.
SAVE = """
import os, random, signal, sqlite3, sys
from pathlib import Path
from stackcore.paths import counters as module, naming
from stackcore.paths.counters import Counters

folder, seed, point, turns = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
dice = random.Random(seed)
fatal_turn = dice.randrange(2, 6)
turn = 0

def at(name):
    if point == name and turn == fatal_turn:
        os.kill(os.getpid(), signal.SIGKILL)

def around(owner, name):
    real = getattr(owner, name)
    def step(*arguments, **options):
        at("before " + name)
        result = real(*arguments, **options)
        at("after " + name)
        return result
    setattr(owner, name, step)

class Connection(sqlite3.Connection):
    def execute(self, statement, *values):
        if statement == "COMMIT":
            at("before commit")
        result = super().execute(statement, *values)
        if statement.startswith("INSERT INTO reservations"):
            at("after insert")
        return result

connect = module.sqlite3.connect
module.sqlite3.connect = lambda *given, **options: connect(*given, **options, factory=Connection)
for name in ("link", "unlink", "fsync"):
    around(naming.os, name)

counters = Counters(folder / "state")
counters.settle()
while turn < turns:
    turn += 1
    reservation = counters.reserve(["global"], lambda numbers: folder / "frames" / f"{numbers['global']:05d}.bin")
    at("after reserve")
    if dice.random() < 0.2:
        counters.give_back(reservation)
        at("after give back")
        continue
    number = reservation.numbers["global"]
    placed = naming.place(f"{number} of {os.getpid()},".encode() * 5000, reservation.target)
    print(number, placed.path.name, os.getpid(), flush=True)
    counters.mark_used(reservation)
    at("after mark")
"""

POINTS = (
    "after insert",
    "before commit",
    "after reserve",
    "after give back",
    "before fsync",
    "after fsync",
    "before link",
    "after link",
    "after unlink",
    "after mark",
)


def start(folder: Path, seed: int, point: str, turns: int) -> subprocess.Popen[str]:
    arguments = [str(folder), str(seed), point, str(turns)]
    return subprocess.Popen([sys.executable, "-c", SAVE, *arguments], stdout=subprocess.PIPE, text=True)


def check(folder: Path, told: list[str]) -> None:
    """What was said to be in place is there, whole and under its own number; no number was used twice."""
    saved = {name: (int(number), int(process)) for number, name, process in map(str.split, told)}
    assert len(saved) == len(told) > WORKERS
    counters = Counters(folder / "state")
    counters.settle()
    assert counters.settle() == []
    placed = {path.name: path.read_bytes() for path in (folder / "frames").glob("*.bin")}
    assert saved.keys() <= placed.keys()
    for name, data in placed.items():
        line = data[: data.index(b",") + 1]
        number, process = map(int, line.rstrip(b",").split(b" of "))
        assert data == line * 5000
        assert name == f"{number:05d}.bin"  # one that was used before would have had to give way to a -(1)
        assert saved.get(name, (number, process)) == (number, process)
    assert counters.peek(["global"])["global"] > max(number for number, _ in saved.values())


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_a_point_leaves_no_number_to_be_used_twice(tmp_path: Path, point: str) -> None:
    told, codes = [], []
    for seed in range(3):
        worker = start(tmp_path, SEED + seed, point, 12)
        told += worker.communicate()[0].splitlines()
        codes.append(worker.returncode)
    assert -signal.SIGKILL in codes
    assert set(codes) <= {-signal.SIGKILL, 0}
    with start(tmp_path, SEED, "", 12) as survivor:
        told += survivor.communicate()[0].splitlines()
    check(tmp_path, told)


def test_processes_killed_at_any_instant_use_no_number_twice(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    told: list[str] = []
    workers = [start(tmp_path, dice.randrange(10**6), "", 10**6) for _ in range(WORKERS)]
    for _ in range(KILLS):
        place = dice.randrange(WORKERS)
        worker = workers[place]
        assert worker.stdout is not None
        for _ in range(dice.randrange(1, 6)):  # some frames from now, in the midst of whatever it does
            told.append(worker.stdout.readline())  # noqa: PERF401 - each line is waited for
        worker.kill()
        told += worker.communicate()[0].splitlines()
        assert worker.returncode == -signal.SIGKILL
        workers[place] = start(tmp_path, dice.randrange(10**6), "", 10**6)
    for worker in workers:
        worker.kill()
        told += worker.communicate()[0].splitlines()
    check(tmp_path, told)
