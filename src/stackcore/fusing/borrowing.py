"""Depth where there is little evidence: borrowed from around, up to the edges that the picture shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.pyramid import down, up

REDUCTION = 4
"""The filter works on a quarter of the size: depth that is borrowed has no fine detail."""

_FAINT = np.float32(1e-3)
"""Evidence below which a place is filled from farther away."""


@dataclass(frozen=True)
class Guide:
    """Depth as a linear function of brightness around every pixel; `slope` and `level` are at a quarter of the size."""

    slope: NDArray[np.float32]
    level: NDArray[np.float32]

    def depth(self, brightness: NDArray[np.float32], top: int) -> NDArray[np.float32]:
        """Depth (n, W) of the rows from `top` of the picture, whose brightness is `brightness` (n, W)."""
        bottom, width = top + len(brightness), brightness.shape[1]
        slope, level = (enlarged(plane, REDUCTION, top, bottom, width) for plane in (self.slope, self.level))
        return np.asarray(slope * brightness + level, np.float32)


def guide(moments: NDArray[np.float32], radius: int, edge: float) -> Guide:
    """The weighted guided filter, from the moments at a quarter of the size.

    He, Sun and Tang, Guided Image Filtering, IEEE TPAMI 35(6), 2013, with weights per pixel; at reduced size as He and
    Sun, Fast Guided Filter, arXiv:1505.00996, 2015. Places without any evidence take the moments of wider and wider
    surroundings (pull-push: Gortler et al., The Lumigraph, SIGGRAPH 1996, section 3.4).

    Parameters
    ----------
    moments
        (h, w, 5) float32: mean weight, and weight times depth, brightness, brightness squared, depth times brightness.
    radius
        Half-width of the window, pixels of the reduced size.
    edge
        Step of brightness that counts as an edge.
    """
    size = (2 * radius + 1, 2 * radius + 1)
    wide = [np.asarray(cv2.blur(moments[..., i], size, borderType=cv2.BORDER_REFLECT), np.float32) for i in range(5)]
    sums: NDArray[np.float32] = np.dstack(wide[1:])
    depth, brightness, square, product = np.moveaxis(_filled(sums, wide[0][..., None]), 2, 0)
    spread = np.maximum(square - brightness * brightness, 0)
    slope = (product - depth * brightness) / (spread + np.float32(edge * edge))
    level = depth - slope * brightness
    # The paper averages over the whole window again; one that sees a single side of an edge would then rule across it.
    near = (2 * (radius // 4) + 1, 2 * (radius // 4) + 1)
    both = cv2.blur(np.dstack([slope, level]), near, borderType=cv2.BORDER_REFLECT)
    return Guide(np.ascontiguousarray(both[..., 0]), np.ascontiguousarray(both[..., 1]))


def moments_of(
    depth: NDArray[np.float32],
    weight: NDArray[np.float32],
    brightness: NDArray[np.float32],
    reduction: int = REDUCTION,
) -> NDArray[np.float32]:
    """What `guide` needs, (h / n, w / n, 5) for a `reduction` n, of rows (h, w) from a multiple of n on; rounded up."""
    planes = [weight, weight * depth, weight * brightness, weight * brightness**2, weight * depth * brightness]
    height, width = weight.shape
    below, right = -height % reduction, -width % reduction
    reduced = []
    for plane in planes:
        whole = cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_REPLICATE)
        size = (whole.shape[1] // reduction, whole.shape[0] // reduction)
        reduced.append(np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32))
    return np.dstack(reduced)


def _filled(sums: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means (h, w, 4) from weighted sums and their weight (h, w, 1); where there is none, those of coarser levels."""
    if max(weight.shape) <= 2:
        total = np.maximum(weight.sum(axis=(0, 1)), np.finfo(np.float32).tiny)
        return np.broadcast_to(sums.sum(axis=(0, 1)) / total, sums.shape).astype(np.float32)
    coarse = _filled(down(sums), down(np.ascontiguousarray(weight))[..., None])
    return np.asarray((sums + _FAINT * up(coarse, sums.shape)) / (weight + _FAINT), np.float32)


def enlarged(plane: NDArray[np.float32], times: int, top: int, bottom: int, width: int) -> NDArray[np.float32]:
    """Rows `top` to `bottom` (not included) of `plane` (h, w) enlarged `times`, bilinear, and cut to `width`.

    A pixel of `plane` is the mean of those that it becomes.
    """
    y = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5)) / times - np.float32(0.5)
    x = (np.arange(width, dtype=np.float32) + np.float32(0.5)) / times - np.float32(0.5)
    grid_x, grid_y = np.tile(x, (bottom - top, 1)), np.repeat(y[:, None], width, axis=1)
    rows = cv2.remap(plane, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rows, np.float32)
