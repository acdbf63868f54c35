"""The last layer that says something wins; options go with the plugin that they were said for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stackcore.presets.layering import LAYERS, Layer, LayerName, Setting, resolve
from stackcore.presets.sections import SECTIONS


def layer(name: LayerName, **values: Any) -> Layer:
    """Settings of one layer; `fuser__levels=3` is `[fuser] levels`."""
    return [Setting(*key.split("__"), value, name, f"{name}!") for key, value in values.items()]


KEYS = sorted(
    f"{section}__{key}"
    for section, model in SECTIONS.items()
    for key in model.model_fields
    if (section, key) != ("stack", "model")
)
SAID = st.lists(
    st.tuples(st.sampled_from(LAYERS), st.dictionaries(st.sampled_from(KEYS), st.integers(0, 9), max_size=6)),
    max_size=12,
)


@given(SAID)
def test_the_last_layer_that_says_something_wins(said: list[tuple[LayerName, dict[str, int]]]) -> None:
    found = resolve(layer(name, **values) for name, values in said)
    for key in KEYS:
        sayers = [(name, values[key]) for name, values in said if key in values]
        setting = found.settings.get(tuple(key.split("__")))  # type: ignore[arg-type]
        assert (None if setting is None else (setting.layer, setting.value)) == (sayers[-1] if sayers else None)


def test_options_join_over_layers_while_the_plugin_stays() -> None:
    found = resolve(
        [
            layer("built-in", stack__fuser="blend"),
            layer("user", fuser__levels=3, fuser__own=2),
            layer("preset", stack__fuser="blend", fuser__levels=4),
        ]
    )
    assert {key: (s.value, s.layer) for key, s in found.of("fuser").items()} == {
        "levels": (4, "preset"),
        "own": (2, "user"),
    }
    assert found.dropped == ()


def test_another_plugin_drops_the_options_that_were_not_meant_for_it() -> None:
    found = resolve(
        [
            layer("built-in", stack__fuser="blend", stack__aligner="ecc"),
            layer("user", fuser__levels=3, aligner__model="rigid"),
            layer("command", stack__fuser="weighted", fuser__exponent=8),
        ]
    )
    assert {key: s.value for key, s in found.of("fuser").items()} == {"exponent": 8}
    assert [setting.name for setting in found.dropped] == ["fuser.levels"]
    assert found.get("aligner", "model") == "rigid"


def test_another_address_of_a_camera_is_no_other_camera() -> None:
    found = resolve(
        [
            layer("preset", capture__camera="gphoto2-unified", camera__timeout_s=5),
            layer("command", capture__camera="gphoto2-unified:usb:001,004"),
        ]
    )
    assert found.get("camera", "timeout_s") == 5


def test_none_takes_back_what_was_said() -> None:
    found = resolve([layer("user", stack__sharpen="1"), layer("like", stack__sharpen=None)])
    assert found.get("stack", "sharpen") is None
    assert found.of("stack") == {}
