"""Runs each conversation with the real libgphoto2 in a process of its own: some calls stop all threads, and leaving
closes file descriptor 0.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from stackcore.testing.ptpip import Responder

Talk = Callable[[Responder, str], dict[str, Any]]


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    """Let a host talk to a responder; the script has `host`, and what it tells with `tell(...)` is returned."""
    if find_spec("gphoto2") is None:
        pytest.skip("python-gphoto2 has no wheel for this system")

    def talk(body: Responder, script: str) -> dict[str, Any]:
        prelude = "from host import *\nhost = Host()\n"
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent),
            "PTPIP_ADDRESS": body.address,
            "XDG_CONFIG_HOME": str(tmp_path),  # target and autofocus are kept there, for all cameras
            "LANGUAGE": "C",
        }
        ended = subprocess.run(
            [sys.executable, "-c", prelude + textwrap.dedent(script)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr
        told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return told

    return talk
