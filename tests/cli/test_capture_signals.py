"""Real signals to a real process: the first Ctrl-C finishes cleanly, the second stops at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to another process on Windows")

COMMAND = [sys.executable, "-c", "from stackcore.cli.app import main; main()", "capture", "--json", "--slices", "3"]
SMALL = ["--set", "camera.width_px=96", "--set", "camera.height_px=64"]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    state = {"STACKCORE_CONFIG_DIR": str(folder / "config"), "STACKCORE_STATE_DIR": str(folder / "state")}
    process = subprocess.Popen(
        [*COMMAND, *SMALL, *options],
        cwd=folder,
        env={**os.environ, **state},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], kind: str) -> list[dict[str, Any]]:
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["kind"] == kind:
            return events
    raise AssertionError(f"no {kind} in {events}")


def manifest(folder: Path) -> dict[str, Any]:
    [path] = folder.rglob("*.stackcore.json")
    data: dict[str, Any] = json.loads(path.read_text())
    return data


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_long_delay_and_returns_focus(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--delay-ms", "600000") as process:
        read_until(process, "waiting")
        process.send_signal(number)
        events = read_until(process, "run_finished")
        assert process.wait(timeout=30) == 130
    assert [event["kind"] for event in events] == ["returning", "result", "run_finished"]
    assert manifest(tmp_path)["state"] == "cancelled"
    assert manifest(tmp_path)["focus"] == {"start": 0, "now": 0, "certain": True}
    assert len(list(tmp_path.rglob("*.jpg"))) == 1


def test_a_second_ctrl_c_does_not_wait_for_the_still(tmp_path: Path) -> None:
    with running(tmp_path, "--delay-ms", "0", "--set", "camera.still_s=600") as process:
        read_until(process, "capturing")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while "again" not in process.stderr.readline():
            pass
        for _ in range(5):  # an interrupt that meets a callback from C is lost, and people press again
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
                break
        events = read_until(process, "run_finished")
        assert process.wait(timeout=30) == 130
    assert events[-1]["outcome"] == "cancelled"
    assert manifest(tmp_path)["state"] == "cancelled"
    assert not list(tmp_path.rglob("*.jpg"))
