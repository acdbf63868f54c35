"""A small part of the endurance campaign; `python tests/bench/endurance.py --runs 1000 --seed 1` is all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[1] / "bench" / "endurance.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the campaign forks its runs")
def test_what_runs_leave_behind_holds_however_they_end(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(CAMPAIGN), "--runs", "25", "--seed", "1", "--keep", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True)
    told = json.loads(ended.stdout)
    assert told["broken"] is None
    assert ended.returncode == 0, ended.stderr
    assert told["runs"] == 25
    assert told["killed"] >= 1, "when a process is killed depends on the pace of the machine"
    assert told["frames"] > 0
