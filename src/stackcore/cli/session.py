"""How a command runs something: who listens to its events, what Ctrl-C does, and the code it exits with."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence

from stackcore.cli.failures import report_bug, report_cancelled, report_error
from stackcore.cli.signals import cancel_on_signals
from stackcore.errors import Cancelled, StackcoreError
from stackcore.events import BaseEvent, Listener, RunFinished, to_json
from stackcore.runs import StopFlag

Work = Callable[[Sequence[Listener], threading.Event], object]
"""What a command does, given the listeners of its run and the flag that asks it to stop."""


def run_command(work: Work, *, json: bool = False, quiet: bool = False, verbose: bool = False) -> None:
    """Run `work`, show its events, and raise `SystemExit` unless it completed.

    Parameters
    ----------
    work
        Runs to its end with the listeners it is given; stops soon after the event is set.
    json
        Print every event as one line of JSON on stdout and nothing else; the last one is `run_finished`.
    quiet
        Show errors, and where the result is.
    verbose
        Show every warning in full and the traceback of a bug.

    Exit codes are those of the error; 130 when the run was cancelled, 1 for a bug.
    """
    ending = _Ending()
    cancel = StopFlag()
    screen = _JsonLines() if json else _screen(quiet=quiet, verbose=verbose)
    try:
        with cancel_on_signals(cancel):
            work([screen, ending], cancel)
        code = 0
    except (Cancelled, KeyboardInterrupt):
        code = report_cancelled(as_json=json and not ending.seen)
    except StackcoreError as error:
        _close(screen)
        code = report_error(error, as_json=json and not ending.seen)
    except Exception as error:
        _close(screen)
        code = report_bug(error, as_json=json and not ending.seen, verbose=verbose)
    finally:
        _close(screen)
    if code:
        raise SystemExit(code)


def _screen(*, quiet: bool, verbose: bool) -> Listener:
    """Choose who shows the run: bars on a terminal, plain lines elsewhere."""
    if quiet:
        from stackcore.cli.plain import QuietScreen

        return QuietScreen()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from stackcore.cli.render import LiveScreen

        return LiveScreen(verbose=verbose)
    from stackcore.cli.plain import PlainScreen

    return PlainScreen(verbose=verbose)


def _close(screen: Listener) -> None:
    close = getattr(screen, "close", None)
    if close is not None:
        close()


class _Ending:
    """Remembers whether the run has said that it ended."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, event: BaseEvent) -> None:
        self.seen = self.seen or isinstance(event, RunFinished)


class _JsonLines:
    """One event a line on stdout; a reader that goes away does not stop the run."""

    def __init__(self) -> None:
        self._gone = False

    def __call__(self, event: BaseEvent) -> None:
        if self._gone:
            return
        try:
            print(to_json(event), flush=True)
        except BrokenPipeError:
            self._gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the flush at exit would complain once more
