"""Live view of a body: whether it is on, switching it, one good frame of it, and putting it back."""

from __future__ import annotations

from stackcore.errors import NotReadyError
from stackcore_plugins.camera_gphoto2.body import Body, Clock, DriverError
from stackcore_plugins.camera_gphoto2.vendors import CAMERA_BUSY, Vendor

_RETRY_S = 0.1
_FRAME_TRIES, _FRAME_PAUSE_S = 20, 0.1
_JPEG = b"\xff\xd8"


class LiveView:
    """What was changed is remembered, so that it can be put back.

    Parameters
    ----------
    body, vendor, clock
        The camera, its row of the table, time.
    busy_timeout_s
        How long a busy body is asked again, seconds.
    """

    def __init__(self, body: Body, vendor: Vendor, clock: Clock, busy_timeout_s: float) -> None:
        self._body, self._vendor, self._clock, self._patience_s = body, vendor, clock, busy_timeout_s
        self._before: bool | None = None
        self._switched = False

    def is_on(self) -> bool:
        """Whether it is on; False where the body does not tell, True where it cannot be off."""
        if not self._vendor.live_view:
            return True
        told = self._vendor.live_view_told
        on = self._body.read(self._vendor.live_view).value == 1 if told else self._switched
        if self._before is None:
            self._before = on
        return on

    def switch_on(self) -> None:
        """Switch it on, asking a busy body again; raises `DriverError` with the body's own reason."""
        if not self._vendor.live_view:
            return
        if self._before is None:
            self.is_on()
        self._write(1)
        self._switched = True

    def put_back(self) -> None:
        """Switch it off where it was off before anybody looked; raises `DriverError`."""
        if self._switched and not self._before:
            self._write(0)
        self._switched = False

    def frame(self) -> bytes:
        """Return a whole JPEG; `NotReadyError` when none comes within 2 s, `DriverError` when the driver refuses.

        The driver reports success with no bytes while the body is busy.
        """
        for _ in range(_FRAME_TRIES):
            data = self._body.preview()
            if data.startswith(_JPEG):
                return data
            self._clock.sleep(_FRAME_PAUSE_S)
        raise NotReadyError(
            "There is no live view.",
            f"the camera sent no picture in {_FRAME_TRIES * _FRAME_PAUSE_S:.0f} s.",
            "wait until it has written its files, or switch live view off and on.",
        )

    def _write(self, value: int) -> None:
        # Safe to repeat, unlike a movement: on is on, however often it is said.
        give_up = self._clock.now() + self._patience_s
        while True:
            try:
                return self._body.write(self._vendor.live_view, value)
            except DriverError as error:
                if error.code != CAMERA_BUSY or self._clock.now() >= give_up:
                    raise
            self._clock.sleep(_RETRY_S)
