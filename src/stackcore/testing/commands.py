"""The contract of commands that plugins add: derive from `CommandContract`, say how yours is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import typer
from typer.main import get_command
from typer.testing import CliRunner

from stackcore.hookspecs import Kind
from stackcore.testing.contract import Contract


class CommandContract(Contract):
    """What every command owes the command line. Override `make`; nothing here runs the command itself.

    Examples
    --------
    >>> class TestMine(CommandContract):
    ...     def make(self):
    ...         return my_function
    """

    kind: ClassVar[Kind] = "command"

    def make(self) -> Callable[..., None]:
        """Return the function that becomes the command."""
        function: Callable[..., None] = super().make()
        return function

    def test_its_function_fits_a_command_line(self) -> None:
        """Every argument has one type, which typer can read from a word."""
        assert get_command(self._app()) is not None

    def test_help_tells_what_it_does(self) -> None:
        """`--help` ends with 0, shows the first line of its docstring, and loads without running anything."""
        text = inspect.getdoc(self.make())
        assert text, "its function has no docstring, so its help would be empty"
        done = CliRunner().invoke(self._app(), ["--help"], env={"COLUMNS": "200"})
        assert done.exit_code == 0, f"--help ended with {done.exit_code}: {done.output or done.exception!r}"
        shown = " ".join(done.output.split())
        first = " ".join(text.split("\n\n")[0].split())
        assert first[:60] in shown, f"the help does not show {first!r}: {shown}"

    def test_every_option_has_a_help_text(self) -> None:
        """Whoever reads `--help` has no other page."""
        command: Any = get_command(self._app())
        bare = [p.opts[0] for p in command.params if p.name != "help" and not getattr(p, "help", None)]
        assert not bare, f"no help for {', '.join(bare)}"

    def _app(self) -> typer.Typer:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command("command")(self.make())
        return app
