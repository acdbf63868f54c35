"""What becomes of clipped highlights: remembered while frames come, mended when all were seen.

A light beyond the range (a specular on a dark ground) is a small disc where it is sharp and a wide one, clipped as
well, where it is not. On coarse levels of a pyramid the wide disc holds more energy than the truth, so that its frame
wins there and leaves a dark or bright halo. The plain weighted mean of the frames knows no coarse level: close
to clipped pixels, and there alone, the coarse part of the picture is its. Not farther: beside large bright things the
mean blotches plain ground, which shows from about 10 pixels on.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.softmean import SoftMean
from stackcore.kernels import kernel
from stackcore.stacking.transfer import to_linear
from stackcore.terms import Encoding

_CLIPPED = 0.95
"""The encoded value from which a channel counts as clipped, one level down: below 1, for there the rims of a small
light are mixed in, and for exposure gains. At 0.97 and full size the pictures are the same within 0.02 dB, at four
times the work; at 0.97 and two levels down small lights are missed, at 0.9 dB (24 frames of 6 megapixels)."""


@dataclass
class Highlights:
    """`mean` of the frames at some level, by their finest detail; `clipped` (h, w) bool, in any of them."""

    mean: SoftMean
    clipped: NDArray[np.bool_]

    @classmethod
    def empty(cls, height: int, width: int) -> Highlights:
        """No frame seen yet."""
        return cls(SoftMean.empty(height, width), np.zeros((height, width), np.bool_))

    def absorb(self, other: Highlights) -> None:
        """Take in what was remembered of other frames; `other` is not modified."""
        self.mean.absorb(other.mean.mean, other.mean.score)
        self.clipped |= other.clipped

    def mended(self, picture: NDArray[np.float32], reach_px: float, share: float) -> NDArray[np.float32]:
        """`picture` (h, w, 3), blended towards the mean within `reach_px` of clipped pixels, fading over half of it."""
        if share == 0 or not self.clipped.any():
            return picture
        radius = round(reach_px)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        near = cv2.dilate(self.clipped.astype(np.uint8), disc).astype(np.float32)
        if reach_px > 0:
            near = np.asarray(cv2.GaussianBlur(near, (0, 0), reach_px / 2), np.float32)
        weight = np.float32(share) * near[..., None]
        mended: NDArray[np.float32] = picture + weight * (self.mean.floats - picture)
        return mended


def clipped(gauss: NDArray[np.float32], encoding: Encoding, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where `gauss` (h, w, 3), contiguous, has a channel at the upper end of the range, at its own size or half of it.

    Returns
    -------
    `shape` (h, w, ...) is that of `gauss` or of the level below it, of whose pixels each stands for 2x2.
    """
    limit = np.array([_CLIPPED], np.float32)
    if encoding == "linear":
        limit = to_linear(limit, "srgb")
    found = np.zeros(shape[:2], np.bool_)
    times = 1 if found.shape == gauss.shape[:2] else 2
    _mark(gauss.reshape(len(gauss), -1), limit[0], times, found)
    return found


@kernel
def _mark(rows: NDArray[np.float32], limit: np.float32, times: int, found: NDArray[np.bool_]) -> None:
    """Mark where `rows` (h, w * 3) exceed `limit`; each pixel of `found` stands for `times` rows and columns."""
    for y in range(rows.shape[0]):
        row, marks = rows[y], found[y // times]
        count = 0
        for i in range(row.shape[0]):
            count += 1 if row[i] > limit else 0
        if count > 0:
            for i in range(row.shape[0]):
                if row[i] > limit:
                    marks[i // (3 * times)] = True
