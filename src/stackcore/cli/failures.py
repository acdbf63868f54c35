"""How the command line says that something went wrong, to people on stderr and to machines on stdout."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stackcore.cli.columns import columns_of, fitted

if TYPE_CHECKING:
    from stackcore.errors import StackcoreError

USAGE_EXIT, BUG_EXIT, CANCELLED_EXIT = 2, 1, 130


def wants_json(arguments: Sequence[str]) -> bool:
    """True when `--json` is among the arguments, even if the rest of them makes no sense."""
    given = list(arguments)
    return "--json" in (given[: given.index("--")] if "--" in given else given)


def report_error(error: StackcoreError, *, as_json: bool) -> int:
    """Show an error that the user can act on; returns its exit code."""
    print_parts(error.what, error.why, error.fix)
    if as_json:
        print_last_line("failed", error.exit_code, error.what, error.why, error.fix)
    return error.exit_code


def report_usage(error: Any, *, as_json: bool) -> int:
    """Show what typer found wrong with the command line; returns 2."""
    error.show()
    if as_json:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "stackcore"
        why = error.format_message() or "no command was given."
        print_last_line("failed", USAGE_EXIT, "The command line is wrong.", why, f"see `{command} --help`.")
    return USAGE_EXIT


def report_bug(error: BaseException, *, as_json: bool, verbose: bool) -> int:
    """Show a failure that nobody foresaw, with its traceback when `verbose`; returns 1."""
    if verbose:
        traceback.print_exception(error, file=sys.stderr)
    what = "stackcore failed in a way it should not."
    why = f"{type(error).__name__}: {error}"
    fix = "please report this with the traceback that `--verbose` shows."
    print_parts(what, why, fix)
    if as_json:
        print_last_line("failed", BUG_EXIT, what, why, fix)
    return BUG_EXIT


def report_cancelled(*, as_json: bool) -> int:
    """Close the stream of a run that was stopped before it could begin; returns 130."""
    if as_json:
        print_last_line("cancelled", CANCELLED_EXIT, "The run was cancelled.", "it was asked to stop.", "start again.")
    return CANCELLED_EXIT


def print_parts(what: str, why: str, fix: str) -> None:
    """Print the three parts of an error on stderr."""
    columns = columns_of(sys.stderr)
    parts = (("error: ", what), ("  why: ", why), ("  try: ", fix))
    lines = [line for label, text in parts for line in fitted(text, columns, label=label)]
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def print_last_line(outcome: str, exit_code: int, what: str, why: str, fix: str) -> None:
    """Print the `run_finished` line of a run that ended before it could begin."""
    from stackcore.events import ErrorInfo, EventBus, RunFinished, to_json
    from stackcore.runs import new_run_id

    info = ErrorInfo(what=what, why=why, fix=fix)
    finished = RunFinished.model_validate({"outcome": outcome, "exit_code": exit_code, "error": info})
    EventBus(new_run_id(), [lambda event: print(to_json(event), flush=True)]).emit(finished)
