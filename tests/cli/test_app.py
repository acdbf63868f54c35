from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from stackcore import __version__
from stackcore.config import NoOptions
from stackcore.errors import CameraError
from stackcore.hookspecs import Offer, hookimpl


def command(name: str, function: Callable[..., None] | Exception) -> Callable[[], list[Offer]]:
    def build(options):
        if isinstance(function, Exception):
            raise function
        return function

    @hookimpl
    def stackcore_commands():
        return [Offer(name=name, summary=f"Does {name}.", options=NoOptions, build=build)]

    return stackcore_commands


def focus(steps: int | str) -> None:
    """Not a command: its argument is of two types, which a command line cannot tell apart."""


def last_line(out: str) -> dict:
    return json.loads(out.splitlines()[-1])


def test_version(stackcore):
    assert stackcore("--version").out == f"stackcore {__version__}\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_command(stackcore, flag):
    done = stackcore(flag)
    assert done.code == 0
    listed = {line.split()[0] for line in done.out.split("From camera to picture:")[1].splitlines() if line.strip()}
    assert {"plugins", "doctor", "demo", "capture", "path", "stack", "survey", "align", "fuse", "sharpen"} <= listed


def test_no_command_shows_the_help(stackcore):
    done = stackcore()
    assert done.code in (0, 2)  # click before 8.2 called this a success
    assert "From camera to picture:" in done.out + done.err


@pytest.mark.parametrize(
    "arguments", ["--help", "stack --help", "run --help", "capture resume --help", "presets new -h"]
)
def test_help_loads_nothing_heavy(arguments):
    probe = (
        "import sys\nfrom stackcore.cli.app import main\n"
        f"try: main({arguments.split()!r})\nexcept SystemExit: pass\n"
        "heavy = {'numba', 'numpy', 'cv2', 'pyvips', 'rawpy', 'gphoto2', 'tifffile', 'rich.console', 'pydantic'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def test_help_loads_no_plugin_of_another_kind(stackcore, fake_plugins):
    fake_plugins.add_entry_point("fuser-bad", "no_such_module_of_acme")
    fake_plugins.add("hello", stackcore_commands=command("hello", focus))
    fake_plugins.add("command-bye", stackcore_commands=command("bye", focus))
    done = stackcore("--help")
    assert "Does hello." in done.out
    assert "Does bye." in done.out


def test_a_command_behind_an_entry_point_of_another_kind_still_runs(stackcore, fake_plugins):
    fake_plugins.add("fuser-acme", stackcore_commands=command("hello", lambda: typer.echo("hello")))
    assert stackcore("hello").out == "hello\n"


def test_what_was_not_typed_is_still_missed_where_it_is_required(stackcore, fake_plugins):
    def greet(name: str, times: int = typer.Option(...), tone: str | None = typer.Option(None)) -> None:
        typer.echo(f"hello {name} {tone}" * times)

    fake_plugins.add("hello", stackcore_commands=command("hello", greet))
    assert "--times" in stackcore("hello", "you").err
    assert "Missing argument" in stackcore("hello", "--times", "2").err
    assert "--output" in stackcore("stack", "x.tif").err
    assert stackcore("hello", "you", "--times", "1").out == "hello you None\n"


def test_the_console_script_and_the_module_agree():
    done = subprocess.run([sys.executable, "-m", "stackcore", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"stackcore {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["doktor"], "doctor"), (["doctor", "--foldr", "x"], "--folder"), (["plugins", "show"], "NAME")],
)
def test_usage_errors_exit_with_2_and_say_what_is_near(stackcore, arguments, said):
    done = stackcore(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    "arguments", [["doktor", "--json"], ["doctor", "--json", "--foldr"], ["plugins", "show", "--json"]]
)
def test_usage_errors_end_the_stream_under_json(stackcore, arguments):
    done = stackcore(*arguments)
    assert done.code == 2
    (line,) = done.out.splitlines()
    assert json.loads(line)["kind"] == "run_finished"
    assert json.loads(line)["exit_code"] == 2
    assert json.loads(line)["error"]["why"]


def test_json_after_a_double_dash_is_a_name_like_any_other(stackcore):
    assert stackcore("doktor", "--", "--json").out == ""


def test_a_plugin_brings_a_command(stackcore, fake_plugins):
    def greet(name: str, times: int = 1) -> None:
        """Greet somebody."""
        typer.echo(f"hello {name} " * times)

    fake_plugins.add("hello", stackcore_commands=command("hello", greet))
    assert "Does hello." in stackcore("--help").out
    assert stackcore("hello", "you", "--times", "2").out == "hello you hello you \n"
    assert "Greet somebody." in stackcore("hello", "--help").out
    assert stackcore("hello").code == 2


def test_help_builds_no_command(stackcore, fake_plugins):
    fake_plugins.add("hello", stackcore_commands=command("hello", AssertionError("built")))
    done = stackcore("--help")
    assert done.code == 0
    assert "hello" in done.out


@pytest.mark.parametrize("function", [RuntimeError("no dongle"), ImportError("no dongle"), focus, 3])
def test_a_command_that_cannot_be_built_explains_itself(stackcore, fake_plugins, function):
    fake_plugins.add("hello", stackcore_commands=command("hello", function))
    done = stackcore("hello", "--json")
    assert done.code == 4
    assert 'The command "hello" cannot be used.' in done.err
    assert last_line(done.out)["exit_code"] == 4


def test_a_command_of_a_broken_plugin_explains_itself(stackcore, fake_plugins):
    fake_plugins.add_entry_point("command-hello", "no_such_module_of_acme")
    assert "hello" not in stackcore("--help").out
    done = stackcore("hello")
    assert done.code == 4
    assert "no_such_module_of_acme" in done.err


def test_an_error_of_a_command_keeps_its_exit_code(stackcore, fake_plugins):
    def shoot() -> None:
        raise CameraError("The camera is gone.", "its cable was pulled.", "plug it in.")

    fake_plugins.add("shoot", stackcore_commands=command("shoot", shoot))
    done = stackcore("shoot")
    assert done.code == 5
    assert done.err == "error: The camera is gone.\n  why: its cable was pulled.\n  try: plug it in.\n"


def test_a_bug_in_a_command_is_told_without_its_traceback(stackcore, fake_plugins):
    def shoot(verbose: bool = False, json: bool = False) -> None:
        raise ZeroDivisionError("by nought")

    fake_plugins.add("shoot", stackcore_commands=command("shoot", shoot))
    done = stackcore("shoot", "--json")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert last_line(done.out)["exit_code"] == 1
    assert "Traceback" in stackcore("shoot", "--verbose").err


def test_an_interrupt_outside_a_run_exits_with_130(stackcore, fake_plugins):
    def shoot(json: bool = False) -> None:
        raise KeyboardInterrupt

    fake_plugins.add("shoot", stackcore_commands=command("shoot", shoot))
    assert stackcore("shoot").code == 130


def test_a_disabled_command_is_gone_and_says_why(stackcore):
    assert "doctor " not in stackcore("--disable-plugin", "doctor", "--help").out.split("From camera to picture:")[1]
    done = stackcore("--disable-plugin", "doctor", "--disable-plugin", "x", "doctor")
    assert done.code == 4
    assert "it is disabled" in done.err
    assert "STACKCORE_DISABLE_PLUGINS" not in os.environ


def test_disabling_adds_to_what_the_environment_disables(stackcore, monkeypatch):
    monkeypatch.setenv("STACKCORE_DISABLE_PLUGINS", "doctor")
    document = json.loads(stackcore("--disable-plugin", "demo", "plugins", "list", "--json").out)
    off = {plugin["name"] for plugin in document["plugins"] if plugin["state"] == "disabled"}
    assert off == {"doctor", "demo"}
    assert os.environ["STACKCORE_DISABLE_PLUGINS"] == "doctor"
