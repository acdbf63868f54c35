"""Which slice every place of the picture belongs to, small enough for a page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.report.pictures import shrunk
from stackcore.report.seeing import Seen

SIDE_PX = 320
"""Longer side of the map."""

FULL = 65535


@dataclass(frozen=True, kw_only=True)
class SliceMap:
    """Depth for a page.

    Attributes
    ----------
    depth
        (h, w) float32, in slices, 0 the first.
    sure
        (h, w) float32, 0 to 1: how far it is to be believed.
    origin
        `fuser`: the depth map of the fuser. `previews`: the sharpest of the previews, whole slices.
    """

    depth: NDArray[np.float32]
    sure: NDArray[np.float32]
    origin: Literal["fuser", "previews"]

    def won(self, slices: int) -> NDArray[np.float64]:
        """Share of the sure places that each slice has, (slices,); zeros where nothing is sure."""
        nearest = np.clip(np.rint(self.depth), 0, slices - 1).astype(np.int64)
        counts = np.bincount(nearest[self.sure >= 0.5], minlength=slices).astype(np.float64)
        shares: NDArray[np.float64] = counts / max(counts.sum(), 1.0)
        return shares

    def heights(self, slices: int) -> str:
        """Depth as little-endian uint16, 65535 for the last slice, in base64."""
        scaled = np.clip(self.depth / max(slices - 1, 1), 0, 1) * FULL
        return base64.b64encode(np.rint(scaled).astype("<u2").tobytes()).decode("ascii")

    def sureness(self) -> str:
        """`sure` as bytes, 255 for certain, in base64."""
        return base64.b64encode(np.rint(np.clip(self.sure, 0, 1) * 255).astype(np.uint8).tobytes()).decode("ascii")


def of_fuser(depth: NDArray[np.float32], confidence: NDArray[np.float32] | None) -> SliceMap:
    """The depth map of a fuser (H, W), reduced; where it tells no confidence all of it counts."""
    small = np.asarray(shrunk(depth, SIDE_PX), np.float32)
    sure = np.ones_like(small) if confidence is None else np.asarray(shrunk(confidence, SIDE_PX), np.float32)
    return SliceMap(depth=small, sure=sure, origin="fuser")


def of_previews(seen: Seen, peak: NDArray[np.float32] | None) -> SliceMap:
    """The sharpest preview in each place; sure where the cell around it shows detail (`peak` is not NaN)."""
    height, width = shrunk(seen.best, SIDE_PX).shape[:2]
    size = (width, height)
    winner = np.asarray(cv2.resize(seen.winner, size, interpolation=cv2.INTER_NEAREST), np.float32)
    if peak is None:
        sure = np.zeros((height, width), np.float32)
    else:
        sure = np.asarray(cv2.resize(np.isfinite(peak).astype(np.float32), size, interpolation=cv2.INTER_NEAREST))
    return SliceMap(depth=winner, sure=sure.astype(np.float32), origin="previews")
