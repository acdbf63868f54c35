"""Takes a still without autofocus and fetches every file of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stackcore.errors import CameraError, NotReadyError
from stackcore.protocols import CapturedFile
from stackcore_plugins.camera_gphoto2.body import Body, Clock, DriverError
from stackcore_plugins.camera_gphoto2.lifeline import Lifeline
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.vendors import Vendor

_POLL_MS = 50
_IDLE_S = 0.01
_QUIET_S = 0.3
_BULB_S = 30.0
_STRAYS = 50
_SHUTTER = re.compile(r"(?:(\d+)/)?(\d+(?:[.,]\d+)?)")


@dataclass(frozen=True)
class _Place:
    folder: str
    name: str


class StillCamera:
    """The part of a body that takes pictures.

    Files stay on the body, or in the driver's memory, until the next command: by then they are saved.
    """

    def __init__(
        self,
        body: Body,
        lifeline: Lifeline,
        vendor: Vendor,
        options: Gphoto2Options,
        clock: Clock,
        patience: Callable[[float], None],
    ) -> None:
        self._body, self._lifeline, self._vendor, self._options = body, lifeline, vendor, options
        self._clock, self._patience = clock, patience
        self._fetched: list[_Place] = []
        self._files_before = 0

    def expose(self) -> tuple[CapturedFile, ...]:
        """Take a still; every file it consists of, in the order the body tells of them.

        Raises `NotReadyError` for a full card, `CameraError` when the body refuses, is gone, or delivers nothing within
        its time.
        """
        self.forget_fetched()
        self._refuse_full_card()
        allowed_s = self._options.still_timeout_s + 2 * shutter_s(self._body, self._vendor)
        self._patience(2 * allowed_s)
        self._drop_strays()
        self._release()
        places = self._await_files(allowed_s)
        self._files_before = len(places)
        return tuple(self._fetch(place) for place in places)

    def forget_fetched(self) -> None:
        """Free what was fetched: a long run would keep every still in memory. A card keeps its files."""
        fetched, self._fetched = self._fetched, []
        if self._options.target == "ram":
            for place in fetched:
                self._remove(place)

    def _remove(self, place: _Place) -> None:
        try:
            self._body.delete(place.folder, place.name)
        except DriverError:
            return  # gone already, or a body that keeps what it has: neither spoils a picture

    def _refuse_full_card(self) -> None:
        if self._options.target == "card" and (room := free_frames(self._body)) is not None and room < 1:
            raise card_full()

    def _drop_strays(self) -> None:
        """Forget what the body told before: files of somebody's finger on the button are not of this slice."""
        for _ in range(_STRAYS):
            try:
                heard = self._lifeline.next_event(1)
            except DriverError as error:
                raise self._lifeline.explain(error, "No still can be taken.", "events cannot be read", "") from error
            if heard.kind == "nothing":
                return

    def _release(self) -> None:
        try:
            for release in self._vendor.release:
                if all(value in self._body.read(name).choices for name, value in release):
                    for name, value in release:
                        self._body.write(name, value)
                    return
            self._body.trigger()
        except DriverError as error:
            raise self._lifeline.explain(
                error,
                "The still failed.",
                "the camera refused to release the shutter (out of focus, no room, or in a menu)",
                "leave the camera's menus, look at its card and battery, set the lens to M if it hunts, and try again.",
            ) from error

    def _await_files(self, allowed_s: float) -> list[_Place]:
        """Listen until the still is complete: told so, and as many files as the last time or none for a while."""
        began = last_heard = self._clock.now()
        places: list[_Place] = []
        told_done = False
        while True:
            now = self._clock.now()
            if places and told_done and (len(places) == self._files_before or now - last_heard >= _QUIET_S):
                return places
            if now - began >= allowed_s:
                if places:  # a body that never says that it is done
                    return places
                raise CameraError(
                    "The still did not arrive.",
                    f"the camera told of no file within {allowed_s:.0f} s.",
                    "look whether it is busy, or give it more time: --set camera.still_timeout_s=60.",
                )
            try:
                heard = self._lifeline.next_event(_POLL_MS)
            except DriverError as error:
                raise self._lifeline.explain(
                    error, "The still did not arrive.", "the connection broke", "start again."
                ) from error
            place = _Place(heard.folder, heard.name)
            if heard.kind == "file" and place not in places:
                places.append(place)
            told_done = told_done or heard.kind == "done"
            if heard.kind == "nothing":
                self._clock.sleep(_IDLE_S)  # bodies without events of their own answer at once
            else:
                last_heard = self._clock.now()

    def _fetch(self, place: _Place) -> CapturedFile:
        self._patience(self._options.answer_timeout_s)
        try:
            data = self._body.fetch(place.folder, place.name)
        except DriverError as error:
            raise self._lifeline.explain(
                error,
                f"{place.name} could not be fetched.",
                "the transfer broke off",
                "the file may still be on the card; check the cable, then go on from here.",
            ) from error
        if not data:
            raise CameraError(
                f"{place.name} came without content.", "the camera sent 0 bytes.", "look at its card, then try again."
            )
        self._fetched.append(place)
        return CapturedFile(data=data, extension=place.name.rpartition(".")[2].lower() if "." in place.name else "jpg")


def card_full() -> NotReadyError:
    """Return the error for a body that has no room for a still."""
    return NotReadyError(
        "The card of the camera is full.",
        "there is no room for another still.",
        "change the card, or keep stills off it: --set camera.target=ram.",
    )


def free_frames(body: Body) -> int | None:
    """How many stills fit on the card; None where nobody tells."""
    try:
        return body.free_frames()
    except DriverError:
        return None


def shutter_s(body: Body, vendor: Vendor) -> float:
    """Shutter time as the body is set, seconds; half a minute for bulb, 0 where it does not tell."""
    try:
        value = body.read(vendor.shutter).value
    except DriverError:
        return 0.0
    text = str(value)
    if vendor.shutter_unit_s:
        number = int(text) if text.isdecimal() else 0
        return _BULB_S if number >= 0xFFFF_FFFD else number * vendor.shutter_unit_s
    if "bulb" in text.casefold() or "time" in text.casefold():
        return _BULB_S
    match = _SHUTTER.match(text)
    if match is None:
        return 0.0
    over, under = match[1], float(match[2].replace(",", "."))
    return under if over is None else float(over) / under if under else 0.0
