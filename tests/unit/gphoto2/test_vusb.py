"""The virtual USB body that comes with python-gphoto2: detection, what it lacks, stills without a focus drive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackcore.errors import NotReadyError
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.provider import Gphoto2Camera

gphoto2 = pytest.importorskip("gphoto2")

VUSB = Path(gphoto2.__file__).parent / "libgphoto2" / "vusb"
JPEG = b"\xff\xd8" + bytes(range(256)) * 40 + b"\xff\xd9"

pytestmark = pytest.mark.skipif(not VUSB.is_dir(), reason="this build of python-gphoto2 has no virtual USB body")


@pytest.fixture
def camera(tmp_path, monkeypatch):
    """Only the child process ever loads the driver, so the variables are enough."""
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "picture.jpg").write_bytes(JPEG)
    Path(os.environ["XDG_CONFIG_HOME"]).mkdir(exist_ok=True)
    monkeypatch.setenv("IOLIBS", str(VUSB))
    monkeypatch.setenv("VCAMERADIR", str(tmp_path / "card"))
    monkeypatch.setenv("STACKCORE_STATE_DIR", str(tmp_path / "state"))
    made = []

    def make(**options):
        made.append(Gphoto2Camera("gphoto2-unified", "unified", Gphoto2Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_it_is_found_and_taken_without_an_address(camera):
    [found] = camera().detect()
    assert "D750" in found.model
    assert found.address.startswith("usb:")
    info = camera().open()
    assert info.port == found.address


def test_its_missing_drive_is_told_before_a_run(camera):
    body = camera()
    body.open()
    checks = {
        check.name: check for check in body.preflight(frozenset({"live_view", "focus_drive"}), start_live_view=True)
    }
    assert [name for name, check in checks.items() if not check.ok and check.fatal] == ["focus drive", "live view"]
    assert "camera profile" not in checks  # the driver knows it for a Nikon, whatever it calls itself


def test_its_stills_are_fetched(camera):
    body = camera(target="card")
    body.open()
    body.preflight(frozenset({"still"}), start_live_view=False)
    [file] = body.expose()
    assert file.extension == "jpg"
    assert file.data.startswith(b"\xff\xd8")


def test_another_address_is_told_with_what_is_there(camera):
    with pytest.raises(NotReadyError, match="D750 at usb:"):
        camera(port="usb:099,099").open()
