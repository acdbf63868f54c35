from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import Field

from stackcore.config import NoOptions, Options
from stackcore.errors import ConfigError, PluginError
from stackcore.hookspecs import HOOK_OF_KIND, Offer, hookimpl
from stackcore.registry import PluginRecord, Registry

from .conftest import fusers, offer


class Sharp(Options):
    radius_px: int = Field(4, ge=1, le=64, description="Half-width of the window, pixels.")


class Demanding(Options):
    serial: str


def only(registry: Registry) -> PluginRecord:
    (record,) = registry.records()
    return record


def test_an_offer_is_found_with_its_origin(fake_plugins):
    fake_plugins.add("fuser-a", distribution="acme-fusers", version="3.1", stackcore_fusers=fusers(offer("a")))
    record = only(Registry.discover())
    assert (record.kind, record.name, record.summary, record.state) == ("fuser", "a", "the a one", "ok")
    assert (record.distribution, record.version) == ("acme-fusers", "3.1")


def test_building_hands_over_checked_options(fake_plugins):
    fake_plugins.add("f", stackcore_fusers=fusers(offer("sharp", options=Sharp)))
    registry = Registry.discover()
    assert registry.build("fuser", "sharp", {"radius_px": 6}).options == Sharp(radius_px=6)
    assert registry.build("fuser", "sharp").options == Sharp(radius_px=4)
    assert registry.build("fuser", "sharp", Sharp(radius_px=9)).options == Sharp(radius_px=9)


def test_options_that_are_out_of_range_are_refused(fake_plugins):
    fake_plugins.add("f", stackcore_fusers=fusers(offer("sharp", options=Sharp)))
    with pytest.raises(ConfigError, match='"radius_px" of the fuser "sharp" cannot be 99'):
        Registry.discover().build("fuser", "sharp", {"radius_px": 99})


def test_one_module_may_offer_several_plugins_of_several_kinds(fake_plugins):
    @hookimpl
    def stackcore_sharpeners():
        return [offer("s")]

    fake_plugins.add("both", stackcore_fusers=fusers(offer("b"), offer("a")), stackcore_sharpeners=stackcore_sharpeners)
    registry = Registry.discover()
    assert registry.names("fuser") == ["a", "b"]
    assert [o.name for o in registry.offers("sharpener")] == ["s"]
    assert [r.name for r in registry.records("fuser")] == ["a", "b"]


@pytest.mark.parametrize("kind", sorted(HOOK_OF_KIND))
def test_every_kind_has_a_hook_that_is_called(fake_plugins, kind):
    hook = HOOK_OF_KIND[kind]

    def offers():
        return [offer("x")]

    offers.__name__ = hook
    fake_plugins.add("x", **{hook: hookimpl(offers)})
    assert Registry.discover().names(kind) == ["x"]


def test_an_unknown_name_is_refused_with_the_nearest(fake_plugins):
    fake_plugins.add("f", stackcore_fusers=fusers(offer("pyramid"), offer("average")))
    with pytest.raises(PluginError) as caught:
        Registry.discover().offer("fuser", "pyramyd")
    assert 'did you mean "pyramid"?' in caught.value.fix
    assert "average" in caught.value.fix
    assert caught.value.exit_code == 4


def test_a_name_of_another_kind_does_not_count(fake_plugins):
    fake_plugins.add("f", stackcore_fusers=fusers(offer("pyramid")))
    with pytest.raises(PluginError, match="There is no aligner"):
        Registry.discover().offer("aligner", "pyramid")


class Broken:
    """Ways for a plugin to be broken; each must leave the plugin beside it alone."""

    @staticmethod
    def missing_module(plugins):
        plugins.add_entry_point("fuser-bad", "no_such_module_of_acme", distribution="acme-bad")

    @staticmethod
    def missing_attribute(plugins):
        plugins.add_entry_point("fuser-bad", "stackcore.errors:nothing_here", distribution="acme-bad")

    @staticmethod
    def raising_hook(plugins):
        @hookimpl
        def stackcore_fusers():
            raise RuntimeError("the dongle is not plugged in")

        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=stackcore_fusers)

    @staticmethod
    def exiting_hook(plugins):
        @hookimpl
        def stackcore_fusers():
            sys.exit(3)

        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=stackcore_fusers)

    @staticmethod
    def unknown_hook_argument(plugins):
        @hookimpl
        def stackcore_fusers(image):
            return []

        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=stackcore_fusers)

    @staticmethod
    def not_an_offer(plugins):
        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=fusers("pyramid"))

    @staticmethod
    def not_a_list(plugins):
        @hookimpl
        def stackcore_fusers():
            return 3

        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=stackcore_fusers)

    @staticmethod
    def nothing_at_all(plugins):
        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=hookimpl(lambda: None))

    @staticmethod
    def options_without_defaults(plugins):
        plugins.add("fuser-bad", distribution="acme-bad", stackcore_fusers=fusers(offer("bad", options=Demanding)))

    @staticmethod
    def no_hook(plugins):
        plugins.add("fuser-bad", distribution="acme-bad")


WAYS = [name for name in vars(Broken) if not name.startswith("_")]


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_plugin_is_listed_and_breaks_nothing_else(fake_plugins, way):
    getattr(Broken, way)(fake_plugins)
    fake_plugins.add("fuser-good", stackcore_fusers=fusers(offer("good")))
    registry = Registry.discover()
    (bad,) = [record for record in registry.records() if record.distribution == "acme-bad"]
    assert bad.state == "broken"
    assert bad.reason
    assert "acme-bad" in bad.fix
    assert registry.names("fuser") == ["good"]
    assert registry.build("fuser", "good").name == "good"


@pytest.mark.parametrize("way", WAYS)
def test_selecting_a_broken_plugin_tells_its_reason(fake_plugins, way):
    getattr(Broken, way)(fake_plugins)
    registry = Registry.discover()
    (bad,) = registry.records()
    with pytest.raises(PluginError, match="cannot be used") as caught:
        registry.offer("fuser", "bad")
    assert caught.value.why == bad.reason


def test_a_broken_plugin_of_another_kind_is_not_to_blame(fake_plugins):
    fake_plugins.add_entry_point("camera-a", "no_such_module_of_acme")
    with pytest.raises(PluginError, match='There is no fuser called "a"'):
        Registry.discover().offer("fuser", "a")


def test_one_name_twice_is_an_error_that_names_both_packages(fake_plugins):
    fake_plugins.add("fuser-a", distribution="acme", stackcore_fusers=fusers(offer("a")))
    fake_plugins.add("fuser-a", distribution="rival", stackcore_fusers=fusers(offer("a")))
    registry = Registry.discover()
    assert [record.state for record in registry.records()] == ["duplicate", "duplicate"]
    assert registry.names("fuser") == []
    with pytest.raises(PluginError) as caught:
        registry.offer("fuser", "a")
    assert "acme 1.2" in caught.value.why
    assert "rival 1.2" in caught.value.why
    assert "--disable-plugin rival:a" in caught.value.fix


def test_leaving_one_of_two_out_lets_the_other_work(fake_plugins):
    fake_plugins.add("fuser-a", distribution="acme", stackcore_fusers=fusers(offer("a")))
    fake_plugins.add("fuser-a", distribution="rival", stackcore_fusers=fusers(offer("a")))
    registry = Registry.discover(disabled=["rival:a"])
    assert {r.distribution: r.state for r in registry.records()} == {"acme": "ok", "rival": "disabled"}
    assert registry.offer("fuser", "a").summary == "the a one"


def test_the_same_name_in_two_kinds_is_fine(fake_plugins):
    @hookimpl
    def stackcore_sharpeners():
        return [offer("a")]

    fake_plugins.add("f", stackcore_fusers=fusers(offer("a")), stackcore_sharpeners=stackcore_sharpeners)
    assert [record.state for record in Registry.discover().records()] == ["ok", "ok"]


@pytest.mark.parametrize("name", ["a", "fuser:a", "acme:a"])
def test_a_plugin_can_be_disabled_by_option(fake_plugins, name):
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a"), offer("b")))
    registry = Registry.discover(disabled=[name])
    assert registry.names("fuser") == ["b"]
    with pytest.raises(PluginError, match="it is disabled"):
        registry.offer("fuser", "a")


@pytest.mark.parametrize("name", ["camera:a", "rival:a", "A"])
def test_disabling_something_else_changes_nothing(fake_plugins, name):
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a")))
    assert Registry.discover(disabled=[name]).names("fuser") == ["a"]


def test_plugins_can_be_disabled_by_the_environment(fake_plugins, monkeypatch):
    monkeypatch.setenv("STACKCORE_DISABLE_PLUGINS", " a , fuser:b,")
    fake_plugins.add("fuser", stackcore_fusers=fusers(offer("a"), offer("b"), offer("c")))
    assert Registry.discover().names("fuser") == ["c"]


def test_a_missing_dependency_is_named_with_the_command_that_brings_it(fake_plugins):
    wanting = offer("a", needs=("no_such_library", "sys"), extra="dask")
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(wanting, offer("b", needs=("sys",))))
    registry = Registry.discover()
    by_name = {record.name: record for record in registry.records()}
    assert by_name["a"].state == "missing"
    assert by_name["a"].reason == "it needs no_such_library, which is not installed."
    assert by_name["a"].fix == "pip install 'acme[dask]'"
    assert by_name["b"].state == "ok"
    with pytest.raises(PluginError, match="no_such_library"):
        registry.build("fuser", "a")


def test_a_missing_submodule_is_missing_too(fake_plugins):
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a", needs=("no_such_library.part",))))
    assert only(Registry.discover()).state == "missing"


def test_without_an_extra_its_own_distribution_brings_what_it_requires(fake_plugins):
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a", needs=("no_such_library",))))
    assert only(Registry.discover()).fix == "pip install acme"  # a package called like the module may be anybody's


def test_an_import_that_fails_while_building_is_a_plugin_error(fake_plugins):
    def build(options):
        import no_such_module_of_acme  # noqa: F401

    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a", build=build)))
    with pytest.raises(PluginError, match="importing it failed"):
        Registry.discover().build("fuser", "a")


@pytest.mark.parametrize(
    ("error", "seen"), [(ValueError("no mirror"), PluginError), (ConfigError("a", "b", "c"), ConfigError)]
)
def test_what_building_raises_is_something_the_user_can_act_on(fake_plugins, error, seen):
    def build(options):
        raise error

    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a", build=build)))
    with pytest.raises(seen) as caught:
        Registry.discover().build("fuser", "a")
    assert caught.value is error or "ValueError: no mirror" in caught.value.why


def test_finding_plugins_builds_none(fake_plugins):
    def build(options):
        raise AssertionError("built")

    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a", build=build)))
    assert only(Registry.discover()).state == "ok"


def test_an_offer_without_options_takes_none(fake_plugins):
    bare: Offer[Any] = Offer(name="a", summary="the a one", build=lambda options: options)
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(bare))
    registry = Registry.discover()
    assert registry.offer("fuser", "a").options is NoOptions
    assert registry.options("fuser", "a", {}) == NoOptions()
    with pytest.raises(ConfigError):
        registry.options("fuser", "a", {"radius_px": 6})
    with pytest.raises(AttributeError):
        bare.radius  # type: ignore[attr-defined]  # noqa: B018


def test_looking_for_one_kind_loads_no_entry_point_of_another(fake_plugins):
    for name in ("fuser-a", "fusers-b", "c", "camera-d"):
        fake_plugins.add(name, stackcore_fusers=fusers(offer(name)))
    assert Registry.discover(kind="fuser").names("fuser") == ["c", "fuser-a", "fusers-b"]
    assert Registry.discover().names("fuser") == ["c", "camera-d", "fuser-a", "fusers-b"]


def test_discovery_loads_no_heavy_library():
    probe = (
        "import sys; from stackcore.registry import Registry; Registry.discover();"
        "print(*sorted({'numba', 'numpy', 'cv2', 'pyvips', 'rawpy', 'gphoto2', 'tifffile'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_every_built_in_works():
    records = [record for record in Registry.discover().records() if record.distribution == "stackcore"]
    assert records
    assert {f"{r.kind}:{r.name}": r.reason for r in records if r.state != "ok"} == {}
    assert {record.kind for record in records} == set(HOOK_OF_KIND)
    assert all(record.summary and "\n" not in record.summary for record in records)
