"""What provider and child process say to each other: frozen dataclasses, pickled over one pipe.

Every request is a `Call` with a number of its own. The child answers it with any number of `Patience`, then exactly one
of `Answer`, `Failure`, `Bug`, all with that number; so an answer that nobody waits for any more is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackcore.errors import StackcoreError
from stackcore.protocols import Need
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options


@dataclass(frozen=True, kw_only=True)
class Open:
    """Connect; answered by an `Opened`. `locks` is the folder of the files that keep two runs off one camera."""

    options: Gphoto2Options
    locks: Path


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Who the camera is, and what the parent must know of its vendor: `vendor` names the row of the table."""

    model: str
    maker: str
    serial: str
    lens: str
    port: str
    vendor: str


@dataclass(frozen=True)
class Preflight:
    """Look at everything and switch on live view where allowed; answered by a tuple of `Check`."""

    needs: frozenset[Need]
    start_live_view: bool


@dataclass(frozen=True)
class Drive:
    """Move focus by signed drive units; answered by None."""

    steps: int


@dataclass(frozen=True)
class Expose:
    """Take a still; answered by a tuple of `CapturedFile`."""


@dataclass(frozen=True)
class Preview:
    """Take a live-view frame; answered by bytes."""


@dataclass(frozen=True)
class AwaitReady:
    """Wait until the body takes commands; answered by a bool."""

    timeout_s: float


@dataclass(frozen=True)
class Position:
    """Answered by the position of the drive, or None."""


@dataclass(frozen=True)
class Restore:
    """Put live view back; answered by None."""


@dataclass(frozen=True)
class Close:
    """Disconnect and end the process; answered by None."""


@dataclass(frozen=True)
class Detect:
    """Answered by a tuple of (model, port) of all cameras found."""


Request = Open | Preflight | Drive | Expose | Preview | AwaitReady | Position | Restore | Close | Detect


@dataclass(frozen=True)
class Call:
    """A request with its number, from 1."""

    number: int
    request: Request


@dataclass(frozen=True)
class Patience:
    """The work on a call goes on and may take up to `seconds` more."""

    number: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """A call is done."""

    number: int
    value: Any


@dataclass(frozen=True)
class Failure:
    """A call failed in a way that the user can act on."""

    number: int
    error: StackcoreError


@dataclass(frozen=True)
class Bug:
    """A call failed in a way that it should not; `trace` is the traceback as text."""

    number: int
    trace: str


Reply = Patience | Answer | Failure | Bug
