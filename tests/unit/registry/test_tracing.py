"""`STACKCORE_TRACE=hooks` tells on stderr who answered what, and nothing else does."""

from __future__ import annotations

import re

import pytest

from stackcore.errors import PluginError
from stackcore.hookspecs import hookimpl
from stackcore.registry import Registry

from .conftest import fusers, offer

ROW = re.compile(r"trace: (?P<plugin>\S+) +(?P<what>\S+(?: \S+)?) +(?P<ms>\d+\.\d\d) ms  (?P<answer>.+)")


@pytest.fixture
def plugins(fake_plugins):
    @hookimpl
    def stackcore_sharpeners():
        raise RuntimeError("the dongle\nis not plugged in")

    fake_plugins.add("fuser-two", stackcore_fusers=fusers(offer("a"), offer("b")))
    fake_plugins.add("sharpener-bad", distribution="rival", stackcore_sharpeners=stackcore_sharpeners)
    fake_plugins.add_entry_point("camera-bad", "no_such_module_of_acme")


@pytest.fixture
def traced(plugins, monkeypatch, capsys):
    """Discover, and return the registry and the rows of the trace."""
    monkeypatch.setenv("STACKCORE_TRACE", "hooks")

    def discover():
        registry = Registry.discover()
        _, *lines = capsys.readouterr().err.splitlines()
        return registry, lines

    return discover


def test_every_answer_has_its_row(traced):
    _, lines = traced()
    rows = [match.groupdict() for match in map(ROW.fullmatch, lines) if match]
    assert len(rows) == len(lines)
    assert [(row["plugin"], row["what"], row["answer"]) for row in rows] == [
        ("acme:camera-bad", "import", "ModuleNotFoundError: No module named 'no_such_module_of_acme'"),
        ("acme:fuser-two", "import", "fake_acme_fuser_two"),
        ("acme:fuser-two", "stackcore_fusers", "a, b"),
        ("rival:sharpener-bad", "import", "fake_rival_sharpener_bad"),
        ("rival:sharpener-bad", "stackcore_sharpeners", "RuntimeError: the dongle is not plugged in"),
    ]


def test_the_columns_stand_below_each_other(traced):
    _, lines = traced()
    assert len({line.index(" ms  ") for line in lines}) == 1


def test_long_answers_are_cut(fake_plugins, traced):
    fake_plugins.add("fuser-many", stackcore_fusers=fusers(*(offer(f"number-{n}") for n in range(30))))
    _, lines = traced()
    (row,) = [line for line in lines if "number-0" in line]
    assert row.endswith("…")
    assert len(row) < 160


def test_building_is_traced(traced, capsys):
    registry, _ = traced()
    registry.build("fuser", "a")
    (row,) = capsys.readouterr().err.splitlines()
    assert ROW.fullmatch(row)["what"] == "build fuser"
    assert row.endswith("Made")


@pytest.mark.parametrize("value", ["", "0"])
def test_nothing_is_written_without_it(plugins, monkeypatch, capsys, value):
    monkeypatch.setenv("STACKCORE_TRACE", value)
    registry = Registry.discover()
    registry.build("fuser", "a")
    with pytest.raises(PluginError):
        registry.build("sharpener", "bad")
    assert capsys.readouterr().err == ""


def test_what_it_does_not_know_is_told(plugins, monkeypatch, caplog):
    monkeypatch.setenv("STACKCORE_TRACE", "hoks")
    Registry.discover()
    Registry.discover()
    assert caplog.messages == ["STACKCORE_TRACE=hoks traces nothing; it takes: hooks."]
