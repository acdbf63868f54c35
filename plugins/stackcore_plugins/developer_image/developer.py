"""Reading image files through libvips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyvips

from stackcore.errors import UnreadableFrame
from stackcore.protocols import Decoded, Development, FrameInfo, Mosaic
from stackcore.terms import Pixels

_DTYPES = {"uchar": "uint8", "ushort": "uint16", "float": "float32"}
_PIXEL_LIMIT = 1_000_000_000
"""A frame of more than a gigapixel is taken for an image bomb."""
_SIDEWAYS = 5
"""EXIF orientations from here on swap width and height."""
_COLOURS = ("b-w", "grey16", "srgb", "rgb", "rgb16", "scrgb", "multiband")
"""What libvips calls numbers that are grey or RGB as they stand."""


class ImageDeveloper:
    """Decodes whatever libvips reads into RGB; orientation is applied, alpha is dropped, grey becomes RGB."""

    def prepare(self, reference: Path, development: Development) -> None:
        """Nothing to fix: image files are developed already."""

    def probe(self, path: Path) -> FrameInfo:
        """Size after orientation, dtype and ICC profile, from the header."""
        image = _open(path)
        width, height = image.width, image.height
        if _orientation(image) >= _SIDEWAYS:
            width, height = height, width
        # The profile of a CMYK file says nothing about the RGB that it is converted to.
        has_profile = "icc-profile-data" in image.get_fields() and image.interpretation != "cmyk"
        icc = bytes(image.get("icc-profile-data")) if has_profile else None
        return FrameInfo(
            width=width,
            height=height,
            dtype=_dtype(image, path),
            icc=icc,
            orientation=_orientation(image),
            is_developed=True,
        )

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """Shrink on load where the format can (JPEG, WebP)."""
        image = _open(path)
        dtype = _dtype(image, path)
        try:
            if dtype == "uint8" and not image.hasalpha():
                shrunk = pyvips.Image.thumbnail(
                    str(path), max_size_px, height=max_size_px, size="down", fail_on="error"
                )
                return Decoded(_pixels(_rgb(shrunk, path), dtype, path))
            # `thumbnail` makes 8 bits of everything, takes float for linear light, and blackens what is transparent.
            rgb = _rgb(image, path)
            scale = max_size_px / max(rgb.width, rgb.height)
            return Decoded(_upright(rgb if scale >= 1 else rgb.resize(scale), dtype, path))
        except pyvips.Error as error:
            raise _unreadable(path, error) from error

    def read(self, path: Path) -> Decoded:
        """Decode everything; a truncated file is an error, never a grey patch."""
        image = _open(path)
        dtype = _dtype(image, path)
        try:
            return Decoded(_upright(_rgb(image, path), dtype, path))
        except pyvips.Error as error:
            raise _unreadable(path, error) from error

    def mosaic(self, path: Path) -> Mosaic:
        """There is none in a finished picture."""
        raise UnreadableFrame(
            f"{path} holds no mosaic.", "it is a finished picture, not a raw file.", "name the camera's raw file."
        )


def _open(path: Path) -> Any:
    try:
        image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="error")
    except pyvips.Error as error:
        raise _unreadable(path, error) from error
    if image.width * image.height > _PIXEL_LIMIT:
        raise UnreadableFrame(
            f"{path} is too large.",
            f"it claims {image.width}x{image.height} pixels, the limit is {_PIXEL_LIMIT / 1e6:.0f} megapixels.",
            "check that it is a photograph.",
        )
    return image


def _orientation(image: Any) -> int:
    return int(image.get("orientation")) if "orientation" in image.get_fields() else 1


def _dtype(image: Any, path: Path) -> str:
    if image.format not in _DTYPES:
        raise UnreadableFrame(
            f"{path} holds {image.format} pixels.",
            "frames have 8 or 16 bits per channel, or are floating point.",
            "convert it to 16-bit TIFF.",
        )
    return _DTYPES[image.format]


def _rgb(image: Any, path: Path) -> Any:
    """Three channels of RGB in the depth of the file."""
    if image.interpretation == "cmyk":
        image = image.colourspace("rgb16" if image.format == "ushort" else "srgb")
    if image.interpretation not in _COLOURS:
        raise UnreadableFrame(
            f"{path} holds {image.interpretation} colours.", "a frame is grey or RGB.", "convert it to 16-bit RGB."
        )
    if image.bands in (2, 4):
        image = image.extract_band(0, n=image.bands - 1)
    if image.bands == 1:
        image = image.bandjoin([image, image])
    if image.bands != 3:
        raise UnreadableFrame(
            f"{path} has {image.bands} channels.",
            "a frame is grey or RGB, with or without alpha.",
            "convert it to RGB.",
        )
    return image


def _upright(image: Any, dtype: str, path: Path) -> Pixels:
    """Decode from top to bottom, then turn: a file is not read in the order that turning asks for."""
    return _pixels(image if _orientation(image) == 1 else image.copy_memory().autorot(), dtype, path)


def _pixels(image: Any, dtype: str, path: Path) -> Pixels:
    pixels: Pixels = np.ndarray(
        buffer=image.write_to_memory(), dtype=np.dtype(dtype), shape=(image.height, image.width, 3)
    )
    if dtype == "float32" and not np.isfinite(pixels).all():  # one of them spreads over the whole result
        raise UnreadableFrame(
            f"{path} holds pixels that are no numbers.",
            f"{int(np.count_nonzero(~np.isfinite(pixels)))} of its values are NaN or infinite.",
            "fill them in with the program that made the file, or leave the frame out.",
        )
    return pixels


def _unreadable(path: Path, error: pyvips.Error) -> UnreadableFrame:
    lines = [line for line in error.detail.splitlines() if line.strip()]
    return UnreadableFrame(
        f"{path} cannot be read.",
        f"it is damaged, truncated or not what its extension says ({lines[0] if lines else error.message}).",
        "copy it again from the camera, or leave it out.",
    )
