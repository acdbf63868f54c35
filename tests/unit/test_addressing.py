"""`NAME:ADDRESS` after `--camera`, for any provider that has an option `port`."""

from __future__ import annotations

import pytest

from stackcore.api.addressing import resolve_camera
from stackcore.config import NoOptions, Options
from stackcore.errors import ConfigError, PluginError, UsageError
from stackcore.hookspecs import Offer, hookimpl
from stackcore.registry import Registry


class WithPort(Options):
    port: str = ""
    speed: int = 1


@pytest.fixture
def registry(fake_plugins):
    def offer(name, options):
        return Offer(name=name, summary="", options=options, build=lambda given: given)

    @hookimpl
    def stackcore_cameras():
        return [offer("reachable", WithPort), offer("deaf", NoOptions)]

    fake_plugins.add("camera-x", stackcore_cameras=stackcore_cameras)
    return Registry.discover()


def test_the_rest_after_the_first_colon_is_the_port(registry):
    name, options = resolve_camera(registry, "reachable:ptpip:127.0.0.1:5:6", {"speed": 3})
    assert (name, options) == ("reachable", WithPort(port="ptpip:127.0.0.1:5:6", speed=3))


def test_a_name_alone_leaves_the_port_as_it_is(registry):
    assert resolve_camera(registry, "reachable", {"port": "usb:1,2"}) == ("reachable", WithPort(port="usb:1,2"))
    assert resolve_camera(registry, "deaf", {}) == ("deaf", NoOptions())


@pytest.mark.parametrize(
    ("camera", "values", "told"),
    [
        ("deaf:usb:1", {}, "takes no address"),
        ("reachable:", {}, "ends where an address should follow"),
        ("reachable:usb:1", {"port": "usb:2"}, "two addresses"),
    ],
)
def test_what_cannot_be_an_address_is_refused(registry, camera, values, told):
    with pytest.raises(UsageError, match=told):
        resolve_camera(registry, camera, values)


def test_the_same_address_twice_is_no_contradiction(registry):
    assert resolve_camera(registry, "reachable:usb:1", {"port": "usb:1"})[1] == WithPort(port="usb:1")


def test_unknown_names_and_options_are_told_as_always(registry):
    with pytest.raises(PluginError, match="reachable"):
        resolve_camera(registry, "reachabel:usb:1", {})
    with pytest.raises(ConfigError, match="sped"):
        resolve_camera(registry, "reachable:usb:1", {"sped": 1})
