"""A still is triggered once, waited for as long as its shutter needs, and fetched with all its files."""

from __future__ import annotations

import pytest

from stackcore.errors import CameraError, NotReadyError
from stackcore_plugins.camera_gphoto2.body import DriverError, Happening, Setting
from stackcore_plugins.camera_gphoto2.messages import Drive, Expose, Restore
from stackcore_plugins.camera_gphoto2.stills import shutter_s

DONE = Happening("done")


def file(name):
    return Happening("file", "/", name)


def triggers(camera):
    return camera.body.written.count(("trigger", None))


def test_both_files_of_a_pair_come_in_their_order(bench):
    camera = bench()
    camera.body.after_trigger = [file("capt0000.JPG"), Happening("other"), file("capt0001.nef"), DONE]
    files = camera.ask(Expose())
    assert [(f.extension, f.data) for f in files] == [
        ("jpg", b"content of /capt0000.JPG"),
        ("nef", b"content of /capt0001.nef"),
    ]
    assert triggers(camera) == 1


def test_a_file_that_is_told_of_after_the_end_is_waited_for(bench):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), DONE, Happening("other"), file("a.nef")]
    assert len(camera.ask(Expose())) == 2


def test_the_second_still_does_not_wait_for_more_files_than_the_first_had(bench):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), DONE]
    camera.ask(Expose())
    waited = camera.clock.time
    camera.ask(Expose())
    assert waited >= 0.3
    assert camera.clock.time - waited < 0.1


def test_the_same_file_told_twice_is_one_file(bench):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), file("a.jpg"), DONE]
    assert len(camera.ask(Expose())) == 1


def test_a_file_of_somebody_elses_still_is_not_of_this_slice(bench):
    camera = bench()
    camera.body.events.append(file("finger.jpg"))
    camera.body.after_trigger = [file("a.jpg"), DONE]
    assert [f.data for f in camera.ask(Expose())] == [b"content of /a.jpg"]


def test_a_body_that_never_says_done_is_believed_at_the_end_of_its_time(bench):
    camera = bench(still_timeout_s=2)
    camera.body.after_trigger = [file("a.jpg")]
    assert len(camera.ask(Expose())) == 1
    assert camera.clock.time >= 2


@pytest.mark.parametrize(("shutter", "seconds"), [("80", 1.016), ("300000", 61)])
def test_the_time_allowed_grows_with_the_shutter_time(bench, shutter, seconds):
    camera = bench(still_timeout_s=1)
    camera.body.settings["500d"] = Setting(shutter)
    camera.body.event_s = 0.04
    with pytest.raises(CameraError, match="did not arrive"):
        camera.ask(Expose())
    assert camera.clock.time == pytest.approx(seconds, abs=0.3)
    assert max(camera.patience) >= seconds
    assert triggers(camera) == 1  # it may have been taken all the same


@pytest.mark.parametrize(
    ("vendor", "value", "seconds"),
    [
        ("Nikon", "5000", 0.5),
        ("Nikon", str(0xFFFFFFFF), 30),
        ("Canon EOS", "1/4", 0.25),
        ("Canon EOS", "2.5", 2.5),
        ("Canon EOS", "bulb", 30),
        ("Canon EOS", "auto", 0),
    ],
)
def test_shutter_times_are_understood(bench, vendor, value, seconds):
    camera = bench(vendor)
    camera.body.settings[camera.session.vendor.shutter] = Setting(value)
    assert shutter_s(camera.body, camera.session.vendor) == pytest.approx(seconds)


def test_files_leave_the_driver_only_when_the_next_command_shows_that_they_are_saved(bench):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), DONE]
    camera.ask(Expose())
    assert camera.body.deleted == []
    camera.ask(Drive(5))
    assert camera.body.deleted == ["a.jpg"]
    camera.ask(Restore())
    assert camera.body.deleted == ["a.jpg"]


def test_the_next_still_frees_the_last_one_before_it_is_taken(bench):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), DONE]
    camera.ask(Expose())
    camera.body.fail("trigger", DriverError(-1))
    with pytest.raises(CameraError):
        camera.ask(Expose())
    assert camera.body.deleted == ["a.jpg"]


def test_a_card_keeps_its_files(bench):
    camera = bench(target="card")
    camera.body.after_trigger = [file("a.jpg"), DONE]
    camera.ask(Expose())
    camera.ask(Drive(5))
    assert camera.body.deleted == []


def test_a_full_card_is_told_before_the_shutter_opens(bench):
    camera = bench(target="card")
    camera.body.room = 0
    with pytest.raises(NotReadyError, match="card of the camera is full"):
        camera.ask(Expose())
    assert triggers(camera) == 0


def test_a_refused_still_is_no_lost_camera(bench):
    camera = bench()
    camera.body.fail("trigger", DriverError(-1))
    with pytest.raises(CameraError, match="The still failed"):
        camera.ask(Expose())


def test_a_transfer_that_breaks_off_with_the_connection_is_a_lost_camera(bench):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), DONE]
    camera.ask(Expose())
    camera.body.fail("fetch", DriverError(-1))
    camera.body.fail("wait_event", *[None] * 3, DriverError(-7))
    with pytest.raises(CameraError, match="The camera is gone"):
        camera.ask(Expose())


def test_a_file_without_content_is_refused(bench, monkeypatch):
    camera = bench()
    camera.body.after_trigger = [file("a.jpg"), DONE]
    monkeypatch.setattr(camera.body, "fetch", lambda folder, name: b"")
    with pytest.raises(CameraError, match="without content"):
        camera.ask(Expose())
