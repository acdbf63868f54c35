"""Whether a raw file is all there: whether it is as long as its own directory says."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from stackcore.errors import UnreadableFrame

_TIFF = {b"II*\0": "<", b"MM\0*": ">", b"IIRO": "<", b"IIRS": "<", b"MMOR": ">", b"IIU\0": "<"}
"""Beginnings of TIFF and of its dialects (Olympus, Panasonic), with the order of their bytes."""

_PHOTOMETRIC, _STRIP_OFFSETS, _STRIP_COUNTS, _SUB_IFDS, _TILE_OFFSETS, _TILE_COUNTS = 262, 273, 279, 330, 324, 325
"""TIFF 6.0 section 8, TIFF/EP (ISO 12234-2) section 5."""

_RAW_OFFSET, _ELSEWHERE = 280, 0xFFFFFFFF
"""Panasonic's own place of the strips, where the usual tag holds this number."""

_SIZES = {1: 1, 3: 2, 4: 4, 13: 4}
"""Bytes of the types that such tags have."""

_BOXES = (b"ftyp", b"moov", b"uuid", b"mdat", b"free", b"skip", b"wide", b"meta")
_FUJI = b"FUJIFILMCCD-RAW "
_MOST_DIRECTORIES = 64
_MOST_VALUES = 1 << 20
"""Beyond this a directory is not a raw file's, but garbage."""


@dataclass(frozen=True)
class Layout:
    """What the directory of a raw file says.

    `end` is the first byte after the largest picture in it, or None where the directory does not tell; `kinds` are the
    photometric interpretations of its pictures, by which a mosaic (32803) and finished pixels (34892) differ.
    """

    end: int | None
    kinds: tuple[int, ...] = ()


def layout_of(path: Path) -> Layout:
    """Return what the directory of a raw file says; `OSError` where it cannot be read at all.

    TIFF and its relatives (NEF, CR2, DNG, ARW, PEF, SRW, ORF, RW2), CR3 (ISO 14496-12) and RAF tell their length.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        try:
            if head[:4] in _TIFF:
                return _tiff(file, _TIFF[head[:4]])
            if head[4:8] == b"ftyp":
                return Layout(_boxes_end(file, size))
            if head == _FUJI:
                return Layout(_fuji_end(file))
        except (struct.error, ValueError, OverflowError):
            pass  # nothing that we understand: LibRaw shall say what is wrong with it
    return Layout(None)


def refuse_cut(path: Path) -> None:
    """Raise `UnreadableFrame` when a file ends before its largest picture does; `OSError` as `layout_of`.

    LibRaw notices with most formats, and prints to the screen what it found. Sony's compressed files it develops
    without a word, the missing rows filled with the last ones. Where the directory tells nothing, LibRaw decides alone.
    """
    size, layout = path.stat().st_size, layout_of(path)
    if layout.end is not None and layout.end > size:
        raise UnreadableFrame(
            f"{path} is truncated.",
            f"it has {size:,} bytes, its picture ends at {layout.end:,}.",
            "copy it again from the camera, or leave it out; developer.check_length=false develops it as it is.",
        )


def _tiff(file: BinaryIO, order: str) -> Layout:
    """The end of the largest picture of all directories, by their strips and tiles."""
    largest, end, kinds = 0, None, []
    for tags in _directories(file, order):
        kinds += [value for value in tags.get(_PHOTOMETRIC, ())[:1] if value not in kinds]
        for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
            places = tags.get(offsets, ())
            if places == (_ELSEWHERE,):
                places = tags.get(_RAW_OFFSET, ())
            parts = list(zip(places, tags.get(counts, ()), strict=False))
            if sum(count for _, count in parts) > largest:
                largest = sum(count for _, count in parts)
                end = max(offset + count for offset, count in parts)
    return Layout(end, tuple(kinds))


def _directories(file: BinaryIO, order: str) -> Iterator[dict[int, tuple[int, ...]]]:
    """The numbers of each directory that the header and its sub-directories lead to."""
    file.seek(4)
    waiting, seen = [_unpacked(file, order, "I")[0]], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        place = waiting.pop(0)
        if not place or place in seen:
            continue
        seen.add(place)
        file.seek(place)
        (count,) = _unpacked(file, order, "H")
        entries = [_unpacked(file, order, "HHI4s") for _ in range(count)]
        (following,) = _unpacked(file, order, "I")
        tags = {tag: _values(file, order, *rest) for tag, *rest in entries if _wanted(tag)}
        waiting += [*tags.get(_SUB_IFDS, ()), following]
        yield tags


def _wanted(tag: int) -> bool:
    pictures = (_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _RAW_OFFSET)
    return tag in (_PHOTOMETRIC, _SUB_IFDS, *pictures)


def _values(file: BinaryIO, order: str, kind: int, count: int, inline: bytes) -> tuple[int, ...]:
    if kind not in _SIZES or count > _MOST_VALUES:
        return ()
    form = order + str(count) + {1: "B", 2: "H", 4: "I"}[_SIZES[kind]]
    length = struct.calcsize(form)
    if length <= len(inline):
        return struct.unpack(form, inline[:length])
    file.seek(struct.unpack(order + "I", inline)[0])
    return struct.unpack(form, file.read(length))


def _boxes_end(file: BinaryIO, size: int) -> int | None:
    """Where the last box ends that begins within the file; boxes follow one another, and other bytes may follow."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        length, kind = _unpacked(file, ">", "I4s")
        if kind not in _BOXES:
            break
        if length == 1:
            (length,) = _unpacked(file, ">", "Q")
        if length == 0:  # reaches to the end of the file, wherever that is
            return None
        if length < 8:
            raise ValueError("no box is smaller than its head")
        place += length
    return place


def _fuji_end(file: BinaryIO) -> int:
    """The header names place and length of the preview, of the metadata and of the picture, from byte 84 on."""
    file.seek(84)
    ends = [offset + length for offset, length in (_unpacked(file, ">", "II") for _ in range(3))]
    return int(max(ends))


def _unpacked(file: BinaryIO, order: str, form: str) -> tuple[Any, ...]:
    return struct.unpack(order + form, file.read(struct.calcsize(order + form)))
