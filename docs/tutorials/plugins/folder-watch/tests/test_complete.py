"""A file that was cut anywhere is not complete."""

from __future__ import annotations

import io
import logging

import cv2
import numpy as np
import pytest
import tifffile

from stackcore_folder_watch.complete import is_complete

PIXELS = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)


def coded(suffix: str) -> bytes:
    return cv2.imencode(suffix, PIXELS)[1].tobytes()


def tiff(byteorder: str) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, PIXELS, byteorder=byteorder, rowsperstrip=8)
    return out.getvalue()


def raw_like() -> bytes:
    """A TIFF as raws are: a small picture first, the pixels in a directory within its directory."""
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(PIXELS[::8, ::8], subifds=1)
        writer.write(np.arange(48 * 64, dtype=np.uint16).reshape(48, 64))
    return out.getvalue()


def with_thumbnail(jpeg: bytes, thumbnail: bytes) -> bytes:
    """A JPEG whose header holds another one, with an end marker of its own."""
    return jpeg[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + jpeg[2:]


def boxes() -> bytes:
    return b"\0\0\0\x10ftypcrx \0\0\0\0" + b"\0\0\0\x18moov" + bytes(16) + b"\0\0\0\x28mdat" + bytes(32)


FILES = {
    "jpeg": coded(".jpg"),
    "jpeg with a thumbnail": with_thumbnail(coded(".jpg"), coded(".jpg")),
    "png": coded(".png"),
    "tiff": tiff("<"),
    "tiff of the other byte order": tiff(">"),
    "raw in a tiff": raw_like(),
    "cr3": boxes(),
}


@pytest.mark.parametrize("name", FILES)
def test_whole_it_is_complete_and_cut_it_is_not(name: str) -> None:
    whole = FILES[name]
    assert is_complete(whole)
    for share in (0.001, 0.1, 0.5, 0.9, 0.99):
        assert not is_complete(whole[: int(len(whole) * share)]), share
    assert not is_complete(whole[:-1])


def test_a_header_alone_is_not_complete() -> None:
    for data in (b"II*\0", b"II*\0\x08\0\0\0", b"MM\0*" + bytes(range(100, 200)), b"\xff\xd8\xff", b"\0\0\0\x08ftyp"):
        assert not is_complete(data), data
    # In a terminal, what tifffile logs about them would stand in the middle of the panel.
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("tifffile").handlers)


def test_what_follows_the_end_of_a_jpeg_does_not_matter() -> None:
    assert is_complete(FILES["jpeg"] + bytes(100))


def test_of_an_unknown_type_only_the_size_can_tell() -> None:
    assert is_complete(b"FUJIFILMCCD-RAW ")
    assert not is_complete(b"")
