"""TIFF files that hold the very numbers of a frame, one row after the other: they are read without a decoder.

That is how most programs write 16-bit TIFF when they are told not to compress. Through libtiff and libvips each number
is copied three times on its way; a file of 24 megapixels takes 80 ms like that, and 23 ms read straight. The survey
needs even less: it makes a frame smaller while its rows come in. libvips has opened the file before, and judged it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import UnreadableFrame
from stackcore.stacking.frame_memory import FRAMES
from stackcore.stacking.shrinking import shrunk
from stackcore_plugins.developer_image.colours import Meaning
from stackcore_plugins.developer_image.upright import orientation_of

_DTYPES = {"uchar": "uint8", "ushort": "uint16"}

_NATIVE = {"little": "<", "big": ">"}[sys.byteorder]

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it finds odd is no business of the user


@dataclass(frozen=True)
class PlainTiff:
    """Where the numbers of a frame lie in its file: from byte `offset` on, (height, width, 3) of `dtype`."""

    path: Path
    offset: int
    height: int
    width: int
    dtype: str

    def read(self) -> NDArray[Any]:
        """The whole frame."""
        pixels = FRAMES.empty((self.height, self.width, 3), self.dtype)
        with self._opened() as file:
            self._fill(file, pixels)
        return pixels

    def shrunk(self, times: int) -> NDArray[Any]:
        """The frame, made smaller by `times`: see `stackcore.stacking.shrinking`."""
        band = np.empty((0, self.width, 3), self.dtype)
        with self._opened() as file:

            def rows(top: int, bottom: int) -> NDArray[Any]:
                nonlocal band
                if len(band) < bottom - top:
                    band = np.empty((bottom - top, self.width, 3), self.dtype)
                self._fill(file, band[: bottom - top])
                return band[: bottom - top]

            return shrunk(rows, self.height, self.width, self.dtype, times)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(self.offset)
                yield file
        except OSError as error:
            raise self._unreadable(f"{error.strerror or error}") from error

    def _fill(self, file: Any, pixels: NDArray[Any]) -> None:
        wanted = pixels.data.cast("B")
        while wanted:
            count = file.readinto(wanted)
            if not count:
                raise self._unreadable("it has become shorter while it was read")
            wanted = wanted[count:]

    def _unreadable(self, why: str) -> UnreadableFrame:
        return UnreadableFrame(f"{self.path} cannot be read.", f"{why}.", "copy it again from the camera.")


def plain_tiff(path: Path, image: Any, meaning: Meaning) -> PlainTiff | None:
    """Where the numbers of an image that libvips has opened lie in its file; None if they must be decoded."""
    if not image.get("vips-loader").startswith("tiff") or image.format not in _DTYPES or image.bands != 3:
        return None
    if meaning.kind != "rgb" or meaning.source is not None or orientation_of(image) != 1:
        return None
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page, order = file.pages.first, file.byteorder
            if not isinstance(page, tifffile.TiffPage) or not page.is_memmappable:
                return None
            dtype, offset, size = _DTYPES[image.format], page.dataoffsets[0], file.filehandle.size
            is_as_shown = page.shape == (image.height, image.width, 3) and page.dtype == np.dtype(dtype)
            is_rgb = page.photometric == tifffile.PHOTOMETRIC.RGB and page.planarconfig == tifffile.PLANARCONFIG.CONTIG
    except (OSError, ValueError, IndexError, tifffile.TiffFileError):
        return None
    if not (is_as_shown and is_rgb) or (dtype != "uint8" and order != _NATIVE) or offset + page.nbytes > size:
        return None
    return PlainTiff(path, offset, image.height, image.width, dtype)
