"""One connected camera and its verbs, as the child process carries them out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from stackcore.errors import CameraError, NotReadyError
from stackcore.protocols import Check
from stackcore_plugins.camera_gphoto2 import messages
from stackcore_plugins.camera_gphoto2.body import Body, Clock, DriverError
from stackcore_plugins.camera_gphoto2.focus import FocusDrive
from stackcore_plugins.camera_gphoto2.lifeline import Lifeline
from stackcore_plugins.camera_gphoto2.liveview import LiveView
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.preflight import Preflight
from stackcore_plugins.camera_gphoto2.stills import StillCamera
from stackcore_plugins.camera_gphoto2.vendors import vendor_of

_READY_PAUSE_S = 0.1
_IDENTITY = {"model": "cameramodel", "maker": "manufacturer", "serial": "serialnumber", "lens": "lensname"}


class CameraSession:
    """A body with its row of the vendor table.

    Parameters
    ----------
    body, port, known_as
        The camera, connected, where, and how the driver calls it, which begins with the maker where it knows it.
    options, clock
        What the user has set; time.
    patience
        Told how many seconds the work at hand may go on.
    """

    def __init__(
        self,
        body: Body,
        port: str,
        options: Gphoto2Options,
        clock: Clock,
        patience: Callable[[float], None],
        known_as: str = "",
    ) -> None:
        self._body, self._options, self._clock = body, options, clock
        told = {key: self._text(name) for key, name in _IDENTITY.items()}
        self.vendor = vendor_of(told["maker"], known_as)
        self.opened = messages.Opened(**told, port=port, vendor=self.vendor.name)
        self._lifeline = Lifeline(body)
        self._live_view = LiveView(body, self.vendor, clock, options.busy_timeout_s)
        self._focus = FocusDrive(body, self._lifeline, self.vendor, options, clock, self._live_view, patience)
        self._stills = StillCamera(body, self._lifeline, self.vendor, options, clock, patience)

    def answer(self, request: messages.Request) -> Any:
        """Carry out a request and return its answer; `CameraError` and its subclasses for what the camera refuses."""
        match request:
            case messages.Preflight(needs, start_live_view):
                return self._preflight(needs, start_live_view)
            case messages.Drive(steps):
                self._stills.forget_fetched()
                return self._focus.move(steps)
            case messages.Expose():
                return self._stills.expose()
            case messages.Preview():
                return self._preview()
            case messages.AwaitReady(timeout_s):
                return self._await_ready(timeout_s)
            case messages.Position():
                return self._focus.position()
            case messages.Restore():
                return self._restore()
            case _:
                raise TypeError(f"{request!r} is no request to an open camera")

    def close(self) -> None:
        """Disconnect; a body that is gone is left alone."""
        with contextlib.suppress(DriverError):
            self._body.close()

    def _preflight(self, needs: frozenset[Any], start_live_view: bool) -> tuple[Check, ...]:
        looked = Preflight(
            body=self._body,
            vendor=self.vendor,
            model=self.opened.model,
            options=self._options,
            live_view=self._live_view,
            needs=needs,
            start_live_view=start_live_view,
        )
        try:
            checks = tuple(looked.checks())
        except DriverError as error:
            raise self._explain(error, "The camera could not be looked at.") from error
        if not self._lifeline.is_alive():
            raise NotReadyError(
                "The camera is gone.",
                "it stopped answering while it was being looked at.",
                "check cable, power and network, then start again.",
            )
        return checks

    def _preview(self) -> bytes:
        try:
            return self._live_view.frame()
        except DriverError as error:
            raise self._explain(error, "There is no live view.") from error

    def _await_ready(self, timeout_s: float) -> bool:
        """Ask until the body takes commands: a live-view frame is one that it refuses while it is busy.

        `CameraError` when it is gone: waiting for it would be in vain.
        """
        give_up = self._clock.now() + timeout_s
        while True:
            try:
                if not self._live_view.is_on():  # a dead connection reads as "off", so this alone proves nothing
                    self._lifeline.prove()
                    return True
                if self._body.preview():
                    return True
            except DriverError:
                self._lifeline.prove()
            if self._clock.now() >= give_up:
                return False
            self._clock.sleep(_READY_PAUSE_S)

    def _restore(self) -> None:
        self._stills.forget_fetched()
        try:
            self._live_view.put_back()
        except DriverError as error:
            if self._lifeline.is_alive():
                raise self._explain(error, "Live view could not be put back.") from error

    def _explain(self, error: DriverError, what: str) -> CameraError:
        return self._lifeline.explain(
            error, what, "the camera refused", "look at its display, leave its menus, and try again."
        )

    def _text(self, name: str) -> str:
        try:
            return str(self._body.read(name).value or "")
        except DriverError:
            return ""
