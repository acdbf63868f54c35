"""The state of a run as its events tell it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stackcore import events as ev
from stackcore.capturing.status import CaptureStatus

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def after(*events: ev.BaseEvent) -> CaptureStatus:
    status = CaptureStatus()
    for second, event in enumerate(events):
        status.note(event.model_copy(update={"at": START + timedelta(seconds=second)}))
    return status


def slice_(index: int, offset: int) -> ev.SliceStarted:
    return ev.SliceStarted(slice_index=index, slices=4, offset=offset)


def test_the_time_left_follows_the_pace() -> None:
    assert after(slice_(0, 0)).seconds_left is None
    assert after(slice_(0, 0), ev.Moving(steps=5, offset=0), slice_(1, 5)).seconds_left == 6  # 2 s each, 3 to go
    assert after(slice_(2, 10), slice_(3, 15)).seconds_left == 1, "a resumed run starts later"
    assert after(slice_(0, 0), slice_(1, 5), ev.Returning(steps=-5)).seconds_left is None


def test_focus_counts_once_it_has_moved() -> None:
    moving = ev.Moving(steps=5, offset=10)
    assert after(slice_(2, 10), moving).offset == 10
    assert after(slice_(2, 10), moving, ev.Waiting(delay_ms=1)).offset == 15
    done = ev.RunFinished(outcome="completed", exit_code=0)
    back = (ev.Returning(steps=-15), ev.Moving(steps=-15, offset=15), done)
    odd = ev.Warned(code="manifest", message="odd")
    assert after(slice_(3, 15), *back[:2], odd, done).offset == 0
    lost = ev.Warned(code="focus_uncertain", message="nobody knows")
    assert after(slice_(2, 10), moving, lost, done).offset == 10


def test_a_slice_is_done_when_focus_leaves_it() -> None:
    assert after(slice_(1, 5)).slices_done == 1
    assert after(slice_(1, 5), ev.Saved(slice_index=1, path="a", bytes=1, sha256="")).slices_done == 1
    assert after(slice_(1, 5), ev.Waiting(delay_ms=5)).slices_done == 2
    assert after(slice_(1, 5), ev.Moving(steps=5, offset=5)).slices_done == 2
    assert after(slice_(3, 15), ev.RunFinished(outcome="completed", exit_code=0)).slices_done == 4
    assert after(slice_(3, 15), ev.RunFinished(outcome="failed", exit_code=5)).slices_done == 3


def test_the_curve_has_gaps() -> None:
    status = after(*(ev.Progress(stage="sharpness", done=n, total=4, sharpness=n / 8) for n in (2, 4)))
    assert status.curve() == [None, 0.25, None, 0.5]
    assert after(ev.Progress(stage="fuse", done=1)).curve() == []


@pytest.mark.parametrize(
    ("event", "doing"),
    [
        (ev.Moving(steps=-5, offset=0), "moving -5"),
        (ev.Waiting(delay_ms=20), "waiting 20 ms"),
        (ev.Capturing(slice_index=0, source="still"), "capturing"),
        (ev.Capturing(slice_index=0, source="live_view"), "capturing live view"),
        (ev.Saving(slice_index=0, path="a"), "saving"),
        (ev.Returning(steps=-5), "returning -5"),
        (ev.RunFinished(outcome="failed", exit_code=5), "failed"),
    ],
)
def test_what_it_is_doing(event: ev.BaseEvent, doing: str) -> None:
    assert after(event).doing == doing


def test_a_real_run_ends_where_it_began(stage: Any) -> None:
    status = CaptureStatus()
    stage.capture()
    for event in stage.events:
        status.note(event)
    data = json.loads(json.dumps(status.as_data()))
    assert (data["slice"], data["slices"], data["offset"], data["files"]) == (3, 3, 0, 3)
    assert (data["doing"], data["ended"], data["last_file"]) == ("completed", True, "3.jpg")
    assert (data["simulated"], data["warnings"], data["sharpness"]) == (False, [], [])


def test_a_camera_that_stays_out_shows_its_warning(stage: Any) -> None:
    stage.camera.traits = type(stage.camera.traits)(style="unified", waits_after_still=False, returns_focus=False)

    stage.capture()
    status = after(*stage.events)
    assert "turn it back by 80" in status.warnings[0]
    assert status.offset == 80
