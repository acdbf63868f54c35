"""Small raw files with known numbers: a mosaic written as DNG, which LibRaw opens like a camera's."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import TypeVar

import numpy as np
import tifffile
from numpy.typing import NDArray

from stackcore.testing.exif import with_exif

T = TypeVar("T", bound=np.generic)

XTRANS = "GGRGGB" + "GGBGGR" + "BRGRBG" + "GGBGGR" + "GGRGGB" + "RBGBRG"
"""The 6x6 block of Fujifilm's X-Trans sensors. LibRaw fills colours in pictures of at least 512 x 512 pixels only."""

_CFA = 32803
"""Photometric interpretation of a mosaic, DNG 1.4 chapter 2; the tags below are of chapter 4."""

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10

_XYZ_TO_SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
"""IEC 61966-2-1, for daylight of 6500 K: a camera whose channels are those of sRGB."""

_D65 = 21


@dataclass(frozen=True, kw_only=True)
class RawCamera:
    """What a made-up camera writes into each file.

    Attributes
    ----------
    pattern
        Letters of the smallest block of colour filters, row by row: `RGGB`, `BGGR`, `GRBG`, `GBRG` or `XTRANS`.
    black
        Number of no light, at each of the four places of a Bayer block, row by row; X-Trans uses the first.
    white
        Number from which a photosite is full: 4095 for 12 bits, 16383 for 14, 65535 for 16.
    neutral
        What the sensor's red, green and blue answer to a neutral grey, relative to each other, 0 to 1; the body
        notes it as its white balance.
    margins
        Masked photosites left, above, right and below of the picture. LibRaw wants even ones for Bayer, and at most
        5 above and 6 to the left for X-Trans.
    orientation
        EXIF orientation, 1 to 8.
    make, model, serial
        Who it says it is.
    """

    pattern: str = "RGGB"
    black: tuple[int, int, int, int] = (512, 512, 512, 512)
    white: int = 16383
    neutral: tuple[float, float, float] = (0.5, 1.0, 0.625)
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)
    orientation: int = 1
    make: str = "SIMULATED"
    model: str = "SIMULATED raw camera"
    serial: str = ""

    @property
    def block(self) -> NDArray[np.uint8]:
        """The smallest block of filters, (2, 2) or (6, 6): 0 red, 1 green, 2 blue, 3 the green beside blue (Bayer)."""
        side = isqrt(len(self.pattern))
        block = np.array(["RGB".index(letter) for letter in self.pattern], np.uint8).reshape(side, side)
        if side == 2:
            block[(block == 1) & (block == 2).any(axis=1, keepdims=True)] = 3
        return block

    def channels(self, height: int, width: int) -> NDArray[np.uint8]:
        """Channel of every photosite of a picture, (height, width), numbered as in `block`."""
        return tiled(self.block, height, width)

    def blacks(self, height: int, width: int) -> NDArray[np.float32]:
        """Black of every photosite of a picture, (height, width) float32."""
        block = np.array(self.black, np.float32).reshape(2, 2)
        return tiled(block if self.block.shape == (2, 2) else block[:1, :1], height, width)

    def mosaic(self, light: NDArray[np.float32]) -> NDArray[np.uint16]:
        """What the sensor counts.

        `light` is (H, W, 3) linear, as a neutral camera would see it; 1 fills every channel in spite of `neutral`,
        so that it comes out white, and more is clipped. H and W are even for Bayer. Returns (H, W).
        """
        height, width = light.shape[:2]
        if len(self.pattern) == 4 and (height % 2 or width % 2):
            raise ValueError(f"a mosaic has an even number of rows and columns, not {light.shape[:2]}")
        black = self.blacks(height, width)
        counts = black + one_colour_each(light, self.channels(height, width), self.neutral) * (self.white - black)
        mosaic: NDArray[np.uint16] = np.rint(np.clip(counts, 0, self.white)).astype(np.uint16)
        return mosaic


@dataclass(frozen=True, kw_only=True)
class ShotNotes:
    """What a file tells of its shot; None is left out.

    Attributes
    ----------
    iso, exposure_s
        Sensitivity, and exposure time in seconds.
    description, taken, software
        Free text, local time as EXIF writes it ("2026:11:22 18:15:00"), and what made the file.
    """

    iso: int | None = None
    exposure_s: float | None = None
    description: str | None = None
    taken: str | None = None
    software: str = "stackcore.testing, no photograph"

    @property
    def fields(self) -> dict[str, str]:
        """Sensitivity, time and date as fields of EXIF, named as Exiv2 names them."""
        fields = {}
        if self.iso is not None:
            fields["Exif.Photo.ISOSpeedRatings"] = str(self.iso)
        if self.exposure_s is not None:
            time = Fraction(self.exposure_s).limit_denominator(10_000)
            fields["Exif.Photo.ExposureTime"] = f"{time.numerator}/{time.denominator}"
        if self.taken is not None:
            fields["Exif.Photo.DateTimeOriginal"] = self.taken
        return fields


def write_dng(
    path: Path, light: NDArray[np.float32], camera: RawCamera | None = None, notes: ShotNotes | None = None
) -> Path:
    """Photograph linear `light` (H, W, 3) with a made-up camera, and write it as an uncompressed 16-bit DNG.

    Returns `path`. See `RawCamera.mosaic` for the range of `light`.
    """
    camera = RawCamera() if camera is None else camera
    path.write_bytes(dng_bytes(camera.mosaic(light), camera, notes))
    return path


def dng_bytes(mosaic: NDArray[np.uint16], camera: RawCamera | None = None, notes: ShotNotes | None = None) -> bytes:
    """Return an uncompressed 16-bit DNG of `mosaic` (H, W), the picture without margins, which are added as black."""
    camera = RawCamera() if camera is None else camera
    notes = ShotNotes() if notes is None else notes
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(
            _with_margins(mosaic, camera),
            photometric=_CFA,
            compression=None,
            metadata=None,
            description=notes.description,
            datetime=notes.taken,
            software=notes.software,
            extratags=_tags(camera, *mosaic.shape),
        )
    fields = notes.fields | ({"Exif.Photo.BodySerialNumber": camera.serial} if camera.serial else {})
    return with_exif(buffer.getvalue(), fields) if fields else buffer.getvalue()


def tiled(block: NDArray[T], height: int, width: int) -> NDArray[T]:
    """Repeat a block from the top left over (height, width), cut where it does not fit."""
    repeat = (-(-height // block.shape[0]), -(-width // block.shape[1]))
    return np.ascontiguousarray(np.tile(block, repeat)[:height, :width])


def one_colour_each(
    light: NDArray[np.float32], channels: NDArray[np.uint8], answers: Sequence[float]
) -> NDArray[np.float32]:
    """Light that each photosite sees through its filter, (H, W) float32.

    `light` is (H, W, 3), `channels` (H, W) as `RawCamera.channels` numbers them, `answers` the factor of each channel;
    with three of them both greens have the same.
    """
    answers = (*answers, answers[1])[:4]
    seen = np.empty(channels.shape, np.float32)
    for channel, answer in enumerate(answers):
        here = channels == channel
        seen[here] = light[..., channel if channel < 3 else 1][here] * np.float32(answer)
    return seen


def _with_margins(mosaic: NDArray[np.uint16], camera: RawCamera) -> NDArray[np.uint16]:
    left, top, right, bottom = camera.margins
    if not any(camera.margins):
        return mosaic
    height, width = mosaic.shape
    whole = np.full((top + height + bottom, left + width + right), camera.black[0], np.uint16)
    whole[top : top + height, left : left + width] = mosaic
    return whole


def _tags(camera: RawCamera, height: int, width: int) -> list[tuple[int, int, int, object, bool]]:
    block = camera.block
    bayer = block.shape == (2, 2)
    left, top, _, _ = camera.margins
    tags: list[tuple[int, int, int, object, bool]] = [
        _text(271, camera.make),  # Make
        _text(272, camera.model),  # Model
        (274, _SHORT, 1, camera.orientation, True),
        (33421, _SHORT, 2, block.shape, True),  # CFARepeatPatternDim
        (33422, _BYTE, block.size, bytes("RGB".index(letter) for letter in camera.pattern), True),  # CFAPattern
        (50706, _BYTE, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50707, _BYTE, 4, bytes((1, 1, 0, 0)), True),  # DNGBackwardVersion
        _text(50708, camera.model),  # UniqueCameraModel
        (50713, _SHORT, 2, (2, 2) if bayer else (1, 1), True),  # BlackLevelRepeatDim
        (50714, _SHORT, 4 if bayer else 1, camera.black if bayer else camera.black[0], True),  # BlackLevel
        (50717, _LONG, 1, camera.white, True),  # WhiteLevel
        (50721, _SRATIONAL, 9, _ratios(_XYZ_TO_SRGB.ravel().tolist()), True),  # ColorMatrix1
        (50728, _RATIONAL, 3, _ratios(camera.neutral), True),  # AsShotNeutral
        (50778, _SHORT, 1, _D65, True),  # CalibrationIlluminant1
    ]
    if camera.serial:
        tags.append(_text(50735, camera.serial))  # CameraSerialNumber
    if any(camera.margins):
        tags.append((50829, _LONG, 4, (top, left, top + height, left + width), True))  # ActiveArea
    return tags


def _text(code: int, text: str) -> tuple[int, int, int, object, bool]:
    ended = text.encode() + b"\0"
    return (code, _ASCII, len(ended), ended, True)


def _ratios(values: Sequence[float]) -> tuple[int, ...]:
    return tuple(part for value in values for part in (round(value * 10_000), 10_000))
