"""What is looked at before focus moves, for every row of the vendor table, on made-up trees of settings."""

from __future__ import annotations

import pytest

from stackcore.errors import CameraError, NotReadyError
from stackcore_plugins.camera_gphoto2.body import DriverError, Happening, Setting
from stackcore_plugins.camera_gphoto2.messages import AwaitReady, Drive, Expose, Position, Preflight, Preview, Restore
from stackcore_plugins.camera_gphoto2.vendors import UNKNOWN, VENDORS, vendor_of

FULL = frozenset({"live_view", "focus_drive", "still"})
BUSY = DriverError(-110)
SIZED = ["None", "Far 1"] * 3 + ["None", "Near 1"] * 3


def look(camera, needs=FULL, *, start=True):
    return {check.name: check for check in camera.ask(Preflight(needs, start))}


def failed(checks):
    return [name for name, check in checks.items() if not check.ok and check.fatal]


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: row.name)
def test_a_good_body_of_every_maker_passes(bench, row):
    camera = bench(row.name)
    assert camera.session.vendor is row
    checks = look(camera)
    assert failed(checks) == []
    assert camera.body.settings[row.target].value == row.ram
    assert camera.body.drives() == []  # nothing has moved


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: row.name)
def test_a_row_that_is_known_from_source_only_warns(bench, row):
    checks = look(bench(row.name))
    profile = checks.get("camera profile")
    assert (profile is not None) == (row.verified == "source")
    assert profile is None or not profile.fatal
    assert ("focus return" in checks) == (not row.exact)


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: row.name)
def test_every_row_moves_shoots_and_returns(bench, row):
    camera = bench(row.name)
    camera.body.after_trigger = [Happening("file", "/", "a.jpg"), Happening("done")]
    camera.body.on_write = lambda name, value: (
        camera.body.events.extend(camera.body.after_trigger) if value == "Press Full MF" else None
    )
    look(camera)
    assert len(camera.ask(Expose())) == 1
    camera.ask(Drive(3))
    camera.ask(Drive(-3))
    expected = {
        "Nikon": [3.0, -3.0],
        "Canon EOS": SIZED,
        "Sony Alpha": [3.0, -3.0],
        "Panasonic": SIZED,
        "Olympus OM-D": SIZED,
        "Fujifilm": [503.0, 500.0],
    }
    assert camera.body.drives() == expected[row.name]
    released = [value for name, value in camera.body.written if name in ("trigger", "eosremoterelease")]
    assert released == (["Press Full MF", "Release Full"] if row.name == "Canon EOS" else [None])
    assert camera.ask(Position()) == (500 if row.name == "Fujifilm" else None)


def test_no_still_of_a_nikon_can_focus(bench):
    camera = bench()
    look(camera)
    assert camera.body.settings["autofocus"].value == "Off"
    del camera.body.settings["autofocus"]
    assert failed(look(camera)) == ["still capture"]


@pytest.mark.parametrize(
    ("vendor", "setting", "value", "fatal"),
    [
        ("Nikon", "500a", "1", False),
        ("Canon EOS", "focusmode", "Manual", False),
        ("Sony Alpha", "focusmode", "AF-S", True),
        ("Fujifilm", "focusmode", "AF-S", True),
    ],
)
def test_the_focus_mode_is_a_rule_of_the_row(bench, vendor, setting, value, fatal):
    camera = bench(vendor)
    assert look(camera)["focus mode"].ok
    camera.body.settings[setting] = Setting(value)
    check = look(camera)["focus mode"]
    assert (check.ok, check.fatal) == (False, fatal)
    assert "focus" in check.fix


def test_live_view_is_switched_on_and_put_back(bench):
    camera = bench()
    camera.body.fail("viewfinder", BUSY, BUSY)
    assert look(camera)["live view"].ok
    camera.body.fail("viewfinder", BUSY)
    camera.ask(Restore())
    camera.ask(Restore())
    assert [value for name, value in camera.body.written if name == "viewfinder"] == [1, 1, 1, 0, 0]


def test_live_view_that_was_on_stays_on(bench):
    camera = bench()
    camera.body.settings["viewfinder"] = Setting(1)
    look(camera)
    camera.ask(Restore())
    assert ("viewfinder", 0) not in camera.body.written
    assert ("viewfinder", 1) not in camera.body.written


def test_live_view_that_the_body_dropped_during_a_run_is_left_as_it_was_before(bench):
    camera = bench()
    camera.body.settings["viewfinder"] = Setting(1)
    look(camera)
    camera.body.settings["viewfinder"] = Setting(0)
    camera.body.fail("manualfocusdrive", DriverError(-1, "Nikon manual focus works only in LiveView mode."))
    camera.ask(Drive(5))
    camera.ask(Restore())
    assert camera.body.settings["viewfinder"].value == 1


@pytest.mark.parametrize("vendor", ["Nikon", "Panasonic"])
def test_looking_at_live_view_during_a_run_does_not_make_it_the_users(bench, vendor):
    camera = bench(vendor)
    look(camera)
    camera.body.frames.extend([b""])
    assert camera.ask(AwaitReady(5))
    assert not camera.body.frames  # live view is known to be on, so it was asked for pictures
    camera.ask(Restore())
    assert camera.body.settings["viewfinder"].value == 0


def test_live_view_that_cannot_be_read_is_switched_off_again(bench):
    camera = bench("Panasonic")
    look(camera)
    camera.ask(Restore())
    assert [value for name, value in camera.body.written if name == "viewfinder"] == [1, 0]


def test_live_view_is_not_switched_on_unasked(bench):
    camera = bench()
    check = look(camera, start=False)["live view"]
    assert (check.ok, check.detail) == (False, "off")
    assert ("viewfinder", 1) not in camera.body.written


def test_a_body_that_forbids_live_view_gives_its_own_reason(bench):
    camera = bench()
    camera.body.settings["liveviewprohibit"] = Setting("Movie prohibit conditions: Battery exhausted")
    assert look(camera)["live view"].detail == "the camera refuses: Battery exhausted"
    assert ("viewfinder", 1) not in camera.body.written
    del camera.body.settings["liveviewprohibit"]
    camera.body.fail("viewfinder", DriverError(-1, "Liveview cannot start: Temperature too high"))
    assert look(camera)["live view"].detail == "Liveview cannot start: Temperature too high"


def test_live_view_without_a_picture_is_none(bench):
    camera = bench()
    camera.body.frames.extend([b""] * 20)
    check = look(camera)["live view"]
    assert not check.ok
    assert "no picture in 2 s" in check.detail


def test_a_preview_is_asked_for_until_it_is_a_picture(bench):
    camera = bench()
    camera.body.frames.extend([b"", b"half a header", b"\xff\xd8 good"])
    assert camera.ask(Preview()) == b"\xff\xd8 good"
    camera.body.fail("preview", DriverError(-1, "Liveview cannot start: Battery exhausted"))
    with pytest.raises(CameraError, match="Battery exhausted"):
        camera.ask(Preview())


def test_a_body_without_a_drive_says_so(bench):
    camera = bench()
    del camera.body.settings["manualfocusdrive"]
    assert failed(look(camera)) == ["focus drive"]
    del camera.body.settings["viewfinder"]
    assert failed(look(camera)) == ["focus drive", "live view"]


def test_a_maker_without_a_row_is_told(bench):
    assert vendor_of("Acme") is UNKNOWN
    camera = bench()
    camera.body.settings["manufacturer"] = Setting("Acme")
    other = type(camera.session)(camera.body, "", camera.session._options, camera.clock, camera.patience.append)
    checks = {check.name: check for check in other.answer(Preflight(FULL, True))}
    assert "focus drive" in failed(checks)


@pytest.mark.parametrize(("room", "ok"), [(0, False), (3, True), (None, True)])
def test_room_on_the_card_is_looked_at_where_stills_stay_there(bench, room, ok):
    camera = bench(target="card")
    camera.body.room = room
    assert look(camera)["room on the card"].ok is ok
    assert camera.body.settings["capturetarget"].value == "Memory card"
    assert "room on the card" not in look(bench())


@pytest.mark.parametrize(("charge", "ok"), [("80%", True), ("10%", False), ("Low", False), ("unknown", True)])
def test_a_low_battery_warns(bench, charge, ok):
    camera = bench()
    camera.body.settings["batterylevel"] = Setting(charge)
    check = look(camera)["battery"]
    assert (check.ok, check.fatal) == (ok, False)


def test_a_flash_that_is_not_charged_warns(bench):
    camera = bench()
    assert look(camera)["flash"].ok
    camera.body.settings["flashcharged"] = Setting("0")
    check = look(camera)["flash"]
    assert (check.ok, check.fatal) == (False, False)


def test_a_setting_that_is_refused_is_no_still(bench):
    camera = bench()
    camera.body.fail("capturetarget", DriverError(-1))
    checks = look(camera)
    assert failed(checks) == ["still capture"]
    assert "still capture" not in look(bench(), frozenset({"live_view", "focus_drive"}))


def test_a_camera_that_goes_during_the_look_is_gone(bench):
    camera = bench()
    camera.body.fail("wait_event", DriverError(-7))
    with pytest.raises(NotReadyError, match="gone"):
        look(camera)


def test_ready_is_when_a_picture_comes(bench):
    camera = bench()
    camera.body.settings["viewfinder"] = Setting(1)
    camera.body.frames.extend([b"", b""])
    assert camera.ask(AwaitReady(5)) is True
    camera.body.frames.extend([b""] * 100)
    assert camera.ask(AwaitReady(1)) is False
    began = camera.clock.time
    camera.body.settings["viewfinder"] = Setting(0)
    camera.body.fail("wait_event", DriverError(-7))
    with pytest.raises(CameraError, match="gone"):  # at once
        camera.ask(AwaitReady(5))
    assert camera.clock.time == began


def test_a_lost_camera_needs_no_putting_back(bench):
    camera = bench()
    look(camera)
    camera.body.dead = True
    assert camera.ask(Restore()) is None
