"""Metadata taken out of a small file and put into a large one of the same kind, without touching its pixels.

Exiv2 writes whole files, by way of memory, and does not notice when a disk is full (0.28.9: a cut picture, and no
error). So it writes into a *carrier*, a picture of one pixel, and what it made there is spliced into the real file:
segments of a JPEG (ITU-T T.81 annex B), chunks of a PNG (W3C PNG 3), directories of a TIFF (`stackcore.metadata.tiff`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from stackcore.metadata import tiff
from stackcore.metadata.tiff import MetadataError

_PNG = b"\x89PNG\r\n\x1a\n"
_XMP_OF_PNG = b"XML:com.adobe.xmp\0"
_SOI, _SOS, _APP0, _APP1, _APP13 = 0xD8, 0xDA, 0xE0, 0xE1, 0xED
_OF_JPEG = ((_APP1, b"Exif\0"), (_APP1, b"http://ns.adobe.com/xap/1.0/\0"), (_APP13, b"Photoshop 3.0\0"))


def carrier_for(path: Path) -> bytes:
    """Return a picture of one pixel of the same kind as `path`; `MetadataError` where none is known."""
    with path.open("rb") as file:
        head = file.read(8)
    if head[:2] == b"\xff\xd8":
        return _jpeg_carrier()
    if head == _PNG:
        return _png_carrier()
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return tiff.blank()
    raise MetadataError("it is no TIFF, JPEG or PNG")


def splice(path: Path, carrier: bytes) -> None:
    """Put the metadata of `carrier` into `path`, in place of its own.

    Nothing is held in memory but metadata. `MetadataError` for what is damaged, and when the disk is full; `path` may
    be damaged then only if it is a TIFF.
    """
    try:
        if carrier[:2] == b"\xff\xd8":
            _rewrite(path, lambda source, sink: _splice_jpeg(source, sink, carrier))
        elif carrier[:8] == _PNG:
            _rewrite(path, lambda source, sink: _splice_png(source, sink, carrier))
        else:
            room = 0 if tiff.is_big(path) else tiff.room_before(carrier)
            if room:
                _rewrite(path, lambda source, sink: _copy_after(source, sink, carrier, room))
            tiff.graft(path, carrier, moved_by=room)
    except OSError as error:
        raise MetadataError(f"{error.strerror}") from error


def _rewrite(path: Path, work: Callable[[BinaryIO, BinaryIO], None]) -> None:
    """Copy a file through `work` and put the copy in its place."""
    copy = path.with_name(f"{path.stem}-described{path.suffix}")
    try:
        with path.open("rb") as source, copy.open("xb") as sink:
            work(source, sink)
        os.replace(copy, path)
    finally:
        with contextlib.suppress(OSError):
            copy.unlink(missing_ok=True)


def _copy_after(source: BinaryIO, sink: BinaryIO, carrier: bytes, room: int) -> None:
    """The carrier first, so that a maker note in it stays where its values say they are; then all of the file."""
    sink.write(carrier.ljust(room, b"\0"))
    shutil.copyfileobj(source, sink, 1 << 20)


def _splice_jpeg(source: BinaryIO, sink: BinaryIO, carrier: bytes) -> None:
    new = [data for marker, data in _segments(BytesIO(carrier)) if _describes(marker, data)]
    sink.write(b"\xff\xd8")
    pending = new
    for marker, data in _segments(source):
        if marker != _APP0 and pending:  # JFIF wants to be first
            sink.writelines(pending)
            pending = []
        if not _describes(marker, data):
            sink.write(data)
    shutil.copyfileobj(source, sink, 1 << 20)


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment up to the scan, that of the scan included."""
    if file.read(2) != b"\xff\xd8":
        raise MetadataError("it is no JPEG")
    marker = _SOI
    while marker != _SOS:
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            raise MetadataError("a segment of the JPEG is damaged")
        marker = head[1]
        (length,) = struct.unpack(">H", head[2:])
        yield marker, head + file.read(length - 2)


def _describes(marker: int, data: bytes) -> bool:
    return any(marker == m and data[4:].startswith(name) for m, name in _OF_JPEG)


def _splice_png(source: BinaryIO, sink: BinaryIO, carrier: bytes) -> None:
    new = [data for kind, data in _chunks(BytesIO(carrier)) if kind in (b"eXIf", b"iTXt", b"zTXt", b"tEXt")]
    sink.write(_PNG)
    for kind, data in _chunks(source):
        if kind != b"eXIf" and not (kind == b"iTXt" and data[8:].startswith(_XMP_OF_PNG)):
            sink.write(data)
        if kind == b"IHDR":
            sink.writelines(new)
    shutil.copyfileobj(source, sink, 1 << 20)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Kind and bytes of each chunk up to the first of the pixels, that included."""
    if file.read(8) != _PNG:
        raise MetadataError("it is no PNG")
    kind = b""
    while kind not in (b"IDAT", b"IEND"):
        head = file.read(8)
        if len(head) < 8:
            raise MetadataError("the PNG is cut off")
        length, kind = struct.unpack(">I4s", head)
        yield kind, head + file.read(length + 4)


def _png_carrier() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)  # one grey pixel of 8 bits
    return _PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


def _jpeg_carrier() -> bytes:
    """Frame and scan headers of one grey pixel; nobody ever decodes it."""
    frame = struct.pack(">BBHBHHB3B", 0xFF, 0xC0, 11, 8, 1, 1, 1, 1, 0x11, 0)
    scan = struct.pack(">BBHB2B3B", 0xFF, _SOS, 8, 1, 1, 0, 0, 63, 0)
    return b"\xff\xd8" + frame + scan + b"\0" + b"\xff\xd9"
