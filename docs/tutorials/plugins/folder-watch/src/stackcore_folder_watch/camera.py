"""The camera behind a folder: obeys the verbs it can, and says plainly which it cannot."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from stackcore.actions import CameraTraits
from stackcore.errors import CameraBusyError, CameraError, FocusDriveError, NotReadyError
from stackcore.protocols import CameraInfo, CapturedFile, Check, Need
from stackcore_folder_watch.arrivals import Arrivals
from stackcore_folder_watch.plugin import FolderWatchOptions
from stackcore_folder_watch.trigger import is_there, release

NO_DRIVE = "move focus by hand and use --mode stills, or put the camera on a rail that stackcore drives."


class FolderCamera:
    """A camera whose stills come as files.

    Parameters
    ----------
    options
        Which folder, and what to expect of it.
    now, pause
        Seconds that only grow; lets some pass.
    """

    def __init__(
        self,
        options: FolderWatchOptions,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options, self._now, self._pause = options, now, pause
        self._arrivals: Arrivals | None = None
        self._give_up: float | None = None

    @property
    def traits(self) -> CameraTraits:
        """What is true of it. It counts as busy until a frame comes, so that a cancel is heard between two looks."""
        options = self._options
        return CameraTraits(
            style="unified",
            waits_after_still=False,
            returns_focus=False,
            still_s=5.0,
            busy_retries=2 * math.ceil(options.timeout_s / options.poll_s) + 10,
            busy_pause_s=options.poll_s,
        )

    def open(self) -> CameraInfo:
        """Begin to watch: what lies in the folder already is passed over. `NotReadyError` without a folder."""
        folder = self._options.folder
        if folder is None or not folder.is_dir():
            raise NotReadyError(
                "There is no folder to watch.",
                "none is named." if folder is None else f"{folder} is no folder.",
                "make it and name it: --set camera.folder=FOLDER.",
            )
        options = self._options
        self._arrivals = Arrivals(folder, options.suffixes, options.settle_s, options.verify, self._now)
        return CameraInfo(provider="folder-watch", model=f"frames from {folder.name}", port=str(folder.resolve()))

    def close(self) -> None:
        """Stop watching."""
        self._arrivals = self._give_up = None

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        """Look at the folder and at the command; a folder has neither live view nor a focus drive."""
        options = self._options
        checks = [Check(name="folder", ok=self._arrivals is not None, detail=str(options.folder), fix="open it first")]
        if "still" in needs and options.trigger:
            found = is_there(options.trigger)
            fix = "give the full path of its program in --set camera.trigger=..."
            checks.append(Check(name="trigger command", ok=found, detail=options.trigger, fix=fix))
        if "focus_drive" in needs:
            detail = "a folder has none"
            checks.append(Check(name="focus drive", ok=False, detail=detail, fix=NO_DRIVE))
        if "live_view" in needs:
            fatal = "still" not in needs
            fix = "choose a mode that takes stills" if fatal else "stills do without it"
            checks.append(Check(name="live view", ok=False, detail="a folder has none", fix=fix, fatal=fatal))
        return checks

    def restore(self) -> None:
        """Nothing was changed."""

    def drive_focus(self, steps: int) -> None:
        """Refuse: nothing moved."""
        raise FocusDriveError("Focus was not moved.", "a folder has no focus drive.", NO_DRIVE, confirmed=0)

    def expose(self) -> Sequence[CapturedFile]:
        """Return the next still that is dropped.

        While nothing has come, `CameraBusyError`: nothing was done, ask again. Once the shutter was released by the
        command, or a file is being written, the call stays until all of it is there. `CameraError` when the time for
        it is over; what lies in the folder stays there.
        """
        arrivals, options = self._watched(), self._options
        if self._give_up is None:
            self._give_up = self._now() + (options.trigger_s if options.trigger else options.timeout_s)
            if options.trigger:
                arrivals.pass_over()
                self._guarded(lambda: release(options.trigger, options.trigger_s))
        while True:
            files = self._guarded(lambda: arrivals.take(options.files))
            if files:
                self._give_up = None
                return [CapturedFile(data=data, extension=name.rpartition(".")[2].lower()) for name, data in files]
            if self._now() >= self._give_up:
                self._give_up = None
                raise _nothing_came(arrivals, options)
            if not (options.trigger or arrivals.grows):
                raise CameraBusyError("No frame has come yet.", "nobody released the shutter.", "release it.")
            self._pause(options.poll_s)

    def preview_frame(self) -> CapturedFile:
        """Refuse: a folder has no live view."""
        raise NotReadyError("There is no live view.", "a folder has none.", "look at the tool that drops the frames.")

    def wait_ready(self, timeout_s: float) -> bool:
        """True while it is open; a folder that went away is told by the next still."""
        return self._arrivals is not None

    def focus_position(self) -> int | None:
        """Nobody tells."""
        return None

    def _watched(self) -> Arrivals:
        if self._arrivals is None:
            raise NotReadyError("The camera is not connected.", "it was not opened.", "open it first.")
        return self._arrivals

    def _guarded(self, look: Callable[[], list[tuple[str, bytes]] | None]) -> list[tuple[str, bytes]]:
        """Do it; after an error the next still starts afresh."""
        try:
            return look() or []
        except BaseException:
            self._give_up = None
            raise


def _nothing_came(arrivals: Arrivals, options: FolderWatchOptions) -> CameraError:
    """Say what is there, and what that may mean."""
    waited_s = options.trigger_s if options.trigger else options.timeout_s
    name = "trigger_s" if options.trigger else "timeout_s"
    there = ", ".join(arrival.path.name for arrival in arrivals.waiting)
    if not there:
        why = f"no new frame came into {options.folder} within {waited_s:g} s."
        fix = "look whether the tool writes there, each frame under a name of its own"
    elif any(arrival.looks_cut for arrival in arrivals.waiting):
        why = f"{there} came and was not complete after {waited_s:g} s."
        fix = "look whether the tool still writes it; --set camera.verify=false takes it as it is"
    else:
        why = f"of {options.files} files a still there came {there} within {waited_s:g} s."
        fix = "look how many files the tool writes: --set camera.files=1"
    return CameraError("The still did not arrive.", why, f"{fix}; more time: --set camera.{name}={2 * waited_s:g}.")
