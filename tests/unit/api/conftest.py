"""A small stack on disk that may be changed, and an ear for events."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackcore.events import BaseEvent


class Ear:
    """Remembers every event of a run."""

    def __init__(self) -> None:
        self.events: list[BaseEvent] = []

    def __call__(self, event: BaseEvent) -> None:
        self.events.append(event)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.kind == kind]


class CancelAt:
    """Cancels at the event of some number, and remembers all of them."""

    def __init__(self, moment: int | None = None) -> None:
        self.moment, self.cancel = moment, threading.Event()
        self.events: list[BaseEvent] = []

    def __call__(self, event: BaseEvent) -> None:
        if len(self.events) == self.moment:
            self.cancel.set()
        self.events.append(event)


@pytest.fixture
def cancel_at() -> type[CancelAt]:
    """A listener that cancels the run which it hears, at the event of a number."""
    return CancelAt


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def shoot(stack_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small stack in a folder of its own."""
    folder = tmp_path / "shoot"
    shutil.copytree(stack_folder, folder)
    return folder


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, str]]:
    """What a folder holds, by name, as checksums."""

    def take(folder: Path) -> dict[str, str]:
        found = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        return found

    return take
