"""What a failure of a movement means: how far it came is told where it is certain, and only there."""

from __future__ import annotations

import pytest

from stackcore.errors import FocusDriveError
from stackcore_plugins.camera_gphoto2.body import DriverError, Setting
from stackcore_plugins.camera_gphoto2.messages import Drive

BUSY = DriverError(-110)


def failure(bench, steps=50):
    with pytest.raises(FocusDriveError) as caught:
        bench.ask(Drive(steps))
    return caught.value


def test_a_movement_is_one_command(bench):
    camera = bench()
    camera.ask(Drive(-50))
    assert camera.body.drives() == [-50.0]
    assert camera.patience  # the parent is told that this may take a while


def test_the_end_of_the_range_leaves_the_position_unknown(bench):
    camera = bench()
    camera.body.fail("manualfocusdrive", DriverError(-113, "Nikon manual focus at limit."))
    error = failure(camera)
    assert (error.confirmed, len(camera.body.drives())) == (None, 1)
    assert "end of its range" in error.what


def test_a_step_too_small_moves_nothing(bench):
    camera = bench(max_command=20)
    camera.body.fail("manualfocusdrive", None, None, DriverError(-113, "Nikon manual focus stepping too small."))
    error = failure(camera)
    assert error.confirmed == 40
    assert camera.body.drives() == [20.0, 20.0, 10.0]


def test_a_body_that_is_busy_at_once_is_asked_again(bench):
    camera = bench()
    camera.body.fail("manualfocusdrive", BUSY, BUSY)
    camera.ask(Drive(50))
    assert camera.body.drives() == [50.0] * 3


def test_asking_again_has_an_end_and_nothing_has_moved_then(bench):
    camera = bench(busy_timeout_s=1)
    camera.body.fail("manualfocusdrive", *[BUSY] * 100)
    error = failure(camera)
    assert (error.confirmed, error.what) == (0, "The camera stayed busy.")
    assert camera.clock.time == pytest.approx(1, abs=0.1)


def test_a_movement_that_outlasts_the_driver_is_never_sent_again(bench):
    camera = bench()
    camera.body.fail("manualfocusdrive", 1.04, BUSY)
    camera.body.frames.extend([b"", b""])
    error = failure(camera)
    assert error.confirmed is None
    assert camera.body.drives() == [50.0]
    assert len(camera.clock.slept) == 2  # until the body shows a picture again
    assert "max_command" in error.fix


def test_busy_proves_nothing_on_bodies_where_it_was_not_tried(bench):
    camera = bench("Sony Alpha")
    camera.body.fail("manualfocus", BUSY)
    assert failure(camera, 5).confirmed is None
    assert camera.body.drives() == [5.0]


def test_live_view_that_went_off_is_switched_on_again_once(bench):
    camera = bench()
    unlit = DriverError(-1, "Nikon manual focus works only in LiveView mode.")
    camera.body.fail("manualfocusdrive", unlit)
    camera.ask(Drive(50))
    assert camera.body.written == [("manualfocusdrive", 50.0), ("viewfinder", 1), ("manualfocusdrive", 50.0)]
    camera.body.fail("manualfocusdrive", unlit, unlit)
    assert failure(camera).confirmed == 0


def test_a_lens_that_cannot_be_driven_names_the_switch(bench):
    camera = bench()
    camera.body.fail("manualfocusdrive", DriverError(-1))
    error = failure(camera)
    assert (error.confirmed, error.what) == (None, "The lens cannot be driven.")
    assert "M/A" in error.fix


def test_a_body_that_is_gone_is_told_from_one_that_refuses(bench):
    camera = bench()
    camera.body.fail("manualfocusdrive", DriverError(-1))
    camera.body.fail("wait_event", DriverError(-7))
    error = failure(camera)
    assert (error.confirmed, error.what) == (None, "The camera is gone.")


def test_a_body_that_tells_its_position_says_how_far_it_came(bench):
    camera = bench("Fujifilm")
    camera.ask(Drive(100))
    assert camera.body.drives() == [600.0]
    camera.body.fail("manualfocusdrive", DriverError(-1))
    assert failure(camera, 100).confirmed == 0


def test_a_position_beyond_the_range_is_refused_before_anything_moves(bench):
    camera = bench("Fujifilm")
    error = failure(camera, 501)
    assert (error.confirmed, camera.body.drives()) == (0, [])
    assert "ends at 0 and 1000" in error.why


def test_an_event_heard_while_asking_for_life_is_kept(bench):
    from stackcore_plugins.camera_gphoto2.body import Happening
    from stackcore_plugins.camera_gphoto2.lifeline import Lifeline

    camera = bench()
    line = Lifeline(camera.body)
    camera.body.events.append(Happening("file", "/", "late.jpg"))
    assert line.is_alive()
    assert line.next_event(1).name == "late.jpg"


def test_a_position_that_is_no_number_is_no_position(bench):
    camera = bench("Fujifilm")
    camera.body.settings["manualfocusdrive"] = Setting("?")
    assert camera.session._focus.position() is None
