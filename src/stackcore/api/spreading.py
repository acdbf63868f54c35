"""The stacks of a batch on the workers of a remote executor, each whole, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackcore.api.toolbox import Toolbox
from stackcore.api.whole_stacks import Made, Sent, WholeStack
from stackcore.batching.finding import FoundStack
from stackcore.batching.journal import Entry, Journal, Problem
from stackcore.errors import Cancelled, StackcoreError
from stackcore.events import Result, Warned, from_json
from stackcore.runs import Run
from stackcore.stacking import output as writing

if TYPE_CHECKING:
    from stackcore.api.batching import BatchOptions

CAPABILITY = "remote"
"""Listed by executors whose workers are other processes."""

Stacks = Sequence[tuple[FoundStack, Entry]]


def can_be_spread(run: Run, stacks: Stacks, chosen: BatchOptions, tools: Toolbox) -> bool:
    """Whether the stacks go to workers whole: their executor is a remote one, and no raw is among the frames.

    How raws are developed depends on the calibration library of this machine; such stacks are spread by slabs.
    """
    if not tools.can("executor", chosen.stack.executor, CAPABILITY):
        return False
    raws = next((stack.name for stack, _ in stacks if stack.problem is None and _is_raw(stack, tools)), None)
    if raws is not None:
        message = f"{raws} holds raw files, whose darks are on this machine: slabs are spread, one stack at a time."
        run.emit(Warned(code="slabs-spread", message=message))
    return raws is None


def spread(
    run: Run,
    stacks: Stacks,
    journal: Journal,
    target: Path,
    chosen: BatchOptions,
    tools: Toolbox,
    ended: Callable[[], None],
) -> None:
    """Make the results of `stacks`; `ended` is called after each. Only the user's stop ends the batch."""
    parts = {entry.name: (run.of_stack(entry.name), entry) for _, entry in stacks}
    for stack, entry in stacks:
        if stack.problem is not None:
            _note(parts[entry.name][0], entry, stack.problem)
            ended()
    able = [(stack, entry) for stack, entry in stacks if stack.problem is None]
    sent = [Sent(entry.name, tuple(stack.frames), entry.output) for stack, entry in able]
    replaces = {entry.name for _, entry in able if chosen.stack.overwrite or entry.state == "running"}
    function = WholeStack(chosen.stack, sent, depth_maps=chosen.depth_maps, reports=chosen.reports)

    over: set[str] = set()

    def heard(line: str) -> None:
        event = from_json(line)
        part, entry = parts[str(event.stack)]
        if entry.name in over:  # what a worker told may come after what it made
            return
        if entry.state != "running":
            entry.state = "running"
            journal.write(target)
        part.emit(event)

    executor: Any = tools.executor(chosen.stack.executor, chosen.stack.workers)
    try:
        for position, made in executor.spread(function, sent, run.cancel, heard):
            part, entry = parts[sent[position].name]
            over.add(entry.name)
            try:
                _take(part, entry, made, target, overwrite=entry.name in replaces)
            except StackcoreError as error:
                _note(part, entry, error)
            entry.warnings = [warning.message for warning in part.warnings]
            journal.write(target)
            ended()
    except (Cancelled, KeyboardInterrupt):
        for _, entry in able:
            if entry.state == "running":
                entry.state = "cancelled"
        journal.write(target)
        raise
    finally:
        executor.close()


def _take(run: Run, entry: Entry, made: Made | StackcoreError, target: Path, *, overwrite: bool) -> None:
    """Write what has come, the result last: once that is there, all is."""
    if isinstance(made, StackcoreError):
        raise made
    entry.seconds = made.seconds
    if made.problem is not None:
        _note_problem(run, entry, made.problem)
        return
    for name, data in made.files.items():
        writing.write_bytes(data, target / name, overwrite=overwrite)
    entry.state = "completed"
    run.emit(Result(data={**made.summary, "output": str(target / entry.output)}))


def _note(run: Run, entry: Entry, error: StackcoreError) -> None:
    _note_problem(run, entry, Problem(what=error.what, why=error.why, fix=error.fix, exit_code=error.exit_code))


def _note_problem(run: Run, entry: Entry, problem: Problem) -> None:
    entry.state, entry.problem = "failed", problem
    run.emit(Warned(code="stack_failed", message=f"failed: {problem.what} why: {problem.why} try: {problem.fix}"))


def _is_raw(stack: FoundStack, tools: Toolbox) -> bool:
    """By its first frame; one that cannot be read is told where it is read."""
    try:
        [first, *_] = stack.frames
        return not tools.developers[first.suffix.lower()].probe(first).is_developed
    except (StackcoreError, OSError):
        return False
