"""`stackcore demo`: parses, and leaves the rest to the chain."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stackcore.cli.session import run_command
from stackcore.events import Listener


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the demo makes a folder of its own.")] = Path(
        "stackcore-demo"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print one event a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only where the result is.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell every step.")] = False,
) -> None:
    """Shoot a simulated stack, fuse it, and show the result on a page.

    Needs no camera. Every demo has a fresh folder below DIR; nothing is overwritten.
    """

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> None:
        from stackcore_plugins.command_demo.chain import run_demo

        run_demo(out, listeners=listeners, cancel=cancel)

    run_command(work, json=json, quiet=quiet, verbose=verbose)
