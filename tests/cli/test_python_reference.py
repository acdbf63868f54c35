"""The reference of Python names everything that is public, and every command has its function."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

import stackcore
import stackcore.testing.checking
from stackcore.cli.app import make_app

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "python.md").read_text("utf-8")
DIRECTIVES = re.findall(r"^\.\. auto(function|class|exception):: stackcore\.(\w+)$", PAGE, re.MULTILINE)
ROWS = re.findall(r"^\| `stackcore ([^`]+)` \| `stackcore\.([\w.]+)` \|$", PAGE, re.MULTILINE)


def commands(name: str, command: Any, context: Any) -> set[str]:
    """What can be typed after `stackcore`, verbs of groups among it."""
    if not hasattr(command, "list_commands"):
        return {name}
    verbs = [(verb, command.get_command(context, verb)) for verb in command.list_commands(context)]
    found = {each for verb, inner in verbs for each in commands(f"{name} {verb}".strip(), inner, context)}
    return found | ({name} if name and command.callback and name not in ("plugins", "presets", "profiles") else set())


def test_every_public_name_is_in_the_reference_once():
    assert sorted(name for _, name in DIRECTIVES) == sorted(stackcore.api.__all__)


@pytest.mark.parametrize(("kind", "name"), DIRECTIVES)
def test_each_is_what_the_reference_says(kind, name):
    public = getattr(stackcore, name)
    assert isinstance(public, type) is (kind != "function")
    assert (public.__doc__ or "").strip()
    if kind == "function":
        assert ">>> " in public.__doc__  # an example, which tests/unit/test_doctests.py runs


def test_every_command_is_one_call_away():
    group = get_command(make_app())
    known = {command.split(" --")[0] for command, _ in ROWS}
    assert commands("", group, typer.Context(group, info_name="stackcore")) == known


@pytest.mark.parametrize(("command", "function"), ROWS)
def test_the_call_is_there(command, function):
    assert callable(reduce(getattr, function.split("."), stackcore)), command
