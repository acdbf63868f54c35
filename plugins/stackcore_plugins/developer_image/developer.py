"""Reading image files through libvips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from stackcore.errors import UnreadableFrame
from stackcore.protocols import Decoded, Development, FrameInfo, Mosaic
from stackcore.stacking.reducing import by_areas, opaque_parts, reduced_where_opaque, times_larger
from stackcore.terms import FULL_SCALE, Pixels
from stackcore_plugins.developer_image.colours import Meaning, kind_of, meaning_of, profile_of, to_rgb
from stackcore_plugins.developer_image.files import opened, read_strictly
from stackcore_plugins.developer_image.plain_tiff import plain_tiff
from stackcore_plugins.developer_image.plugin import ImageOptions
from stackcore_plugins.developer_image.upright import as_array, decode_upright, orientation_of, upright, upright_size

_DTYPES = {"uchar": "uint8", "ushort": "uint16", "float": "float32"}
_COLOUR_BANDS = {"grey": 1, "rgb": 3, "cmyk": 4}


class ImageDeveloper:
    """Decodes what libvips reads into upright RGB of one ICC profile, that of the reference, and says what is valid.

    Numbers are kept wherever the profile allows it. Alpha is taken for validity: opaque pixels are picture.
    """

    def __init__(self, options: ImageOptions | None = None) -> None:
        self._options = options or ImageOptions()
        self._target: bytes | None = None
        self._prepared = False

    def prepare(self, reference: Path, development: Development) -> None:
        """Take the ICC profile from the reference frame; none, or none of RGB, stands for sRGB.

        A codec that is missing here is found out now, not after the survey of a long stack.
        """
        image = opened(reference, self._options)
        self._target = profile_of(image, reference)
        if "heif-compression" in image.get_fields():
            read_strictly(reference, self._options, lambda image, fail_on: image.crop(0, 0, 1, 1).avg())
        self._prepared = True

    def probe(self, path: Path) -> FrameInfo:
        """Size after orientation, dtype, profile and what becomes of the colours, from the header."""
        image = opened(path, self._options)
        dtype, target = _dtype(image, path), self._profile_for(image, path)
        meaning = meaning_of(image, path, target)
        width, height = upright_size(image)
        return FrameInfo(
            width=width,
            height=height,
            dtype=dtype,
            icc=target,
            orientation=orientation_of(image),
            is_developed=True,
            colours=meaning.note,
        )

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """Shrink on load where the format can (JPEG, WebP)."""

        def read(image: Any, fail_on: str) -> Decoded:
            dtype, target = _dtype(image, path), self._profile_for(image, path)
            meaning = meaning_of(image, path, target)
            has_alpha = image.bands > _COLOUR_BANDS[meaning.kind]
            times = times_larger(image.width, image.height, max_size_px)
            if times and not has_alpha:
                return _checked(_reduced_large(image, times, meaning, target, max_size_px, path, fail_on), None, path)
            if dtype == "uint8" and not has_alpha and meaning.kind != "cmyk":
                # It makes 8 bits of everything, takes float for linear light, and blackens what is transparent.
                shrunk = pyvips.Image.thumbnail(
                    str(path), max_size_px, height=max_size_px, size="down", fail_on=fail_on
                )
                return _checked(as_array(to_rgb(shrunk, meaning, target)), None, path)
            scale = max_size_px / max(image.width, image.height)
            if scale >= 1:
                return _decoded(image, meaning, target, path)
            if has_alpha:
                return _reduced_with_alpha(image, meaning, target, scale, path)
            small = to_rgb(_full_range(image).resize(scale), meaning, target)
            return _checked(upright(as_array(small), orientation_of(image)), None, path)

        return read_strictly(path, self._options, read)

    def read(self, path: Path) -> Decoded:
        """Decode everything; a truncated file is an error, never a grey patch."""

        def read(image: Any, fail_on: str) -> Decoded:
            _dtype(image, path)
            target = self._profile_for(image, path)
            return _decoded(image, meaning_of(image, path, target), target, path)

        return read_strictly(path, self._options, read)

    def mosaic(self, path: Path) -> Mosaic:
        """There is none in a finished picture."""
        raise UnreadableFrame(
            f"{path} holds no mosaic.", "it is a finished picture, not a raw file.", "name the camera's raw file."
        )

    def _profile_for(self, image: Any, path: Path) -> bytes | None:
        """That of the stack; as long as there is none, each file's own."""
        return self._target if self._prepared else profile_of(image, path)


def _decoded(image: Any, meaning: Meaning, target: bytes | None, path: Path) -> Decoded:
    if (plain := plain_tiff(path, image, meaning)) is not None:
        return Decoded(plain.read())
    orientation = orientation_of(image)
    colours, alpha = _parts(_full_range(image), meaning)
    rgb = to_rgb(colours, meaning, target)
    if alpha is None and orientation == 1:
        return _checked(as_array(rgb, is_frame=True), None, path)
    width, height = upright_size(image)
    dtype = _DTYPES[image.format]
    pixels = np.empty((height, width, 3), dtype)
    valid = None if alpha is None else np.empty((height, width), np.bool_)

    def take(strip: NDArray[Any], rows: slice, columns: slice) -> None:
        pixels[rows, columns] = strip[..., :3]
        if valid is not None:
            valid[rows, columns] = strip[..., 3] == FULL_SCALE[dtype]

    joined = rgb if alpha is None else rgb.bandjoin(alpha.copy(interpretation=rgb.interpretation))
    decode_upright(joined, orientation, take)
    return _checked(pixels, valid, path)


def _reduced_large(
    image: Any, times: int, meaning: Meaning, target: bytes | None, max_size_px: int, path: Path, fail_on: str
) -> Pixels:
    """Means over areas, in two steps; of a JPEG the first is part of decoding, most of which is not done then.

    What libvips does to reduce an image is better for small ones, and takes three times as long for a large TIFF.
    """
    if image.get("vips-loader").startswith("jpeg"):
        small = pyvips.Image.new_from_file(str(path), access="sequential", shrink=times, fail_on=fail_on)
    elif (plain := plain_tiff(path, image, meaning)) is not None:
        return by_areas(plain.shrunk(times), max_size_px)
    else:
        small = _full_range(image).shrink(times, times)
    return by_areas(upright(as_array(to_rgb(small, meaning, target)), orientation_of(image)), max_size_px)


def _reduced_with_alpha(image: Any, meaning: Meaning, target: bytes | None, scale: float, path: Path) -> Decoded:
    """The mean of what is valid alone, so that nothing bleeds out of the parts that are not."""
    colours, alpha = _parts(_full_range(image), meaning)
    rgb = to_rgb(colours, meaning, target)
    small = upright(reduced_where_opaque(rgb, alpha, scale), orientation_of(image))
    pixels, valid = opaque_parts(small, _DTYPES[image.format])
    return _checked(pixels, valid, path)


def _dtype(image: Any, path: Path) -> str:
    if image.format not in _DTYPES:
        raise UnreadableFrame(
            f"{path} holds {image.format} pixels.",
            "frames have 8 or 16 bits per channel, or are floating point.",
            "convert it to 16-bit TIFF.",
        )
    kind_of(image, path)
    return _DTYPES[image.format]


def _full_range(image: Any) -> Any:
    """AVIF and HEIC of 10 and 12 bits come in the upper bits of 16; the lower are filled, so that white is white."""
    if image.format == "ushort" and "heif-compression" in image.get_fields():
        bits = int(image.get("bits-per-sample"))
        if bits < 16:
            return image | (image >> bits)
    return image


def _parts(image: Any, meaning: Meaning) -> tuple[Any, Any]:
    """Colours, and alpha or None."""
    bands = _COLOUR_BANDS[meaning.kind]
    if image.bands == bands:
        return image, None
    return image.extract_band(0, n=bands), image.extract_band(bands)


def _checked(pixels: Pixels, valid: NDArray[np.bool_] | None, path: Path) -> Decoded:
    """A decoded frame whose valid pixels are numbers; `valid` is None when all are."""
    if valid is not None:
        if not valid.any():
            raise UnreadableFrame(
                f"{path} is transparent all over.",
                "its alpha leaves no pixel that is fully opaque.",
                "leave it out, or mend its alpha channel.",
            )
        if valid.all():
            valid = None
    if pixels.dtype != np.float32:
        return Decoded(pixels, valid)
    finite = np.isfinite(pixels).all(axis=2)
    bad = ~finite if valid is None else ~finite & valid
    if bad.any():  # one of them spreads over the whole result
        raise UnreadableFrame(
            f"{path} holds pixels that are no numbers.",
            f"{int(np.count_nonzero(bad))} of its pixels are NaN or infinite.",
            "fill them in with the program that made the file, or leave the frame out.",
        )
    pixels[~finite] = 0
    return Decoded(pixels, valid)
