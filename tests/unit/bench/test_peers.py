"""The comparison from end to end, on a small stack, with our own fuser and a stand-in for another program."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / "bench" / "peers.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="no cost of children on this system")


def peers(*arguments: str | Path, **environment: str) -> str:
    command = [sys.executable, "-W", "error", str(PEERS), *map(str, arguments)]
    none = {"PATH": os.environ["PATH"], "SHINESTACKER_PYTHON": ""}
    done = subprocess.run(command, env={**os.environ, **none, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_comparison_is_made_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stack, out = tmp_path / "ladybird", tmp_path / "out"
    peers("--make", stack, "--size", "240x160", "--frames", "3")
    other = tmp_path / "other"  # takes the middle frame for its result
    other.write_text(f"#!/bin/sh\nfor last; do :; done\ncp '{stack}/frames/slice_001.jpg' \"${{2#--output=}}\"\n")
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    chosen = [stack, "--out", out, "--fusers", "blend", "--peers", "focus-stack"]
    told = peers(*chosen, FOCUS_STACK=str(other))
    assert "ladybird blend: psnr" in told
    rows = {row["program"]: row for row in json.loads((out / "results.json").read_text())}
    assert sorted(rows) == ["blend", "focus-stack"]
    assert rows["blend"]["scores"]["psnr"] > rows["focus-stack"]["scores"]["psnr"] + 1.5
    assert rows["blend"]["cost"]["cpu_s"] > 0
    assert "## ladybird" in (out / "table.md").read_text(encoding="utf-8")
    assert (out / "ladybird.png").stat().st_size > 1000
    assert peers(*chosen, FOCUS_STACK=str(other)) == "", "all was done before"
