"""The records that PTP sends as data (ISO 15740, clauses 5 and 13), from values to bytes and back where needed."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

Value = int | str


class Type(IntEnum):
    """The data type of a property."""

    INT8 = 1
    UINT8 = 2
    INT16 = 3
    UINT16 = 4
    INT32 = 5
    UINT32 = 6
    TEXT = 0xFFFF


_STRUCT: dict[Type, str] = {
    Type.INT8: "<b",
    Type.UINT8: "<B",
    Type.INT16: "<h",
    Type.UINT16: "<H",
    Type.INT32: "<i",
    Type.UINT32: "<I",
}


def text(value: str) -> bytes:
    r"""Return a string as PTP writes it: a count with its end mark, then UTF-16; at most 254 characters.

    Examples
    --------
    >>> text("Z 6").hex(" "), text("")
    ('04 5a 00 20 00 36 00 00 00', b'\x00')
    """
    if not value:
        return b"\0"
    encoded = (value + "\0").encode("utf-16-le")
    if len(encoded) > 510:
        raise ValueError(f"a string of {len(encoded) // 2 - 1} characters; PTP has room for 254.")
    return bytes([len(encoded) // 2]) + encoded


def array16(values: Iterable[int]) -> bytes:
    """Return a counted array of 16-bit numbers."""
    items = tuple(values)
    return struct.pack(f"<I{len(items)}H", len(items), *items)


def array32(values: Iterable[int]) -> bytes:
    """Return a counted array of 32-bit numbers."""
    items = tuple(values)
    return struct.pack(f"<I{len(items)}I", len(items), *items)


def pack_value(kind: Type, value: Value) -> bytes:
    """Return a value of a property; `ValueError` when it does not fit its type."""
    if kind is Type.TEXT:
        return text(str(value))
    try:
        return struct.pack(_STRUCT[kind], value)
    except struct.error as error:
        raise ValueError(f"{value!r} is no {kind.name.lower()}.") from error


def unpack_value(kind: Type, data: bytes) -> Value:
    """Return the value in the bytes that the host sent; `ValueError` when they are too few or too many."""
    if kind is Type.TEXT:
        if not data or len(data) != 1 + 2 * data[0]:
            raise ValueError(f"{len(data)} bytes are no string.")
        return data[1:].decode("utf-16-le").removesuffix("\0")
    if len(data) != struct.calcsize(_STRUCT[kind]):
        raise ValueError(f"{len(data)} bytes are no {kind.name.lower()}.")
    value: int = struct.unpack(_STRUCT[kind], data)[0]
    return value


@dataclass(frozen=True, kw_only=True)
class DeviceInfo:
    """Who a body is and what it can do."""

    vendor_extension: int
    operations: Sequence[int]
    events: Sequence[int]
    properties: Sequence[int]
    image_formats: Sequence[int]
    manufacturer: str
    model: str
    version: str
    serial: str

    def encode(self) -> bytes:
        """Return the record as the host reads it."""
        return b"".join(
            (
                struct.pack("<HIH", 100, self.vendor_extension, 100),
                text(""),
                struct.pack("<H", 0),  # functional mode: standard
                array16(self.operations),
                array16(self.events),
                array16(self.properties),
                array16(()),  # capture formats
                array16(self.image_formats),
                text(self.manufacturer),
                text(self.model),
                text(self.version),
                text(self.serial),
            )
        )


@dataclass(frozen=True, kw_only=True)
class StorageInfo:
    """A card: its size and free room in bytes, the room in pictures, its label."""

    capacity: int
    free: int
    free_images: int
    label: str

    def encode(self) -> bytes:
        """Return the record as the host reads it: a removable card with a camera's file system, writable."""
        sizes = struct.pack("<HHHQQI", 4, 3, 0, self.capacity, self.free, self.free_images)
        return sizes + text("") + text(self.label)


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """A file or folder on the body.

    `captured` reads YYYYMMDDThhmmss, sizes are bytes and pixels, `parent` is 0 for the root, `association` 1 for a
    folder. A driver refuses to fetch what is neither a picture by its own format nor by that of its thumbnail, so a
    raw file needs the latter.
    """

    storage: int
    format: int
    size: int
    thumb_format: int
    name: str
    captured: str
    width: int = 0
    height: int = 0
    parent: int = 0
    association: int = 0

    def encode(self) -> bytes:
        """Return the record as the host reads it; it claims no thumbnail bytes."""
        fixed = struct.pack(
            "<IHHIHIIIIIIIHII",
            self.storage,
            self.format,
            0,  # protection: none
            self.size,
            self.thumb_format,
            0,  # thumbnail size, width, height
            0,
            0,
            self.width,
            self.height,
            24,  # bits per pixel
            self.parent,
            self.association,
            0,  # association description, sequence number
            0,
        )
        return fixed + text(self.name) + text(self.captured) * 2 + text("")


@dataclass(frozen=True, kw_only=True)
class PropertySpec:
    """A property of a body: its type, its value when switched on, and what it may be set to.

    `choices` lists the values, `span` gives the least, the greatest and the step; neither means anything goes.
    """

    code: int
    type: Type
    value: Value
    writable: bool = False
    choices: tuple[Value, ...] = ()
    span: tuple[int, int, int] | None = None

    def describe(self, current: Value) -> bytes:
        """Return the description that the host asks for, with the value of now."""
        head = struct.pack("<HHB", self.code, self.type, self.writable)
        values = pack_value(self.type, self.value) + pack_value(self.type, current)
        if self.choices:
            packed = b"".join(pack_value(self.type, choice) for choice in self.choices)
            return head + values + struct.pack("<BH", 2, len(self.choices)) + packed
        if self.span:
            return head + values + b"\1" + b"".join(pack_value(self.type, limit) for limit in self.span)
        return head + values + b"\0"

    def accepts(self, value: Value) -> bool:
        """Whether the body takes this value."""
        if self.choices:
            return value in self.choices
        if self.span and isinstance(value, int):
            low, high, step = self.span
            return low <= value <= high and (value - low) % step == 0
        return True


def events_old(events: Sequence[tuple[int, int]]) -> bytes:
    """Return Nikon's first list of events (0x90C7): each a code and one parameter."""
    return struct.pack("<H", len(events)) + b"".join(struct.pack("<HI", code, value) for code, value in events)


def events_new(events: Sequence[tuple[int, int]]) -> bytes:
    """Return Nikon's second list of events (0x941C): each a code and a counted list of parameters, here one."""
    return struct.pack("<HH", len(events), 0) + b"".join(struct.pack("<HHI", code, 1, value) for code, value in events)
