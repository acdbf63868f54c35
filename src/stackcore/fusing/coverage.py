"""What a frame covers: pixels that are no numbers, and coverage on coarser levels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.pyramid import down
from stackcore.terms import Frame, Rows

_NEIGHBOURS = 9
"""Pixels of a row that fill the place of one that is no number."""


def numbers(frame: Frame, top: int, bottom: int, dtype: str, left: int = 0, right: int | None = None) -> Rows:
    """Rows `top` to `bottom` (not included) of a frame, or columns of them, every pixel of them a finite number.

    Frames of integers (`dtype`, that of the stack) hold nothing else. In float32 frames, what is NaN or infinite is
    uncovered, else it would spread over every level. Its place takes the mean of its neighbours in the row, so that
    it has no edge; in the row only, so that the band does not matter. Columns that are left out are no neighbours.
    """
    rows = frame.rows(top, bottom, left, right)
    if dtype != "float32":
        return rows
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(rows.pixels).all(axis=2))
    if finite.all():
        return rows
    kept = np.where(finite[..., None], rows.pixels, np.float32(0))
    near = (_NEIGHBOURS, 1)
    share = cv2.blur(finite.astype(np.float32), near, borderType=cv2.BORDER_CONSTANT)[..., None]
    mean = cv2.blur(kept, near, borderType=cv2.BORDER_CONSTANT) / np.maximum(share, np.float32(0.5 / _NEIGHBOURS))
    filled = np.where(finite[..., None], kept, mean)
    return Rows(np.asarray(filled, np.float32), finite if rows.valid is None else finite & rows.valid)


def shrink(valid: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Coverage one level down, None for all: a pixel is covered when most of what it is made of is.

    All of it would be too much to ask: a coarse pixel sees hundreds of fine ones, and frames that miss a few of them
    at the border would lose it to worse ones. What lies beyond a frame repeats its edge, which is a fair guess.
    """
    if valid is None:
        return None
    covered: NDArray[np.bool_] = down(valid.astype(np.float32)) > 0.5
    return covered
