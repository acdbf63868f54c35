"""Presets that extend others: the nearest wins, and circles and dead ends are named with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.errors import ConfigError
from stackcore.presets.finding import find_preset, user_presets
from stackcore.presets.inheriting import chain_of, layers_of
from stackcore.presets.layering import resolve


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)


def test_the_nearest_wins_and_each_value_has_its_own_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        far='[stack]\nfuser = "weighted"\ncrop = false\n[fuser]\nexponent = 4',
        near='extends = "far.toml"\n[stack]\ncrop = true\n[fuser]\nexponent = 8',
        own='extends = "./near.toml"\n\n[stack]\nmodel = "rigid"',
    )
    found = resolve(layers_of(find_preset(str(tmp_path / "own.toml")), "preset"))
    told = {s.name: (s.value, s.where.removeprefix(f"{tmp_path}/")) for s in found.settings.values()}
    assert told == {
        "stack.fuser": ("weighted", "far.toml:2"),
        "stack.crop": (True, "near.toml:3"),
        "fuser.exponent": (8, "near.toml:5"),
        "aligner.model": ("rigid", "own.toml:4"),
    }


def test_a_circle_is_named(tmp_path: Path) -> None:
    write(tmp_path, a='summary = "x"\nextends = "b.toml"', b='extends = "c.toml"', c='\n\nextends = "a.toml"')
    with pytest.raises(ConfigError) as caught:
        chain_of(find_preset(str(tmp_path / "a.toml")))
    assert caught.value.what.startswith(f"{tmp_path / 'c.toml'}:3: ")
    assert "a -> b -> c -> a" in caught.value.why


def test_a_preset_that_extends_itself_is_a_circle() -> None:
    write(user_presets(), mine='extends = "mine"')
    with pytest.raises(ConfigError, match=r"mine\.toml:1: .*mine -> mine"):
        chain_of(find_preset("mine"))


@pytest.mark.parametrize(("named", "told"), [("quick-drft", "quick-draft"), ("no/such.toml", "no/such.toml")])
def test_an_extends_that_leads_nowhere_is_named(tmp_path: Path, named: str, told: str) -> None:
    write(tmp_path, a=f'\nextends = "{named}"')
    with pytest.raises(ConfigError) as caught:
        chain_of(find_preset(str(tmp_path / "a.toml")))
    assert f"{tmp_path / 'a.toml'}:2:" in caught.value.what
    assert told in str(caught.value)


def test_one_thing_said_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a='[stack]\nmodel = "rigid"\n[aligner]\nmodel = "shift"')
    with pytest.raises(ConfigError, match=r"a\.toml:4: The model is said twice"):
        layers_of(find_preset(str(tmp_path / "a.toml")), "preset")


def test_a_file_is_named_as_seen_from_the_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "studio", a='[stack]\nflat = "white.dng"')
    monkeypatch.chdir(tmp_path)
    found = resolve(layers_of(find_preset("studio/a.toml"), "preset"))
    assert found.get("stack", "flat") == str(tmp_path / "studio" / "white.dng")


def test_the_users_preset_takes_the_place_of_a_shipped_one() -> None:
    write(user_presets(), product='summary = "mine"')
    assert find_preset("product").preset.summary == "mine"
