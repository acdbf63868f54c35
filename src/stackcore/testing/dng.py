"""Small raw files with known light: a Bayer mosaic written as DNG, which LibRaw opens like a camera's."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

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
    black
        Number of no light, at each place of the 2x2 mosaic: red, green, green, blue.
    white
        Number from which a photosite is full.
    neutral
        What the sensor's red, green and blue answer to a neutral grey, relative to each other, 0 to 1.
    orientation
        EXIF orientation, 1 to 8.
    model
        Its name.
    """

    black: tuple[int, int, int, int] = (512, 512, 512, 512)
    white: int = 16383
    neutral: tuple[float, float, float] = (0.5, 1.0, 0.625)
    orientation: int = 1
    model: str = "SIMULATED raw camera"

    def mosaic(self, light: NDArray[np.float32]) -> NDArray[np.uint16]:
        """What the sensor counts.

        `light` is (H, W, 3) linear, as a neutral camera would see it; 1 fills every channel in spite of `neutral`,
        so that it comes out white, and more is clipped. H and W are even. Returns (H, W), red at the top left.
        """
        if light.shape[0] % 2 or light.shape[1] % 2:
            raise ValueError(f"a mosaic has an even number of rows and columns, not {light.shape[:2]}")
        out = np.empty(light.shape[:2], np.uint16)
        for place, channel in enumerate((0, 1, 1, 2)):
            y, x = divmod(place, 2)
            level = light[y::2, x::2, channel] * self.neutral[channel]
            counts = self.black[place] + level * (self.white - self.black[place])
            out[y::2, x::2] = np.rint(np.clip(counts, 0, self.white))
        return out


def write_dng(path: Path, light: NDArray[np.float32], camera: RawCamera | None = None) -> Path:
    """Photograph linear `light` (H, W, 3) with a made-up camera, and write it as an uncompressed 16-bit DNG.

    Returns `path`. See `RawCamera.mosaic` for the range of `light`.
    """
    path.write_bytes(dng_bytes(light, camera))
    return path


def dng_bytes(
    light: NDArray[np.float32],
    camera: RawCamera | None = None,
    *,
    description: str | None = None,
    taken: str | None = None,
    software: str = "stackcore.testing, no photograph",
) -> bytes:
    """Return what `write_dng` writes; `description` and `taken` ("2026:11:22 18:15:00") go into its metadata."""
    camera = RawCamera() if camera is None else camera
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(
            camera.mosaic(light),
            photometric=_CFA,
            compression=None,
            metadata=None,
            description=description,
            datetime=taken,
            software=software,
            extratags=_tags(camera),
        )
    return buffer.getvalue()


def _tags(camera: RawCamera) -> list[tuple[int, int, int, object, bool]]:
    name = camera.model.encode() + b"\0"
    return [
        (271, _ASCII, 10, b"SIMULATED\0", True),  # Make
        (272, _ASCII, len(name), name, True),  # Model
        (274, _SHORT, 1, camera.orientation, True),
        (33421, _SHORT, 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, _BYTE, 4, bytes((0, 1, 1, 2)), True),  # CFAPattern: red, green, green, blue
        (50706, _BYTE, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50707, _BYTE, 4, bytes((1, 1, 0, 0)), True),  # DNGBackwardVersion
        (50708, _ASCII, len(name), name, True),  # UniqueCameraModel
        (50713, _SHORT, 2, (2, 2), True),  # BlackLevelRepeatDim
        (50714, _SHORT, 4, camera.black, True),  # BlackLevel
        (50717, _LONG, 1, camera.white, True),  # WhiteLevel
        (50721, _SRATIONAL, 9, _ratios(_XYZ_TO_SRGB.ravel().tolist()), True),  # ColorMatrix1
        (50728, _RATIONAL, 3, _ratios(camera.neutral), True),  # AsShotNeutral
        (50778, _SHORT, 1, _D65, True),  # CalibrationIlluminant1
    ]


def _ratios(values: Sequence[float]) -> tuple[int, ...]:
    return tuple(part for value in values for part in (round(value * 10_000), 10_000))
