"""What hooks return is looked at offer by offer: what is wrong is named, and what is right works."""

from __future__ import annotations

import sys

import pytest

from stackcore.config import Options
from stackcore.errors import PluginError
from stackcore.hookspecs import Offer, hookimpl
from stackcore.registry import Registry

from .conftest import fusers, offer


class Demanding(Options):
    serial: str


class Leaving(Options):
    def __init__(self, **values):
        sys.exit(3)


FAULTS = {
    "text": ("pyramid", "a value of type str where an Offer is wanted"),
    "class": (Offer, "a value of type type where an Offer is wanted"),
    "name": (offer("x", name=3), "whose name is 3"),
    "empty name": (offer("x", name=" "), "whose name is ' '"),
    "summary": (offer("x", summary=None), "whose summary is None"),
    "options": (offer("x", options=dict), "not a subclass of Options"),
    "options made": (offer("x", options=Demanding), "cannot be made without arguments: ValidationError: 1 validation"),
    "options leaving": (offer("x", options=Leaving), "cannot be made without arguments: SystemExit: 3"),
    "build": (offer("x", build=None), "whose build is a value of type NoneType, not a function"),
    "capabilities": (offer("x", capabilities=".jpg"), "whose capabilities are '.jpg'"),
    "no capabilities": (offer("x", capabilities=None), "whose capabilities are None"),
    "needs": (offer("x", needs=(1,)), "whose needs are (1,)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_offer_is_named_and_those_beside_it_work(fake_plugins, fault):
    wrong, told = FAULTS[fault]
    fake_plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=fusers(offer("a"), wrong, offer("b")))
    registry = Registry.discover()
    (bad,) = [record for record in registry.records() if record.state != "ok"]
    assert (bad.kind, bad.state, bad.distribution) == ("fuser", "broken", "acme-bad")
    assert bad.reason.startswith("its hook stackcore_fusers ")
    assert told in bad.reason
    assert "acme-bad" in bad.fix
    assert registry.names("fuser") == ["a", "b"]


def test_a_wrong_offer_that_has_a_name_goes_by_it(fake_plugins):
    fake_plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=fusers(offer("sharp", options=dict)))
    with pytest.raises(PluginError, match=r'The fuser "sharp" of acme-bad 1\.2') as caught:
        Registry.discover().build("fuser", "sharp")
    assert "stackcore_fusers" in caught.value.why


def test_what_a_hook_gave_before_it_failed_is_kept(fake_plugins):
    @hookimpl
    def stackcore_fusers():
        yield offer("a")
        raise RuntimeError("the dongle is not plugged in")

    fake_plugins.add("fuser-bad", stackcore_fusers=stackcore_fusers)
    registry = Registry.discover()
    assert registry.names("fuser") == ["a"]
    (bad,) = [record for record in registry.records() if record.state == "broken"]
    assert bad.reason == "its hook stackcore_fusers failed: RuntimeError: the dongle is not plugged in"


def test_what_a_plugin_prints_does_not_come_between_the_lines_of_json(fake_plugins, capsys):
    @hookimpl
    def stackcore_fusers():
        print("thank you for choosing Acme")
        return [offer("a")]

    fake_plugins.add("fuser-loud", stackcore_fusers=stackcore_fusers)
    assert Registry.discover().names("fuser") == ["a"]
    out, err = capsys.readouterr()
    assert (out, err) == ("", "thank you for choosing Acme\n")


def test_one_hook_that_fails_leaves_the_others_of_its_plugin_alone(fake_plugins):
    @hookimpl
    def stackcore_sharpeners():
        raise RuntimeError

    fake_plugins.add("both", stackcore_fusers=fusers(offer("a")), stackcore_sharpeners=stackcore_sharpeners)
    registry = Registry.discover()
    assert registry.names("fuser") == ["a"]
    assert [record.state for record in registry.records("sharpener")] == ["broken"]
