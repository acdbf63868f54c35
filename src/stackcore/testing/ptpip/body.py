"""A Nikon body as its commands see it: session, settings, live view, focus drive, stills. Knows no socket."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from stackcore.testing.ptpip import datasets
from stackcore.testing.ptpip.codes import Act, Answer, Event, Operation, Property, act_of
from stackcore.testing.ptpip.faults import Fault, Setup, Watch
from stackcore.testing.ptpip.identity import IDENTITIES, NIKON
from stackcore.testing.ptpip.lens import Lens
from stackcore.testing.ptpip.store import CARD, Store

Fate = Literal["answered", "silent", "cut", "unplug"]
"""What becomes of a reply on its way."""


class Pictures(Protocol):
    """What the body sees; both return the bytes of a file."""

    def preview(self, position: int) -> bytes:
        """Return a live-view JPEG with the lens at this position, drive units."""
        ...

    def still(self, position: int, suffix: str) -> bytes:
        """Return a file of a still, by its suffix (`jpg`, `nef`)."""
        ...


@dataclass(frozen=True)
class Reply:
    """The answer to a command: its code, the data phase if there is one, and what the log should tell of it."""

    code: int
    data: bytes | None = None
    about: dict[str, Any] = field(default_factory=dict)
    parameters: tuple[int, ...] = ()
    fate: Fate = "answered"
    cut_after_bytes: int = 0


class Body:
    """The state machine; one command at a time.

    Parameters
    ----------
    setup
        What it is and what will go wrong.
    pictures
        What it sees.
    """

    def __init__(self, setup: Setup, pictures: Pictures) -> None:
        self.identity = IDENTITIES[setup.identity]
        self.lens = Lens(setup.position, setup.near_stop, setup.far_stop, setup.smallest_step)
        self.store = Store(setup.card_frames, self.identity.folder)
        self._setup, self._pictures = setup, pictures
        self._operations = tuple(code for code in self.identity.operations if code not in setup.without)
        self._specs = {spec.code: spec for spec in self.identity.properties}
        self._values = {spec.code: spec.value for spec in self.identity.properties} | dict(setup.values)
        self._watch = Watch(setup.faults)
        self._in_session = self._live = False
        self._busy_polls, self._result = 0, Answer.OK + 0
        self._events: list[tuple[int, int]] = []
        self._stills = 0
        self._does: dict[int, Callable[[Sequence[int], bytes], Reply]] = {
            Operation.GET_DEVICE_INFO: self._device_info,
            Operation.OPEN_SESSION: self._open_session,
            Operation.CLOSE_SESSION: self._close_session,
            Operation.GET_STORAGE_IDS: self._storage_ids,
            Operation.GET_STORAGE_INFO: self._storage_info,
            Operation.GET_NUM_OBJECTS: self._object_count,
            Operation.GET_OBJECT_HANDLES: self._object_handles,
            Operation.GET_OBJECT_INFO: self._object_info,
            Operation.GET_OBJECT: self._object,
            Operation.GET_THUMB: lambda _p, _d: Reply(Answer.NO_THUMBNAIL),
            Operation.DELETE_OBJECT: self._delete,
            Operation.GET_PROPERTY_DESCRIPTION: self._property_description,
            Operation.GET_PROPERTY_VALUE: self._property_value,
            Operation.SET_PROPERTY_VALUE: self._set_property,
            Operation.GET_PARTIAL_OBJECT: self._partial_object,
            Operation.NIKON_SET_CONTROL_MODE: lambda _p, _d: Reply(Answer.OK),
            Operation.NIKON_GET_EVENTS: lambda _p, _d: self._take_events(datasets.events_old),
            Operation.NIKON_GET_EVENTS_EX: lambda _p, _d: self._take_events(datasets.events_new),
            Operation.NIKON_DEVICE_READY: self._device_ready,
            Operation.NIKON_GET_VENDOR_PROPERTIES: self._vendor_properties,
            Operation.NIKON_START_LIVE_VIEW: self._start_live_view,
            Operation.NIKON_END_LIVE_VIEW: self._end_live_view,
            Operation.NIKON_GET_LIVE_VIEW_IMAGE: self._live_view_image,
            Operation.NIKON_GET_LIVE_VIEW_IMAGE_EX: self._live_view_image,
            Operation.NIKON_CAPTURE: lambda p, _d: self._capture(autofocus=p[0] == 0xFFFFFFFE, on_card=p[1] == 0),
            Operation.NIKON_CAPTURE_IN_SDRAM: lambda _p, _d: self._capture(autofocus=False, on_card=False),
            Operation.NIKON_AF_CAPTURE_IN_SDRAM: lambda _p, _d: self._capture(autofocus=True, on_card=False),
            Operation.NIKON_GET_OBJECT_SIZE: self._object_size,
            Operation.NIKON_GET_PARTIAL_OBJECT_EX: self._partial_object_ex,
            Operation.NIKON_CHANGE_APPLICATION_MODE: lambda _p, _d: Reply(Answer.OK),
        }

    # ------------------------------------------------------------------ what the server calls

    def handle(self, operation: int, parameters: Sequence[int], data: bytes = b"") -> Reply:
        """Carry out one command, with the faults that are due, and return the reply."""
        act = act_of(operation)
        due = {fault.effect: fault for fault in self._watch.due(act)}
        reply = self._carry_out(operation, act, parameters, data, due)
        if "busy" in due:
            self._busy_polls += due["busy"].value
        if "lost" in due:
            self._events.clear()
        if "stray" in due:
            stray = self._capture(autofocus=True, on_card=self.store.has_card)
            reply = replace(reply, about={**reply.about, "stray": stray.about})
        if "dark" in due:
            self._live = False
        fates: tuple[Fate, ...] = ("silent", "cut", "unplug")
        for fate in fates:
            if fate in due:
                return replace(reply, fate=fate, cut_after_bytes=due[fate].value)
        return reply

    def disconnected(self) -> None:
        """Forget the session, as when the host closed it or was cut off; the lens stays where it is."""
        self._in_session = self._live = False
        self._busy_polls, self._result = 0, Answer.OK
        self._events.clear()
        self.store.forget_memory()

    # ------------------------------------------------------------------ dispatch

    def _carry_out(
        self, operation: int, act: Act, parameters: Sequence[int], data: bytes, due: dict[Any, Fault]
    ) -> Reply:
        if operation not in self._operations:
            return Reply(Answer.OPERATION_NOT_SUPPORTED)
        if not self._in_session and operation not in (Operation.OPEN_SESSION, Operation.GET_DEVICE_INFO):
            return Reply(Answer.SESSION_NOT_OPEN)
        if "answer" in due:
            return Reply(due["answer"].value)
        if "result" in due:
            self._act(due["result"].value)
            return Reply(Answer.OK)
        if operation == Operation.NIKON_DRIVE_FOCUS:
            return self._drive(parameters, due.get("stop_short"))
        padded = (*parameters, 0, 0, 0, 0, 0)[:5]
        return self._does[operation](padded, data)

    def _act(self, result: int = Answer.OK) -> None:
        """Be busy as long as the body is after an action; `result` is what the last poll tells."""
        self._busy_polls, self._result = self._setup.ready_polls, result

    def _still_busy(self) -> bool:
        """Whether the last action goes on; every time somebody asks, it comes nearer to its end."""
        busy = self._busy_polls > 0
        self._busy_polls -= busy
        return busy

    # ------------------------------------------------------------------ session and information

    def _device_info(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        listed = self.identity
        info = datasets.DeviceInfo(
            vendor_extension=NIKON,
            operations=self._operations,
            events=listed.events,
            properties=[code for code in self._specs if code < 0xD000],
            image_formats=listed.formats,
            manufacturer=listed.manufacturer,
            model=listed.model,
            version=listed.version,
            serial=listed.serial,
        )
        return Reply(Answer.OK, info.encode())

    def _vendor_properties(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        return Reply(Answer.OK, datasets.array16(code for code in self._specs if code >= 0xD000))

    def _open_session(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        if self._in_session:
            return Reply(Answer.SESSION_ALREADY_OPEN)
        self._in_session = True
        return Reply(Answer.OK)

    def _close_session(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        self.disconnected()
        return Reply(Answer.OK)

    def _device_ready(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        if self._still_busy():
            return Reply(Answer.DEVICE_BUSY)
        result, self._result = self._result, Answer.OK
        return Reply(result)

    def _take_events(self, encode: Callable[[Sequence[tuple[int, int]]], bytes]) -> Reply:
        if self._still_busy():  # what an action brings is told when it is done
            return Reply(Answer.OK, encode(()))
        events, self._events = self._events, []
        return Reply(Answer.OK, encode(events), {"events": [[f"0x{code:04X}", value] for code, value in events]})

    # ------------------------------------------------------------------ settings

    def _property_description(self, parameters: Sequence[int], _data: bytes) -> Reply:
        spec = self._specs.get(parameters[0])
        if spec is None:
            return Reply(Answer.PROPERTY_NOT_SUPPORTED)
        return Reply(Answer.OK, spec.describe(self._current(spec.code)))

    def _property_value(self, parameters: Sequence[int], _data: bytes) -> Reply:
        spec = self._specs.get(parameters[0])
        if spec is None:
            return Reply(Answer.PROPERTY_NOT_SUPPORTED)
        return Reply(Answer.OK, datasets.pack_value(spec.type, self._current(spec.code)))

    def _current(self, code: int) -> datasets.Value:
        if code == Property.NIKON_LIVE_VIEW_STATUS:
            return int(self._live)
        return self._values[code]

    def _set_property(self, parameters: Sequence[int], data: bytes) -> Reply:
        spec = self._specs.get(parameters[0])
        if spec is None:
            return Reply(Answer.PROPERTY_NOT_SUPPORTED)
        if not spec.writable:
            return Reply(Answer.ACCESS_DENIED)
        try:
            value = datasets.unpack_value(spec.type, data)
        except ValueError:
            return Reply(Answer.INVALID_PROPERTY_VALUE)
        if not spec.accepts(value):
            return Reply(Answer.INVALID_PROPERTY_VALUE)
        self._values[spec.code] = value
        return Reply(Answer.OK, about={"value": value})

    # ------------------------------------------------------------------ live view and focus

    def _start_live_view(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        if self._still_busy():
            return Reply(Answer.DEVICE_BUSY)
        if self._values.get(Property.NIKON_LIVE_VIEW_PROHIBITED):
            return Reply(Answer.NIKON_INVALID_STATUS)
        self._live = True
        self._act()
        return Reply(Answer.OK)

    def _end_live_view(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        self._live = False
        return Reply(Answer.OK)

    def _live_view_image(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        if not self._live:
            return Reply(Answer.NIKON_NOT_IN_LIVE_VIEW)
        if self._still_busy():
            return Reply(Answer.DEVICE_BUSY)
        picture = self._pictures.preview(self.lens.position)
        return Reply(Answer.OK, bytes(self.identity.header_bytes) + picture, {"sha256": _sha256(picture)})

    def _drive(self, parameters: Sequence[int], short: Fault | None) -> Reply:
        if not self._live:
            return Reply(Answer.NIKON_NOT_IN_LIVE_VIEW)
        if self._still_busy():
            return Reply(Answer.DEVICE_BUSY)
        if len(parameters) < 2 or parameters[0] not in (1, 2) or not 1 <= parameters[1] <= 0x7FFF:
            return Reply(Answer.INVALID_PARAMETER)
        direction, amount = (1 if parameters[0] == 2 else -1), parameters[1]
        before = self.lens.position
        if short:
            self.lens.drive(direction * min(amount, short.value or amount // 2))
            end = "at_end"
        else:
            end = self.lens.drive(direction * amount)
        results = {
            "done": Answer.OK,
            "at_end": Answer.NIKON_DRIVE_AT_END,
            "too_small": Answer.NIKON_DRIVE_STEP_TOO_SMALL,
        }
        self._act(results[end])
        about = {"asked": direction * amount, "moved": self.lens.position - before, "end": end}
        return Reply(Answer.OK, about=about)

    # ------------------------------------------------------------------ stills and files

    def _capture(self, *, autofocus: bool, on_card: bool) -> Reply:
        if self._still_busy():
            return Reply(Answer.DEVICE_BUSY)
        files = self._setup.files
        if on_card and not self.store.has_card:
            return Reply(Answer.STORE_NOT_AVAILABLE)
        if on_card and not self.store.has_room(len(files)):
            return Reply(Answer.STORE_FULL)
        self._stills += 1
        added, done = (
            (Event.OBJECT_ADDED, Event.CAPTURE_COMPLETE)
            if on_card
            else (Event.NIKON_OBJECT_ADDED_IN_SDRAM, Event.NIKON_CAPTURE_COMPLETE_IN_SDRAM)
        )
        told = []
        for suffix in files:
            picture = self._pictures.still(self.lens.position, suffix)
            file = self.store.add(picture, suffix, self._stills, on_card=on_card)
            self._events.append((added, file.handle))
            told.append({"handle": file.handle, "name": file.name, "bytes": len(file.data), "sha256": file.sha256})
        self._events.append((done, 0))
        if self._setup.still_ends_live_view:
            self._live = False
        self._act()
        return Reply(Answer.OK, about={"autofocus": autofocus, "on_card": on_card, "files": told})

    def _storage_ids(self, _parameters: Sequence[int], _data: bytes) -> Reply:
        return Reply(Answer.OK, datasets.array32([CARD] if self.store.has_card else []))

    def _storage_info(self, parameters: Sequence[int], _data: bytes) -> Reply:
        if parameters[0] != CARD or not self.store.has_card:
            return Reply(Answer.INVALID_STORAGE_ID)
        return Reply(Answer.OK, self.store.card_info())

    def _object_count(self, parameters: Sequence[int], _data: bytes) -> Reply:
        return Reply(Answer.OK, parameters=(len(self.store.handles(parameters[2])),))

    def _object_handles(self, parameters: Sequence[int], _data: bytes) -> Reply:
        return Reply(Answer.OK, datasets.array32(self.store.handles(parameters[2])))

    def _object_info(self, parameters: Sequence[int], _data: bytes) -> Reply:
        info = self.store.info(parameters[0])
        return Reply(Answer.INVALID_OBJECT_HANDLE) if info is None else Reply(Answer.OK, info)

    def _object_size(self, parameters: Sequence[int], _data: bytes) -> Reply:
        file = self.store.get(parameters[0])
        if file is None:
            return Reply(Answer.INVALID_OBJECT_HANDLE)
        return Reply(Answer.OK, struct.pack("<Q", len(file.data)))

    def _object(self, parameters: Sequence[int], _data: bytes) -> Reply:
        return self._piece(parameters[0], 0, 1 << 62)

    def _partial_object(self, parameters: Sequence[int], _data: bytes) -> Reply:
        return self._piece(parameters[0], parameters[1], parameters[2])

    def _partial_object_ex(self, parameters: Sequence[int], _data: bytes) -> Reply:
        handle, low, high, size_low, size_high = parameters
        return self._piece(handle, low | high << 32, size_low | size_high << 32)

    def _piece(self, handle: int, offset: int, size: int) -> Reply:
        file = self.store.get(handle)
        if file is None:
            return Reply(Answer.INVALID_OBJECT_HANDLE)
        piece = file.data[offset : offset + size]
        return Reply(Answer.OK, piece, {"handle": handle, "offset": offset, "sha256": _sha256(piece)})

    def _delete(self, parameters: Sequence[int], _data: bytes) -> Reply:
        return Reply(Answer.OK if self.store.delete(parameters[0]) else Answer.INVALID_OBJECT_HANDLE)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
