"""The one event stream: what a run tells its listeners, and the bus that carries it.

Progress bars, `--json` lines, the log and the manifest are listeners on one bus; no algorithm prints.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticSerializationError

_LOG = logging.getLogger(__name__)

Outcome = Literal["completed", "cancelled", "failed"]


class BaseEvent(BaseModel):
    """What every event carries; the bus fills the envelope (`run_id`, `seq`, `at`).

    `stack` names the stack of a batch that the event is about; None elsewhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # built on first use: quicker to import

    run_id: str = ""
    seq: int = 0
    at: datetime = datetime.fromtimestamp(0, UTC)
    stack: str | None = None


class RunStarted(BaseEvent):
    """A run begins; `command` is the verb, `settings` what it was asked to do."""

    kind: Literal["run_started"] = "run_started"
    command: str
    settings: dict[str, Any] = Field(default_factory=dict)


class SliceStarted(BaseEvent):
    """The run turns to one focus position; `slice_index` counts from 0, the nearest.

    `offset` is where focus stands, in drive units from the start of the run; `simulated` is true when nothing of it
    shows the real world.
    """

    kind: Literal["slice_started"] = "slice_started"
    slice_index: int
    slices: int
    offset: int | None = None
    simulated: bool | None = None


class Moving(BaseEvent):
    """The focus drive moves by `steps` (signed, + is away from the camera); `offset` is the position before."""

    kind: Literal["moving"] = "moving"
    steps: int
    offset: int


class Waiting(BaseEvent):
    """The run settles for `delay_ms`."""

    kind: Literal["waiting"] = "waiting"
    delay_ms: int


class Capturing(BaseEvent):
    """A still (`source` still) or a live-view frame (`source` live_view) is being taken."""

    kind: Literal["capturing"] = "capturing"
    slice_index: int
    source: Literal["still", "live_view"]


class Saving(BaseEvent):
    """A file is about to be written under its final name `path`."""

    kind: Literal["saving"] = "saving"
    slice_index: int
    path: str


class Saved(BaseEvent):
    """A file is complete and in its place."""

    kind: Literal["saved"] = "saved"
    slice_index: int
    path: str
    bytes: int
    sha256: str


class Returning(BaseEvent):
    """Focus goes back by `steps` (signed) to where the run started."""

    kind: Literal["returning"] = "returning"
    steps: int


class StageStarted(BaseEvent):
    """A stage of processing begins; `total` counts what `progress` will report, None if unknown.

    `plan` tells how its work is arranged, in words, where memory and workers were planned for.
    """

    kind: Literal["stage_started"] = "stage_started"
    stage: str
    total: int | None = None
    plan: str | None = None


class Progress(BaseEvent):
    """`done` of `total` units of a stage are finished.

    The stage `sharpness` of a capture run tells how sharp live view is at slice number `done` (from 1): `sharpness`
    is unitless, >= 0, and compares the slices of one run.
    """

    kind: Literal["progress"] = "progress"
    stage: str
    done: int
    total: int | None = None
    sharpness: float | None = None


class Warned(BaseEvent):
    """Something the user should know; `code` is stable, `frame` names the file or slice it is about."""

    kind: Literal["warning"] = "warning"
    code: str
    message: str
    frame: str | None = None


class Result(BaseEvent):
    """What the run produced; the keys of `data` depend on the command."""

    kind: Literal["result"] = "result"
    data: dict[str, Any]


class ErrorInfo(BaseModel):
    """A failure in the three parts of `StackcoreError`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    what: str
    why: str
    fix: str


class RunFinished(BaseEvent):
    """The last event of every run, exactly once."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: Outcome
    exit_code: int
    error: ErrorInfo | None = None


Event = Annotated[
    RunStarted
    | SliceStarted
    | Moving
    | Waiting
    | Capturing
    | Saving
    | Saved
    | Returning
    | StageStarted
    | Progress
    | Warned
    | Result
    | RunFinished,
    Field(discriminator="kind"),
]

Emit = Callable[[BaseEvent], None]
"""How anything reports: `emit(Moving(steps=5, offset=0))`; the envelope is filled on the way."""

Listener = Callable[[BaseEvent], None]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Event)


def to_json(event: BaseEvent) -> str:
    """One line of JSON for an event, without fields that are None; bytes of an argument that are no text become ?."""
    try:
        return event.model_dump_json(exclude_none=True)
    except PydanticSerializationError:
        text = json.dumps(event.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
        return text.encode(errors="replace").decode()


def from_json(line: str) -> BaseEvent:
    """Read the event that `to_json` wrote; raises `pydantic.ValidationError` for anything else."""
    event: BaseEvent = _ADAPTER.validate_json(line)
    return event


class EventBus:
    """Stamps events and hands them to listeners, in one order for all, from any thread.

    A listener that raises is logged and dropped: it never stops a run.
    """

    def __init__(self, run_id: str, listeners: list[Listener] | None = None) -> None:
        self.run_id = run_id
        self._listeners = list(listeners or [])
        self._seq = 0
        self._lock = threading.RLock()

    def subscribe(self, listener: Listener) -> None:
        """Add a listener; it hears everything from now on."""
        with self._lock:
            self._listeners.append(listener)

    def emit(self, event: BaseEvent) -> None:
        """Stamp `event` with run, number and time, and tell every listener."""
        with self._lock:
            self._seq += 1
            stamped = event.model_copy(update={"run_id": self.run_id, "seq": self._seq, "at": datetime.now(UTC)})
            for listener in list(self._listeners):
                try:
                    listener(stamped)
                except Exception:
                    _LOG.exception("an event listener failed and is dropped: %r", listener)
                    self._listeners.remove(listener)
