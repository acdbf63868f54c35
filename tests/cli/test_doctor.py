from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from stackcore.actions import CameraTraits
from stackcore.errors import CameraError
from stackcore.hookspecs import Offer, hookimpl
from stackcore.metadata import library
from stackcore.protocols import DetectedCamera
from stackcore.registry import Registry
from stackcore_plugins.command_doctor import cameras, machine, places
from stackcore_plugins.command_doctor.finding import Finding
from stackcore_plugins.command_doctor.memory import Memory, memory
from stackcore_plugins.command_doctor.plugin_states import plugin_states


@pytest.fixture
def no_bus(monkeypatch):
    """No process is started to look at the bus of this machine."""
    monkeypatch.setattr("stackcore_plugins.command_doctor.checks.cameras", lambda registry: iter(()))


class Finder:
    open = close = preflight = restore = drive_focus = expose = preview_frame = wait_ready = focus_position = None
    traits = CameraTraits(style="legacy", waits_after_still=True)

    def __init__(self, found):
        self.found = found

    def detect(self):
        return self.found()


@pytest.fixture
def offering(fake_plugins):
    def add(**found):
        @hookimpl
        def stackcore_cameras():
            return [
                Offer(name=name, summary=name, build=lambda options, look=look: Finder(look))
                for name, look in found.items()
            ]

        fake_plugins.add("cameras", stackcore_cameras=stackcore_cameras)
        return Registry.discover()

    return add


def test_a_healthy_place(stackcore, tmp_path):
    done = stackcore("doctor", "--folder", str(tmp_path), "--json")
    document = json.loads(done.out)
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert done.code == 0, document
    assert document["healthy"] is True
    libraries = {"libvips", "OpenCV", "numba", "Exiv2", "LibRaw", "libgphoto2"}
    machine = {"stackcore", "Python", "cameras", "cores", "memory", "disk"}
    kept = {"plugins", "output folder", "settings folder", "state folder", "data folder", "calibration library"}
    assert libraries | machine | kept <= set(states)
    figures = {check["name"]: check["figures"] for check in document["checks"]}
    assert figures["memory"]["total_bytes"] >= figures["memory"]["free_bytes"] > 0
    assert figures["plugins"]["by_state"]["ok"] == sum(figures["plugins"]["by_kind"].values())
    assert all(check["fix"] for check in document["checks"] if check["state"] != "ok")


def test_the_list_for_people(stackcore, tmp_path, no_bus):
    done = stackcore("doctor", "--folder", str(tmp_path))
    assert done.code == 0
    assert "ok   libvips: 8." in done.out
    assert "checks: 0 failed" in done.out


@pytest.mark.parametrize(("module", "name", "code"), [("exiv2", "Exiv2", 4), ("gphoto2", "libgphoto2", 0)])
def test_a_library_that_is_missing(stackcore, tmp_path, monkeypatch, no_bus, module, name, code):
    monkeypatch.setitem(sys.modules, module, None)
    library._loaded.cache_clear()
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


def test_a_plugin_that_an_extra_brings_is_no_cause_for_worry(stackcore, tmp_path, monkeypatch, no_bus):
    monkeypatch.setattr("stackcore.registry.finding._is_installed", lambda module: module != "distributed")
    done = stackcore("doctor", "--folder", str(tmp_path), "--json")
    (check,) = [check for check in json.loads(done.out)["checks"] if check["name"] == "plugin executor:dask"]
    assert (check["state"], check["fix"]) == ("ok", "pip install 'stackcore[dask]'")


def test_an_extra_that_is_not_installed_is_nothing_wrong(fake_plugins):
    def offer(name, extra):
        return Offer(name=name, summary=name, build=lambda options: None, needs=("no_such_module",), extra=extra)

    @hookimpl
    def stackcore_fusers():
        return [offer("wide", "dask"), offer("odd", None)]

    fake_plugins.add("fusers", stackcore_fusers=stackcore_fusers)
    _, odd, wide = plugin_states(Registry.discover())
    assert (wide.name, wide.state) == ("plugin fuser:wide", "ok")
    assert "pip install 'acme[dask]'" in wide.detail
    assert (odd.state, bool(odd.fix)) == ("warning", True)


def test_a_place_that_cannot_be_written(stackcore, tmp_path, no_bus):
    file = tmp_path / "file"
    file.touch()
    done = stackcore("doctor", "--folder", str(file), "--json")
    assert done.code == 7
    assert json.loads(done.out)["healthy"] is False


def test_a_place_that_does_not_exist_yet_is_not_made(tmp_path):
    finding = next(places.folders(tmp_path / "new" / "deep"))
    assert finding.state == "ok"
    assert "not made yet" in finding.detail
    assert list(tmp_path.iterdir()) == []


def test_little_room_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "LOW_DISK_BYTES", 1 << 62)
    finding = machine.disk(tmp_path)
    assert finding.state == "warning"
    assert finding.fix


def test_a_folder_that_is_gone_is_told(tmp_path):
    assert machine.disk(Path(tmp_path / "gone")).state == "failed"


def test_a_narrow_terminal_gets_lines_that_fit_and_paths_that_are_whole(stackcore, tmp_path, monkeypatch, no_bus):
    monkeypatch.setenv("COLUMNS", "40")
    lines = stackcore("doctor", "--folder", str(tmp_path)).out.splitlines()
    too_long = [line for line in lines if len(line) > 40]
    assert all(len(line.split()) == 1 for line in too_long), too_long
    assert any(str(tmp_path) in line for line in lines)


def test_cameras_are_named_with_what_to_type(offering):
    one = DetectedCamera(model="Acme One", address="usb:001,004")
    registry = offering(new=lambda: [one], old=lambda: [one])
    (finding,) = cameras.cameras(registry)
    assert finding.state == "ok"
    assert finding.detail == "Acme One at usb:001,004 (new:usb:001,004, old:usb:001,004)"
    assert finding.figures["found"][0]["addresses"] == ["new:usb:001,004", "old:usb:001,004"]


def test_no_camera_is_nothing_wrong(offering):
    (finding,) = cameras.cameras(offering(new=list))
    assert (finding.state, finding.figures) == ("ok", {"found": []})


def test_a_provider_that_cannot_look_is_told_with_the_cure(offering):
    def off():
        raise CameraError("Nothing can be looked for.", "the bus is off.", "switch it on.")

    _, problem = cameras.cameras(offering(new=off))
    assert (problem.name, problem.state, problem.fix) == ("camera new", "warning", "switch it on.")
    assert "the bus is off" in problem.detail


def test_a_driver_that_hangs_does_not_keep_the_doctor(offering):
    let_go = threading.Event()

    def hang():
        let_go.wait()
        return []

    try:
        (finding,) = cameras.cameras(offering(new=hang), wait_s=0.01)
    finally:
        let_go.set()
    assert finding.state == "warning"
    assert "longer than 0.01 s" in finding.detail


def test_memory_is_that_of_the_container_where_it_allows_less(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       16000000 kB\nMemFree:  100 kB\nMemAvailable:    8000000 kB\n")
    whole = Memory(16_000_000 * 1024, 8_000_000 * 1024)
    assert memory(meminfo, tmp_path) == whole
    (tmp_path / "memory.max").write_text("max\n")
    assert memory(meminfo, tmp_path) == whole
    (tmp_path / "memory.max").write_text(f"{2 * 1024**3}\n")
    (tmp_path / "memory.current").write_text(f"{1024**3}\n")
    assert memory(meminfo, tmp_path) == Memory(2 * 1024**3, 1024**3)


@pytest.mark.parametrize(
    ("found", "state"), [(Memory(2**33, 2**30), "warning"), (Memory(2**33, 2**32), "ok"), (Memory(2**33, None), "ok")]
)
def test_little_memory_is_a_warning(found, state):
    finding = machine.room_in_memory(found)
    assert finding.state == state
    assert bool(finding.fix) is (state == "warning")


def test_the_library_tells_what_it_holds_and_what_is_broken(tmp_path, monkeypatch):
    monkeypatch.setenv("STACKCORE_DATA_DIR", str(tmp_path))
    folder = tmp_path / "calibration"
    folder.mkdir()
    (folder / "bad.json").write_text("{")
    held, broken = places.calibration_library()
    assert (held.state, held.figures["darks"], held.figures["bytes"]) == ("ok", 0, 1)
    assert isinstance(broken, Finding)
    assert (broken.name, broken.state) == ("calibration bad", "warning")
    assert broken.fix
