"""Details of several pictures side by side, enlarged, for the eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from truth_stack import Picture

Place = tuple[int, int, int, int]
"""Left, top, width and height, pixels."""

_TILE_PX = 320
_LABEL_PX = 20
_GAP_PX = 6


def where_they_differ(pictures: Sequence[Picture], count: int, size_px: int = 160) -> list[Place]:
    """Squares in which the pictures differ most from each other, not overlapping; without the rim of the picture."""
    luma = [picture.mean(axis=2) for picture in pictures]
    height, width = (min(plane.shape[axis] for plane in luma) for axis in (0, 1))
    size = min(size_px, height // 2, width // 2)
    spread = np.std([plane[:height, :width] for plane in luma], axis=0).astype(np.float32)
    dense = cv2.blur(spread, (size, size), borderType=cv2.BORDER_CONSTANT)
    half, rim = size // 2, size // 2 + max(height, width) // 50
    inner = np.full_like(dense, -1)
    inner[rim : height - rim, rim : width - rim] = dense[rim : height - rim, rim : width - rim]
    places = []
    for _ in range(count):
        y, x = (int(at) for at in np.unravel_index(int(inner.argmax()), inner.shape))
        if inner[y, x] < 0:
            break
        places.append((x - half, y - half, size, size))
        inner[max(0, y - size) : y + size, max(0, x - size) : x + size] = -1
    return places


def sheet(pictures: Mapping[str, Picture], places: Sequence[Place]) -> NDArray[np.uint8]:
    """One row for each place, one column for each picture, its name above; (h, w, 3) uint8, red first."""
    rows = []
    for x, y, width, height in places:
        scale = max(1, _TILE_PX // max(width, height))
        size = (width * scale, height * scale)
        tiles = []
        for name, picture in pictures.items():
            part = picture[max(0, y) : y + height, max(0, x) : x + width]
            if part.size == 0:
                part = np.zeros((1, 1, 3), np.float32)
            eight = np.rint(np.clip(part, 0, 255)).astype(np.uint8)
            tiles.append(_labelled(np.asarray(cv2.resize(eight, size, interpolation=cv2.INTER_NEAREST)), name))
        rows.append(np.hstack(tiles))
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    return np.vstack(padded)


def _labelled(tile: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    framed = cv2.copyMakeBorder(tile, _LABEL_PX, 0, 0, _GAP_PX, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, name, (2, _LABEL_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)
