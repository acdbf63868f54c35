"""What is kept of a run while it works, so that it can go on after a crash: a hidden folder beside the output."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stackcore.paths.naming import flush_folder
from stackcore.stacking.state_files import load_state, save_state

SCHEMA = "stackcore.checkpoint/2"

EVERY_S = 30.0
"""Checkpoints are at least so many seconds apart."""

SHARE = 10
"""... and at least so many times as long as writing the last one took: a slow disk must not slow down the work."""

_INDEX = "checkpoint.json"


class CheckpointFolder:
    """The checkpoint of one output, complete or not there at all: its index is moved into place last.

    Parameters
    ----------
    output
        The file that the run will write.
    """

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f".stackcore-{output.name}.checkpoint")

    def read(self) -> dict[str, Any] | None:
        """What the last `write` was told, or None when there is none that can be read."""
        try:
            record = json.loads((self.path / _INDEX).read_bytes())
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def load(self, part: str, template: Any) -> Any:
        """One part of the last `write`; see `load_state` for `template` and what is raised."""
        record = self.read() or {}
        return load_state(self.path / str(record.get("folder")) / part, template)

    def write(self, about: Mapping[str, Any], parts: Mapping[str, Any]) -> None:
        """Keep `parts` (name to state) and what is known `about` them; what was kept before is removed then.

        `OSError` where the file system refuses; what was kept before is still there then.
        """
        self.path.mkdir(exist_ok=True)
        name = f"at-{secrets.token_hex(4)}"
        folder = self.path / name
        try:
            folder.mkdir()
            for part, value in parts.items():
                save_state(value, folder / part)
            flush_folder(folder)
            self._publish({**about, "folder": name})
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        for other in self.path.iterdir():
            if other.is_dir() and other.name != name:
                shutil.rmtree(other, ignore_errors=True)

    def remove(self) -> None:
        """Nothing is kept any more; the index goes first."""
        (self.path / _INDEX).unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _publish(self, record: Mapping[str, Any]) -> None:
        temporary = self.path / f"{_INDEX}.part"
        with temporary.open("wb") as file:
            file.write(json.dumps(record, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path / _INDEX)
        flush_folder(self.path)


class Pace:
    """Says when the next checkpoint is due: `EVERY_S` after the last, later where writing takes long.

    Parameters
    ----------
    clock
        Seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last, self._took = clock(), 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return self._clock() - self._last >= max(EVERY_S, SHARE * self._took)

    def keep(self, write: Callable[[], None]) -> None:
        """Run `write` and remember how long it took."""
        begun = self._clock()
        write()
        self._last = self._clock()
        self._took = self._last - begun
