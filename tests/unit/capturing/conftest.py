"""A camera without a picture, a clock without time, and one way to run a capture on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stackcore.actions import CameraTraits
from stackcore.api.shooting import CaptureResult, capture
from stackcore.capturing.manifest import Manifest, read_manifest
from stackcore.config import NoOptions
from stackcore.events import BaseEvent
from stackcore.hookspecs import Offer
from stackcore.protocols import CameraInfo, CapturedFile, Check, Need
from stackcore.registry import PluginRecord, Registry

LEGACY = CameraTraits(style="legacy", waits_after_still=True, still_bytes=100, preview_bytes=10)
UNIFIED = CameraTraits(style="unified", waits_after_still=False, still_bytes=100, preview_bytes=10)

Hook = Callable[[str], None]
"""Called at every moment of a run with its name; may set a cancel or raise."""


def _nothing(moment: str) -> None:
    return None


class FakeCamera:
    """Obeys, remembers, and lets the test step in before and after each call."""

    def __init__(self, traits: CameraTraits) -> None:
        self.traits = traits
        self.info = CameraInfo(provider="fake", model="Fake 1")
        self.position = 0
        self.counts_from: int | None = None
        self.moves: list[int] = []
        self.calls: list[str] = []
        self.is_open = self.live_view = False
        self.ready = True
        self.checks: list[Check] = []
        self.files_per_still = ("jpg",)
        self.picture = b""
        """Comes before the words of each live-view frame."""
        self.hook: Hook = _nothing

    def open(self) -> CameraInfo:
        self._enter("open")
        self.is_open = True
        self.hook("open-")
        return replace(self.info, simulated=self.traits.simulated)

    def close(self) -> None:
        self.is_open = False
        self._enter("close")

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        self._enter("preflight")
        self.live_view = start_live_view
        self.hook("preflight-")
        return [Check(name="connected", ok=True), *self.checks]

    def restore(self) -> None:
        self.live_view = False
        self._enter("restore")

    def drive_focus(self, steps: int) -> None:
        assert abs(steps) <= self.traits.max_drive
        self._enter("drive")
        self.position += steps
        self.moves.append(steps)
        self.hook("drive-")

    def expose(self) -> Sequence[CapturedFile]:
        self._enter("expose")
        self.hook("expose-")
        data = f"still at {self.position}".encode()
        return [CapturedFile(data=data, extension=extension) for extension in self.files_per_still]

    def preview_frame(self) -> CapturedFile:
        self._enter("preview")
        self.hook("preview-")
        return CapturedFile(data=self.picture + f"view at {self.position}".encode(), extension="jpg")

    def wait_ready(self, timeout_s: float) -> bool:
        self._enter("wait_ready")
        return self.ready

    def focus_position(self) -> int | None:
        return None if self.counts_from is None else self.counts_from + self.position

    def _enter(self, name: str) -> None:
        self.calls.append(name)
        self.hook(name)


class FakeClock:
    """Ten milliseconds pass whenever somebody looks; delays pass at once."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 18, 15, tzinfo=UTC)
        self.waits: list[float] = []
        self.hook: Hook = _nothing

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=10)
        return self._now

    def wait(self, seconds: float, cancel: threading.Event) -> None:
        self.waits.append(seconds)
        self.hook("wait")


@dataclass
class Stage:
    """Everything a test of a run looks at. `hook` is called at every moment: calls, delays, events."""

    folder: Path
    camera: FakeCamera
    clock: FakeClock
    plugins: list[PluginRecord]
    events: list[BaseEvent] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)
    hook: Hook = _nothing
    looks: bool = False

    def capture(self, **options: Any) -> CaptureResult:
        self.camera.hook = self.clock.hook = self._moment
        settings: dict[str, Any] = {"slices": 3, "step": 40, "delay_ms": 30, "camera": "fake", "sharpness": self.looks}
        path = str(self.folder / "@GRP" / "@MCT")
        return capture(
            **{**settings, "path": path, **options},
            registry=self.registry(),
            clock=self.clock,
            listeners=[self._listen],
            cancel=self.cancel,
        )

    def registry(self) -> Registry:
        offer: Offer[Any] = Offer(name="fake", summary="", options=NoOptions, build=lambda options: self.camera)
        fake = replace(self.plugins[0], kind="camera", name="fake", state="ok", offer=offer)
        return Registry([*self.plugins, fake])

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]  # type: ignore[attr-defined]

    def codes(self) -> list[str]:
        return [event.code for event in self.events if event.kind == "warning"]  # type: ignore[attr-defined]

    def manifest(self) -> Manifest:
        [path] = self.folder.parent.rglob("*.stackcore.json")
        return read_manifest(path)

    def saved(self) -> list[Path]:
        ours = (".stackcore.json", ".journal.jsonl", ".journal-broken.jsonl", ".log")
        return sorted(path for path in self.folder.rglob("*.*") if not path.name.endswith(ours))

    def journals(self) -> list[Path]:
        return list(self.folder.parent.rglob("*.journal.jsonl"))

    def _listen(self, event: BaseEvent) -> None:
        self.events.append(event)
        kind = event.kind  # type: ignore[attr-defined]
        if kind != "run_finished":  # nothing of the run is left to interrupt
            self._moment(f"event {kind}")

    def _moment(self, name: str) -> None:
        self.moments.append(name)
        self.hook(name)


@pytest.fixture(scope="session")
def installed_plugins() -> list[PluginRecord]:
    return Registry.discover().records()


@pytest.fixture
def make_stage(
    tmp_path: Path, installed_plugins: list[PluginRecord], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Stage]:
    counter = iter(range(10_000))

    def make(traits: CameraTraits = UNIFIED) -> Stage:
        home = tmp_path / str(next(counter))
        monkeypatch.setenv("STACKCORE_CONFIG_DIR", str(home / "config"))
        monkeypatch.setenv("STACKCORE_STATE_DIR", str(home / "state"))
        return Stage(home / "frames", FakeCamera(traits), FakeClock(), installed_plugins)

    return make


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()


@pytest.fixture(params=["legacy", "unified"])
def style(request: pytest.FixtureRequest) -> CameraTraits:
    return LEGACY if request.param == "legacy" else UNIFIED
