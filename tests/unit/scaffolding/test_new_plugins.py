"""A new plugin is written whole or not at all, in clean code, whatever its name is."""

from __future__ import annotations

import compileall
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from stackcore.api import new_plugin
from stackcore.config import NoOptions
from stackcore.errors import OutputError, PluginError, UsageError
from stackcore.hookspecs import API_VERSION, HOOK_OF_KIND, Kind, Offer, hookimpl
from stackcore.registry import Registry
from stackcore.scaffolding.names import LONGEST

KINDS = get_args(Kind)
NOBODY = Registry([])


def name_for(kind: str, name: str) -> str:
    return name.upper().replace("-", "") if kind == "token" else name


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_complete(kind, tmp_path):
    made = new_plugin(kind, name_for(kind, "own"), tmp_path, registry=NOBODY)
    assert made.folder == tmp_path / f"stackcore-{kind}-own"
    package = f"src/stackcore_{kind}_own"
    assert {path.relative_to(made.folder).as_posix() for path in made.files} == {
        "pyproject.toml",
        "README.md",
        ".gitignore",
        f"{package}/__init__.py",
        f"{package}/py.typed",
        f"{package}/plugin.py",
        f"{package}/{kind}.py",
        f"tests/test_{kind}_own.py",
    }
    assert {path for path in made.folder.rglob("*") if path.is_file()} == {*made.files}
    texts = [path.read_text(encoding="utf-8") for path in made.files]
    assert not any("{{" in text or "}}" in text for text in texts)
    assert all(text.endswith("\n") for text in texts if text)


@pytest.mark.parametrize("kind", KINDS)
def test_it_declares_itself(kind, tmp_path):
    made = new_plugin(kind, name_for(kind, "own"), tmp_path, registry=NOBODY)
    project = tomllib.loads((made.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["stackcore"] == {f"{kind}-own": f"stackcore_{kind}_own.plugin"}
    assert "license" not in project
    plugin = (made.folder / f"src/stackcore_{kind}_own/plugin.py").read_text(encoding="utf-8")
    assert f'stackcore_api = "{API_VERSION}"' in plugin
    assert f"def {HOOK_OF_KIND[kind]}()" in plugin
    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "licence" in readme


def test_the_code_is_clean_whatever_the_name(tmp_path):
    for name in ("x", "by-variance", "a2-" + "b" * (LONGEST - 3)):
        for kind in KINDS:
            new_plugin(kind, name_for(kind, name), tmp_path, registry=NOBODY)
    assert compileall.compile_dir(tmp_path, quiet=1)
    for check in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("*/pyproject.toml"))) == 3 * len(KINDS)


def test_a_folder_that_is_there_is_refused_and_left_alone(tmp_path):
    target = tmp_path / "stackcore-fuser-own"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="it is there already"):
        new_plugin("fuser", "own", tmp_path, registry=NOBODY)
    assert [path.name for path in tmp_path.rglob("*")] == ["stackcore-fuser-own", "mine.txt"]


def test_a_link_that_leads_nowhere_is_there_too(tmp_path):
    (tmp_path / "stackcore-fuser-own").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="it is there already"):
        new_plugin("fuser", "own", tmp_path, registry=NOBODY)


def test_folders_on_the_way_are_made(tmp_path):
    made = new_plugin("fuser", "own", tmp_path / "a" / "b", registry=NOBODY)
    assert made.folder.parent == tmp_path / "a" / "b"
    assert made.folder.stat().st_mode == made.folder.parent.stat().st_mode


def test_where_no_folder_can_be_made_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        new_plugin("fuser", "own", tmp_path / "file", registry=NOBODY)


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, monkeypatch):
    write, calls = Path.write_text, []

    def failing(self: Path, *args: Any, **given: Any) -> int:
        calls.append(self)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        return write(self, *args, **given)

    monkeypatch.setattr(Path, "write_text", failing)
    with pytest.raises(OutputError, match="No space left"):
        new_plugin("fuser", "own", tmp_path, registry=NOBODY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Own", "class"])
def test_a_name_that_will_not_do_writes_nothing(tmp_path, name):
    with pytest.raises(UsageError):
        new_plugin("fuser", name, tmp_path, registry=NOBODY)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_another_plugin_has_is_refused(tmp_path, fake_plugins):
    @hookimpl
    def stackcore_fusers():
        return [Offer(name="own", summary="", options=NoOptions, build=str)]

    fake_plugins.add("fuser-theirs", distribution="acme", stackcore_fusers=stackcore_fusers)
    fake_plugins.add_entry_point("fuser-lost", "no_such_module_of_acme", distribution="acme")
    for name in ("own", "lost"):
        with pytest.raises(PluginError, match=rf'There is a fuser called "{name}" already.*acme 1\.2'):
            new_plugin("fuser", name, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert new_plugin("sharpener", "own", tmp_path).folder.is_dir()
