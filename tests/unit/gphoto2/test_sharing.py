"""Two runs on one camera, and other programs that hold it."""

from __future__ import annotations

import os

import pytest

from stackcore.errors import NotReadyError
from stackcore_plugins.camera_gphoto2.holders import advice, who_holds
from stackcore_plugins.camera_gphoto2.lock import lock_camera


def test_a_camera_is_locked_once(tmp_path):
    first = lock_camera(tmp_path / "locks", "ptpip:127.0.0.1:5:5")
    with pytest.raises(NotReadyError, match=rf"process {os.getppid()}\) works with ptpip:127.0.0.1:5:5"):
        lock_camera(tmp_path / "locks", "ptpip:127.0.0.1:5:5")
    other = lock_camera(tmp_path / "locks", "usb:001,002")
    os.close(first)
    again = lock_camera(tmp_path / "locks", "ptpip:127.0.0.1:5:5")
    os.close(again)
    os.close(other)


def test_no_place_for_a_lock_is_no_reason_not_to_shoot(tmp_path):
    (tmp_path / "file").write_text("")
    assert lock_camera(tmp_path / "file", "usb:1,2") is None


@pytest.fixture
def proc(tmp_path):
    def process(number, name, *files):
        (tmp_path / str(number) / "fd").mkdir(parents=True)
        (tmp_path / str(number) / "comm").write_text(f"{name}\n")
        for index, target in enumerate(files):
            (tmp_path / str(number) / "fd" / str(index)).symlink_to(target)

    process(10_000_001, "gvfsd-gphoto2", "/dev/null", "/dev/bus/usb/001/004")
    process(10_000_002, "editor", "/dev/bus/usb/001/005")
    process(os.getpid(), "stackcore", "/dev/bus/usb/001/004")
    (tmp_path / "self").mkdir()
    (tmp_path / "10000003").mkdir()
    return tmp_path


def test_who_has_the_device_open_is_named(proc):
    assert who_holds("usb:001,004", proc) == ["gvfsd-gphoto2 (process 10000001)"]
    assert advice("usb:001,004", proc).startswith("end gvfsd-gphoto2 (process 10000001);")


@pytest.mark.parametrize("port", ["usb:001,006", "ptpip:1.2.3.4", "usb:"])
def test_nobody_is_accused_without_evidence(proc, port):
    assert who_holds(port, proc) == []
    assert advice(port, proc).startswith("close photo managers")
