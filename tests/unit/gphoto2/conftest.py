"""A made-up tree of settings, time that does not pass, and a session on both."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from stackcore_plugins.camera_gphoto2.body import DriverError, Happening, Setting, Value
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.session import CameraSession

JPEG = b"\xff\xd8 picture"


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class FakeBody:
    """Settings by name; `fails` maps a name of a setting or verb to what happens on each use, in order.

    A failure is an error, or seconds that pass before the error that follows it, or None for success.
    """

    clock: FakeClock
    settings: dict[str, Setting] = field(default_factory=dict)
    fails: dict[str, deque[DriverError | float | None]] = field(default_factory=dict)
    written: list[tuple[str, Value]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    events: deque[Happening] = field(default_factory=deque)
    after_trigger: list[Happening] = field(default_factory=list)
    frames: deque[bytes] = field(default_factory=deque)
    room: int | None = None
    dead: bool = False
    event_s: float = 0.001
    on_write: Callable[[str, Value], None] = lambda name, value: None

    def fail(self, name: str, *what: DriverError | float | None) -> None:
        self.fails.setdefault(name, deque()).extend(what)

    def names(self) -> frozenset[str]:
        self._use("names")
        return frozenset(self.settings)

    def read(self, name: str) -> Setting:
        self._use(f"read {name}")
        if name not in self.settings:
            raise DriverError(-2)
        return self.settings[name]

    def write(self, name: str, value: Value) -> None:
        self.written.append((name, value))
        self._use(name)
        if name not in self.settings:
            raise DriverError(-2)
        choices = self.settings[name].choices
        assert not choices or value in choices, f"{name} has no choice {value}"
        self.settings[name] = replace(self.settings[name], value=value)
        self.on_write(name, value)

    def preview(self) -> bytes:
        self._use("preview")
        return self.frames.popleft() if self.frames else JPEG

    def trigger(self) -> None:
        self.written.append(("trigger", None))
        self._use("trigger")
        self.events.extend(self.after_trigger)

    def wait_event(self, timeout_ms: int) -> Happening:
        self._use("wait_event")
        if self.events:
            return self.events.popleft()
        self.clock.time += self.event_s
        return Happening("nothing")

    def fetch(self, folder: str, name: str) -> bytes:
        self._use("fetch")
        return f"content of {folder}{name}".encode()

    def delete(self, folder: str, name: str) -> None:
        self._use("delete")
        self.deleted.append(name)

    def free_frames(self) -> int | None:
        return self.room

    def close(self) -> None:
        self._use("close")

    def drives(self) -> list[Value]:
        return [value for name, value in self.written if name in ("manualfocusdrive", "manualfocus")]

    def _use(self, name: str) -> None:
        if self.dead:
            raise DriverError(-7)
        waiting = self.fails.get(name)
        while waiting:
            what = waiting.popleft()
            if what is None:
                return
            if isinstance(what, DriverError):
                raise what
            self.clock.time += what


MAKERS = {
    "Nikon": "Nikon Corporation",
    "Canon EOS": "Canon Inc.",
    "Sony Alpha": "Sony Corporation",
    "Panasonic": "Panasonic",
    "Olympus OM-D": "OLYMPUS CORPORATION",
    "Fujifilm": "FUJIFILM",
}
_SIZES = ("Near 1", "Near 2", "Near 3", "None", "Far 1", "Far 2", "Far 3")
_TARGET = Setting("Memory card", ("Internal RAM", "Memory card"))

TREES: dict[str, dict[str, Setting]] = {
    "Nikon": {
        "manualfocusdrive": Setting(0.0, low=-32767, high=32767),
        "viewfinder": Setting(0),
        "500a": Setting("32784"),
        "500d": Setting("80"),
        "liveviewprohibit": Setting("Liveview should not be prohibited"),
        "capturetarget": _TARGET,
        "autofocus": Setting("On", ("On", "Off")),
        "batterylevel": Setting("80%"),
        "flashcharged": Setting("1"),
    },
    "Canon EOS": {
        "manualfocusdrive": Setting("None", _SIZES),
        "viewfinder": Setting(0),
        "focusmode": Setting("One Shot"),
        "capturetarget": _TARGET,
        "eosremoterelease": Setting("None", ("None", "Press Full MF", "Release Full")),
        "shutterspeed": Setting("1/60"),
    },
    "Sony Alpha": {
        "manualfocus": Setting(0.0, low=-7, high=7),
        "focusmode": Setting("Manual"),
        "capturetarget": Setting("card", ("sdram", "card", "card+sdram")),
        "shutterspeed": Setting("0.5"),
    },
    "Panasonic": {
        "manualfocusdrive": Setting("None", ("Near 1", "Near 2", "None", "Far 1", "Far 2")),
        "viewfinder": Setting(2),
        "capturetarget": _TARGET,
    },
    "Olympus OM-D": {"manualfocusdrive": Setting("None", _SIZES), "capturetarget": _TARGET},
    "Fujifilm": {
        "manualfocusdrive": Setting(500.0, low=0, high=1000),
        "focusmode": Setting("Manual"),
        "capturetarget": _TARGET,
    },
}


@dataclass
class Bench:
    """A session on a made-up body, and everything around it."""

    body: FakeBody
    clock: FakeClock
    session: CameraSession
    patience: list[float]

    def ask(self, request: Any) -> Any:
        return self.session.answer(request)


@pytest.fixture
def bench() -> Callable[..., Bench]:
    def make(vendor: str = "Nikon", **options: Any) -> Bench:
        clock = FakeClock()
        body = FakeBody(clock, dict(TREES[vendor]))
        body.settings["manufacturer"] = Setting(MAKERS[vendor])
        body.settings["cameramodel"] = Setting(f"{vendor} 1")
        patience: list[float] = []
        session = CameraSession(body, "usb:1,2", Gphoto2Options(**options), clock, patience.append)
        return Bench(body, clock, session, patience)

    return make
