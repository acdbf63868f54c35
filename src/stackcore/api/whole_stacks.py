"""A whole stack as one task of another process: what is sent there, what is done there, and what comes back."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stackcore.api.processing import stack_into
from stackcore.api.stacks import StackOptions
from stackcore.batching.journal import Problem
from stackcore.errors import Cancelled, StackcoreError
from stackcore.events import BaseEvent, EventBus, Progress, StageStarted, Warned, to_json
from stackcore.protocols import Fetch, Station
from stackcore.runs import BUG_EXIT, Run, new_run_id

_LOG = logging.getLogger(__name__)

_TOLD = (StageStarted, Progress, Warned)

_SHARE = 0.7
"""Of the memory of a worker that a stack is arranged for: above that, Dask takes it for too full."""


@dataclass(frozen=True)
class Sent:
    """A stack to be made: its name, its frames, and the name of its result."""

    name: str
    frames: tuple[Path, ...]
    output: str


@dataclass(frozen=True)
class Made:
    """What became of it.

    Attributes
    ----------
    files
        What it wrote, by name, the result last.
    summary
        What the `result` event says; files by their names alone.
    problem
        Why there is no result.
    seconds
        How long it took.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None
    seconds: float = 0.0


class WholeStack:
    """Makes the result of a stack in the process that it arrives in, with the executor `local` and the plan `tree`.

    Parameters
    ----------
    options
        How each stack is processed.
    stacks
        All that will be asked for.
    depth_maps, reports
        What is made beside each result.
    """

    def __init__(self, options: StackOptions, stacks: Sequence[Sent], *, depth_maps: bool, reports: bool) -> None:
        settings = {**options.settings, "executor": {"plan": "tree"}}
        self._options = replace(options, executor="local", settings=settings, overwrite=False, resume=False)
        self._files = [path for stack in stacks for path in stack.frames]
        self._depth_maps, self._reports = depth_maps, reports
        self._fetch: Fetch = nullcontext

    @property
    def files(self) -> Sequence[Path]:
        """The frames of all stacks."""
        return self._files

    def open_through(self, fetch: Fetch) -> None:
        """Read the frames where `fetch` says."""
        self._fetch = fetch

    def __call__(self, stack: Sent, station: Station) -> Made:
        """Make one; only a cancel is raised, whatever else happens is the problem of this stack."""
        began = time.monotonic()

        def tell(event: BaseEvent) -> None:
            if isinstance(event, _TOLD):
                station.tell(to_json(event.model_copy(update={"stack": stack.name})))

        run = Run(EventBus(new_run_id(), [tell]), station.cancel, stack=stack.name)
        try:
            made = self._made(run, stack, station)
        except Cancelled:
            raise
        except StackcoreError as error:
            made = Made(problem=Problem(what=error.what, why=error.why, fix=error.fix, exit_code=error.exit_code))
        except Exception as error:  # a bug in one stack, or in a plugin, shall not cost the others their night
            _LOG.exception("stack %s failed", stack.name)
            what = "stackcore failed in a way it should not."
            fix = "run this stack alone with --verbose, and report it."
            why = f"{type(error).__name__}: {error}"
            made = Made(problem=Problem(what=what, why=why, fix=fix, exit_code=BUG_EXIT))
        return replace(made, seconds=round(time.monotonic() - began, 2))

    def _made(self, run: Run, stack: Sent, station: Station) -> Made:
        with tempfile.TemporaryDirectory(prefix="stackcore-stack-") as folder, ExitStack() as held:
            frames = [held.enter_context(self._fetch(path)) for path in stack.frames]
            output = Path(folder) / stack.output
            options = replace(
                self._options,
                workers=station.threads,
                memory_bytes=_least(self._options.memory_bytes, station.memory_bytes),
                depth_map=output.with_name(f"{stack.name}-depth.png") if self._depth_maps else None,
                report=output.with_name(f"{stack.name}.html") if self._reports else None,
            )
            result = stack_into(run, frames, output, options, command="batch")
            names = sorted((path.name for path in Path(folder).iterdir()), key=lambda name: (name == output.name, name))
            files = {name: (Path(folder) / name).read_bytes() for name in names}
            summary: dict[str, Any] = _by_name(result.summary(), folder)
            return Made(files, summary)


def _least(wanted: int | None, limit: int | None) -> int | None:
    limits = [n for n in (wanted, None if limit is None else int(_SHARE * limit)) if n is not None]
    return min(limits, default=None)


def _by_name(value: Any, folder: str) -> Any:
    """Paths in a folder as names."""
    if isinstance(value, Mapping):
        return {key: _by_name(inner, folder) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_by_name(inner, folder) for inner in value]
    if isinstance(value, str | Path) and str(value).startswith(folder):
        return Path(value).name
    return value
