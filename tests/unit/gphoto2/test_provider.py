"""The parent: time-outs, a child that dies or falls silent, answers that come too late. No process is started."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from stackcore.errors import CameraError, FocusDriveError, NotReadyError
from stackcore.protocols import CameraCatalogue, CameraFinder, CapturedFile
from stackcore_plugins.camera_gphoto2 import messages
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.provider import Gphoto2Camera

OPENED = messages.Opened(model="D850", maker="Nikon", serial="7", lens="", port="usb:1,2", vendor="Nikon")
SILENCE = "silence"


class FakeLink:
    """Gives the replies of a script: values are answers, errors are failures, callables get the call's number."""

    def __init__(self, *script):
        self.script = deque(script)
        self.calls = []
        self.ended = None
        self.time = 0.0

    def send(self, call):
        if self.script and self.script[0] is BrokenPipeError:
            raise BrokenPipeError
        self.calls.append(call)

    def receive(self, timeout_s):
        what = self.script.popleft() if self.script else SILENCE
        if what is SILENCE:
            self.time += timeout_s
            return None
        if what is EOFError:
            raise EOFError
        if what is KeyboardInterrupt:
            raise KeyboardInterrupt
        number = self.calls[-1].number
        if callable(what):
            return what(number)
        if isinstance(what, Exception):
            return messages.Failure(number, what)
        return messages.Answer(number, what)

    def end(self, *, at_once):
        self.ended = at_once
        return "it was ended by SIGSEGV"


@pytest.fixture
def connected():
    def make(*script, style="unified", **options):
        link = FakeLink(OPENED, *script)
        camera = Gphoto2Camera("gphoto2", style, Gphoto2Options(**options), start=lambda: link, now=lambda: link.time)
        camera.open()
        return camera, link

    return make


def test_the_styles_differ_in_their_traits_alone():
    legacy, unified = (Gphoto2Camera(s, s, Gphoto2Options()).traits for s in ("legacy", "unified"))
    assert (legacy.waits_after_still, unified.waits_after_still) == (True, False)
    assert not legacy.simulated


def test_verbs_are_handed_over(connected):
    still = CapturedFile(data=b"x", extension="nef")
    camera, link = connected((still,), None, b"\xff\xd8", 5, True)
    assert camera.expose() == (still,)
    camera.drive_focus(-4)
    assert camera.preview_frame() == CapturedFile(data=b"\xff\xd8", extension="jpg")
    assert camera.focus_position() == 5
    assert camera.wait_ready(3) is True
    assert [call.request for call in link.calls[1:]] == [
        messages.Expose(),
        messages.Drive(-4),
        messages.Preview(),
        messages.Position(),
        messages.AwaitReady(3),
    ]
    assert [call.number for call in link.calls] == [1, 2, 3, 4, 5, 6]


def test_a_silent_child_is_ended_and_the_movement_is_unknown(connected):
    camera, link = connected(SILENCE, answer_timeout_s=7)
    with pytest.raises(FocusDriveError, match="nothing was heard of it for 7 s") as caught:
        camera.drive_focus(50)
    assert caught.value.confirmed is None
    assert (link.ended, link.time) == (True, 7)


def test_patience_is_granted_to_who_asks_for_it(connected):
    camera, link = connected(
        lambda n: messages.Patience(n, 100.0), lambda n: _later(link, 90.0), (), answer_timeout_s=5
    )
    assert camera.expose() == ()
    assert link.time == 90
    assert link.ended is None


def _later(link, seconds):
    link.time += seconds


def test_a_dead_child_is_a_lost_camera_and_says_how_it_died(connected):
    camera, link = connected(EOFError)
    with pytest.raises(FocusDriveError, match="SIGSEGV") as caught:
        camera.drive_focus(50)
    assert caught.value.confirmed is None
    with pytest.raises(CameraError, match="gone"):
        camera.wait_ready(9)
    assert camera.focus_position() is None
    camera.restore()
    with pytest.raises(FocusDriveError, match="SIGSEGV") as caught:
        camera.drive_focus(50)
    assert caught.value.confirmed == 0  # this one was never sent
    with pytest.raises(NotReadyError, match="The camera is gone"):
        camera.expose()
    assert len(link.calls) == 2
    camera.close()


def test_a_pipe_that_is_broken_when_writing_is_the_same(connected):
    camera, _ = connected(BrokenPipeError)
    with pytest.raises(CameraError, match="gone"):
        camera.expose()


def test_the_answer_to_an_interrupted_call_is_not_taken_for_that_of_the_next(connected):
    camera, link = connected(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        camera.expose()
    link.script.extend([lambda n: messages.Answer(n - 1, ("late",)), lambda n: messages.Patience(n - 1, 9), 12])
    assert camera.focus_position() == 12


def test_failures_pass_through_as_they_are(connected):
    camera, _ = connected(FocusDriveError("a", "b", "c", 17), CameraError("d", "e", "f"))
    with pytest.raises(FocusDriveError) as caught:
        camera.drive_focus(50)
    assert caught.value.confirmed == 17
    with pytest.raises(FocusDriveError) as caught:  # the engine must not take it for a movement that was made
        camera.drive_focus(50)
    assert caught.value.confirmed is None


def test_a_bug_in_the_child_is_a_bug(connected):
    camera, _ = connected(lambda n: messages.Bug(n, "Traceback: boom"))
    with pytest.raises(RuntimeError, match="boom"):
        camera.expose()


def test_closing_ends_the_child_and_may_be_done_twice(connected):
    camera, link = connected(None)
    camera.close()
    camera.close()
    assert [type(call.request).__name__ for call in link.calls] == ["Open", "Close"]
    assert link.ended is False


def test_a_child_that_does_not_close_is_ended(connected):
    camera, link = connected(SILENCE)
    camera.close()
    assert (link.time, link.ended) == (10, False)


def test_opening_that_fails_leaves_no_child():
    link = FakeLink(NotReadyError("There is no camera.", "none.", "connect one."))
    camera = Gphoto2Camera("gphoto2", "unified", Gphoto2Options(), start=lambda: link, now=lambda: link.time)
    with pytest.raises(NotReadyError):
        camera.open()
    assert link.ended is False


def test_a_camera_that_does_not_answer_when_opened_is_not_ready():
    link = FakeLink(SILENCE)
    camera = Gphoto2Camera("gphoto2", "unified", Gphoto2Options(), start=lambda: link, now=lambda: link.time)
    with pytest.raises(NotReadyError, match="does not answer"):
        camera.open()
    assert link.ended is True


@pytest.mark.parametrize(("vendor", "units"), [("Nikon", 32_767), ("Sony Alpha", 7), ("Canon EOS", 10)])
def test_an_open_camera_tells_how_far_it_moves_in_one_go(vendor, units):
    link = FakeLink(replace(OPENED, vendor=vendor))
    camera = Gphoto2Camera("gphoto2", "unified", Gphoto2Options(), start=lambda: link, now=lambda: link.time)
    camera.open()
    assert camera.traits.max_drive == units


def test_it_finds_cameras_and_knows_its_makers():
    link = FakeLink((("Nikon DSC D750", "usb:001,004"),), None)
    camera = Gphoto2Camera("gphoto2", "unified", Gphoto2Options(), start=lambda: link, now=lambda: link.time)
    assert isinstance(camera, CameraFinder)
    assert isinstance(camera, CameraCatalogue)
    [found] = camera.detect()
    assert (found.model, found.address) == ("Nikon DSC D750", "usb:001,004")
    assert link.ended is False
    assert {p.maker: p.verified for p in camera.drive_profiles()}["Nikon"] == "wire"
