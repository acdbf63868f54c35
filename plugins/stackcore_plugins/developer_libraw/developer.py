"""Developing camera raw files through LibRaw, with nothing that varies from frame to frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rawpy

from stackcore.errors import UnreadableFrame
from stackcore.protocols import Decoded, Development, FrameInfo, Mosaic
from stackcore.terms import Pixels
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

_GAMMA = {"srgb": (2.4, 12.92), "linear": (1.0, 1.0)}
_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}
"""EXIF orientation of LibRaw's flip codes."""
_TRANSPOSED = 4
"""The bit of LibRaw's flip codes that swaps width and height."""


class LibRawDeveloper:
    """16-bit RGB with the reference frame's white balance, black and white level for all.

    LibRaw's own defaults adapt to each frame: automatic brightening, and a white level reset from the brightest pixel
    (`adjust_maximum_thr`), which alone makes frames flicker by a fifth. Both are off here.
    """

    def __init__(self, options: LibRawOptions) -> None:
        self._options = options
        self._fixed: dict[str, Any] = {}

    def prepare(self, reference: Path, development: Development) -> None:
        """Take white balance, black, white and orientation from the reference frame."""
        with _opened(reference) as raw:
            balance = [float(v) for v in raw.camera_whitebalance]
            if balance[3] == 0:
                balance[3] = balance[1]
            self._fixed = {
                "user_wb": balance if min(balance) > 0 else [float(v) for v in raw.daylight_whitebalance],
                **_levels(raw),
                "user_flip": int(raw.sizes.flip),
                "gamma": _GAMMA[development.encoding],
                "no_auto_bright": True,
                "adjust_maximum_thr": 0.0,
                "output_bps": 16,
                "highlight_mode": rawpy.HighlightMode.Clip,
                "output_color": rawpy.ColorSpace.sRGB,
                "demosaic_algorithm": rawpy.DemosaicAlgorithm[self._options.demosaic.upper()],
            }

    def probe(self, path: Path) -> FrameInfo:
        """Size as it will be developed."""
        with _opened(path) as raw:
            sizes = raw.sizes
            width, height = int(sizes.width), int(sizes.height)
            if int(self._fixed.get("user_flip", sizes.flip)) & _TRANSPOSED:
                width, height = height, width
            orientation, has_mosaic = _ORIENTATIONS.get(int(sizes.flip), 1), raw.raw_type == rawpy.RawType.Flat
        return FrameInfo(width=width, height=height, dtype="uint16", orientation=orientation, has_mosaic=has_mosaic)

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """Half size without demosaicing, then reduced."""
        pixels = self._develop(path, half_size=True)
        scale = max_size_px / max(pixels.shape[:2])
        if scale >= 1:
            return Decoded(pixels)
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        return Decoded(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint16))

    def read(self, path: Path) -> Decoded:
        """Develop the whole frame."""
        return Decoded(self._develop(path, half_size=False))

    def mosaic(self, path: Path) -> Mosaic:
        """The visible area as it was counted."""
        with _opened(path) as raw:
            return _mosaic(raw, path)

    def _develop(self, path: Path, *, half_size: bool) -> Pixels:
        with _opened(path) as raw:
            developed: Pixels = raw.postprocess(half_size=half_size, **self._fixed)
        return developed


def _mosaic(raw: Any, path: Path) -> Mosaic:
    if raw.raw_type != rawpy.RawType.Flat:
        raise UnreadableFrame(
            f"{path} holds no mosaic.",
            "its pixels have all three colours already.",
            "leave out what corrects photosites.",
        )
    colours = raw.raw_colors_visible
    h, w = raw.raw_pattern.shape
    pattern = np.ascontiguousarray(colours[:h, :w], np.uint8)
    names = raw.color_desc.decode()
    channels = int(pattern.max()) + 1
    return Mosaic(
        values=np.ascontiguousarray(raw.raw_image_visible),
        pattern=pattern,
        colours=names[:channels],
        black=tuple(float(level) for level in raw.black_level_per_channel[:channels]),
        white=int(raw.white_level),
    )


def _levels(raw: Any) -> dict[str, Any]:
    """Black of each channel, and the number above it that means white.

    LibRaw wants white counted from black, of which the highest is taken: then a photosite that is full is white in
    all channels. A mosaic that is not 2x2 keeps the levels of its file, for rawpy cannot tell its black.
    """
    if raw.raw_pattern is None or raw.raw_pattern.shape != (2, 2):
        return {}
    black = [int(level) for level in raw.black_level_per_channel]
    return {"user_black": 0, "user_cblack": black, "user_sat": int(raw.white_level) - max(black)}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A raw file; whatever LibRaw finds wrong with it, now or later, is an `UnreadableFrame`."""
    try:
        with rawpy.imread(str(path)) as raw:
            yield raw
    except (rawpy.LibRawError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UnreadableFrame:
    detail = error.args[0] if error.args else error
    text = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
    return UnreadableFrame(
        f"{path} cannot be read as a raw file.",
        f"LibRaw says: {text.strip() or type(error).__name__}.",
        "copy it again from the camera, or leave it out.",
    )
