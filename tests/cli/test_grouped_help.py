from __future__ import annotations

import pytest
import typer
from typer.main import get_command

from stackcore.cli.app import make_app
from stackcore.cli.grouped_help import COMMANDS, OPTIONS


def commands():
    group = get_command(make_app())
    context = typer.Context(group, info_name="stackcore")
    return {name: group.resolve_command(context, [name])[1] for name in group.list_commands(context)}


def test_every_command_stands_in_one_group():
    grouped = [name for names in COMMANDS.values() for name in names]
    assert sorted(grouped) == sorted(commands())


def test_every_name_in_a_group_of_options_is_that_of_an_option():
    known = {parameter.name for command in commands().values() for parameter in command.params} | {"help"}
    grouped = [name for names in OPTIONS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= known


@pytest.mark.parametrize("name", ["stack", "run", "batch", "capture", "develop"])
def test_help_shows_every_option_once_and_under_a_heading(stackcore, name):
    done = stackcore(name, "--help")
    headings = [line for line in done.out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert {"Settings:", "What is shown:"} <= set(headings)
    assert "Options:" not in headings  # none is left over
    shown = [line.strip().lstrip("-") for line in done.out.splitlines() if line.startswith("  -")]
    firsts = [name.strip("-,") for line in shown for name in line.split()[:2]]
    for parameter in commands()[name].params:
        if parameter.param_type_name == "option":
            assert firsts.count(parameter.opts[0].strip("-")) == 1, parameter.name


def test_short_lists_stay_as_they_are(stackcore):
    assert "Options:" in stackcore("cameras", "--help").out


def test_the_front_page_groups_commands(stackcore):
    out = stackcore("--help").out
    assert out.index("From camera to picture:") < out.index("batch") < out.index("Calibration:") < out.index("darks")
