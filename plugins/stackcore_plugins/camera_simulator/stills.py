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
from stackcore.testing.exif import with_exif
from stackcore.testing.sensor import Encoded, Sensor

LENS = "SIMULATED macro lens"
Kind = Literal["dng", "tiff16", "jpeg"]

BYTES_PER_PIXEL: Mapping[Kind, float] = {"dng": 2.0, "tiff16": 6.0, "jpeg": 1.2}
"""How large a still of each kind is, roughly."""

_QUALITY = 95
_MAKE_TAG, _MODEL_TAG, _ASCII = 271, 272, 2


@dataclass(frozen=True, kw_only=True)
class Label:
    """What the metadata of a file tell: camera, what was before it, exposure, focus, number of the shot, and when."""

    model: str
    serial: str
    subject: str
    exposure_s: float
    iso: int
    focus_units: int
    shot: int
    taken_at: datetime

    @property
    def description(self) -> str:
        """One line that says what this is not."""
        return f"SIMULATED by stackcore, no photograph: {self.subject}, focus {self.focus_units}, shot {self.shot}"

    @property
    def date(self) -> str:
        """The time as EXIF writes it."""
        return f"{self.taken_at:%Y:%m:%d %H:%M:%S}"

    @property
    def notes(self) -> ShotNotes:
        """What a raw file tells of the shot."""
        return ShotNotes(
            iso=self.iso,
            exposure_s=self.exposure_s,
            description=self.description,
            taken=self.date,
            software=f"stackcore {__version__}",
        )


def encode(counted: NDArray[np.float32], label: Label, kind: Literal["tiff16", "jpeg"]) -> CapturedFile:
    """Make a finished picture of what the sensor counted, linear (H, W, 3)."""
    if kind == "tiff16":
        return CapturedFile(data=_tiff(Sensor.encode(counted, "uint16"), label), extension="tif")
    return CapturedFile(data=jpeg(Sensor.encode(counted, "uint8"), label), extension="jpg")


def encode_raw(mosaic: NDArray[np.uint16], camera: RawCamera, label: Label) -> CapturedFile:
    """Make a raw file of what the photosites counted, (H, W)."""
    return CapturedFile(data=dng_bytes(mosaic, camera, label.notes), extension="dng")


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
        "ifd2-FNumber": "56/10",
        "ifd2-FocalLength": "100/1",
        "ifd2-BodySerialNumber": label.serial,
        **{key.replace("Exif.Photo.", "ifd2-"): text for key, text in label.notes.fields.items()},
    }


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
    return with_exif(buffer.getvalue(), {**label.notes.fields, "Exif.Photo.BodySerialNumber": label.serial})
