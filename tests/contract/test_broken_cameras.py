"""Each promise of `CameraContract` is broken by a camera that is wrong in one way."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from stackcore.actions import CameraTraits
from stackcore.errors import FocusDriveError
from stackcore.protocols import CameraInfo, CapturedFile, Check
from stackcore.testing import CameraContract
from stackcore.testing.trying import attempt


@pytest.fixture(autouse=True)
def _no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dozens of runs need not outlast a power cut."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


class Right:
    """A camera of nothing but a number."""

    traits = CameraTraits(style="unified", waits_after_still=False, simulated=True, still_bytes=10)

    def __init__(self) -> None:
        self.position: Any = 0
        self.closed = 0

    def open(self) -> CameraInfo:
        return CameraInfo(provider="right", model="Right 1", simulated=True)

    def close(self) -> None:
        self.closed += 1

    def preflight(self, needs: Any, *, start_live_view: bool) -> Sequence[Check]:
        return [Check(name="camera", ok=True)]

    def restore(self) -> None:
        pass

    def drive_focus(self, steps: int) -> None:
        self.position += steps

    def expose(self) -> Any:
        return [CapturedFile(data=b"picture", extension="jpg")]

    def preview_frame(self) -> CapturedFile:
        return CapturedFile(data=b"\xff\xd8\xff\xe0", extension="jpg")

    def wait_ready(self, timeout_s: float) -> Any:
        return True

    def focus_position(self) -> Any:
        return self.position


class OddStyle(Right):
    traits = replace(Right.traits, style="modern")  # type: ignore[arg-type]


class ClosesOnce(Right):
    def close(self) -> None:
        super().close()
        if self.closed > 1:
            raise RuntimeError("closed already")


class Anonymous(Right):
    def open(self) -> CameraInfo:
        return CameraInfo(provider="right", model="", simulated=True)


class Homes(Right):
    def preflight(self, needs: Any, *, start_live_view: bool) -> Sequence[Check]:
        self.position -= 20
        return super().preflight(needs, start_live_view=start_live_view)


class RestoresOnce(Right):
    before: Any = None

    def restore(self) -> None:
        self.before["live view"] = False


class Slips(Right):
    def drive_focus(self, steps: int) -> None:
        self.position += steps - 1


class OnTheCard(Right):
    def expose(self) -> Any:
        return [CapturedFile(data=b"picture", extension=".JPG")]


class Bitmap(Right):
    def preview_frame(self) -> CapturedFile:
        return CapturedFile(data=b"BM6\0", extension="jpg")


class NeverReady(Right):
    def wait_ready(self, timeout_s: float) -> Any:
        return None


class Fractions(Right):
    def focus_position(self) -> Any:
        return 0.5


class TakesTwo(Right):
    taken = 0

    def expose(self) -> Any:
        self.taken += 1
        if self.taken > 2:
            raise OSError("libcamera: -110")
        return super().expose()


class Sleeps(Right):
    """Its motor sleeps after each movement until the next still; commands meanwhile are lost unsaid."""

    awake = True

    def drive_focus(self, steps: int) -> None:
        if self.awake:
            super().drive_focus(steps)
        self.awake = False

    def expose(self) -> Any:
        self.awake = True
        return super().expose()


class Unplugged(Right):
    def drive_focus(self, steps: int) -> None:
        raise ConnectionError("usb gone")


class SaysNothingMoved(Right):
    def drive_focus(self, steps: int) -> None:
        self.position += steps // 2
        raise FocusDriveError("It jammed.", "it is stiff.", "oil it.", confirmed=0)


WRONG: dict[str, tuple[Any, str]] = {
    "traits_are_known_before_it_is_opened": (OddStyle, "its style is 'modern'"),
    "close_may_be_called_at_any_time": (ClosesOnce, "RuntimeError: closed already"),
    "open_says_who_it_is": (Anonymous, "it gives no model"),
    "preflight_looks_and_moves_nothing": (Homes, "preflight moved focus"),
    "restore_needs_no_preflight": (RestoresOnce, "TypeError: 'NoneType' object does not support item assignment"),
    "a_movement_ends_where_it_says": (Slips, "a movement of +50 moved focus by +49"),
    "a_still_is_whole_files": (OnTheCard, "the type of a file is '.JPG'"),
    "live_view_is_a_jpeg": (Bitmap, "a live-view frame begins with b'BM6\\x00', as no JPEG does"),
    "it_can_be_waited_for": (NeverReady, "an idle camera answers None"),
    "its_position_is_a_number_or_none": (Fractions, "focus_position gave 0.5"),
    "a_run_comes_to_its_end": (TakesTwo, "a run of 3 slices ended with OSError: libcamera: -110"),
    "a_cancel_at_any_call_ends_the_run": (TakesTwo, "ended the run with OSError: libcamera: -110"),
    "after_a_cancel_focus_is_back_or_the_loss_is_told": (Sleeps, "focus stands +50 drive units from its start"),
    "a_fault_ends_the_run_with_a_camera_error": (Unplugged, "the fault on purpose ended the run with ConnectionError"),
    "after_a_fault_focus_is_back_or_the_loss_is_told": (
        SaysNothingMoved,
        "after the fault on purpose focus stands +25 drive units from its start, and the run says +0",
    ),
}


class Tried(CameraContract):
    camera: Any = Right

    def make(self) -> Any:
        return self.camera()

    def make_faulty(self) -> Mapping[str, Any]:
        return {"on purpose": self.camera()}


def contract(camera: Any) -> Tried:
    tried = Tried()
    tried.camera = camera
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    camera, words = WRONG[promise]
    assert words in happened_in(contract(camera), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(CameraContract) == set(WRONG)


def test_the_right_one_breaks_none() -> None:
    tried = contract(Right)
    for promise in tried.promises():
        if promise.method != "test_the_offer_says_what_it_is":
            assert attempt(tried, promise).state == "kept", promise


class Untold(Right):
    def focus_position(self) -> Any:
        return None


def test_who_does_not_tell_its_position_is_asked_less() -> None:
    tried = contract(Untold)
    states = {promise.title: attempt(tried, promise).state for promise in tried.promises()}
    assert states["after a cancel focus is back or the loss is told"] == "not applicable"
    assert states["a movement ends where it says"] == "not applicable"
    assert states["a run comes to its end"] == "kept"
    assert "broken" not in states.values()


class OnATripod(Right):
    def preflight(self, needs: Any, *, start_live_view: bool) -> Sequence[Check]:
        drive = Check(name="focus drive", ok=False, fix="turn the ring by hand")
        return [drive] if "focus_drive" in needs else []

    def drive_focus(self, steps: int) -> None:
        raise FocusDriveError("Nothing moved.", "there is no drive.", "turn the ring by hand.", confirmed=0)


def test_one_that_drives_no_focus_is_tried_with_stills_alone() -> None:
    tried = contract(OnATripod)
    found = {promise.title: attempt(tried, promise) for promise in tried.promises()}
    assert not [title for title, finding in found.items() if finding.state == "broken"]
    assert found["a run comes to its end"].state == "kept"
    assert found["a still is whole files"].state == "kept"
    assert found["a movement ends where it says"].happened == "its preflight says that it drives no focus"


class MovesAnyhow(OnATripod):
    def expose(self) -> Any:
        self.position += 1
        return super().expose()


def test_it_must_stand_still_then(happened_in) -> None:
    words = happened_in(contract(MovesAnyhow), "a_run_comes_to_its_end")
    assert "focus stands +3 drive units from its start" in words
