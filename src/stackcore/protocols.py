"""What each kind of plugin must do; the core speaks to plugins through these and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from stackcore.actions import Action, CameraTraits, CapturePlan

if TYPE_CHECKING:  # run modes and tokens import this module and need no numpy; discovery loads them all
    import numpy as np
    from numpy.typing import NDArray

    from stackcore.terms import Encoding, Frame, Fused, Pixels, StackInfo, Transform

# --------------------------------------------------------------------------- capture

Need = Literal["live_view", "focus_drive", "still"]
"""What a run mode needs from a camera; preflight checks each one."""


@dataclass(frozen=True, kw_only=True)
class CameraInfo:
    """Who a camera says it is; empty strings where it does not say."""

    provider: str
    model: str
    maker: str = ""
    serial: str = ""
    lens: str = ""
    port: str = ""
    simulated: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of preflight: `name` of what was looked at, whether it is `ok`, and what to do if not.

    A check that is not ok and not `fatal` is a warning.
    """

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""
    fatal: bool = True


@dataclass(frozen=True, kw_only=True)
class CapturedFile:
    """A file as the camera delivers it: `data` and its `extension` without a dot, lower case (`jpg`, `nef`)."""

    data: bytes
    extension: str


class CameraProvider(Protocol):
    """A camera. Every call blocks until it is done and reports what really happened.

    Calls come from one thread. Errors are `CameraError` and its subclasses, never a library's own.
    """

    @property
    def traits(self) -> CameraTraits:
        """What is true of this camera; may be asked before `open`, touches no device."""
        ...

    def open(self) -> CameraInfo:
        """Connect; `NotReadyError` when no such camera is there."""
        ...

    def close(self) -> None:
        """Disconnect and release the device; may be called twice, never raises for a lost camera."""
        ...

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        """Look at everything that the run needs, move nothing.

        Switches live view on where the body allows it and `start_live_view` is true.
        """
        ...

    def restore(self) -> None:
        """Put back what `preflight` changed (live view as it was)."""
        ...

    def drive_focus(self, steps: int) -> None:
        """Move focus by signed drive units, + is away from the camera; `FocusDriveError` tells how far it came."""
        ...

    def expose(self) -> Sequence[CapturedFile]:
        """Take a still without autofocus and deliver its files; returns once the transfer is complete."""
        ...

    def preview_frame(self) -> CapturedFile:
        """Return the current live-view frame, a JPEG."""
        ...

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the camera accepts commands; False when it does not within `timeout_s`."""
        ...

    def focus_position(self) -> int | None:
        """Return the position of the drive in its units where the body can tell, else None."""
        ...


@dataclass(frozen=True, kw_only=True)
class DetectedCamera:
    """A camera that is there; `address` is what follows `--camera NAME:`, empty where the name alone is enough."""

    model: str
    address: str


@dataclass(frozen=True, kw_only=True)
class DriveProfile:
    """How a provider drives the focus of one maker's bodies, and how that is known.

    `verified`: `body` on a real one, `wire` with the real driver against a responder, `source` by reading the driver
    only. `returns_exactly`: the same number of units back reaches the same place.
    """

    maker: str
    verified: Literal["wire", "source", "body"]
    returns_exactly: bool
    note: str


@runtime_checkable
class CameraFinder(Protocol):
    """A provider that can tell which cameras are there."""

    def detect(self) -> Sequence[DetectedCamera]:
        """Look for cameras and connect to none; `CameraError` when nothing can be looked for."""
        ...


@runtime_checkable
class CameraCatalogue(Protocol):
    """A provider that can tell which makers' bodies it drives."""

    def drive_profiles(self) -> Sequence[DriveProfile]:
        """Return one profile a maker; touches no device."""
        ...


class RunMode(Protocol):
    """Turns a plan into actions and touches nothing."""

    needs: frozenset[Need]
    saves: bool

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        """Yield the run from its start at the nearest point to its last slice; the way back is the engine's."""
        ...


@dataclass(frozen=True, kw_only=True)
class TokenContext:
    """What a path token may know when a file is about to be named.

    `run_started` and `taken_at` are aware datetimes in local time; `counter` is the number reserved for this
    file from the counter that the token asked for; `image_in_run` counts saved files of this run from 1.
    `fields` holds job name, batch id and batch fields as far as they were given (`job`, `batch_id`, `bd1` to `bd6`),
    `answers` what the user was asked for at the start of the run, by label; `label` is that of the token itself.
    """

    run_started: datetime
    taken_at: datetime
    profile: str
    mode: str
    extension: str
    slice_index: int
    slices: int
    step: int
    focus_offset: int
    image_in_run: int
    camera: CameraInfo
    counter: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    label: str = ""


class Token(Protocol):
    """One `@` token of path templates. The offer's name is what is typed after the `@`.

    `takes_digits`: one digit 1 to 9 follows the name (`@GCT4`). `counter`: which lasting counter the token
    shows, or None. A token may be asked any number of times for one file and must answer the same.
    """

    takes_digits: bool
    counter: Literal["global", "profile"] | None

    def expand(self, context: TokenContext, digits: int | None) -> str:
        """Return the text that takes the token's place; what is unsafe in a name is neutralised afterwards."""
        ...


@runtime_checkable
class AskingToken(Protocol):
    """A token whose value the user gives once for a whole run.

    A colon and a label follow its name (`@ASK:subject`). The answer is in `TokenContext.answers` under that label.
    """

    def question(self, label: str) -> str:
        """Return what to ask for, in words: `subject`."""
        ...


# --------------------------------------------------------------------------- frames


@dataclass(frozen=True, kw_only=True)
class FrameInfo:
    """What is known of a frame without decoding it: size after orientation, `dtype` name, embedded ICC profile."""

    width: int
    height: int
    dtype: str
    icc: bytes | None = None


class Developer(Protocol):
    """Reads one family of files. The capabilities of its offer list the suffixes it reads (`.jpg`).

    Arrays are (H, W, 3) RGB in uint8, uint16 or float32. Nothing may vary from frame to frame except light.
    A file that cannot be read raises `UnreadableFrame`. Calls come from several threads.
    """

    def prepare(self, reference: Path, encoding: Encoding) -> None:
        """Fix everything that must be equal for all frames of a stack, taken from its reference frame."""
        ...

    def probe(self, path: Path) -> FrameInfo:
        """Read the header only."""
        ...

    def read_reduced(self, path: Path, max_size_px: int) -> Pixels:
        """Decode to at most `max_size_px` on the longer side, never enlarged; as cheap as the format allows."""
        ...

    def read(self, path: Path) -> Pixels:
        """Decode the whole frame."""
        ...


# --------------------------------------------------------------------------- alignment


@dataclass(frozen=True)
class Link:
    """Two frames that the aligner wants registered: `moving` is found in the geometry of `fixed`."""

    fixed: int
    moving: int


@dataclass(frozen=True)
class ReducedFrame:
    """A frame for the survey.

    `luma` is (h, w) float32, linear light, 0 to 1; `width` and `height` are the full size. Linear, because defocus
    spreads light evenly: in encoded values a blurred bright edge creeps outwards and is taken for a change of scale.
    """

    index: int
    luma: NDArray[np.float32]
    width: int
    height: int

    @property
    def to_full(self) -> NDArray[np.float64]:
        """3x3 map of reduced pixel coordinates to full-size pixel coordinates."""
        import numpy as np

        h, w = self.luma.shape
        sx, sy = self.width / w, self.height / h
        return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1.0]])


@dataclass(frozen=True)
class Registration:
    """What registering one link gave.

    `transform` maps full-size pixel coordinates of `fixed` to those of `moving`, or is None when it failed for
    `reason`; `score` is the aligner's own confidence, 0 to 1.
    """

    link: Link
    transform: Transform | None
    score: float
    reason: str = ""


class Aligner(Protocol):
    """Finds where every frame lies. Links are independent tasks; `solve` joins what they found."""

    model: str
    """What may differ between frames, for the transforms file (`similarity`)."""
    work_size_px: int
    """Longer side of the reduced frames that `register` wants."""

    def links(self, frames: int, reference: int) -> Sequence[Link]:
        """Choose the pairs to register; the fewer different frames in a row of links, the less is decoded twice."""
        ...

    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        """Register one pair; never raises for a pair that cannot be registered. Runs in several threads."""
        ...

    def solve(self, found: Sequence[Registration], frames: int, reference: int) -> Sequence[Transform | None]:
        """One transform per frame (reference to frame), None for a frame that nothing reaches."""
        ...


# --------------------------------------------------------------------------- fusion

StateT = TypeVar("StateT")
Task = Callable[[], None]


class Fuser(Protocol[StateT]):
    """An accumulator over the frames of a stack: one algebra for loop, threads, slabs, live view and cluster.

    `start` is the neutral element of `merge`; `merge` is associative, does not mind the order, may reuse `left`
    and leaves `right` alone; `add(s, f)` is a merge with a stack of one; `finish` is pure and runs last. A state
    is a plain dataclass of arrays whose size does not depend on the number of frames. Every frame is added once.
    """

    tolerance: float
    """Largest difference between two cuts of one stack, as a fraction of full scale; 0 for pure selection."""

    def start(self, info: StackInfo) -> StateT:
        """Return the state of an empty stack."""
        ...

    def add(self, state: StateT, frame: Frame) -> StateT:
        """Take one frame in."""
        ...

    def merge(self, left: StateT, right: StateT) -> StateT:
        """Join two states of the same stack."""
        ...

    def finish(self, state: StateT) -> Fused:
        """Return the picture of everything that was added; `state` may be consumed."""
        ...

    def state_bytes(self, info: StackInfo) -> int:
        """Return how much memory one state takes, bytes."""
        ...


@runtime_checkable
class ParallelFuser(Protocol):
    """A fuser whose `add` falls apart into tasks that may run side by side (the bands of a frame)."""

    def add_in_steps(self, state: Any, frame: Frame) -> Iterable[Sequence[Task]]:
        """Yield groups of tasks: those of a group in any order or at once, the groups one after the other.

        The picture must not depend on how the tasks of a group are scheduled. Exhausting the iterator is `add`.
        """
        ...

    def task_bytes(self, info: StackInfo) -> int:
        """Return how much memory one running task takes, bytes."""
        ...


class Sharpener(Protocol):
    """Sharpens a finished picture."""

    def sharpen(self, pixels: Pixels, encoding: Encoding) -> Pixels:
        """Return the sharpened picture, same shape and dtype; `pixels` (H, W, 3) is not modified."""
        ...


# --------------------------------------------------------------------------- execution

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class FrameSource(Protocol):
    """The aligned frames of a stack, opened when asked for."""

    def __len__(self) -> int:
        """Return the number of frames that take part."""
        ...

    def open(self, position: int) -> Frame:
        """Decode the frame at `position` (0 to len - 1); it is warped when its rows are asked for."""
        ...


class Executor(Protocol):
    """Where the work is done. For one plan the result is the same to the bit whatever the workers."""

    @property
    def workers(self) -> int:
        """How many tasks run side by side."""
        ...

    def map(
        self, function: Callable[[ItemT], ResultT], items: Sequence[ItemT], cancel: threading.Event
    ) -> Iterator[ResultT]:
        """Yield `function(item)` in the order of the items; `Cancelled` as soon as `cancel` is set."""
        ...

    def fuse(
        self,
        fuser: Fuser[Any],
        info: StackInfo,
        frames: FrameSource,
        cancel: threading.Event,
        done: Callable[[int], None],
    ) -> Any:
        """Add every frame, in order, and return the state; `done(n)` after each, `Cancelled` when `cancel` is set."""
        ...

    def close(self) -> None:
        """Stop the workers; may be called twice."""
        ...
