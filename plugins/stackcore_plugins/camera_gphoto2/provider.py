"""A camera behind a child process: hands over each verb, owns the time-outs, and survives whatever happens there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from stackcore.actions import CameraTraits, SdkStyle
from stackcore.errors import CameraError, FocusDriveError, NotReadyError, StackcoreError
from stackcore.folders import state_folder
from stackcore.protocols import CameraInfo, CapturedFile, Check, DetectedCamera, DriveProfile, Need
from stackcore_plugins.camera_gphoto2 import messages
from stackcore_plugins.camera_gphoto2.link import ChildProcess, Link
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.vendors import NIKON, UNKNOWN, VENDORS, Vendor, most_units

_MIB = 1024**2
_CLOSE_S = 10.0
_MOVE_S, _STILL_S = 0.2, 1.0
_GONE_FIX = "check cable, power and network, then start again."


class Gphoto2Camera:
    """A camera that libgphoto2 drives.

    Parameters
    ----------
    name, style
        Name of the offer; which family of SDK the delays follow.
    options
        Which camera, and how.
    start
        Starts the child process.
    now
        Seconds that only grow.
    """

    def __init__(
        self,
        name: str,
        style: SdkStyle,
        options: Gphoto2Options,
        *,
        start: Callable[[], Link] = ChildProcess,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._style, self._options = name, style, options
        self._start, self._now = start, now
        self._link: Link | None = None
        self._number = 0
        self._end = ""
        self._vendor: Vendor = NIKON

    # ----------------------------------------------------------------- what can be asked without a camera

    @property
    def traits(self) -> CameraTraits:
        """What is true of this camera; once it is open, `max_drive` is what its vendor's drive does in one go."""
        return CameraTraits(
            style=self._style,
            waits_after_still=self._style == "legacy",
            still_s=_STILL_S,
            move_s=_MOVE_S,
            still_bytes=self._options.still_mib * _MIB,
            max_drive=most_units(self._vendor),
        )

    def detect(self) -> Sequence[DetectedCamera]:
        """Cameras that announce themselves by USB; those on a network must be named by their address."""
        with contextlib.closing(self):
            self._link = self._start()
            found = self._call(messages.Detect())
        return [DetectedCamera(model=model, address=port) for model, port in found]

    def drive_profiles(self) -> Sequence[DriveProfile]:
        """The vendors whose focus can be driven, and how that is known."""
        return [DriveProfile(maker=v.name, verified=v.verified, returns_exactly=v.exact, note=v.note) for v in VENDORS]

    # ----------------------------------------------------------------- connection

    def open(self) -> CameraInfo:
        """Connect; `NotReadyError` when there is no such camera, or something else holds it."""
        self.close()
        self._link, self._end = self._start(), ""
        try:
            told: messages.Opened = self._call(messages.Open(options=self._options, locks=state_folder() / "locks"))
        except NotReadyError:
            self.close()
            raise
        except CameraError as error:
            raise NotReadyError(
                "The camera does not answer.", error.why, "switch it on, check cable or network and the address."
            ) from error
        except BaseException:
            self.close()
            raise
        self._vendor = next((row for row in VENDORS if row.name == told.vendor), UNKNOWN)
        return CameraInfo(
            provider=self._name,
            model=told.model or "camera",
            maker=told.maker,
            serial=told.serial,
            lens=told.lens,
            port=told.port,
        )

    def close(self) -> None:
        """Disconnect and end the child process; it is killed when it does not end by itself."""
        link = self._link
        if link is None:
            return
        try:
            with contextlib.suppress(StackcoreError):
                self._call(messages.Close(), allowed_s=_CLOSE_S)
        finally:
            self._link = None
            link.end(at_once=False)

    # ----------------------------------------------------------------- verbs

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        """Look at what the run needs; switch live view on where allowed."""
        checks: Sequence[Check] = self._call(messages.Preflight(needs, start_live_view))
        return checks

    def restore(self) -> None:
        """Put live view back as it was; nothing to do for a camera that is gone."""
        if self._link is not None:
            self._call(messages.Restore())

    def drive_focus(self, steps: int) -> None:
        """Move focus; `FocusDriveError` with `confirmed` None when nobody knows how far."""
        if self._link is None:
            raise FocusDriveError("The camera is not connected.", self._end or "it was not opened.", _GONE_FIX, 0)
        try:
            self._call(messages.Drive(steps))
        except FocusDriveError:
            raise
        except CameraError as error:
            raise FocusDriveError(error.what, error.why, error.fix, None) from error

    def expose(self) -> Sequence[CapturedFile]:
        """Take a still without autofocus; a raw file and its JPEG come together."""
        files: Sequence[CapturedFile] = self._call(messages.Expose())
        return files

    def preview_frame(self) -> CapturedFile:
        """Return the current live-view frame."""
        return CapturedFile(data=self._call(messages.Preview()), extension="jpg")

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the camera accepts commands; False when it does not, `CameraError` at once when it is gone."""
        return bool(self._call(messages.AwaitReady(timeout_s), allowed_s=timeout_s + self._options.answer_timeout_s))

    def focus_position(self) -> int | None:
        """Return the position of the drive where the body tells it."""
        if self._link is None:
            return None
        try:
            position: int | None = self._call(messages.Position())
        except CameraError:
            return None
        return position

    # ----------------------------------------------------------------- the child

    def _call(self, request: messages.Request, allowed_s: float | None = None) -> Any:
        """Hand over a request and wait for its answer; `CameraError` when the child dies or falls silent."""
        link = self._link
        if link is None:
            raise NotReadyError(
                "The camera is gone." if self._end else "The camera is not connected.",
                self._end or "it was not opened.",
                _GONE_FIX,
            )
        self._number += 1
        limit_s = self._options.answer_timeout_s if allowed_s is None else allowed_s
        give_up = self._now() + limit_s
        try:
            link.send(messages.Call(self._number, request))
            while (left := give_up - self._now()) > 0:
                reply = link.receive(left)
                if reply is None or reply.number != self._number:  # the answer to a call that was interrupted
                    continue
                match reply:
                    case messages.Patience(_, seconds):
                        give_up = max(give_up, self._now() + seconds + self._options.answer_timeout_s)
                    case messages.Answer(_, value):
                        return value
                    case messages.Failure(_, error):
                        raise error
                    case messages.Bug(_, trace):
                        raise RuntimeError(f"the camera process failed:\n{trace}")
        except (EOFError, OSError) as error:
            raise self._lost(f"the process that drives it is gone, {self._bury(at_once=False)}.") from error
        self._bury(at_once=True)
        raise self._lost(f"nothing was heard of it for {limit_s:.0f} s, so the process that drives it was ended.")

    def _bury(self, *, at_once: bool) -> str:
        link, self._link = self._link, None
        return link.end(at_once=at_once) if link is not None else ""

    def _lost(self, why: str) -> CameraError:
        self._end = why
        return CameraError("The camera is gone.", why, _GONE_FIX)
