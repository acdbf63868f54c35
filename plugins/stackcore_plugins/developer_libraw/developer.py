"""Developing camera raw files through LibRaw, with nothing that varies from frame to frame."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stackcore.calibration.correcting import Corrector
from stackcore.colour.icc import profile
from stackcore.errors import FrameError, FrameMismatch
from stackcore.protocols import Correction, Decoded, Development, FrameInfo, Mosaic
from stackcore.terms import Multipliers, Pixels
from stackcore_plugins.developer_libraw.mosaics import has_green_corner, has_mosaic, mosaic_of
from stackcore_plugins.developer_libraw.opening import opened
from stackcore_plugins.developer_libraw.plugin import LibRawOptions
from stackcore_plugins.developer_libraw.settings import ceilings, chosen_multipliers, fixed_settings
from stackcore_plugins.developer_libraw.whole import layout_of

_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}
"""EXIF orientation of LibRaw's flip codes."""
_TRANSPOSED = 4
"""The bit of LibRaw's flip codes that swaps width and height."""
_SQUARE = 0.005
"""LibRaw takes pixels for square up to this difference of their sides, and stretches the picture beyond."""


_DECODE_BYTES = 18
"""Bytes a pixel: the mosaic (2), LibRaw's picture of four channels (8), its copy as RGB (6), scratch; measured."""


@dataclass(frozen=True)
class _Plan:
    """What `prepare` has settled: settings of LibRaw, and what is done to the mosaic before it."""

    settings: dict[str, Any]
    multipliers: Multipliers
    icc: bytes
    corrector: Corrector | None
    ceilings: tuple[int, ...] | None


class LibRawDeveloper:
    """16-bit RGB with the reference frame's white balance, black and white level for all.

    The correction is done on the numbers of the photosites in place, and LibRaw develops what it finds there: nothing
    is copied for it. Of sensors without colour filters, all three channels are the same.
    """

    def __init__(self, options: LibRawOptions) -> None:
        self._options = options
        self._plan: _Plan | None = None
        self._kinds: dict[tuple[Any, ...], bool] = {}

    def prepare(self, reference: Path, development: Development) -> None:
        """Take white balance, black, white and orientation from the reference frame.

        `FrameError` when there is a correction and the reference has no mosaic, or `auto` finds nothing to go by;
        `FrameMismatch` when the correction belongs to another sensor.
        """
        with self._opened(reference) as raw:
            self._plan = self._planned(raw, reference, development)

    def probe(self, path: Path) -> FrameInfo:
        """Size as it will be developed. Of each kind of file, the first is decoded to know whether it has a mosaic."""
        plan = self._plan
        with self._opened(path) as raw:
            flip = int(raw.sizes.flip)
            width, height = _developed_size(raw, flip if plan is None else plan.settings["user_flip"])
            mosaic = self._has_mosaic(raw, path)
        return FrameInfo(
            width=width,
            height=height,
            dtype="uint16",
            icc=None if plan is None else plan.icc,
            orientation=_ORIENTATIONS.get(flip, 1),
            has_mosaic=mosaic,
            multipliers=None if plan is None else plan.multipliers,
            decode_bytes=_DECODE_BYTES * width * height,
        )

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """Half size without demosaicing, then reduced; from full size where LibRaw cannot halve (X-Trans)."""
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
        with self._opened(path) as raw:
            found = mosaic_of(raw, path)
            return replace(found, values=found.values.copy())

    def _opened(self, path: Path) -> AbstractContextManager[Any]:
        return opened(path, self._options, check_length=self._options.check_length)

    def _planned(self, raw: Any, path: Path, development: Development) -> _Plan:
        correction = development.correction
        corrector, mosaic = None, None
        if has_mosaic(raw):
            mosaic = mosaic_of(raw, path)
            corrector = None if _is_empty(correction) else Corrector(correction, mosaic)
        elif not _is_empty(correction):
            raise _without_mosaic(path)
        if corrector is not None and mosaic is not None and development.white_balance == "auto":
            mosaic = replace(mosaic, values=corrector.apply(mosaic.values))
        multipliers = chosen_multipliers(raw, development, mosaic, path)
        return _Plan(
            settings=fixed_settings(raw, development, self._options, multipliers),
            multipliers=multipliers,
            icc=profile(development.colour_space, development.encoding),
            corrector=corrector,
            ceilings=ceilings(raw, development, multipliers),
        )

    def _develop(self, path: Path, *, half_size: bool) -> Pixels:
        with self._opened(path) as raw:
            plan = self._plan or self._planned(raw, path, Development())
            _correct(raw, plan, path)
            half_size = half_size and _can_be_halved(raw)
            developed: Pixels = raw.postprocess(half_size=half_size, **plan.settings)
            if not half_size and has_mosaic(raw) and has_green_corner(raw):
                _mend_corners(developed)
        return developed if developed.shape[2] == 3 else np.repeat(developed, 3, axis=2)

    def _has_mosaic(self, raw: Any, path: Path) -> bool:
        sizes = raw.sizes
        kind = (path.suffix.lower(), raw.num_colors, raw.color_desc, *sizes[:6], layout_of(path).kinds)
        if kind not in self._kinds:
            self._kinds[kind] = has_mosaic(raw)
        return self._kinds[kind]


def _can_be_halved(raw: Any) -> bool:
    """Whether blocks of 2x2 hold every colour.

    Those of X-Trans do not. LibRaw 0.22 leaves the missing ones at 0 and fills them in with several threads that read
    each other's: some thousand pixels of a small frame come out otherwise each time.
    """
    return raw.raw_pattern is None or raw.raw_pattern.shape == (2, 2)


def _correct(raw: Any, plan: _Plan, path: Path) -> None:
    """Change the numbers of an open file before it is developed."""
    if plan.corrector is not None:
        if not has_mosaic(raw):
            raise _without_mosaic(path)
        mosaic = mosaic_of(raw, path)
        if mosaic.values.shape != plan.corrector.shape:
            height, width = plan.corrector.shape
            raise FrameMismatch(
                f"{path} does not match the correction.",
                f"it has {mosaic.values.shape[1]}x{mosaic.values.shape[0]} photosites, not {width}x{height}.",
                "stack it with frames of its own size.",
            )
        plan.corrector.apply_to(mosaic.values)
    if plan.ceilings is not None:
        _clip(raw, plan.ceilings, path)


def _clip(raw: Any, highest: tuple[int, ...], path: Path) -> None:
    if not has_mosaic(raw):
        pixels = raw.raw_image_visible
        np.minimum(pixels, np.array((*highest, highest[1])[: pixels.shape[2]], np.uint16), out=pixels)
        return
    mosaic = mosaic_of(raw, path)
    h, w = mosaic.pattern.shape
    for (y, x), channel in np.ndenumerate(mosaic.pattern):
        part = mosaic.values[y::h, x::w]
        np.minimum(part, np.uint16(highest[channel]), out=part)


def _developed_size(raw: Any, flip: int) -> tuple[int, int]:
    """Width and height after LibRaw has made pixels square and turned the picture."""
    sizes = raw.sizes
    width, height, aspect = int(sizes.width), int(sizes.height), float(sizes.pixel_aspect)
    if aspect < 1 - _SQUARE:
        height = int(height / aspect + 0.5)
    elif aspect > 1 + _SQUARE:
        width = int(width * aspect + 0.5)
    return (height, width) if flip & _TRANSPOSED else (width, height)


def _is_empty(correction: Correction) -> bool:
    return correction.dark is None and correction.flat is None and not correction.defects


def _without_mosaic(path: Path) -> FrameError:
    return FrameError(
        f"{path} cannot be corrected for darks, flat fields or defects.",
        "it holds no mosaic: its pixels have all three colours already (sRAW, linear DNG).",
        "shoot full-size raw files, or leave the correction out.",
    )


def _mend_corners(pixels: Pixels) -> None:
    """Fill in corners that LibRaw has left without red or blue from the pixels beside them, in place."""
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        if pixels[y, x].min() == 0:
            pixels[y, x] = pixels[1 if y == 0 else -2, 1 if x == 0 else -2]
