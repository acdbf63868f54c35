"""Plugins for other hooks are told as such, and none of their code runs."""

from __future__ import annotations

import sys

import pytest

from stackcore.errors import PluginError
from stackcore.registry import Registry
from stackcore.registry.compatibility import FIRST_VERSION, mismatch, read_declared

from .conftest import fusers, offer

GOOD = """
from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl

@hookimpl
def stackcore_fusers():
    return [Offer(name="far", summary="", options=NoOptions, build=print)]
"""


@pytest.fixture
def written(tmp_path, monkeypatch, fake_plugins):
    """Write a module that can be imported, and declare it as a plugin."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(module: str, text: str, attribute: str = ""):
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        fake_plugins.add_entry_point("fuser-far", module + attribute, distribution="acme-far")

    yield write
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("declared", ["1", "1.0"])
def test_what_fits_works(written, declared):
    written("acme_fits", f'stackcore_api = "{declared}"\n{GOOD}')
    (record,) = Registry.discover().records()
    assert (record.state, record.api) == ("ok", declared)


def test_what_declares_nothing_is_taken_for_the_first_version(written):
    written("acme_silent", GOOD)
    (record,) = Registry.discover().records()
    assert (record.state, record.api) == ("ok", FIRST_VERSION)


@pytest.mark.parametrize(
    ("declared", "cure"),
    [
        ("2", "pip install --upgrade stackcore"),
        ("2.0", "pip install --upgrade stackcore"),
        ("1.9", "pip install --upgrade stackcore"),
        ("0.9", "pip install --upgrade acme-far"),
    ],
)
def test_another_version_is_incompatible_and_not_imported(written, fake_plugins, declared, cure):
    written("acme_far", f'stackcore_api: str = "{declared}"\nraise SystemExit("it ran")\n')
    fake_plugins.add("fuser-near", stackcore_fusers=fusers(offer("near")))
    registry = Registry.discover()
    (far,) = [record for record in registry.records() if record.distribution == "acme-far"]
    assert (far.state, far.kind, far.api) == ("incompatible", None, declared)
    assert "acme_far" not in sys.modules
    assert far.reason == f"it was written for version {declared} of the hooks, and this stackcore has 1.0."
    assert cure in far.fix
    assert registry.names("fuser") == ["near"]
    with pytest.raises(PluginError, match=r"acme-far 1\.2") as caught:
        registry.build("fuser", "far")
    assert (caught.value.why, caught.value.fix) == (far.reason, far.fix)


def test_a_version_that_only_running_tells_is_found_before_any_hook_is_called(written):
    written("acme_counts", f"stackcore_api = str(1 + 1)\n{GOOD.replace('return', 'raise SystemExit')}")
    (record,) = Registry.discover().records()
    assert record.state == "incompatible"


@pytest.mark.parametrize("declared", ['"two"', '"1.0.3"', '""', "1", "1.0", "None"])
def test_what_is_no_version_is_broken_and_says_how_it_is_written(written, declared):
    written("acme_odd", f"stackcore_api = {declared}\n{GOOD}")
    (record,) = Registry.discover().records()
    assert record.state == "broken"
    assert "stackcore_api" in record.reason
    assert 'stackcore_api = "1.0"' in record.fix


def test_an_object_may_declare_for_itself(written):
    written("acme_object", f"{GOOD}\nclass Plugin:\n    stackcore_api = '2'\n", ":Plugin")
    assert read_declared("acme_object") is None
    assert [record.state for record in Registry.discover().records()] == ["incompatible"]


def test_only_a_line_of_the_module_itself_counts(written):
    written("acme_text", f'"""Write it so:\nstackcore_api = "7"\n"""\n{GOOD}')
    (record,) = Registry.discover().records()
    assert record.state == "ok"


def test_a_package_around_the_module_is_not_imported_either(written, fake_plugins, tmp_path):
    (tmp_path / "acme_package" / "inner").mkdir(parents=True)
    for folder in ("acme_package", "acme_package/inner"):
        (tmp_path / folder / "__init__.py").write_text("raise SystemExit('it ran')")
    (tmp_path / "acme_package" / "inner" / "plugin.py").write_text("stackcore_api = '2'\n")
    fake_plugins.add_entry_point("fuser-far", "acme_package.inner.plugin")
    (record,) = Registry.discover().records()
    assert record.state == "incompatible"
    assert "acme_package" not in sys.modules


@pytest.mark.parametrize("module", ["no_such_module_of_acme", "no_such.module_of_acme", "sys", "stackcore", "sys.x"])
def test_where_nothing_can_be_read_nothing_is_declared(module):
    assert read_declared(module) is None


def test_ours_fits():
    from stackcore.hookspecs import API_VERSION

    assert mismatch(API_VERSION, "stackcore") is None
