"""Small files with known pixels, for trying developers: pictures as TIFF, PNG and JPEG, raw files as DNG."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from stackcore.terms import FULL_SCALE, Pixels
from stackcore.testing.dng import write_dng

WIDTH, HEIGHT = 98, 62
_JPEG_QUALITY = 95
_JPEG_OFF = 12 / 255


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file, and what is known of it; None where nothing is.

    Attributes
    ----------
    path
        The file; nobody may change it.
    width, height
        Size of what is in it, pixels.
    pixels
        What `read` should give, (H, W, 3).
    tolerance
        How far from that it may be, as a fraction of full scale; 0 for formats that lose nothing.
    """

    path: Path
    width: int | None = None
    height: int | None = None
    pixels: Pixels | None = None
    tolerance: float = 0.0

    def __str__(self) -> str:
        return self.path.name


def texture(seed: int = 0) -> NDArray[np.float32]:
    """A smooth texture in colour, (62, 98, 3) float32, 0.05 to 0.9."""
    noise = np.random.default_rng([seed, 31]).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return np.asarray(0.05 + 0.85 * smooth, np.float32)


def write_samples(folder: Path, suffixes: Collection[str], seed: int = 0) -> list[Sample]:
    """Write a file of each of these suffixes that stackcore can write; none where it can write none of them."""
    return [sample for suffix, write in _WRITERS.items() if suffix in suffixes for sample in write(folder, seed)]


def write_shot_of(folder: Path, suffixes: Collection[str], light: NDArray[np.float32], name: str) -> Path | None:
    """Write a raw file of linear `light` (H, W, 3), 0 to 1; None where none of these suffixes can be written."""
    return write_dng(folder / f"{name}.dng", light) if ".dng" in suffixes else None


def _tiffs(folder: Path, seed: int) -> Iterator[Sample]:
    for dtype in ("uint8", "uint16", "float32"):
        pixels = _whole(texture(seed), dtype)
        path = folder / f"{dtype}.tif"
        tifffile.imwrite(path, pixels, photometric="rgb")
        yield Sample(path=path, width=WIDTH, height=HEIGHT, pixels=pixels)


def _pngs(folder: Path, seed: int) -> Iterator[Sample]:
    for dtype in ("uint8", "uint16"):
        pixels = _whole(texture(seed), dtype)
        path = folder / f"{dtype}.png"
        path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
        yield Sample(path=path, width=WIDTH, height=HEIGHT, pixels=pixels)


def _jpegs(folder: Path, seed: int) -> Iterator[Sample]:
    pixels = _whole(texture(seed), "uint8")
    path = folder / "picture.jpg"
    encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    path.write_bytes(encoded.tobytes())
    yield Sample(path=path, width=WIDTH, height=HEIGHT, pixels=pixels, tolerance=_JPEG_OFF)


def _dngs(folder: Path, seed: int) -> Iterator[Sample]:
    yield Sample(path=write_dng(folder / "shot.dng", texture(seed)), width=WIDTH, height=HEIGHT)


_WRITERS: dict[str, Callable[[Path, int], Iterator[Sample]]] = {
    ".tif": _tiffs,
    ".png": _pngs,
    ".jpg": _jpegs,
    ".dng": _dngs,
}


def _whole(picture: NDArray[np.float32], dtype: str) -> Pixels:
    if dtype == "float32":
        return picture
    whole: Pixels = np.rint(picture * FULL_SCALE[dtype]).astype(dtype)
    return whole
