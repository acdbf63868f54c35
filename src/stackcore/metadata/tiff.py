"""Directories of TIFF and BigTIFF: metadata moved between files without loading a pixel.

Metadata travel in a *carrier*, a small classic TIFF that Exiv2 understands: `graft` appends its directories to a file
of any size, `extract` makes one of a BigTIFF, which Exiv2 neither reads nor writes. Layouts: TIFF 6.0 section 2;
BigTIFF as in the documentation of libtiff 4.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, field
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

Order = Literal["<", ">"]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value of each type; the last three are those of BigTIFF."""

_EXIF, _GPS, _INTEROPERABILITY = 34665, 34853, 40965
_POINTERS = (_EXIF, _GPS, _INTEROPERABILITY)
_LONG, _IFD8 = 4, 18
_MAKER_NOTE = 37500
_BIG_ONLY = (16, 17, 18)

_OF_PIXELS = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 301, 317, 318, 319, 320, 322, 323, 324),
        *(325, 330, 338, 339, 347, 512, 513, 514, 529, 530, 531, 532, 34675),
    }
)
"""Tags that belong to the pixels of a file: a graft leaves those of the file as they are."""

_PLACES_OF_PIXELS = (273, 324)
"""StripOffsets, TileOffsets."""

_DIMENSIONS = (256, 257)
_RESOLUTION = (282, 283, 296)
"""Exiv2 takes these, too, for tags of pixels, and writes none into a carrier."""

_ALIGNMENT = 16
"""Numbers of pixels stay on their boundaries when a file is moved by a multiple of it."""

_MOST_ENTRIES, _MOST_BYTES = 4096, 1 << 24
"""More than any directory, or any value, that is not there to hurt."""


class MetadataError(Exception):
    """Metadata that cannot be read or written; the text says what was found. It never costs a picture."""


@dataclass(frozen=True)
class _Layout:
    """How one file writes numbers: classic TIFF, or BigTIFF."""

    order: Order
    big: bool

    @property
    def room(self) -> int:
        """Bytes of a value that lie in its entry."""
        return 8 if self.big else 4

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        """Tag, type, number of values; the value or its offset follows."""
        return struct.Struct(self.order + ("HHQ" if self.big else "HHI"))

    @property
    def first(self) -> int:
        """Where the header tells the first directory."""
        return 8 if self.big else 4


@dataclass
class _Entry:
    kind: int
    count: int
    value: bytes
    """The value itself, or as many bytes as an entry holds where only its place is known."""
    in_place: bool = True


@dataclass
class _Directory:
    entries: dict[int, _Entry] = field(default_factory=dict)
    below: dict[int, _Directory] = field(default_factory=dict)
    following: int = 0


def is_big(path: Path) -> bool:
    """Whether a file is a BigTIFF; false for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"II+\0", b"MM\0+")
    except OSError:
        return False


def extract(path: Path) -> bytes:
    """Return a carrier with the metadata of a TIFF or BigTIFF and the size of its picture.

    Tags of pixels, values of more than 16 MiB, and a maker note, which would move, are left out. `MetadataError` for a
    file that is damaged.
    """
    with path.open("rb") as file:
        layout = _layout(file)
        found = _read(file, layout, _first(file, layout), values=True)
    for tag in _OF_PIXELS.difference(_DIMENSIONS):
        found.entries.pop(tag, None)
    if _EXIF in found.below:
        found.below[_EXIF].entries.pop(_MAKER_NOTE, None)
    plain = _Layout(layout.order, big=False)
    data, directory = _written(found, plain, at=8)
    return _head(plain, directory) + data


def _head(layout: _Layout, directory: int) -> bytes:
    form = layout.order + ("2sHHHQ" if layout.big else "2sHI")
    name = b"II" if layout.order == "<" else b"MM"
    return struct.pack(form, name, *((43, 8, 0) if layout.big else (42,)), directory)


def blank() -> bytes:
    """Return a carrier without metadata: a grey pixel, in the byte order in which pixels are written here."""
    layout = _Layout("<" if sys.byteorder == "little" else ">", big=False)

    def long(value: int) -> _Entry:  # a place in two bytes would not reach beyond long tags
        return _Entry(_LONG, 1, struct.pack(layout.order + "I", value))

    tags = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}  # TIFF 6.0 section 4
    data, directory = _written(_Directory({tag: long(value) for tag, value in tags.items()}), layout, at=16)
    return _head(layout, directory) + b"\x80".ljust(8, b"\0") + data


def room_before(carrier: bytes) -> int:
    """Bytes that a carrier needs at the beginning of a file so that its maker note stays at its place; 0 without one.

    Most notes count from the start of the file. What lies there besides the note is not used.
    """
    with BytesIO(carrier) as small:
        layout = _layout(small)
        found = _read(small, layout, _first(small, layout), values=True)
    has_note = _EXIF in found.below and _MAKER_NOTE in found.below[_EXIF].entries
    return len(carrier) + -len(carrier) % _ALIGNMENT if has_note else 0


def graft(path: Path, carrier: bytes, *, moved_by: int = 0) -> None:
    """Append the directories of `carrier` to a TIFF or BigTIFF, in place of what its first directory says.

    Tags of pixels stay as the file has them. With `moved_by`, the file begins with so many bytes that hold the carrier
    (see `room_before`), and its own header and all that belongs to it come after them. `MetadataError` when either
    file is damaged, or their byte orders differ.
    """
    with path.open("r+b") as file, BytesIO(carrier) as small:
        file.seek(moved_by)
        layout, theirs = _layout(file), _layout(small)
        if layout.order != theirs.order:
            raise MetadataError("the byte order of the file is another")
        own = _read(file, layout, _first(file, layout, moved_by), values=False)
        new = _read(small, theirs, _first(small, theirs), values=True)
        if layout.big and _EXIF in new.below:  # no reader expects a maker note there
            new.below[_EXIF].entries.pop(_MAKER_NOTE, None)
        if moved_by:
            _move(own, file, layout, moved_by)
            note = new.below[_EXIF].entries[_MAKER_NOTE]
            place = layout.offset.pack(carrier.index(note.value))
            new.below[_EXIF].entries[_MAKER_NOTE] = _Entry(note.kind, note.count, place, in_place=False)
        kept = {tag: entry for tag, entry in own.entries.items() if tag in _OF_PIXELS or tag in _RESOLUTION}
        told = {t: entry for t, entry in new.entries.items() if t not in _OF_PIXELS and t not in _RESOLUTION}
        end = file.seek(0, SEEK_END)
        at = end + -end % 8
        data, directory = _written(_Directory({**kept, **told}, new.below), layout, at)
        if not layout.big and at + len(data) >= 1 << 32:
            raise MetadataError("the file has no room for them: its offsets have 32 bits")
        file.write(bytes(at - end) + data)
        file.seek(0)
        file.write(_head(layout, directory))


def _move(own: _Directory, file: BinaryIO, layout: _Layout, by: int) -> None:
    """Let a directory mean the same after `by` bytes were put before the file."""
    for tag, entry in own.entries.items():
        place = 0 if entry.in_place else by + layout.offset.unpack(entry.value)[0]
        if tag in _PLACES_OF_PIXELS:
            size = _SIZES[entry.kind]
            if place:
                _seek(file, place)
            data = file.read(size * entry.count) if place else entry.value[: size * entry.count]
            letter = {2: "H", 4: "I", 8: "Q"}[size]
            numbers = struct.unpack(f"{layout.order}{entry.count}{letter}", data)
            if not layout.big and max(numbers) + by >= 1 << 32:
                raise MetadataError("the file has no room for them: its offsets have 32 bits")
            wide = ("Q", 16) if layout.big else ("I", _LONG)
            moved = struct.pack(f"{layout.order}{entry.count}{wide[0]}", *(n + by for n in numbers))
            own.entries[tag] = _Entry(wide[1], entry.count, moved)
        elif place:
            own.entries[tag] = _Entry(entry.kind, entry.count, layout.offset.pack(place), in_place=False)


def _layout(file: BinaryIO) -> _Layout:
    head = file.read(8)
    order: Order = "<" if head[:2] == b"II" else ">"
    known = {b"II*\0": False, b"MM\0*": False, b"II+\0": True, b"MM\0+": True}
    if head[:4] not in known:
        raise MetadataError("it is no TIFF")
    return _Layout(order, known[head[:4]])


def _first(file: BinaryIO, layout: _Layout, moved_by: int = 0) -> int:
    file.seek(moved_by + layout.first)
    return moved_by + _number(file, layout.offset)


def _number(file: BinaryIO, form: struct.Struct) -> int:
    data = file.read(form.size)
    if len(data) < form.size:
        raise MetadataError("a directory lies beyond the end of the file")
    return int(form.unpack(data)[0])


def _seek(file: BinaryIO, place: int) -> None:
    if place > file.seek(0, SEEK_END):
        raise MetadataError("a directory lies beyond the end of the file")
    file.seek(place)


def _read(file: BinaryIO, layout: _Layout, place: int, *, values: bool, depth: int = 0) -> _Directory:
    """A directory and, with `values`, what lies outside its entries, sub-directories included."""
    _seek(file, place)
    many = _number(file, layout.count)
    if many > _MOST_ENTRIES:
        raise MetadataError(f"a directory claims {many} entries")
    size = layout.entry.size + layout.room
    table = file.read(many * size)
    if len(table) < many * size:
        raise MetadataError("a directory is cut off")
    following = _number(file, layout.offset)
    found = _Directory(following=0 if values else following)  # one of a copy follows nothing
    for i in range(many):
        tag, kind, count = layout.entry.unpack_from(table, i * size)
        field_ = table[i * size + layout.entry.size : (i + 1) * size]
        length = _SIZES.get(kind, 0) * count
        if values and kind not in _SIZES:
            continue
        if values and tag in _POINTERS:
            if depth < len(_POINTERS) and length <= layout.room:
                below = int.from_bytes(field_[:length], "little" if layout.order == "<" else "big")
                found.below[tag] = _read(file, layout, below, values=True, depth=depth + 1)
        elif not values or length <= layout.room:
            found.entries[tag] = _Entry(kind, count, field_, in_place=length <= layout.room)
        elif length <= _MOST_BYTES and tag not in _OF_PIXELS:
            _seek(file, layout.offset.unpack(field_)[0])
            data = file.read(length)
            if len(data) == length:
                found.entries[tag] = _Entry(kind, count, data)
    return found


def _written(directory: _Directory, layout: _Layout, at: int) -> tuple[bytes, int]:
    """Bytes of a directory and all that belongs to it, to be put at `at`, and where the directory itself begins."""
    data = b""
    entries = {tag: entry for tag, entry in directory.entries.items() if layout.big or entry.kind not in _BIG_ONLY}
    for tag, below in directory.below.items():
        part, place = _written(below, layout, at + len(data))
        data += part
        entries[tag] = _Entry(_IFD8 if layout.big else _LONG, 1, layout.offset.pack(place))
    table = b""
    for tag, entry in sorted(entries.items()):
        length = _SIZES.get(entry.kind, 0) * entry.count
        if not entry.in_place or length <= layout.room:
            field_ = entry.value[: layout.room].ljust(layout.room, b"\0")
        else:
            field_ = layout.offset.pack(at + len(data))
            data += entry.value[:length] + bytes(-length % 8)
        table += layout.entry.pack(tag, entry.kind, entry.count) + field_
    begin = at + len(data)
    tail = layout.count.size + len(table) + layout.offset.size
    return data + layout.count.pack(len(entries)) + table + layout.offset.pack(directory.following) + bytes(
        -tail % 8
    ), begin
