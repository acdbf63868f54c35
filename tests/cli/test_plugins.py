from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import Field

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl


class Settings(Options):
    radius_px: int = Field(4, ge=1, le=64, description="Half-width of the [window], pixels.")


def sharp() -> Offer[Any]:
    return Offer(
        name="sharp", summary="Sharpest wins.", options=Settings, build=lambda options: None, capabilities=("streams",)
    )


@hookimpl
def stackcore_fusers():
    return [sharp()]


@hookimpl
def stackcore_sharpeners():
    return [sharp()]


@pytest.fixture(autouse=True)
def _plugins(fake_plugins, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    fake_plugins.add("fuser-sharp", distribution="acme-sharp", version="2.0", stackcore_fusers=stackcore_fusers)
    fake_plugins.add("sharpener-sharp", stackcore_sharpeners=stackcore_sharpeners)
    fake_plugins.add_entry_point("camera-bad", "no_such_module_of_acme", distribution="acme-bad")


def test_the_table_names_everything_and_the_cure(stackcore):
    done = stackcore("plugins", "list")
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert ["fuser", "sharp", "ok", "2.0", "acme-sharp", "Sharpest", "wins."] in rows
    assert "no_such_module_of_acme" in done.out
    assert "try: pip install --force-reinstall acme-bad" in done.out


def test_the_list_is_what_plugins_alone_shows(stackcore):
    assert stackcore("plugins").out == stackcore("plugins", "list").out


def test_files_get_a_plugin_in_one_line(stackcore, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    assert any(line.endswith("Sharpest wins.") for line in stackcore("plugins", "list").out.splitlines())


def test_the_list_as_json(stackcore):
    document = json.loads(stackcore("plugins", "list", "--json").out)
    assert document["schema"] == "stackcore.plugins/1"
    by_origin = {plugin["distribution"]: plugin for plugin in document["plugins"]}
    assert by_origin["acme-sharp"] == {
        "kind": "fuser",
        "name": "sharp",
        "summary": "Sharpest wins.",
        "version": "2.0",
        "distribution": "acme-sharp",
        "entry_point": "fake_acme_sharp_fuser_sharp",
        "state": "ok",
        "reason": "",
        "fix": "",
        "notes": [],
        "api": "1.0",
        "capabilities": ["streams"],
    }
    assert (by_origin["acme-bad"]["kind"], by_origin["acme-bad"]["state"]) == (None, "broken")


def test_one_kind_alone(stackcore):
    document = json.loads(stackcore("plugins", "list", "--kind", "fuser", "--json").out)
    assert [(plugin["kind"], plugin["name"]) for plugin in document["plugins"]] == [("fuser", "sharp")]


def test_an_unknown_kind_is_a_usage_error(stackcore):
    done = stackcore("plugins", "list", "--kind", "fusor")
    assert done.code == 2
    assert 'did you mean "fuser"?' in done.err


def test_show_tells_options_with_their_limits(stackcore):
    done = stackcore("plugins", "show", "fuser:sharp")
    assert done.code == 0
    assert "sharp (fuser): Sharpest wins." in done.out
    assert "can do: streams" in done.out
    (row,) = [line for line in done.out.splitlines() if line.startswith("radius_px")]
    assert " ".join(row.split()) == "radius_px integer 4 1 to 64 Half-width of the [window], pixels."


def test_show_as_json(stackcore):
    document = json.loads(stackcore("plugins", "show", "sharp", "--kind", "fuser", "--json").out)
    (plugin,) = document["plugins"]
    assert plugin["options"][0]["limits"] == {"minimum": 1, "maximum": 64}


def test_a_name_that_two_kinds_share_shows_both(stackcore):
    document = json.loads(stackcore("plugins", "show", "sharp", "--json").out)
    assert [plugin["kind"] for plugin in document["plugins"]] == ["fuser", "sharpener"]


@pytest.mark.parametrize("name", ["camera-bad", "camera:bad", "bad"])
def test_a_broken_plugin_can_be_shown(stackcore, name):
    done = stackcore("plugins", "show", name)
    assert done.code == 0
    assert "state: broken" in done.out


@pytest.mark.parametrize("name", ["shrap", "fuser:shrap"])
def test_an_unknown_name_exits_with_4_and_the_nearest(stackcore, name):
    done = stackcore("plugins", "show", name)
    assert done.code == 4
    assert 'did you mean "sharp"?' in done.err
