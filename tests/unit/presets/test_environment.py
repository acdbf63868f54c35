"""Environment variables as settings."""

from __future__ import annotations

import pytest

from stackcore.errors import ConfigError
from stackcore.presets.environment import environment_layer, is_switched_off, variable_of
from stackcore.presets.sections import SECTIONS


def values(**environment: str) -> dict[str, object]:
    layer, strange = environment_layer(environment)
    assert strange == []
    assert all(s.layer == "environment" and s.where in environment for s in layer)
    return {s.name: s.value for s in layer}


def test_variables_are_read_as_what_the_key_takes() -> None:
    assert values(
        STACKCORE_STACK_FUSER="weighted",
        STACKCORE_STACK_HOT_PIXELS="false",
        STACKCORE_STACK_SHARPEN="1:0:0.5",
        STACKCORE_STACK_MEMORY="2GiB",
        STACKCORE_STACK_MODEL="rigid",
        STACKCORE_CAPTURE_SLICES="20",
        STACKCORE_CAPTURE_JOB="42",
        STACKCORE_OUTPUT_QUALITY="80",
        STACKCORE_FUSER_NOISE_FLOOR="3.5",
        STACKCORE_ALIGNER_MODEL="shift",
    ) == {
        "stack.fuser": "weighted",
        "stack.hot_pixels": False,
        "stack.sharpen": "1:0:0.5",
        "stack.memory": "2GiB",
        "aligner.model": "rigid",
        "capture.slices": 20,
        "capture.job": "42",
        "output.quality": 80,
        "fuser.noise_floor": 3.5,
    }


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("STACKCORE_STACK_FUSRE", "blend", 'did you mean "STACKCORE_STACK_FUSER"'),
        ("STACKCORE_CAPTURE_SLICES", "500", "a whole number from 2 to 199"),
        ("STACKCORE_CAPTURE_SLICES", "many", "a whole number from 2 to 199"),
        ("STACKCORE_STACK_CROP", "perhaps", "true or false"),
        ("STACKCORE_STACK_MEMORY", "much", "2GiB"),
        ("STACKCORE_OUTPUT_COMPRESSION", "zip", "none, lzw, deflate or zstd"),
        ("STACKCORE_OUTPUT_DEPTH_MAP", "d.png", "{name}"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        environment_layer({variable: text})
    assert variable in caught.value.what
    assert told in str(caught.value)


def test_others_of_ours_are_no_settings_and_strangers_are_told() -> None:
    layer, strange = environment_layer(
        {
            "STACKCORE_PROFILE": "x",
            "STACKCORE_CONFIG_DIR": "/x",
            "STACKCORE_DISABLE_PLUGINS": "x",
            "STACKCORE_NO_CONFIG": "1",
            "STACKCORE_TRACE": "hooks",
            "STACKCORE_STAK_FUSER": "x",
            "STACKCORE_FUSER": "x",
            "STACKCORE_STACK_FUSER": "",
            "HOME": "/",
        }
    )
    assert layer == []
    assert strange == ["STACKCORE_FUSER", "STACKCORE_STAK_FUSER"]


def test_every_key_has_a_variable_of_its_own() -> None:
    names = [variable_of(section, key) for section, model in SECTIONS.items() for key in model.model_fields]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("text", "off"), [("", False), ("0", False), ("1", True), ("yes", True)])
def test_the_switch(text: str, off: bool) -> None:
    assert is_switched_off({"STACKCORE_NO_CONFIG": text}) is off
