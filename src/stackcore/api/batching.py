"""Many stacks in one go: `batch` makes one result for each, and goes on when one of them fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

from stackcore.api import spreading
from stackcore.api.choosing import StackChoices, choose
from stackcore.api.processing import stack_into
from stackcore.api.recording import settings_of
from stackcore.api.stacks import StackOptions, described
from stackcore.api.toolbox import Toolbox
from stackcore.batching.finding import FoundStack, Search, find_stacks
from stackcore.batching.journal import Entry, Journal, Problem, fingerprint, read_journal
from stackcore.errors import BatchFailed, Cancelled, OutputError, StackcoreError
from stackcore.events import Listener, Progress, Result, StageStarted, Warned
from stackcore.paths.decoding import as_text
from stackcore.registry import Registry
from stackcore.runs import BUG_EXIT, Run, run_scope
from stackcore.stacking import output as writing
from stackcore.stacking.checkpoint import CheckpointFolder

_LOG = logging.getLogger(__name__)

STAGE = "batch"


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """How a batch is run.

    Attributes
    ----------
    search
        How stacks are looked for.
    stack
        How each of them is processed. Its `overwrite` holds for the results of the batch; its `resume` takes up an
        earlier batch: results it made are left alone, a stack that was cut off goes on from its checkpoint.
    suffix
        Of the results: .tif, .jpg or .png.
    skip_existing
        Leave alone what has a result already, whatever made it.
    depth_maps, reports
        Write a depth map, a report, beside each result.
    """

    search: Search = field(default_factory=Search)
    stack: StackOptions = field(default_factory=StackOptions)
    suffix: str = ".tif"
    skip_existing: bool = False
    depth_maps: bool = False
    reports: bool = False


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of each stack; `folder` is where the results are."""

    folder: Path
    stacks: list[Entry]

    @property
    def failed(self) -> list[Entry]:
        """Stacks without a result."""
        return [entry for entry in self.stacks if entry.state == "failed"]

    def summary(self) -> dict[str, Any]:
        """What the `result` event says."""
        states = [entry.state for entry in self.stacks]
        return {
            "folder": str(self.folder),
            "completed": states.count("completed"),
            "existed": states.count("existed"),
            "failed": states.count("failed"),
            "stacks": [entry.model_dump(exclude_none=True, exclude={"fingerprint"}) for entry in self.stacks],
        }


def batch(
    places: Sequence[str | Path],
    folder: str | Path,
    *,
    options: BatchOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    dry_run: bool = False,
    preset: str | None = None,
    like: str | Path | None = None,
    surroundings: bool = False,
    search: Search | None = None,
    skip_existing: bool = False,
    depth_maps: bool = False,
    reports: bool = False,
    **choices: Unpack[StackChoices],
) -> BatchResult:
    """Find the stacks below `places` and make one result for each in `folder`, which is made if missing.

    A stack that fails is told of and the next one begins. What became of each stands in `folder`, in
    `stackcore-batch.json`, written anew after each.

    Parameters
    ----------
    places
        Folders.
    folder
        Where results go; it may lie within one of the places, and is not searched.
    options
        See `BatchOptions`; in place of all that follows `dry_run`.
    listeners, cancel, registry, preset, like, surroundings, choices
        As for `stackcore.stack`; `format` is the type of the results, tif if nobody says so.
    dry_run
        Only find the stacks and say what would be done: all are `waiting`, or `existed`.
    search, skip_existing, depth_maps, reports
        See `BatchOptions`.

    Raises
    ------
    BatchFailed
        All was tried, and some stacks have no result.
    FrameError, UsageError, OutputError, ConfigError
        Before any work: there is nothing to do, or a result stands in the way.
    Cancelled
        When `cancel` was set; the record says how far the batch came.

    Examples
    --------
    >>> import stackcore
    >>> done = stackcore.batch(["shoot"], "results", fuser="average", format="jpg", hot_pixels=False)
    >>> [(stack.name, stack.state, stack.output) for stack in done.stacks]
    [('shoot', 'completed', 'shoot.jpg')]
    """
    target = Path(folder)
    named = target / (f"stack.{choices['format']}" if "format" in choices else "stack")
    asked, output = choose(
        None if options is None else options.stack,
        choices,
        output=named,
        preset=preset,
        like=like,
        surroundings=surroundings,
        registry=registry,
    )
    chosen = options or _of_stack(
        asked,
        output,
        BatchOptions(search=search or Search(), skip_existing=skip_existing, depth_maps=depth_maps, reports=reports),
    )
    settings = {**described(chosen.stack, [str(place) for place in places]), "folder": str(target)}
    with run_scope("batch", settings, listeners, cancel) as run:
        found = _find([Path(place) for place in places], target, chosen, registry)
        entries = _entries(found, target, chosen)
        if not dry_run:
            _work(run, found, entries, target, chosen, registry)
        result = BatchResult(folder=target, stacks=entries)
        run.emit(Result(data={**result.summary(), **({"dry_run": True} if dry_run else {})}))
        if result.failed and not dry_run:
            raise _failure(result)
    return result


def _of_stack(asked: StackOptions, output: Path | None, said: BatchOptions) -> BatchOptions:
    """A batch of stacks that are processed like this: what one of them would write, all of them write."""
    return replace(
        said,
        stack=replace(asked, depth_map=None, report=None),
        suffix=(output.suffix if output else "") or said.suffix,
        depth_maps=said.depth_maps or asked.depth_map is not None,
        reports=said.reports or asked.report is not None,
    )


def _find(places: Sequence[Path], target: Path, chosen: BatchOptions, registry: Registry | None) -> list[FoundStack]:
    tools = Toolbox(registry or Registry.discover(), chosen.stack.settings)
    _check_tools(tools, chosen.stack)
    search = replace(chosen.search, leave_out=(*chosen.search.leave_out, target))
    return find_stacks(places, tools.suffixes, search)


def _check_tools(tools: Toolbox, options: StackOptions) -> None:
    """Refuse, before any work, plugins and options that would fail for every stack alike."""
    tools.fuser(options.fuser)
    if options.align and options.transforms is None:
        tools.aligner(options.aligner)
    if options.sharpen is not None:
        tools.sharpener(options.sharpener, options.sharpen)


def _entries(found: Sequence[FoundStack], target: Path, chosen: BatchOptions) -> list[Entry]:
    """What is to be done; `OutputError` where results stand in the way."""
    chosen.stack.file_format.check(target / f"x{chosen.suffix}")
    before = read_journal(target) if chosen.stack.resume else None
    known = {(entry.output, entry.fingerprint): entry.state for entry in before.stacks} if before else {}
    settings = _about_the_picture(chosen.stack)
    entries, in_the_way = [], []
    for stack in found:
        entry = Entry(
            name=stack.name,
            folder=as_text(stack.folder),
            frames=len(stack.frames),
            output=f"{stack.name}{chosen.suffix}",
            fingerprint=fingerprint(stack.frames, settings),
        )
        if stack.problem is None and (target / entry.output).exists():
            state = known.get((entry.output, entry.fingerprint))
            if chosen.skip_existing or state in ("completed", "existed"):
                entry.state = "existed"
            elif state == "running":  # cut off after its result was there, and before that was written down
                entry.state = "running"
            elif not chosen.stack.overwrite:
                in_the_way.append(entry.output)
        entries.append(entry)
    if in_the_way:
        raise OutputError(
            f"{len(in_the_way)} of {len(found)} results exist already in {target}.",
            f"nothing is overwritten unasked: {', '.join(in_the_way[:5])}{', ...' if len(in_the_way) > 5 else ''}.",
            "keep them with --skip-existing, replace them with --overwrite, or take up a batch with --resume.",
        )
    return entries


def _about_the_picture(options: StackOptions) -> dict[str, Any]:
    """Settings that make another picture when they change: plugins and their options as well."""
    names = ("aligner", "fuser", "sharpener", "settings", "slabs", "slab_size", "slab_overlap", "file_format")
    return {**settings_of(options), **{name: getattr(options, name) for name in names}}


def _work(
    run: Run,
    found: Sequence[FoundStack],
    entries: list[Entry],
    target: Path,
    chosen: BatchOptions,
    registry: Registry | None,
) -> None:
    writing.make_folder(target)
    journal = Journal(stacks=entries)
    journal.write(target)
    run.emit(StageStarted(stage=STAGE, total=len(entries)))
    done = 0

    def ended() -> None:
        nonlocal done
        done += 1
        run.emit(Progress(stage=STAGE, done=done, total=len(entries)))

    left = [(stack, entry) for stack, entry in zip(found, entries, strict=True) if entry.state != "existed"]
    for _ in range(len(entries) - len(left)):
        ended()
    tools = Toolbox(registry or Registry.discover(), chosen.stack.settings)
    if spreading.can_be_spread(run, left, chosen, tools):
        spreading.spread(run, left, journal, target, chosen, tools, ended)
        return
    for stack, entry in left:
        _one(run.of_stack(entry.name), stack, journal, entry, target, chosen, registry)
        ended()


def _one(
    run: Run,
    stack: FoundStack,
    journal: Journal,
    entry: Entry,
    target: Path,
    chosen: BatchOptions,
    registry: Registry | None,
) -> None:
    """Make one result, or note why not; only the user's stop ends the batch."""
    run.check_cancelled()
    began = time.monotonic()
    overwrite = chosen.stack.overwrite or entry.state == "running"
    entry.state = "running"
    journal.write(target)
    try:
        if stack.problem is not None:
            raise stack.problem
        output = target / entry.output
        depth_map = output.with_name(f"{entry.name}-depth.png") if chosen.depth_maps else None
        resume = chosen.stack.resume and CheckpointFolder(output).read() is not None
        report = output.with_name(f"{entry.name}.html") if chosen.reports else None
        result = stack_into(
            run,
            stack.frames,
            output,
            replace(chosen.stack, depth_map=depth_map, report=report, overwrite=overwrite, resume=resume),
            registry=registry,
            command="batch",
        )
        entry.state = "completed"
        run.emit(Result(data=result.summary()))
    except (Cancelled, KeyboardInterrupt):
        entry.state = "cancelled"
        raise
    except StackcoreError as error:
        _note(run, entry, Problem(what=error.what, why=error.why, fix=error.fix, exit_code=error.exit_code))
    except Exception as error:  # a bug in one stack, or in a plugin, shall not cost the others their night
        _LOG.exception("stack %s failed", entry.name)
        what, fix = "stackcore failed in a way it should not.", "run this stack alone with --verbose, and report it."
        _note(run, entry, Problem(what=what, why=f"{type(error).__name__}: {error}", fix=fix, exit_code=BUG_EXIT))
    finally:
        entry.seconds = round(time.monotonic() - began, 2)
        entry.warnings = [warning.message for warning in run.warnings]
        journal.write(target)


def _note(run: Run, entry: Entry, problem: Problem) -> None:
    entry.state, entry.problem = "failed", problem
    run.emit(Warned(code="stack_failed", message=f"failed: {problem.what} why: {problem.why} try: {problem.fix}"))


def _failure(result: BatchResult) -> BatchFailed:
    names = [entry.name for entry in result.failed]
    return BatchFailed(
        f"{len(names)} of {len(result.stacks)} stacks failed.",
        f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}; the table and {result.folder} say why.",
        "mend them and give the same command with --resume: what is done is left alone.",
    )
