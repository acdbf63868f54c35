"""What is dropped is taken in order, whole and once; nothing in the folder changes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.actions import CapturePlan, Expose, Wait
from stackcore.errors import CameraBusyError, CameraError, FocusDriveError, NotReadyError
from stackcore_folder_watch.camera import FolderCamera
from stackcore_folder_watch.plugin import FolderWatchOptions, StillsRun


def jpeg(seed: int) -> bytes:
    return cv2.imencode(".jpg", np.random.default_rng(seed).integers(0, 255, (32, 32, 3), np.uint8))[1].tobytes()


class Clock:
    """Time that passes when somebody waits; `then` happens while they do."""

    def __init__(self) -> None:
        self.time = 0.0
        self.then: list[Callable[[], Any]] = []

    def now(self) -> float:
        return self.time

    def pause(self, seconds: float) -> None:
        self.time += seconds
        if self.then:
            self.then.pop(0)()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def camera(tmp_path: Path, clock: Clock) -> Callable[..., FolderCamera]:
    def make(**options: Any) -> FolderCamera:
        built = FolderCamera(FolderWatchOptions(folder=tmp_path, **options), now=clock.now, pause=clock.pause)
        built.open()
        return built

    return make


def still(camera: FolderCamera, clock: Clock) -> list[bytes]:
    """Ask as the engine does: again and again while it is busy."""
    for _ in range(camera.traits.busy_retries):
        try:
            return [file.data for file in camera.expose()]
        except CameraBusyError:
            clock.pause(camera.traits.busy_pause_s)
    return [file.data for file in camera.expose()]


def nothing_yet(camera: FolderCamera) -> None:
    with pytest.raises(CameraBusyError):
        camera.expose()


def test_frames_come_in_the_order_they_were_dropped(camera: Any, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "before.jpg").write_bytes(jpeg(0))  # it lies there already
    watching = camera()
    for number, name in enumerate(("IMG_9.JPG", "IMG_10.jpg", "IMG_1.jpeg"), 1):
        (tmp_path / name).write_bytes(jpeg(number))
        os.utime(tmp_path / name, ns=(number * 10**9, number * 10**9))
    (tmp_path / "notes.txt").write_text("no frame")
    (tmp_path / ".hidden.jpg").write_bytes(jpeg(9))
    assert [still(watching, clock) for _ in range(3)] == [[jpeg(1)], [jpeg(2)], [jpeg(3)]]


def test_nothing_in_the_folder_changes(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching = camera()
    frame = tmp_path / "a.jpg"
    frame.write_bytes(jpeg(1))
    before = frame.stat()
    assert still(watching, clock) == [jpeg(1)]
    watching.close()
    after = frame.stat()
    assert (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [frame]


def test_a_file_is_not_taken_while_it_is_written(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching, whole = camera(settle_s=0), jpeg(1)
    frame = tmp_path / "a.jpg"
    frame.write_bytes(whole[:400])
    nothing_yet(watching)
    clock.pause(5)
    nothing_yet(watching)  # its size stands still, its content says that there is more
    frame.write_bytes(whole)
    assert still(watching, clock) == [whole]


def test_a_file_that_grows_has_begun_and_is_waited_for(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching, whole = camera(settle_s=1), jpeg(1)
    frame = tmp_path / "a.jpg"
    frame.write_bytes(whole[:100])
    clock.then = [lambda size=size: frame.write_bytes(whole[:size]) for size in (200, 300, len(whole))]
    assert [file.data for file in watching.expose()] == [whole]  # one call: a cancel meanwhile loses no frame


def test_a_file_that_stands_still_is_taken_only_then(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching = camera(settle_s=2, verify=False, poll_s=0.5)
    (tmp_path / "a.jpg").write_bytes(b"no picture, but nobody asks")
    still(watching, clock)
    assert clock.time >= 2


def test_a_file_that_is_renamed_into_place_is_taken_once(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching = camera()
    (tmp_path / "a.jpg.part").write_bytes(jpeg(1))
    nothing_yet(watching)
    (tmp_path / "a.jpg.part").rename(tmp_path / "a.jpg")
    assert still(watching, clock) == [jpeg(1)]
    (tmp_path / "a.jpg").rename(tmp_path / "leaf.jpg")  # the same again, under another name
    (tmp_path / "b.jpg").write_bytes(jpeg(2))
    assert still(watching, clock) == [jpeg(2)]


def test_one_that_is_quick_does_not_overtake(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching = camera(settle_s=0)
    (tmp_path / "a.jpg").write_bytes(jpeg(1)[:300])
    clock.then = [lambda: None]
    nothing_yet(watching)
    (tmp_path / "b.jpg").write_bytes(jpeg(2))
    clock.then = [lambda: None, lambda: (tmp_path / "a.jpg").write_bytes(jpeg(1))]
    assert [still(watching, clock), still(watching, clock)] == [[jpeg(1)], [jpeg(2)]]


def test_a_raw_comes_with_its_jpeg(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching = camera(files=2)
    (tmp_path / "DSC_1.JPG").write_bytes(jpeg(1))
    clock.then = [lambda: None, lambda: (tmp_path / "DSC_1.NEF").write_bytes(b"raw")]
    assert sorted(still(watching, clock)) == sorted([b"raw", jpeg(1)])


def test_a_second_file_of_a_still_is_no_frame_of_its_own(camera: Any, clock: Clock, tmp_path: Path) -> None:
    watching = camera()
    for suffix in ("JPG", "NEF"):
        (tmp_path / f"DSC_1.{suffix}").write_bytes(suffix.encode() if suffix == "NEF" else jpeg(1))
    still(watching, clock)
    with pytest.raises(CameraError, match="belongs to a still") as caught:
        still(watching, clock)
    assert "camera.files=2" in caught.value.fix


@pytest.mark.parametrize(
    ("dropped", "options", "why", "fix"),
    [
        ({}, {}, "no new frame came", "each frame under a name of its own"),
        ({"a.jpg": jpeg(1)[:200]}, {}, "a.jpg came and was not complete", "camera.verify=false"),
        ({"a.jpg": jpeg(1)}, {"files": 2}, "of 2 files a still there came a.jpg", "camera.files=1"),
    ],
    ids=["nothing", "half a file", "one of two"],
)
def test_when_the_time_is_over_it_says_what_to_do(
    camera: Any, clock: Clock, tmp_path: Path, dropped: dict[str, bytes], options: dict[str, Any], why: str, fix: str
) -> None:
    watching = camera(timeout_s=30, **options)
    for name, content in dropped.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CameraError) as caught:
        still(watching, clock)
    assert not isinstance(caught.value, CameraBusyError)
    assert why in caught.value.why
    assert fix in caught.value.fix
    assert "camera.timeout_s=60" in caught.value.fix
    assert clock.time == pytest.approx(30, abs=1)


def test_a_folder_that_goes_away_is_told(camera: Any, tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    watching = FolderCamera(FolderWatchOptions(folder=folder))
    watching.open()
    folder.rmdir()
    with pytest.raises(CameraError, match="cannot be read"):
        watching.expose()


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_without_a_folder_it_does_not_open(folder: Path | None) -> None:
    with pytest.raises(NotReadyError, match="no folder to watch"):
        FolderCamera(FolderWatchOptions(folder=folder)).open()


def python(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


def test_the_command_releases_the_shutter_once_a_still(camera: Any, clock: Clock, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "frame.jpg").write_bytes(jpeg(1))
    code = f"import shutil; shutil.copy(r'{source / 'frame.jpg'}', r'{tmp_path / 'frame.jpg'}')"
    watching = camera(trigger=python(code))
    (tmp_path / "stray.jpg").write_bytes(jpeg(2))  # somebody's finger, before the command
    assert [file.data for file in watching.expose()] == [jpeg(1)]


@pytest.mark.parametrize(
    ("trigger", "why"),
    [(python("import sys; sys.exit('no battery')"), "ended with 1: no battery"), ("no-such-program -x", "no-such")],
)
def test_a_command_that_fails_is_told(camera: Any, trigger: str, why: str) -> None:
    watching = camera(trigger=trigger)
    with pytest.raises(CameraError, match="not released") as caught:
        watching.expose()
    assert why in caught.value.why


def test_preflight_says_what_a_folder_cannot_do(camera: Any) -> None:
    checks = {c.name: c for c in camera(trigger="no-such-program").preflight(frozenset(), start_live_view=True)}
    assert set(checks) == {"folder"}
    needs = frozenset({"still", "live_view", "focus_drive"})
    checks = {c.name: c for c in camera(trigger="no-such-program").preflight(needs, start_live_view=True)}
    assert not checks["trigger command"].ok
    assert (checks["focus drive"].ok, checks["focus drive"].fatal) == (False, True)
    assert (checks["live view"].ok, checks["live view"].fatal) == (False, False)
    with pytest.raises(FocusDriveError) as caught:
        camera().drive_focus(10)
    assert caught.value.confirmed == 0


def test_the_mode_takes_stills_and_moves_nothing(camera: Any) -> None:
    plan = CapturePlan(slices=3, step=50, delay_ms=20)
    actions = list(StillsRun().actions(plan, camera().traits))
    assert actions == [Expose(0), Wait(20), Expose(1), Wait(20), Expose(2)]


def test_a_run_can_be_cancelled_while_it_waits(tmp_path: Path) -> None:
    import stackcore
    from stackcore.errors import Cancelled
    from stackcore.events import BaseEvent

    cancel = threading.Event()

    def listen(event: BaseEvent) -> None:
        if event.kind == "capturing":
            threading.Timer(0.05, cancel.set).start()

    with pytest.raises(Cancelled):
        stackcore.capture(
            camera="folder-watch",
            mode="stills",
            slices=2,
            path=str(tmp_path / "out" / "@MCT"),
            save_profile=False,
            settings={"camera": {"folder": str(tmp_path), "poll_s": 0.02}},
            listeners=[listen],
            cancel=cancel,
        )
