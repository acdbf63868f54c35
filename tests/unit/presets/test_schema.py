"""The JSON Schema takes what is in order, and refuses what a run would refuse."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackcore.config import NoOptions, Options
from stackcore.hookspecs import Offer, hookimpl
from stackcore.presets.finding import BUILT_IN, SHIPPED
from stackcore.presets.schema import preset_schema
from stackcore.registry import Registry


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = preset_schema(Registry.discover())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", [path.name for path in (*SHIPPED.glob("*.toml"), BUILT_IN)])
def test_what_is_shipped_is_valid(validator: Draft202012Validator, name: str) -> None:
    file = BUILT_IN if name == BUILT_IN.name else SHIPPED / name
    validator.validate(tomllib.loads(file.read_text(encoding="utf-8")))


RIGHT = [
    "",
    'extends = "product"\n[stack]\nsharpen = 1\n',
    '[stack]\nsharpen = "1:0:0.5"\nwhite_balance = [1.0, 1, 1, 1]\nsharpener = "none"',
    '[capture]\ncamera = "gphoto2-unified:usb:001,004"\n[camera]\nport = "usb:001,004"',
    "[fuser]\nexponent = 3",  # the fuser is chosen in the preset that this one may extend
    "[developer]\ndemosaic = 'dht'\nmax_megapixels = 10",
]

WRONG = [
    "[stak]\n",
    "[stack]\ncrpo = true",
    "[stack]\ncrop = 1",
    '[stack]\nfuser = "blnd"',
    "[capture]\nslices = 1",
    '[stack]\nfuser = "blend"\n[fuser]\nexponent = 3',
    '[stack]\nfuser = "blend"\n[fuser]\nlevels = 99',
    '[capture]\ncamera = "gphoto2-unified:usb:001,004"\n[camera]\nwidth_px = 300',
    "[fuser]\nno_such_thing = 3",
    "[developer]\ndemosaic = 'none'",
    "[developer]\nlevels = 1",
    "[stack]\nwhite_balance = [1.0]",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_in_order_is_valid(validator: Draft202012Validator, text: str) -> None:
    assert [error.message for error in validator.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_in_order_is_invalid(validator: Draft202012Validator, text: str) -> None:
    assert not validator.is_valid(tomllib.loads(text))


@pytest.mark.parametrize("strength", ['"1:0:0.5"', '"2"', "0.5", "1", "[1, 0, 0.5]"])
@pytest.mark.parametrize("sharpener", ["unsharp3", "bounded"])
def test_a_strength_may_be_written_as_on_the_command_line(
    validator: Draft202012Validator, strength: str, sharpener: str
) -> None:
    text = f'[stack]\nsharpener = "{sharpener}"\n[sharpener]\nstrength = {strength}'
    assert validator.is_valid(tomllib.loads(text))


@pytest.mark.parametrize("strength", ['"1:0"', '"much"', "-1", "101", "[1, 0]", "true"])
def test_what_is_no_strength_is_invalid(validator: Draft202012Validator, strength: str) -> None:
    assert not validator.is_valid(tomllib.loads(f"[sharpener]\nstrength = {strength}"))


class Sharp(Options):
    edge: int = 3


def test_the_options_of_a_third_party_take_part(fake_plugins: Any) -> None:
    offers = [
        Offer(name="sharpest", summary="x", options=Sharp, build=lambda options: None),
        Offer(name="plain", summary="x", options=NoOptions, build=lambda options: None),
    ]
    fake_plugins.add("fuser", stackcore_fusers=hookimpl(specname="stackcore_fusers")(lambda: offers))
    validator = Draft202012Validator(preset_schema(Registry.discover()))
    assert validator.is_valid({"stack": {"fuser": "sharpest"}, "fuser": {"edge": 4}})
    assert not validator.is_valid({"stack": {"fuser": "sharpest"}, "fuser": {"egde": 4}})
    assert not validator.is_valid({"stack": {"fuser": "plain"}, "fuser": {"edge": 4}})
    assert not validator.is_valid({"stack": {"fuser": "blend"}})
