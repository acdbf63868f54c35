"""Putting right on the mosaic, before colours are filled in, what is known to be wrong with a sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stackcore.calibration.repairing import Repair
from stackcore.errors import FrameMismatch
from stackcore.protocols import Correction, Mosaic

_BAND_ROWS = 24
"""Rows worked on at one time, a multiple of the blocks of 2, 6 and 8 rows: they stay in the cache of a core."""


def corrected(mosaic: Mosaic, correction: Correction) -> NDArray[np.uint16]:
    """Return what a sound sensor would have counted, (H, W), in the numbers of the file.

    In this order, for each photosite with the `black` of its channel:

    1. raw - dark + black, signed: noise below black is kept, and a dark that is brighter than the frame does no harm;
    2. (value - black) x flat + black;
    3. rounded and clipped once, to 0 ... `mosaic.white`;
    4. each defect filled in from sound photosites of its colour (`stackcore.calibration.repairing`).

    A photosite that was full before stays full: what it would have counted is not known, and a white patch must stay
    white in every channel. Without dark and flat, the numbers of sound photosites are returned as they are.

    Parameters
    ----------
    mosaic
        Not modified.
    correction
        `FrameMismatch` where its arrays have another size than the mosaic, or a defect lies outside.
    """
    return Corrector(correction, mosaic).apply(mosaic.values)


class Corrector:
    """What `corrected` does, prepared once for all frames of a sensor.

    Parameters
    ----------
    correction
        As in `corrected`.
    like
        A mosaic of the sensor. Its size, pattern, black and white hold for all frames: where a body measures black for
        each frame, they must not follow it, for what develops them does not either. Its numbers do not matter.

    Attributes
    ----------
    shape
        Height and width of the mosaics that it corrects.
    """

    def __init__(self, correction: Correction, like: Mosaic) -> None:
        for name, plane in (("dark frame", correction.dark), ("flat frame", correction.flat)):
            if plane is not None and plane.shape != like.values.shape:
                raise _other_size(name, plane.shape, like.values.shape)
        self.shape: tuple[int, int] = (like.values.shape[0], like.values.shape[1])
        self._correction = correction
        self._pattern, self._black, self._white = like.pattern, like.black, like.white
        self._repair = (
            Repair(correction.defects, like.pattern, like.colours, self.shape) if correction.defects else None
        )

    def apply(self, values: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return a corrected copy of the numbers (H, W); several threads may call this at once."""
        out = values.copy()
        self.apply_to(out)
        return out

    def apply_to(self, values: NDArray[np.uint16]) -> None:
        """Correct `values` (H, W) in place, which need not be contiguous."""
        dark, flat = self._correction.dark, self._correction.flat
        if dark is not None or flat is not None:
            self._subtract_and_level(values, dark, flat)
        if self._repair is not None:
            self._repair.apply(values, self._black)

    def _subtract_and_level(
        self, values: NDArray[np.uint16], dark: NDArray[np.float32] | None, flat: NDArray[np.float32] | None
    ) -> None:
        height, width = values.shape
        block = np.asarray(self._black, np.float32)[self._pattern]
        rows = block.shape[0] * max(1, _BAND_ROWS // block.shape[0])
        black = np.tile(block, (-(-rows // block.shape[0]), -(-width // block.shape[1])))[:, :width]
        for top in range(0, height, rows):
            band = np.s_[top : min(top + rows, height)]
            counts = values[band]
            level = black[: len(counts)]
            full = counts >= self._white
            light = np.subtract(counts, level if dark is None else dark[band], dtype=np.float32)
            if flat is not None:
                light *= flat[band]
            light += level
            np.rint(np.clip(light, 0, self._white, out=light), out=light)
            light[full] = self._white
            counts[...] = light


def _other_size(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> FrameMismatch:
    return FrameMismatch(
        f"The {name} does not belong to these frames.",
        f"it has {shape[1]}x{shape[0]} photosites, the frames have {expected[1]}x{expected[0]}.",
        "use one of the same camera, at the same crop and raw size.",
    )
