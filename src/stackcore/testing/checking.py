"""Checks an installed plugin against the contract of its kind, in a process that may hang or crash.

The process is told one promise after the other. One that takes too long, or takes the process with it, is broken; the
next promise gets a new process.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

from stackcore.errors import PluginError, UsageError
from stackcore.hookspecs import Kind
from stackcore.registry import PluginRecord, Registry
from stackcore.testing import contract_of
from stackcore.testing.contract import FIRST_OF_ALL, Contract, Promise
from stackcore.testing.trying import attempt, finding
from stackcore.testing.verdict import Finding, Verdict

TIME_LIMIT_S = 60.0
"""How long one promise may take unless told otherwise; those of our own plugins take a few seconds at most."""
CAMERA_LIMIT_S = 600.0
"""The same for cameras, but for `build`: a promise may be a dozen runs, and a body takes some seconds for a still."""
_START_LIMIT_S = 120.0
_GRACE_S = 1.0
"""How much later than its own watch the process is given up, so that it can say where it stands."""
_FRAME = re.compile(r'^\s+File "(?P<file>.+)", line (?P<line>\d+) in (?P<name>.+)$')


@dataclass(frozen=True, kw_only=True)
class CheckOrder:
    """What is to be checked, and how far the check may go.

    Attributes
    ----------
    kind, name
        Which plugin.
    options
        What is set on it.
    files
        Files that a developer is tried with, beside those that stackcore writes.
    connects
        A camera that is not simulated may be opened, moved and released.
    time_limit_s
        How long one promise may take, seconds; None for what is usual for its kind.
    """

    kind: Kind
    name: str
    options: Mapping[str, Any]
    files: Sequence[Path] = ()
    connects: bool = False
    time_limit_s: float | None = None

    def limit_s(self, promise: Promise) -> float:
        """Return how long this promise may take, seconds."""
        if self.time_limit_s is not None:
            return self.time_limit_s
        return CAMERA_LIMIT_S if self.kind == "camera" and promise.method != FIRST_OF_ALL else TIME_LIMIT_S

    def contract(self) -> Contract:
        """Return the contract of the kind, set up for this plugin; `PluginError` where it cannot be used."""
        contract = contract_of(self.kind)()
        contract.offer = Registry.discover().offer(self.kind, self.name)
        contract.options = dict(self.options)
        for name, value in (("files", self.files), ("connects", self.connects)):
            if hasattr(contract, name):
                setattr(contract, name, value)
        return contract


def check_plugin(
    record: PluginRecord, order: CheckOrder, on_finding: Callable[[Finding], None] = lambda _: None
) -> Verdict:
    """Run every promise of a plugin's contract; `on_finding` hears of each as soon as it is known.

    Raises `UsageError` where Python runs without assertions, for then every promise would look kept; `PluginError`
    when the process that checks cannot be started.
    """
    if not __debug__:
        raise UsageError(
            "Plugins cannot be checked here.",
            "Python was started with -O or PYTHONOPTIMIZE, which leaves assertions out.",
            "start it without.",
        )
    findings = []
    for found in _findings(order):
        findings.append(found)
        on_finding(found)
    return Verdict(
        kind=order.kind,
        name=order.name,
        distribution=record.distribution,
        version=record.version,
        findings=tuple(findings),
    )


def _findings(order: CheckOrder) -> Iterator[Finding]:
    promises = contract_of(order.kind).promises()
    unbuilt = False
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stackcore-check-")))
        worker: _Worker | None = None
        for promise in sorted(promises, key=lambda promise: promise.method != FIRST_OF_ALL):
            if unbuilt:
                yield finding(promise, "not applicable", "it could not be built")
                continue
            if worker is None or not worker.is_alive:
                worker = stack.enter_context(_Worker(order, folder / "hanging.txt"))
            found = worker.attempt(promise)
            unbuilt = promise.method == FIRST_OF_ALL and found.state == "broken"
            yield found


class _Worker:
    """The process that tries promises, seen from outside."""

    def __init__(self, order: CheckOrder, watch: Path) -> None:
        self._order, self._watch = order, watch
        self.is_alive = True

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # Not a daemon: cameras and executors start processes of their own, which daemons may not.
        self._process: BaseProcess = context.Process(target=_serve, args=(theirs, self._order, self._watch))
        self._process.start()
        theirs.close()
        ready = self._answer(_START_LIMIT_S)
        if ready != "ready":
            self.__exit__()
            raise PluginError(
                f'The {self._order.kind} "{self._order.name}" cannot be checked.',
                f"the process that checks it {ready or f'was not ready after {_START_LIMIT_S:g} s'}.",
                "see whether `stackcore plugins list` works.",
            )
        return self

    def __exit__(self, *error: object) -> None:
        self.is_alive = False
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def attempt(self, promise: Promise) -> Finding:
        """Let the process try a promise."""
        limit = self._order.limit_s(promise)
        self._pipe.send(promise)
        answer = self._answer(limit + _GRACE_S)
        if isinstance(answer, Finding):
            return answer
        self.__exit__()
        if answer is None:
            answer = f"had not ended after {limit:g} s, and was stopped{_place(self._watch)}"
            return finding(promise, "broken", f"it {answer}.", limit)
        return finding(promise, "broken", f"the process {answer}.")

    def _answer(self, limit_s: float) -> Any:
        """What the process says; None when the time is over, and a text about its end when it has died."""
        try:
            return self._pipe.recv() if self._pipe.poll(limit_s) else None
        except (EOFError, ConnectionError):
            self._process.join()
            return f"died ({_ending(self._process.exitcode)})"


def _serve(pipe: Connection, order: CheckOrder, watch: Path) -> None:
    """Try promises as they are told, until nobody tells any more; runs in the process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is asked to stop is the parent
    os.dup2(2, 1)  # what a plugin prints must not get into the document on standard output
    contract = order.contract()
    pipe.send("ready")
    with watch.open("a", encoding="utf-8") as log:
        while True:
            try:
                promise = pipe.recv()
            except EOFError:
                return
            log.truncate(0)
            faulthandler.dump_traceback_later(order.limit_s(promise), file=log)
            found = attempt(contract, promise)
            faulthandler.cancel_dump_traceback_later()
            pipe.send(found)


def _place(watch: Path) -> str:
    """Where the main thread of a process stood when its time was over, as a bracket; nothing if it did not say."""
    text = watch.read_text(encoding="utf-8", errors="replace") if watch.exists() else ""
    main = re.split(r"^(?:Current t|T)hread .*$", text, flags=re.MULTILINE)[-1]
    frames = [match for line in main.splitlines() if (match := _FRAME.match(line))]
    if not frames:
        return ""
    return f" ({Path(frames[0]['file']).name}:{frames[0]['line']}, in {frames[0]['name']})"


def _ending(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
