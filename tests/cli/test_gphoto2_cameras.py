"""`stackcore cameras`: providers, what they find, whose bodies they drive."""

from __future__ import annotations

import json
import threading

import pytest

from stackcore.actions import CameraTraits
from stackcore.config import NoOptions
from stackcore.errors import CameraError
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import DetectedCamera, DriveProfile


class Camera:
    open = close = preflight = restore = drive_focus = expose = preview_frame = wait_ready = focus_position = None


class Finder(Camera):
    traits = CameraTraits(style="legacy", waits_after_still=True)

    def __init__(self, found):
        self.found = found

    def detect(self):
        if self.found is None:
            raise CameraError("Nothing can be looked for.", "the bus is off.", "switch it on.")
        return self.found

    def drive_profiles(self):
        return [DriveProfile(maker="Acme", verified="source", returns_exactly=False, note="Two sizes of step.")]


class Simulated(Camera):
    traits = CameraTraits(style="unified", waits_after_still=False, simulated=True)


@pytest.fixture
def offering(fake_plugins):
    def add(**cameras):
        def offer(name, camera):
            return Offer(name=name, summary=f"about {name}", options=NoOptions, build=lambda options: camera)

        @hookimpl
        def stackcore_cameras():
            return [offer(name, camera) for name, camera in cameras.items()]

        fake_plugins.add("cameras", stackcore_cameras=stackcore_cameras)

    return add


def listed(stackcore):
    done = stackcore("cameras", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["schema"] == "stackcore.cameras/1"
    return {provider["name"]: provider for provider in document["providers"]}


def test_it_lists_what_can_be_typed(stackcore, offering):
    found = [DetectedCamera(model="Acme One", address="usb:001,004"), DetectedCamera(model="Acme Two", address="")]
    offering(real=Finder(found), toy=Simulated())
    providers = listed(stackcore)
    assert providers["real"]["addresses"] == ["real:usb:001,004", "real"]
    assert (providers["real"]["style"], providers["real"]["simulated"]) == ("legacy", False)
    [profile] = providers["real"]["profiles"]
    assert profile == {
        "maker": "Acme",
        "verified": "source",
        "returns_exactly": False,
        "note": "Two sizes of step.",
    }
    assert (providers["toy"]["addresses"], providers["toy"]["simulated"]) == (["toy"], True)


def test_people_get_tables(stackcore, offering):
    offering(real=Finder([DetectedCamera(model="Acme One", address="usb:001,004")]), toy=Simulated(), none=Finder([]))
    out = stackcore("cameras").out
    assert "real:usb:001,004" in out
    assert "Acme One" in out
    assert "SIMULATED" in out
    assert "none: no camera found" in out
    assert "source" in out


def test_a_provider_that_fails_says_so_and_hides_no_other(stackcore, offering, fake_plugins):
    offering(broken=Finder(None), toy=Simulated())
    fake_plugins.add_entry_point("camera-bad", "no_such_module_of_acme")
    providers = listed(stackcore)
    assert "the bus is off" in providers["broken"]["problem"]
    assert providers["toy"]["addresses"] == ["toy"]
    assert "the bus is off" in stackcore("cameras").out


def test_a_provider_that_hangs_is_given_up_and_hides_no_other(stackcore, fake_plugins, monkeypatch):
    over = threading.Event()
    builds = {"hanging": lambda options: over.wait(60), "toy": lambda options: Simulated()}

    @hookimpl
    def stackcore_cameras():
        return [Offer(name=name, summary="", options=NoOptions, build=build) for name, build in builds.items()]

    fake_plugins.add("cameras", distribution="acme-cameras", stackcore_cameras=stackcore_cameras)
    monkeypatch.setattr("stackcore.api.cameras.ANSWER_LIMIT_S", 0.05)
    try:
        providers = listed(stackcore)
    finally:
        over.set()
    assert "was not done within 0.05 s" in providers["hanging"]["problem"]
    assert "acme-cameras" in providers["hanging"]["problem"]
    assert providers["toy"]["addresses"] == ["toy"]


def test_the_real_providers_are_listed_with_their_makers(stackcore):
    providers = listed(stackcore)
    for name, style in (("gphoto2-legacy", "legacy"), ("gphoto2-unified", "unified")):
        assert providers[name]["style"] == style
        assert not providers[name]["problem"]
        verified = {profile["maker"]: profile["verified"] for profile in providers[name]["profiles"]}
        assert verified["Nikon"] == "wire"
        assert {verified[maker] for maker in verified if maker != "Nikon"} == {"source"}
    assert providers["simulator"]["simulated"]
