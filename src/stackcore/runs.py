"""The frame around every run: it starts once, it ends once, and the last event says how."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stackcore.errors import Cancelled, StackcoreError
from stackcore.events import (
    BaseEvent,
    ErrorInfo,
    EventBus,
    Listener,
    RunFinished,
    RunStarted,
    Warned,
)
from stackcore.stopping import StopFlag, ctrl_c_cancels

__all__ = ["BUG_EXIT", "CANCELLED_EXIT", "Run", "StopFlag", "new_run_id", "run_scope"]

CANCELLED_EXIT = 130
BUG_EXIT = 1


@dataclass
class Run:
    """A run under way: where events go, and the flag that asks it to stop.

    `warnings` collects every warning of the run, for manifests and reports. `stack` is the name of one stack of a
    batch, whose run this is within that of the batch.
    """

    bus: EventBus
    cancel: threading.Event
    warnings: list[Warned] = field(default_factory=list)
    stack: str | None = None

    def of_stack(self, name: str) -> Run:
        """The part of this run that is about one stack of a batch: its events say so, its warnings are its own."""
        return Run(self.bus, self.cancel, stack=name)

    @property
    def run_id(self) -> str:
        """Name of the run, unique and sortable by time."""
        return self.bus.run_id

    @property
    def stops_at_once(self) -> bool:
        """True when whoever cancels the run does not want to wait for its clean end either."""
        return isinstance(self.cancel, StopFlag) and self.cancel.at_once

    def emit(self, event: BaseEvent) -> None:
        """Tell every listener."""
        if self.stack is not None:
            event = event.model_copy(update={"stack": self.stack})
        if isinstance(event, Warned):
            self.warnings.append(event)
        self.bus.emit(event)

    def check_cancelled(self) -> None:
        """Raise `Cancelled` once the run was asked to stop, `KeyboardInterrupt` when it was told to stop at once."""
        if self.stops_at_once:
            raise KeyboardInterrupt
        if self.cancel.is_set():
            raise Cancelled("The run was cancelled.", "it was asked to stop.", "start it again when you are ready.")


def new_run_id() -> str:
    """A name for a run: UTC time to the second and a few random digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@contextmanager
def run_scope(
    command: str,
    settings: Mapping[str, Any],
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
) -> Iterator[Run]:
    """Emit `run_started`, then the body's events, then `run_finished` exactly once, whatever happens.

    Exceptions pass through: `Cancelled` and `KeyboardInterrupt` end the run as cancelled (130), a
    `StackcoreError` as failed with its exit code, anything else as failed with 1. The first Ctrl-C sets `cancel`, and
    is raised as `KeyboardInterrupt` once the run has ended; see `stackcore.stopping.ctrl_c_cancels`.
    """
    run = Run(EventBus(new_run_id(), list(listeners)), StopFlag() if cancel is None else cancel)
    with ctrl_c_cancels(run.cancel) as pressed:
        try:
            with _framed(run, command, settings):
                yield run
        except StackcoreError as error:
            if pressed():
                raise KeyboardInterrupt from error
            raise
        if pressed():  # too late to stop it
            raise KeyboardInterrupt


@contextmanager
def _framed(run: Run, command: str, settings: Mapping[str, Any]) -> Iterator[None]:
    try:
        run.emit(RunStarted(command=command, settings=dict(settings)))
        yield
    except (Cancelled, KeyboardInterrupt):
        run.emit(RunFinished(outcome="cancelled", exit_code=CANCELLED_EXIT))
        raise
    except StackcoreError as error:
        info = ErrorInfo(what=error.what, why=error.why, fix=error.fix)
        run.emit(RunFinished(outcome="failed", exit_code=error.exit_code, error=info))
        raise
    except BaseException as error:
        info = ErrorInfo(
            what="stackcore failed in a way it should not.",
            why=f"{type(error).__name__}: {error}",
            fix="please report this with the traceback that `--verbose` shows.",
        )
        run.emit(RunFinished(outcome="failed", exit_code=BUG_EXIT, error=info))
        raise
    run.emit(RunFinished(outcome="completed", exit_code=0))
