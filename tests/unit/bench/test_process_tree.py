"""Cost of processes: what children take counts, limits hold, failures are told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from process_tree import Cost, resident_bytes, run_together

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="no cost of children on this system")

MIB = 2**20
WORK = "sum(i * i for i in range(3_000_000))"


def cost_of(folder: Path, *codes: str, limit_bytes: int = 2**34, limit_s: float = 600) -> Cost:
    commands = [[sys.executable, "-c", code] for code in codes]
    return run_together(commands, folder, limit_bytes=limit_bytes, limit_s=limit_s)


def test_time_of_grandchildren_and_of_side_by_side_counts(tmp_path: Path) -> None:
    alone = cost_of(tmp_path, WORK)
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{WORK}'])"
    twice = cost_of(tmp_path, nested, WORK)
    assert alone.failure == twice.failure == ""
    assert twice.cpu_s > 1.3 * alone.cpu_s


def test_memory_is_that_of_the_largest_at_least(tmp_path: Path) -> None:
    assert cost_of(tmp_path, "b = bytearray(200 * 2**20); b[::4096] = b'x' * len(b[::4096])").peak_bytes > 200 * MIB


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_this_process_holds_memory() -> None:
    assert resident_bytes([os.getpid()]) > 5 * MIB


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_too_much_memory_is_stopped(tmp_path: Path) -> None:
    greedy = "b = []\nwhile True: b.append(bytearray(b'x') * 2**20)"
    assert cost_of(tmp_path, greedy, limit_bytes=300 * MIB).failure.startswith("stopped at 0.")


def test_too_long_is_stopped(tmp_path: Path) -> None:
    assert cost_of(tmp_path, "while True: pass", limit_s=0.2).failure == "stopped after 0 s"


def test_a_failure_is_told_with_the_last_words(tmp_path: Path) -> None:
    cost = cost_of(tmp_path, "print('hello'); raise SystemExit('no such frame')")
    assert cost.failure == "exit code 1: no such frame"


def test_costs_add_up_but_for_memory() -> None:
    both = Cost(1, 2, 30).then(Cost(4, 5, 20, "broken"))
    assert both == Cost(5, 7, 30, "broken")
