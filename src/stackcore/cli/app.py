"""The command line: the typer application, the options that hold for every command, and `main`."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.main import get_command

from stackcore import __version__
from stackcore.cli import (
    batching,
    calibrating,
    cameras,
    capture,
    developing,
    path,
    plugins,
    presets,
    profiles,
    running,
    sharpening,
    stack,
)
from stackcore.cli.commands import PluginCommands
from stackcore.cli.failures import report_bug, report_cancelled, report_error, report_usage, wants_json
from stackcore.errors import StackcoreError

_UsageError: Any = typer.BadParameter.__bases__[0]
"""Typer's usage error, which it does not export; the class is that of click, of which typer carries a copy."""


def make_app() -> typer.Typer:
    """Return the application with the core's commands; those of plugins join when they are asked for."""
    app = typer.Typer(
        name="stackcore",
        cls=PluginCommands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich and its Markdown parser would be a fifth of the time of `--help`
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_global_options)
    capture.register(app)
    cameras.register(app)
    stack.register(app)
    sharpening.register(app)
    batching.register(app)
    running.register(app)
    developing.register(app)
    calibrating.register(app)
    path.register(app)
    presets.register(app)
    profiles.register(app)
    plugins.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; `arguments` are those of the process when left out."""
    if "numpy" not in sys.modules:  # its library for algebra starts as many threads as cores, which wait in a loop
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json, verbose = wants_json(given), not {"--verbose", "-v"}.isdisjoint(given)
    try:
        code = get_command(make_app()).main(given, prog_name="stackcore", standalone_mode=False)
    except StackcoreError as error:
        code = report_error(error, as_json=as_json)
    except _UsageError as error:
        code = report_usage(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        code = report_cancelled(as_json=as_json)
    except Exception as error:
        code = report_bug(error, as_json=as_json, verbose=verbose)
    if arguments is None:
        gc.freeze()  # the process ends, and looks once more through all that is left of it for what nobody needs
    sys.exit(code if isinstance(code, int) else 0)


def _disable(context: typer.Context, names: list[str] | None) -> list[str] | None:
    """Add to the environment variable that discovery reads: worker processes inherit it, too."""
    if names and not context.resilient_parsing:
        from stackcore.registry import DISABLE_VARIABLE  # `--version` shall not wait for pydantic

        before = os.environ.get(DISABLE_VARIABLE)
        os.environ[DISABLE_VARIABLE] = ",".join([*([before] if before else []), *names])
        context.call_on_close(lambda: _put_back(DISABLE_VARIABLE, before))
    return names


def _put_back(variable: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = before


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stackcore {__version__}")
        raise typer.Exit


def _global_options(
    context: typer.Context,
    disable_plugin: Annotated[
        list[str] | None,
        typer.Option(
            "--disable-plugin",
            metavar="NAME",
            is_eager=True,  # before --help, which lists the commands of plugins
            callback=_disable,
            help="Leave a plugin out: NAME, KIND:NAME or DISTRIBUTION:NAME. May be given several times.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit."),
    ] = False,
) -> None:
    """Focus stacking from camera to picture.

    Start with `stackcore demo`: it shoots a simulated stack, fuses it and shows the result.
    """
