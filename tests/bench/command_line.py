"""The command line as a person uses it, for the scripts beside this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a command gave: the data of its result, its warnings, its error if it failed, and how long it took."""

    data: dict[str, Any]
    warnings: list[str]
    error: str
    seconds: float


class Tool:
    """The command line, with a home of its own."""

    def __init__(self, home: Path) -> None:
        folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE", "DATA")}
        self._environment = {**os.environ, **folders, "HOME": str(home), "APPDATA": str(home)}

    def __call__(self, *arguments: str | Path) -> Answer:
        """Run `stackcore ARGUMENTS --json`; a failure is an answer too."""
        begun = time.monotonic()
        command = [sys.executable, "-m", "stackcore", *map(str, arguments), "--json"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        data = next((event["data"] for event in events if event["kind"] == "result"), {})
        warnings = [event["message"] for event in events if event["kind"] == "warning"]
        failure = events[-1].get("error") if events else None
        error = f"{failure['what']} {failure['why']}" if failure else done.stderr.strip().splitlines()[-1:]
        return Answer(data, warnings, str(error) if done.returncode else "", time.monotonic() - begun)
