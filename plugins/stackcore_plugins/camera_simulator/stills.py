"""Files as a simulated camera delivers them: encoded, and saying SIMULATED in their metadata."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import pyvips
import tifffile
from numpy.typing import NDArray

from stackcore import __version__
from stackcore.protocols import CapturedFile
from stackcore.testing.dng import RawCamera, ShotNotes, dng_bytes
from stackcore.testing.sensor import Encoded, Sensor

LENS = "SIMULATED macro lens"
Kind = Literal["dng", "tiff16", "jpeg"]

BYTES_PER_PIXEL: Mapping[Kind, float] = {"dng": 2.0, "tiff16": 6.0, "jpeg": 1.2}
"""How large a still of each kind is, roughly."""

_QUALITY = 95
_MAKE_TAG, _MODEL_TAG, _ASCII = 271, 272, 2


@dataclass(frozen=True, kw_only=True)
class Label:
    """What the metadata of a file tell: camera, seed of the scene, position of focus, number of the shot, and when."""

    model: str
    seed: int
    focus_units: int
    shot: int
    taken_at: datetime

    @property
    def description(self) -> str:
        """One line that says what this is not."""
        return f"SIMULATED by stackcore, no photograph: scene {self.seed}, focus {self.focus_units}, shot {self.shot}"

    @property
    def date(self) -> str:
        """The time as EXIF writes it."""
        return f"{self.taken_at:%Y:%m:%d %H:%M:%S}"


def encode(counted: NDArray[np.float32], label: Label, kind: Kind) -> CapturedFile:
    """Make a file of what the sensor counted, linear (H, W, 3); a mosaic loses an odd last row and column."""
    if kind == "dng":
        return CapturedFile(data=_dng(counted, label), extension="dng")
    if kind == "tiff16":
        return CapturedFile(data=_tiff(Sensor.encode(counted, "uint16"), label), extension="tif")
    return CapturedFile(data=jpeg(Sensor.encode(counted, "uint8"), label), extension="jpg")


def jpeg(pixels: Encoded, label: Label) -> bytes:
    """Encode uint8 pixels (H, W, 3) as JPEG with EXIF."""
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")
    for field, text in _exif(label).items():
        image.set_type(pyvips.GValue.gstr_type, f"exif-{field}", text)
    data: bytes = image.jpegsave_buffer(Q=_QUALITY, subsample_mode="off")
    return data


def _exif(label: Label) -> Mapping[str, str]:
    return {
        "ifd0-ImageDescription": label.description,
        "ifd0-Make": "SIMULATED",
        "ifd0-Model": label.model,
        "ifd0-Software": f"stackcore {__version__}",
        "ifd0-DateTime": label.date,
        "ifd2-DateTimeOriginal": label.date,
        "ifd2-ExposureTime": "1/60",
        "ifd2-FNumber": "56/10",
        "ifd2-ISOSpeedRatings": "100",
        "ifd2-FocalLength": "100/1",
    }


def _dng(counted: NDArray[np.float32], label: Label) -> bytes:
    height, width = (side // 2 * 2 for side in counted.shape[:2])
    camera = RawCamera(model=label.model)
    notes = ShotNotes(description=label.description, taken=label.date, software=f"stackcore {__version__}")
    return dng_bytes(camera.mosaic(counted[:height, :width]), camera, notes)


def _tiff(pixels: Encoded, label: Label) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        pixels,
        photometric="rgb",
        description=label.description,
        software=f"stackcore {__version__}",
        datetime=label.date,
        metadata=None,
        extratags=[(_MAKE_TAG, _ASCII, 0, "SIMULATED", True), (_MODEL_TAG, _ASCII, 0, label.model, True)],
    )
    return buffer.getvalue()
