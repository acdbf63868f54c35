"""`stackcore profiles`, and which profile a run starts from."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

SMALL = ["--set", "camera.width_px=96", "--set", "camera.height_px=64"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STACKCORE_CONFIG_DIR", str(tmp_path / "config"))


def stored(folder: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((folder / "config" / "profiles" / f"{name}.toml").read_text(encoding="utf-8"))


def profile_of(done: Any) -> str:
    assert done.code == 0, done.err
    events = [json.loads(line) for line in done.out.splitlines()]
    manifest = next(event["data"]["manifest"] for event in events if event["kind"] == "result")
    return str(json.loads(Path(manifest).read_text(encoding="utf-8"))["settings"]["profile"])


def shoot(stackcore: Any, *arguments: str) -> Any:
    return stackcore("capture", "--slices", "2", "--delay-ms", "0", "--json", *arguments, *SMALL)


def test_setting_makes_a_profile_and_keeps_the_rest(stackcore: Any, tmp_path: Path) -> None:
    assert stackcore("profiles", "set", "beetles", "slices=40", "step=25", "job=Käfer = 甲虫").code == 0
    assert stackcore("profiles", "set", "beetles", "delay-ms=0", "job=").code == 0
    assert stored(tmp_path, "beetles") == {"slices": 40, "step": 25, "delay_ms": 0, "job": ""}
    shown = json.loads(stackcore("profiles", "show", "beetles", "--json").out)
    assert shown["settings"]["slices"] == 40
    assert shown["settings"]["mode"] == "full"
    assert shown["remembered"] == ["delay_ms", "job", "slices", "step"]


def test_setting_without_a_name_changes_the_active_one(stackcore: Any, tmp_path: Path) -> None:
    stackcore("profiles", "set", "beetles")
    stackcore("profiles", "use", "beetles")
    assert stackcore("profiles", "set", "slices=7").code == 0
    assert stored(tmp_path, "beetles") == {"slices": 7}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["beetles", "slices=1"], 2, "2 to 199"),
        (["beetles", "slices=many"], 2, "2 to 199"),
        (["beetles", "slice=3"], 2, "slices"),
        (["beetles", "slices"], 2, "KEY=VALUE"),
        (["beetles", "path=x/@GPR"], 2, "@GRP"),
        (["beetles", "mode=ful"], 4, "full"),
        (["beetles", "camera=simulater"], 4, "simulator"),
        (["../x", "slices=3"], 2, "letters"),
    ],
)
def test_what_a_run_would_refuse_is_not_stored(
    stackcore: Any, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    done = stackcore("profiles", "set", *arguments)
    assert done.code == code
    assert told in done.err
    assert not (tmp_path / "config").exists()


def test_a_camera_may_come_with_its_address(stackcore: Any, tmp_path: Path) -> None:
    assert stackcore("profiles", "set", "camera=simulator:usb:001,004").code == 0
    assert stored(tmp_path, "default") == {"camera": "simulator:usb:001,004"}


def test_the_profile_of_a_run(stackcore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile_of(shoot(stackcore)) == "default"
    for name in ("used", "from-env"):
        stackcore("profiles", "set", name)
    stackcore("profiles", "use", "used")
    assert profile_of(shoot(stackcore)) == "used"
    monkeypatch.setenv("STACKCORE_PROFILE", "from-env")
    assert profile_of(shoot(stackcore)) == "from-env"
    assert profile_of(shoot(stackcore, "--profile", "default")) == "default"


def test_a_run_remembers_its_settings_in_its_own_profile(stackcore: Any, tmp_path: Path) -> None:
    shoot(stackcore, "--profile", "a", "--step", "20", "--path", "a/@PCT2", "--bd3", "left")
    shoot(stackcore, "--profile", "b", "--step", "30", "--path", "b/@PCT2")
    assert (stored(tmp_path, "a")["step"], stored(tmp_path, "b")["step"]) == (20, 30)
    assert stored(tmp_path, "a")["bd3"] == "left"
    shoot(stackcore, "--profile", "a")
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg"))
    assert names == ["a/01.jpg", "a/02.jpg", "a/03.jpg", "a/04.jpg", "b/01.jpg", "b/02.jpg"]


def test_a_mistyped_profile_is_told_before_it_is_made(stackcore: Any) -> None:
    stackcore("profiles", "set", "beetles")
    known = shoot(stackcore, "--profile", "beetles", "--no-save").out
    new = shoot(stackcore, "--profile", "bettles", "--no-save").out
    assert "profile_new" in new
    assert "profile_new" not in known


def test_using_an_unknown_profile_names_the_nearest(stackcore: Any, tmp_path: Path) -> None:
    stackcore("profiles", "set", "beetles")
    for verb in ("use", "show"):
        done = stackcore("profiles", verb, "bettles")
        assert done.code == 2
        assert '"beetles"' in done.err
    assert not (tmp_path / "config" / "active-profile").exists()


def test_using_a_profile_while_the_variable_wins_says_so(stackcore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKCORE_PROFILE", "default")
    stackcore("profiles", "set", "beetles")
    assert "default stays active" in stackcore("profiles", "use", "beetles").err
    done = stackcore("profiles", "use", "beetles", "--json")
    assert json.loads(done.out)["active"] == "default"


def test_the_list_shows_all_of_them_even_a_broken_one(stackcore: Any, tmp_path: Path) -> None:
    stackcore("profiles", "set", "beetles", "slices=40")
    (tmp_path / "config" / "profiles" / "odd.toml").write_text("slices = 1000")
    (tmp_path / "config" / "profiles" / "no profile.toml").write_text("")
    stackcore("profiles", "use", "beetles")
    done = stackcore("profiles", "list")
    lines = done.out.splitlines()
    assert done.code == 0
    assert [line.split()[0] for line in lines] == ["*", "default", "odd"]
    assert "40 slices" in lines[0]
    assert "broken" in lines[2]
    told = json.loads(stackcore("profiles", "list", "--json").out)
    assert (told["active"], told["chosen_by"]) == ("beetles", "use")
    assert [(p["name"], p["active"]) for p in told["profiles"]] == [
        ("beetles", True),
        ("default", False),
        ("odd", False),
    ]
    assert "odd.toml" in told["profiles"][2]["problem"]


def test_a_broken_profile_is_a_config_error(stackcore: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stackcore("profiles", "set", "odd")
    (tmp_path / "config" / "profiles" / "odd.toml").write_text("slices = 1000")
    for arguments in (["show", "odd"], ["set", "odd", "step=3"]):
        done = stackcore("profiles", *arguments)
        assert done.code == 3
        assert "odd.toml" in done.err
    monkeypatch.setenv("STACKCORE_PROFILE", "a/b")
    done = stackcore("profiles", "show")
    assert done.code == 3
    assert "STACKCORE_PROFILE" in done.err


def test_the_active_profile_may_be_one_that_no_run_has_made(stackcore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKCORE_PROFILE", "fresh")
    done = stackcore("profiles", "list")
    assert "* fresh" in done.out
    shown = json.loads(stackcore("profiles", "show", "--json").out)
    assert (shown["name"], shown["active"], shown["remembered"]) == ("fresh", True, [])


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be a file's parent in the same way")
def test_a_profile_that_cannot_be_stored_is_an_output_error(stackcore: Any, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "profiles").symlink_to(tmp_path / "nowhere")
    done = stackcore("profiles", "set", "beetles", "slices=3")
    assert done.code == 7
