from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field, ValidationError

from stackcore.config import (
    NoOptions,
    Options,
    describe_options,
    parse_settings,
    refuse_unknown_sections,
    resolve_options,
)
from stackcore.errors import ConfigError


class Example(Options):
    levels: int | None = Field(None, ge=1, le=12, description="Pyramid levels.")
    radius_px: int = Field(4, ge=1, le=64, description="Half-width of the window, pixels.")
    gain: float = Field(1.0, gt=0, description="Strength.")
    model: Literal["rigid", "affine"] = Field("affine", description="Motion model.")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6", 6),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('"6"', "6"),
        ("rigid", "rigid"),
        ("", ""),
        ("a=b", "a=b"),
        ("0.1:0.2", "0.1:0.2"),
    ],
)
def test_a_value_is_json_or_else_text(text, value):
    assert parse_settings([f"fuser.x={text}"]) == {"fuser": {"x": value}}


def test_settings_gather_by_section_and_the_last_wins():
    given = ["fuser.levels=6", "aligner.model=rigid", "fuser.levels=7", "fuser.a.b=1"]
    assert parse_settings(given) == {"fuser": {"levels": 7, "a.b": 1}, "aligner": {"model": "rigid"}}


@pytest.mark.parametrize("assignment", ["levels=6", "fuser.levels", "fuser.=6", ".levels=6", "", "=", "fuser=6"])
def test_a_malformed_assignment_is_refused_with_an_example(assignment):
    with pytest.raises(ConfigError, match="cannot be set") as caught:
        parse_settings([assignment])
    assert "fuser.levels=6" in caught.value.fix
    assert caught.value.exit_code == 3


def test_an_unknown_section_is_refused_with_the_nearest():
    refuse_unknown_sections({"fuser": {}}, ["fuser", "aligner"])
    with pytest.raises(ConfigError) as caught:
        refuse_unknown_sections({"fusor": {}}, ["fuser", "aligner"])
    assert 'did you mean "fuser"?' in caught.value.fix


def test_good_options_are_resolved():
    resolved = resolve_options(Example, {"levels": 3, "model": "rigid"}, 'fuser "x"')
    assert (resolved.levels, resolved.model, resolved.radius_px) == (3, "rigid", 4)


def test_an_unknown_option_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match='The fuser "x" has no option "radius"') as caught:
        resolve_options(Example, {"radius": 3}, 'fuser "x"')
    assert 'did you mean "radius_px"?' in caught.value.fix


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"radius_px": 65}, "less than or equal to 64"),
        ({"radius_px": "wide"}, "valid integer"),
        ({"gain": 0}, "greater than 0"),
        ({"model": "elastic"}, "'rigid' or 'affine'"),
    ],
)
def test_a_value_out_of_its_limits_is_refused_with_the_limits(values, why):
    with pytest.raises(ConfigError) as caught:
        resolve_options(Example, values, 'fuser "x"')
    ((key, value),) = values.items()
    assert f'"{key}" of the fuser "x" cannot be {value!r}' in caught.value.what
    assert why in caught.value.why
    assert repr(Example.model_fields[key].default) in caught.value.fix


def test_options_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Example().radius_px = 5  # type: ignore[misc]


def test_options_are_described_for_people():
    rows = {row["name"]: row for row in describe_options(Example)}
    assert rows["radius_px"] == {
        "name": "radius_px",
        "type": "integer",
        "default": 4,
        "limits": {"minimum": 1, "maximum": 64},
        "description": "Half-width of the window, pixels.",
    }
    assert rows["gain"]["limits"] == {"exclusiveMinimum": 0}
    assert rows["model"]["limits"] == {"enum": ["rigid", "affine"]}
    assert rows["levels"]["type"] == "integer or null"
    assert rows["levels"]["default"] is None
    assert describe_options(NoOptions) == []
