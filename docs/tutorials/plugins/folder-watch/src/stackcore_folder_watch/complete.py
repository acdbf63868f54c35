"""Whether all of a picture file is there, by its own structure."""

from __future__ import annotations

import io
import logging
import struct

import tifffile

# What tifffile says of a file that is half there is expected, and nobody's business on the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
"""The last chunk of every PNG, with its checksum."""


def is_complete(data: bytes) -> bool:
    """Tell whether a file that may still be written has come to its end.

    Knows JPEG, PNG, TIFF with the raw formats that derive from it, and ISO base media (CR3, HEIC, AVIF). True for
    anything else: there only its size can tell.
    """
    if not data:
        return False
    if data.startswith(b"\xff\xd8"):
        return _jpeg_ends(data)
    if data.startswith(b"\x89PNG"):
        return data.endswith(_PNG_END)
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _tiff_is_whole(data)
    if data[4:8] == b"ftyp":
        return _boxes_fill(data)
    return True


def _jpeg_ends(data: bytes) -> bool:
    """The end marker follows the first scan; a thumbnail in the header has one too, which does not count."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # start of scan; within a scan, every 0xFF that is no marker is followed by 0
            return data.find(b"\xff\xd9", at + 2 + length) >= 0
        at += 2 + length
    return False


def _tiff_is_whole(data: bytes) -> bool:
    """Every strip and tile lies within the file, also those of directories within others, where raws keep pixels."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            pages = [page for outer in tiff.pages for page in (outer, *(getattr(outer, "pages", None) or ()))]
            ends = [
                offset + count
                for page in pages
                for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
            ]
    except (tifffile.TiffFileError, ValueError, IndexError, KeyError, struct.error, OSError):
        return False  # a directory is not there yet
    return bool(ends) and max(ends) <= len(data)


def _boxes_fill(data: bytes) -> bool:
    """The boxes at the top level end where the file ends, and the pixels are among them."""
    at, has_pixels = 0, False
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        has_pixels = has_pixels or kind == b"mdat"
        if size == 0:  # the last box takes whatever follows
            return has_pixels
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        at += max(size, 8)
    return has_pixels and at == len(data)
