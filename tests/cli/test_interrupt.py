"""Ctrl-C and a closed pipe, with real processes and real signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to one process")

LONG_RUN = [
    *("capture", "--slices", "199", "--step", "2", "--delay-ms", "0", "--json", "--no-save"),
    *("--path", "run/@MCT", "--set", "camera.width_px=64", "--set", "camera.height_px=64"),
]


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "stackcore", *arguments]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, text=True, **pipes)


def read_until(process: subprocess.Popen[str], kind: str) -> list[dict[str, Any]]:
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["kind"] == kind:
            break
    return events


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_cleanly(tmp_path, number):
    with start(*LONG_RUN, folder=tmp_path) as process:
        events = read_until(process, "saved")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    events += [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 130
    assert "Finishing cleanly" in err
    assert (events[-1]["kind"], events[-1]["outcome"]) == ("run_finished", "cancelled")
    saved = [event["path"] for event in events if event["kind"] == "saved"]
    assert 1 <= len(saved) < 199
    assert all(Path(path).is_file() for path in saved)
    (manifest,) = (tmp_path / "run").glob("*.stackcore.json")
    told = json.loads(manifest.read_text("utf-8"))
    assert told["state"] == "cancelled"
    assert told["focus"] == {"start": 0, "now": 0, "certain": True}


def test_a_reader_that_leaves_does_not_stop_the_run(tmp_path):
    short = [argument.replace("199", "3") for argument in LONG_RUN]
    with start(*short, folder=tmp_path) as process:
        read_until(process, "run_started")
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        assert process.wait(timeout=60) == 0, err
    assert len(list((tmp_path / "run").glob("*.jpg"))) == 3
    assert "Traceback" not in err
