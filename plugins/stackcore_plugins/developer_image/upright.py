"""Turning a frame upright while it is decoded, in strips, so that no second copy of it is ever held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray

from stackcore.stacking.frame_memory import FRAMES

_STRIP_ROWS = 256
"""A multiple of the 8 lines that JPEG is read by."""

_SIDEWAYS = 5
"""EXIF orientations from here on swap width and height."""

_TURNS: dict[int, Callable[[Any], Any]] = {
    2: lambda a: cv2.flip(a, 1),
    3: lambda a: cv2.flip(a, -1),
    4: lambda a: cv2.flip(a, 0),
    5: cv2.transpose,
    6: lambda a: cv2.rotate(a, cv2.ROTATE_90_CLOCKWISE),
    7: lambda a: cv2.flip(cv2.transpose(a), -1),
    8: lambda a: cv2.rotate(a, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What turns a picture upright, by the EXIF tag Orientation (Exif 2.32, section 4.6.4 A)."""

_FROM_THE_END = (3, 4, 6, 7)
"""Orientations whose first stored row comes last."""

_DTYPES = {"uchar": "uint8", "ushort": "uint16", "float": "float32"}


def orientation_of(image: Any) -> int:
    """How the camera was held, 1 to 8; 1 where the file says nothing, or nothing that Exif knows."""
    stated = int(image.get("orientation")) if "orientation" in image.get_fields() else 1
    return stated if stated in _TURNS else 1


def upright_size(image: Any) -> tuple[int, int]:
    """Width and height after turning."""
    size = (int(image.width), int(image.height))
    return size[::-1] if orientation_of(image) >= _SIDEWAYS else size


def as_array(image: Any, *, is_frame: bool = False) -> NDArray[Any]:
    """All rows and bands as they are stored: (height, width, bands), in memory of numpy's, or that of frames.

    Both ask Linux for large pages, which libvips does not: a frame of 24 megapixels takes 400 page faults instead of
    18 000, and a quarter less time to decode.
    """
    shape, dtype = (image.height, image.width, image.bands), _DTYPES[image.format]
    array = FRAMES.empty(shape, dtype) if is_frame else np.empty(shape, dtype)
    image.write(pyvips.Image.new_from_memory(array, image.width, image.height, image.bands, image.format))
    return array


def upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A small picture (h, w, bands) turned upright."""
    if orientation == 1:
        return array
    return np.asarray(_TURNS[orientation](array)).reshape(*_turned_shape(array.shape, orientation))


def decode_upright(image: Any, orientation: int, take: Callable[[NDArray[Any], slice, slice], None]) -> None:
    """Decode `image` once from top to bottom and give each strip, upright, to `take(strip, rows, columns)`.

    `rows` and `columns` say where the strip, (n, m, bands), lies in the upright picture.
    """
    height, whole, rows_of = image.height, slice(None), _reader_of_rows(image)
    for top in range(0, height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, height)
        strip = upright(rows_of(top, bottom), orientation)
        place = slice(height - bottom, height - top) if orientation in _FROM_THE_END else slice(top, bottom)
        if orientation >= _SIDEWAYS:
            take(strip, whole, place)
        else:
            take(strip, place, whole)


def _reader_of_rows(image: Any) -> Callable[[int, int], NDArray[Any]]:
    """What decodes some rows, from `top` to `bottom` (not included); to be asked once for each, in order.

    After each evaluation libvips forgets the lines that it read ahead, and most files cannot be read backwards, so
    one region serves all strips. JPEGs are read in blocks of 8 lines, and nothing ahead: there each strip may be an
    evaluation of its own, which takes a third less time.
    """
    if "vips-loader" in image.get_fields() and image.get("vips-loader").startswith("jpeg"):
        return lambda top, bottom: as_array(image.crop(0, top, image.width, bottom - top))
    region, dtype = pyvips.Region.new(image), np.dtype(_DTYPES[image.format])

    def fetch(top: int, bottom: int) -> NDArray[Any]:
        shape = (bottom - top, image.width, image.bands)
        return np.ndarray(shape, dtype, region.fetch(0, top, image.width, bottom - top))

    return fetch


def _turned_shape(shape: tuple[int, ...], orientation: int) -> tuple[int, ...]:
    height, width, bands = shape
    return (width, height, bands) if orientation >= _SIDEWAYS else (height, width, bands)
