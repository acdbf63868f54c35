"""What every test may use: a home of its own, plugins from made-up distributions, and a small stack with its truth."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import importlib_metadata
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from stackcore.testing.scene import SyntheticStack

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background; programs that tests start inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no bug; and what decides whether a change lands draws the same examples every time.
settings.register_profile("stackcore", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("stackcore")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings and state of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    for variable in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{variable}_HOME", str(home / variable.lower()))
    monkeypatch.setenv("APPDATA", str(home / "appdata"))
    monkeypatch.setenv("LOCALAPPDATA", str(home / "appdata"))
    for variable in [name for name in os.environ if name.startswith("STACKCORE_")]:
        monkeypatch.delenv(variable)
    for variable in ("COLUMNS", "LINES"):  # of the terminal that tests are started from, or made up where there is none
        monkeypatch.delenv(variable, raising=False)


class FakePlugins:
    """Entry points of the group `stackcore` that exist only for one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._points: list[importlib_metadata.EntryPoint] = []
        monkeypatch.setattr("importlib_metadata.entry_points", self._select)

    def _select(self, *, group: str) -> list[importlib_metadata.EntryPoint]:
        assert group == "stackcore"
        return self._points

    def add(self, name: str, *, distribution: str = "acme", version: str = "1.2", **hooks: Callable[..., Any]) -> None:
        """Add a module with these hook implementations."""
        module = ModuleType(f"fake_{distribution}_{name}".replace("-", "_"))
        for hook, function in hooks.items():
            setattr(module, hook, function)
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        self.add_entry_point(name, module.__name__, distribution=distribution, version=version)

    def add_entry_point(self, name: str, value: str, *, distribution: str = "acme", version: str = "1.2") -> None:
        """Add an entry point that points anywhere."""
        point = importlib_metadata.EntryPoint(name, value, "stackcore")
        self._points.append(point._for(_FakeDistribution(distribution, version)))


class _FakeDistribution(importlib_metadata.Distribution):
    def __init__(self, name: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(path)


@pytest.fixture
def fake_plugins(monkeypatch: pytest.MonkeyPatch) -> FakePlugins:
    """Replace what is installed by what the test adds."""
    return FakePlugins(monkeypatch)


@pytest.fixture(scope="session")
def small_stack() -> SyntheticStack:
    """Six frames of 360 x 240 that move, breathe, flicker and are noisy; nobody may change them."""
    from stackcore.testing.scene import make_stack

    stack = make_stack(360, 240, 6, seed=3)
    for frame in stack.frames:
        frame.flags.writeable = False
    return stack


@pytest.fixture(scope="session")
def stack_folder(small_stack: SyntheticStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frames of `small_stack` as img8.tif, img9.tif, img10.tif ...; nobody may write into this folder."""
    import cv2

    folder = tmp_path_factory.mktemp("stack")
    for index, frame in enumerate(small_stack.frames):
        assert cv2.imwrite(str(folder / f"img{8 + index}.tif"), frame[..., ::-1])
    return folder
