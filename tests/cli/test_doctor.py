from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from stackcore_plugins.command_doctor import checks


def test_a_healthy_place(stackcore, tmp_path):
    done = stackcore("doctor", "--folder", str(tmp_path), "--json")
    document = json.loads(done.out)
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert done.code == 0, document
    assert document["healthy"] is True
    assert {"stackcore", "Python", "libvips", "OpenCV", "LibRaw", "libgphoto2", "plugins", "cores", "disk"} <= set(
        states
    )
    assert all(check["fix"] for check in document["checks"] if check["state"] != "ok")


def test_the_list_for_people(stackcore, tmp_path):
    done = stackcore("doctor", "--folder", str(tmp_path))
    assert done.code == 0
    assert "ok   libvips: 8." in done.out
    assert "checks: 0 failed" in done.out


@pytest.mark.parametrize(("module", "name", "code"), [("cv2", "OpenCV", 4), ("gphoto2", "libgphoto2", 0)])
def test_a_library_that_is_missing(stackcore, tmp_path, monkeypatch, module, name, code):
    monkeypatch.setitem(sys.modules, module, None)
    done = stackcore("doctor", "--folder", str(tmp_path), "--json")
    assert done.code == code
    (check,) = [check for check in json.loads(done.out)["checks"] if check["name"] == name]
    assert check["state"] == ("failed" if code else "warning")
    assert "pip install" in check["fix"]


def test_a_broken_plugin_fails_and_a_disabled_one_warns(stackcore, tmp_path, fake_plugins):
    from stackcore_plugins.command_doctor import plugin

    fake_plugins.add("command-doctor", stackcore_commands=plugin.stackcore_commands)
    fake_plugins.add_entry_point("fuser-bad", "no_such_module_of_acme")
    done = stackcore("doctor", "--folder", str(tmp_path), "--json")
    assert done.code == 4
    (check,) = [check for check in json.loads(done.out)["checks"] if check["name"] == "plugin ?:fuser-bad"]
    assert "no_such_module_of_acme" in check["detail"]
    done = stackcore("--disable-plugin", "fuser-bad", "doctor", "--folder", str(tmp_path), "--json")
    assert done.code == 0


def test_a_place_that_cannot_be_written(stackcore, tmp_path):
    file = tmp_path / "file"
    file.touch()
    done = stackcore("doctor", "--folder", str(file), "--json")
    assert done.code == 7
    assert json.loads(done.out)["healthy"] is False


def test_a_place_that_does_not_exist_yet_is_not_made(tmp_path):
    finding = next(checks.folders(tmp_path / "new" / "deep"))
    assert finding.state == "ok"
    assert "not made yet" in finding.detail
    assert list(tmp_path.iterdir()) == []


def test_little_room_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(checks, "LOW_DISK_BYTES", 1 << 62)
    finding = checks.disk(tmp_path)
    assert finding.state == "warning"
    assert finding.fix


def test_a_folder_that_is_gone_is_told(tmp_path):
    assert checks.disk(Path(tmp_path / "gone")).state == "failed"
