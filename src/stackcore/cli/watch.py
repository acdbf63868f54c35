"""The option `--watch [PORT]`: who looks on while a run is under way."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from stackcore.cli.grouped_help import Grouped, GroupedCommand

if TYPE_CHECKING:
    from stackcore.capturing.live_view import ShowFrame
    from stackcore.events import Listener

OPTION = "--watch"


class OptionalPort(Grouped, TyperGroup):
    """A group whose `--watch` may stand without its port, which typer cannot say."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a bare `--watch` the port 0, any free one."""
        return super().parse_args(ctx, _with_port(args))


class OptionalPortCommand(GroupedCommand):
    """The same for a command without verbs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a bare `--watch` the port 0, any free one."""
        return super().parse_args(ctx, _with_port(args))


def _with_port(arguments: list[str]) -> list[str]:
    given: list[str] = []
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        given.append(argument)
        if argument == OPTION and not following.isdecimal():
            given.append("0")
    return given


@contextmanager
def watched(port: int | None) -> Iterator[tuple[Sequence[Listener], ShowFrame | None]]:
    """Yield who listens to the run and who gets its frames; nobody when `port` is None.

    Says on stderr where to look; `UsageError` when the port cannot be used.
    """
    if port is None:
        yield (), None
        return
    from stackcore.api.watching import LiveWatch

    with LiveWatch(port) as watch:
        print(f"live view at {watch.address}", file=sys.stderr, flush=True)
        yield [watch], watch.show
