"""Commands of plugins that can be called from Python as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable


@runtime_checkable
class PythonCommand(Protocol):
    """What the offer of a command may build: a command, and a function that does the same for Python programs."""

    in_python: Callable[..., Any]
    """Returns what the command would show, and prints nothing; what the command asks for are its parameters."""

    def __call__(self, *arguments: Any, **options: Any) -> None:
        """Parse and show."""
        ...


CommandT = TypeVar("CommandT", bound=Callable[..., None])


def with_python(command: CommandT, in_python: Callable[..., Any]) -> CommandT:
    """Give a command the function that does the same from Python: it becomes a `PythonCommand`."""
    vars(command)["in_python"] = in_python
    return command
