"""The simulated camera: obeys the verbs of `CameraProvider`, and fails where it is asked to."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from stackcore.actions import CameraTraits, SdkStyle
from stackcore.errors import CameraBusyError, CameraError, FocusDriveError, NotReadyError
from stackcore.protocols import CameraInfo, CapturedFile, Check, Need
from stackcore_plugins.camera_simulator.drive import FocusDrive
from stackcore_plugins.camera_simulator.faults import parse_faults
from stackcore_plugins.camera_simulator.options import SimulatorOptions
from stackcore_plugins.camera_simulator.sources import ReplaySource, SceneSource, Source
from stackcore_plugins.camera_simulator.stills import LENS

_SECONDS_PER_PIXEL = 0.5e-6  # rendering, measured on one busy core
_PREVIEW_S = 0.15
_PREVIEW_BYTES = 120_000
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # SIGTERM cannot be caught on Windows


def _now() -> datetime:
    return datetime.now().astimezone()


class SimulatedCamera:
    """A camera without hardware; focus starts at position 0, the nearest point of the subject.

    Parameters
    ----------
    name
        Name of its offer.
    style
        Which family of SDK it behaves like.
    options
        Scene, optics, drive, speed, faults.
    pause
        Lets simulated time pass; called only for time that is really missing, seconds > 0.
    now
        Tells the time for the metadata.
    """

    def __init__(
        self,
        name: str,
        style: SdkStyle,
        options: SimulatorOptions,
        *,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._name, self._style, self._options = name, style, options
        self._pause, self._now = pause, now
        self._faults = {(fault.kind, fault.at) for fault in parse_faults(options.fault)}
        self._done: Counter[str] = Counter()
        self._body = options.identity
        self._drive = self._make_drive()
        self._source: Source = self._make_source()
        self._connected = self._cut = False
        self._live_view = options.live_view
        self._live_view_before: bool | None = None

    # ----------------------------------------------------------------- connection

    @property
    def traits(self) -> CameraTraits:
        """What is true of this camera."""
        options = self._options
        rendering = options.width_px * options.height_px * _SECONDS_PER_PIXEL if options.replay is None else 0.0
        return CameraTraits(
            style=self._style,
            waits_after_still=self._style == "legacy",
            returns_focus=True,
            simulated=True,
            still_s=max(self._body.still_s, rendering),
            move_s=self._body.move_s,
            preview_s=max(self._body.preview_s, _PREVIEW_S),
            still_bytes=self._source.still_bytes,
            preview_bytes=_PREVIEW_BYTES,
            max_drive=self._body.max_drive,
            ready_timeout_s=options.timeout_s,
        )

    def open(self) -> CameraInfo:
        """Connect; `NotReadyError` when there is nothing to replay."""
        self._source.prepare()
        if not self._connected and self._options.lens_file is not None:
            self._drive = self._make_drive()  # another run may have moved it
        self._connected = True
        return CameraInfo(
            provider=self._name,
            model=f"{self._body.model} ({self._style} style)",
            maker="SIMULATED",
            serial=self._options.serial,
            lens=LENS,
            port="simulated",
            simulated=True,
        )

    def close(self) -> None:
        """Disconnect and let go of the scene; it is built anew when needed."""
        self._connected = False
        self._source = self._make_source()

    def _make_source(self) -> Source:
        options = self._options
        return SceneSource(options) if options.replay is None else ReplaySource(options.replay, options.replay_step)

    def _make_drive(self) -> FocusDrive:
        options = self._options
        return FocusDrive(options.near_stop, options.far_stop, options.backlash_units, options.lens_file)

    # ----------------------------------------------------------------- preflight

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        """Look at what the run needs; switch live view on where allowed."""
        checks = [
            Check(
                name="camera connected",
                ok=self._connected and not self._unplugged,
                detail=self._body.model,
                fix="connect the camera and switch it on",
            )
        ]
        if "live_view" in needs:
            checks.append(self._check_live_view(start_live_view))
        if "focus_drive" in needs:
            checks.append(
                Check(
                    name="focus drive",
                    ok=("no-focus-drive", 0) not in self._faults,
                    detail=f"stands at {self._drive.position:+d}, "
                    f"ends at {self._options.near_stop:+d} and {self._options.far_stop:+d}",
                    fix="set the lens to autofocus, so that its motor can be driven",
                )
            )
        if "still" in needs:
            checks.append(
                Check(
                    name="still capture",
                    ok=("no-still", 0) not in self._faults,
                    detail=self._options.format if self._options.replay is None else "replay",
                    fix="leave the menu or playback of the camera",
                )
            )
        return checks

    def _check_live_view(self, start: bool) -> Check:
        if not self._live_view and start and ("no-live-view", 0) not in self._faults:
            if self._live_view_before is None:
                self._live_view_before = False
            self._live_view = True
        return Check(
            name="live view",
            ok=self._live_view,
            detail="on" if self._live_view else "off",
            fix="switch live view on at the camera" + ("" if start else ", or let stackcore do it"),
        )

    def restore(self) -> None:
        """Put live view back as it was before preflight."""
        if self._live_view_before is not None:
            self._live_view, self._live_view_before = self._live_view_before, None

    # ----------------------------------------------------------------- verbs

    def drive_focus(self, steps: int) -> None:
        """Move focus; `FocusDriveError` at an end-stop, or where a fault was asked for."""
        self._command("movement")
        if self._now_fails("busy-move", "movement"):
            raise _busy()
        if self._now_fails("lost", "movement"):
            self._drive.move(int(steps / 2))
            raise _drive_failed("the drive stopped answering.", None)
        if self._now_fails("refused", "movement"):
            raise _drive_failed("the camera refused the command; nothing moved.", 0)
        if self._now_fails("end-stop", "movement"):
            raise _drive_failed("the lens is at its end; nothing moved.", 0)
        jammed = self._now_fails("jam", "movement")
        slips = self._now_fails("slips", "movement")
        steps = int(steps / 2) if jammed or slips else steps
        killed = self._now_fails("killed", "command")
        self._drive.move(steps, _kill if killed else partial(self._take_time, self._body.move_s, 0.0))
        if jammed:
            raise _drive_failed(f"the drive jammed after {steps:+d} drive units.", steps)

    def expose(self) -> Sequence[CapturedFile]:
        """Take a still of the scene as the lens stands."""
        self._command("still")
        if self._now_fails("busy-still", "still"):
            raise _busy()
        if self._now_fails("still-fails", "still"):
            raise CameraError("The still failed.", "the shutter did not fire.", "check battery and card, try again.")
        if any(kind == "card-full" and self._done["still"] >= at for kind, at in self._faults):
            raise CameraError("The still could not be stored.", "the card is full.", "change the card, then resume.")
        if self._now_fails("timeout", "still"):
            self._pause(self.traits.timeout_s)
            why = f"it was not finished after {self.traits.timeout_s:g} s."
            raise CameraError("The still failed.", why, "switch the camera off and on, then resume.")
        if self._now_fails("killed", "command"):
            _kill()
        started = time.monotonic()
        files = self._source.still(self._drive.lens, self._done["still"] - 1, self._now())
        self._take_time(self._body.still_s, time.monotonic() - started)
        if self._now_fails("transfer-cut", "still"):
            self._cut = True
            raise _gone(CameraError)
        return files

    def preview_frame(self) -> CapturedFile:
        """Return what live view shows, a JPEG of at most 640 pixels; `NotReadyError` while live view is off."""
        self._command("preview")
        if self._now_fails("preview-fails", "preview"):
            raise CameraError("Live view failed.", "no frame came.", "switch live view off and on again.")
        if not self._live_view:
            raise NotReadyError("There is no live view.", "it is off.", "switch live view on at the camera.")
        if self._now_fails("killed", "command"):
            _kill()
        started = time.monotonic()
        frame = self._source.preview(self._drive.lens, self._done["preview"] - 1, self._now())
        self._take_time(self._body.preview_s, time.monotonic() - started)
        return frame

    def wait_ready(self, timeout_s: float) -> bool:
        """True unless the cable is out or the camera was asked to be busy; never waits."""
        self._done["asked"] += 1
        busy = max((at for kind, at in self._faults if kind == "busy"), default=0)
        return self._connected and not self._unplugged and not self._stays_busy and self._done["asked"] > busy

    def focus_position(self) -> int | None:
        """Return what the motor counts, from 0 at the nearest point of the subject, if the body tells."""
        tells = self._body.tells_position and self._connected and not self._unplugged
        return self._drive.position if tells else None

    # ----------------------------------------------------------------- inside

    @property
    def _unplugged(self) -> bool:
        return self._cut or any(kind == "unplugged" and self._done["command"] >= at for kind, at in self._faults)

    @property
    def _stays_busy(self) -> bool:
        return any(kind == "stays-busy" and self._done["command"] >= at for kind, at in self._faults)

    def _now_fails(self, kind: str, count: str) -> bool:
        return (kind, self._done[count]) in self._faults

    def _command(self, kind: str) -> None:
        """Count a command; refuse it when nobody is there to obey."""
        if not self._connected:
            raise NotReadyError("The camera is not connected.", "it was not opened.", "open it first.")
        self._done["command"] += 1
        self._done[kind] += 1
        if self._unplugged:
            raise _gone(FocusDriveError if kind == "movement" else CameraError)
        if self._stays_busy:
            raise _busy()

    def _take_time(self, wanted_s: float, spent_s: float) -> None:
        if wanted_s > spent_s:
            self._pause(wanted_s - spent_s)


def _drive_failed(why: str, confirmed: int | None) -> FocusDriveError:
    return FocusDriveError("The focus movement failed.", why, "look whether the lens turns freely.", confirmed)


def _kill() -> None:
    os.kill(os.getpid(), _KILL)


def _gone(error: type[CameraError]) -> CameraError:
    return error("The camera is gone.", "the connection broke.", "check cable and power, then connect again.")


def _busy() -> CameraBusyError:
    return CameraBusyError("The camera is busy.", "it did not take the command.", "wait a moment, then try again.")
