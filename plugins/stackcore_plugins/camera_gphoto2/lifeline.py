"""Whether the body is still there, and the events that are heard while asking."""

from __future__ import annotations

from collections import deque

from stackcore.errors import CameraError
from stackcore_plugins.camera_gphoto2.body import Body, DriverError, Happening

_NOTHING = Happening("nothing")


class Lifeline:
    """Asks for events, which is the one call that tells of a broken connection; no event is lost by asking."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._kept: deque[Happening] = deque()

    def next_event(self, timeout_ms: int) -> Happening:
        """Return the oldest event that nobody has seen; raises `DriverError` when the connection is broken."""
        return self._kept.popleft() if self._kept else self._body.wait_event(timeout_ms)

    def is_alive(self) -> bool:
        """Ask the body for a sign of life; takes 2 ms, or 2.5 s where it has gone silent."""
        try:
            heard = self._body.wait_event(1)
        except DriverError:
            return False
        if heard.kind != _NOTHING.kind:
            self._kept.append(heard)
        return True

    def prove(self) -> None:
        """Raise `CameraError` unless the body gives a sign of life."""
        if not self.is_alive():
            raise gone()

    def explain(self, error: DriverError, what: str, why: str, fix: str) -> CameraError:
        """Say what a failure was: the camera is gone, or (`what`, `why`, `fix`) where it is there.

        The driver's code for "anything" is also what a pulled cable gives first, so every failure is followed by a
        proof of life.
        """
        if not self.is_alive():
            return gone(error)
        return CameraError(what, f"{why}; {error}.", fix)


def gone(error: DriverError | None = None) -> CameraError:
    """Return the error for a body that does not answer any more."""
    return CameraError(
        "The camera is gone.",
        "it does not answer any more" + (f"; {error}." if error else "."),
        "check cable, power and network, then start again.",
    )
