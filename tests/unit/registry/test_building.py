"""What `build` does wrong is an error that names plugin, distribution and hook."""

from __future__ import annotations

import sys
import threading

import pytest

from stackcore.errors import PluginError
from stackcore.hookspecs import HOOK_OF_KIND, hookimpl
from stackcore.registry import Registry

from .conftest import fusers, offer


def offering(plugins, kind, build):
    def offers():
        return [offer("x", build=build)]

    offers.__name__ = HOOK_OF_KIND[kind]
    plugins.add("x", distribution="acme-x", **{HOOK_OF_KIND[kind]: hookimpl(offers)})
    return Registry.discover()


@pytest.mark.parametrize("kind", sorted(HOOK_OF_KIND))
def test_what_is_not_of_the_kind_is_refused(fake_plugins, kind):
    registry = offering(fake_plugins, kind, lambda options: None)
    with pytest.raises(PluginError, match=f'The {kind} "x" cannot be used') as caught:
        registry.build(kind, "x")
    assert "returned a NoneType" in caught.value.why
    assert "acme-x 1.2" in caught.value.why
    assert HOOK_OF_KIND[kind] in caught.value.why
    assert caught.value.exit_code == 4


def test_what_is_missing_is_named(fake_plugins):
    class Half:
        tolerance = 0.0

        def start(self, info): ...
        def add(self, state, frame): ...
        def state_bytes(self, info): ...

    registry = offering(fake_plugins, "fuser", lambda options: Half())
    with pytest.raises(PluginError, match="returned a Half, which is no fuser: it has no merge, finish") as caught:
        registry.build("fuser", "x")
    assert "stackcore plugins check fuser:x" in caught.value.fix


def test_what_belongs_to_the_instance_alone_counts(fake_plugins):
    class Late:
        def __init__(self):
            self.tolerance = 0.0
            self.start = self.add = self.merge = self.finish = self.state_bytes = print

    assert isinstance(offering(fake_plugins, "fuser", lambda options: Late()).build("fuser", "x"), Late)


def test_a_getter_is_not_run(fake_plugins):
    class Slow:
        start = add = merge = finish = state_bytes = None

        @property
        def tolerance(self):
            raise AssertionError("asked")

    offering(fake_plugins, "fuser", lambda options: Slow()).build("fuser", "x")


@pytest.mark.parametrize("error", [SystemExit(3), ValueError("no mirror"), TimeoutError("nobody answers")])
def test_what_it_raises_becomes_an_error_with_its_origin(fake_plugins, error):
    def build(options):
        raise error

    with pytest.raises(PluginError, match="building it failed") as caught:
        offering(fake_plugins, "fuser", build).build("fuser", "x")
    assert f"{type(error).__name__}: {error}" in caught.value.why
    assert "acme-x 1.2, stackcore_fusers" in caught.value.why


def test_one_that_takes_too_long_is_given_up_where_there_is_a_limit(fake_plugins):
    over = threading.Event()
    registry = offering(fake_plugins, "fuser", lambda options: over.wait(60))
    try:
        with pytest.raises(PluginError, match=r"was not done within 0\.05 s") as caught:
            registry.build("fuser", "x", limit_s=0.05)
    finally:
        over.set()
    assert "acme-x" in caught.value.why
    assert "--disable-plugin acme-x:x" in caught.value.fix


def test_one_that_is_in_time_is_built_on_either_path(fake_plugins):
    registry = offering(fake_plugins, "command", lambda options: sys.exit)
    assert registry.build("command", "x", limit_s=30) is sys.exit
    assert registry.build("command", "x") is sys.exit


def test_options_come_with_the_name_of_their_plugin(fake_plugins):
    fake_plugins.add("f", stackcore_fusers=fusers(offer("a")))
    assert Registry.discover().build("fuser", "a").name == "a"
