"""How noisy a frame is, read off its flattest parts."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Decoded
from stackcore.stacking.reader import StackReader
from stackcore.stacking.transfer import UNITY, luma, normalise
from stackcore.terms import Pixels

_BAND_ROWS = 256
_WINDOW_PX = 25
_EVERY_PX = 4
"""Windows overlap by so much that every fourth of them, both ways, tells the same."""
_REACH_ROWS = _WINDOW_PX // 2 + 7
"""Rows that the windows of a band see beyond it, and the filter before them."""
_PERCENTILE = 10
_WHITE_ENERGY = 0.8893
"""Energy of white noise of variance 1 in the finest level of a Laplacian pyramid (5-tap binomial)."""


def noise_sigma(frames: Sequence[Pixels], valid: NDArray[np.bool_] | None = None) -> float:
    """Standard deviation of the luma noise of one frame, as a fraction of full scale.

    The energy of the finest Laplacian level is averaged in 25x25 windows; the 10th percentile of the windows that are
    neither black nor white is taken for noise alone, and the smallest of all frames given, because some frame of a
    stack is blurred wherever another one is sharp. On synthetic stacks of known noise 0.69 this reads 0.64 to 0.70.

    `valid` (H, W) says which pixels of the frames count, None for all: windows that touch others are left out.
    """
    return min(_one(frame, valid) for frame in frames)


class NoiseGauge:
    """The noise of a stack, from its first, middle and last frame at full size: reducing them would average it away.

    Whoever reads these frames in full shows them to `see`; `sigma` reads what nobody has shown.
    """

    def __init__(self, reader: StackReader) -> None:
        self._reader = reader
        self._wanted = {0, reader.reference, len(reader) - 1}
        self._known: dict[int, float] = {}
        self._one_at_a_time = threading.Lock()  # measuring takes more memory than the frame

    def see(self, index: int, decoded: Decoded) -> None:
        """Measure a frame, if it is one of the three. Calls may come from several threads."""
        with self._one_at_a_time:
            if index in self._wanted and index not in self._known:
                self._known[index] = _one(decoded.pixels, decoded.valid)

    def sigma(self) -> float:
        """Standard deviation of the luma noise, as a fraction of full scale, of the least noisy of the three."""
        for index in sorted(self._wanted - self._known.keys()):
            self.see(index, self._reader.read(index))
        return min(self._known.values())


def _one(pixels: Pixels, valid: NDArray[np.bool_] | None) -> float:
    """Band after band: whole planes of float32 would take several times the memory of the frame, and the time."""
    edge = min(_WINDOW_PX // 2, min(pixels.shape[:2]) // 4)
    known = None if valid is None else _clear(valid)
    bottom = len(pixels) - edge
    usable = np.concatenate(
        [
            _energy(pixels, known, top, min(top + _BAND_ROWS, bottom), edge)
            for top in range(edge, max(bottom, edge + 1), _BAND_ROWS)
        ]
    )
    if usable.size == 0:
        return 0.0
    return float(np.sqrt(np.percentile(usable, _PERCENTILE) / _WHITE_ENERGY))


def _energy(pixels: Pixels, known: NDArray[np.uint8] | None, top: int, bottom: int, edge: int) -> NDArray[np.float32]:
    """Energy of the windows around every fourth pixel of every fourth row from `top` to `bottom` that count, (n,)."""
    first = max(0, top - _REACH_ROWS) // 2 * 2  # even, so that the coarse rows are those of the whole frame
    grey = luma(normalise(pixels[first : bottom + _REACH_ROWS], UNITY, "srgb"))
    detail = cv2.subtract(grey, cv2.pyrUp(cv2.pyrDown(grey), dstsize=(grey.shape[1], grey.shape[0])))
    window = (_WINDOW_PX, _WINDOW_PX)
    rows, columns = slice(top - first, bottom - first, _EVERY_PX), slice(edge, -edge or None, _EVERY_PX)
    energy = np.asarray(cv2.sqrBoxFilter(detail, cv2.CV_32F, window), np.float32)[rows, columns]
    level = np.asarray(cv2.boxFilter(grey, -1, window))[rows, columns]
    counts = (level > 0.015) & (level < 0.98)
    if known is not None:
        counts &= known[top:bottom:_EVERY_PX, columns] > 0
    return energy[counts]


def _clear(valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """1 where a window, and the filter before it, see valid pixels alone; (H, W)."""
    reach = np.ones((_WINDOW_PX + 4, _WINDOW_PX + 4), np.uint8)
    return np.asarray(cv2.erode(valid.astype(np.uint8), reach), np.uint8)
