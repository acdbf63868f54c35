"""Commands that plugins bring, called from Python: `doctor`, `demo`, and any other that allows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from stackcore.errors import PluginError
from stackcore.events import Listener
from stackcore.protocols import PythonCommand
from stackcore.registry import Registry


class Finding(Protocol):
    """One thing that the doctor looked at; `fix` says what to do unless `state` is ok."""

    @property
    def name(self) -> str:
        """What was looked at."""
        ...

    @property
    def state(self) -> Literal["ok", "warning", "failed"]:
        """Whether it works."""
        ...

    @property
    def detail(self) -> str:
        """What was found, in words."""
        ...

    @property
    def fix(self) -> str:
        """What to do about it; empty where nothing is."""
        ...


def command(name: str, *, registry: Registry | None = None) -> Callable[..., Any]:
    """Return the function that does for Python what a command of a plugin does for the command line.

    Raises `PluginError` where there is no such command, or none that can be called.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.command("doctor").__name__
    'all_findings'
    """
    plugins = registry or Registry.discover()
    built = plugins.build("command", name)
    if not isinstance(built, PythonCommand):
        able = [
            other for other in plugins.names("command") if isinstance(plugins.build("command", other), PythonCommand)
        ]
        raise PluginError(
            f'The command "{name}" cannot be called from Python.',
            "its plugin offers it to the command line alone.",
            f"run `stackcore {name}` as a process; these can be called: {', '.join(able) or 'none'}.",
        )
    return built.in_python


def doctor(folder: str | Path = ".", *, registry: Registry | None = None) -> list[Finding]:
    """Return what `stackcore doctor` shows: libraries, plugins, room and places, each with its cure if it has failed.

    Parameters
    ----------
    folder
        Where pictures shall be written.

    Examples
    --------
    >>> import stackcore
    >>> {finding.name: finding.state for finding in stackcore.doctor()}["OpenCV"]
    'ok'
    """
    return cast(list[Finding], command("doctor", registry=registry)(Path(folder)))


def demo(
    out: str | Path = "stackcore-demo",
    *,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
) -> Path:
    """Shoot a simulated stack, fuse it, and show the result on a page below `out`; returns the page.

    `OutputError` when `out` cannot be written, `Cancelled` when `cancel` was set; nothing is overwritten.

    Examples
    --------
    >>> import stackcore, threading
    >>> stopped = threading.Event()
    >>> stopped.set()
    >>> try:
    ...     stackcore.demo("demos", cancel=stopped)
    ... except stackcore.StackcoreError as error:
    ...     print(error.what)
    The run was cancelled.
    """
    return cast(Path, command("demo", registry=registry)(Path(out), listeners=listeners, cancel=cancel))
