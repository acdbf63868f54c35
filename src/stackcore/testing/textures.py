"""Procedural surfaces: noise, cells and light, all from a seed and in proportion to the picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.testing.easel import Easel

Image = NDArray[np.float32]

LIGHT = np.array([-0.46, -0.58, 0.67], np.float32)
"""Where the light comes from: upper left, in front. x right, y down, z towards the camera."""


def fractal(easel: Easel, rng: np.random.Generator, cell: float, octaves: int, gain: float = 0.55) -> Image:
    """Smooth noise, (h, w) float32, zero mean and a standard deviation of about 1.4.

    `cell` is the size of the largest features, units; each of the `octaves` halves it and is `gain` times as strong.
    Octaves finer than the pixels are left out.
    """
    total = np.zeros(easel.shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        own = np.random.default_rng(rng.integers(1 << 62))
        size = cell / 2**octave
        if size * easel.unit_px < 1.2:
            continue
        side = int(2 * easel.extent / size) + 4
        grid = own.standard_normal((side, side), np.float32)
        per_px = 1 / (size * easel.unit_px)
        x, y = (float(axis[0, 0] + easel.extent) / size + 1 for axis in (easel.x, easel.y))
        smooth = cv2.warpAffine(
            grid,
            np.array([[per_px, 0, x], [0, per_px, y]]),
            easel.shape[::-1],
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        total += np.float32(gain**octave) * smooth
        power += (0.6 * gain**octave) ** 2
    return total / np.float32(max(power, 1e-6) ** 0.5)


def cell_borders(easel: Easel, rng: np.random.Generator, cell: float) -> tuple[Image, Image]:
    """Cells of irregular shape: distance of every pixel to the border of its cell, and a number of each cell.

    `cell` is their size, units. Distances are float32 >= 0, in cells; the number is random, 0 to 1. Cells smaller
    than 3 pixels are not drawn: both are then 0.5 everywhere.
    """
    own = np.random.default_rng(rng.integers(1 << 62))
    cell_px = cell * easel.unit_px
    if cell_px < 3:
        return np.full(easel.shape, 0.5, np.float32), np.full(easel.shape, 0.5, np.float32)
    side = int(2 * easel.extent / cell) + 1
    jitter = own.uniform(0.05, 0.95, (2, side, side))
    tones = own.uniform(0, 1, side * side).astype(np.float32)
    index = np.arange(side)
    columns = ((index[None, :] + jitter[0]) * cell - easel.extent - float(easel.x[0, 0])) * easel.unit_px
    rows = ((index[:, None] + jitter[1]) * cell - easel.extent - float(easel.y[0, 0])) * easel.unit_px
    column, row = np.rint(columns).astype(int).ravel(), np.rint(rows).astype(int).ravel()
    height, width = easel.shape
    seen = np.flatnonzero((column >= 0) & (column < width) & (row >= 0) & (row < height))
    away = np.full(easel.shape, 255, np.uint8)
    away[row[seen], column[seen]] = 0
    _, labels = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    tone_of_label = np.zeros(int(labels.max()) + 1, np.float32)
    tone_of_label[labels[row[seen], column[seen]]] = tones[seen]
    border = np.zeros(easel.shape, bool)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    distance = cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance / cell_px, np.float32), tone_of_label[labels]


def normals(height_px: Image) -> Image:
    """Unit normals (h, w, 3) of a surface `height_px` (h, w) above the picture plane, in pixels, towards the camera."""
    dx = cv2.Scharr(height_px, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Scharr(height_px, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    length = np.sqrt(dx * dx + dy * dy + 1)
    return np.dstack([-dx / length, -dy / length, 1 / length])


def diffuse(normal: Image, wrap: float = 0.35) -> Image:
    """Matt light on a surface, (h, w), about 0 to 1; `wrap` lets it reach round the edge as through a diffuser."""
    facing = normal @ LIGHT
    return np.asarray(np.maximum((facing + wrap) / (1 + wrap), 0), np.float32)


def glossy(normal: Image, sharpness: float) -> Image:
    """Reflection of the light, (h, w), 0 to 1; the larger `sharpness`, the smaller the highlight."""
    half = LIGHT + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    return np.asarray(np.maximum(normal @ half, 0) ** np.float32(sharpness), np.float32)


def step(edge0: float, edge1: float, value: NDArray[np.floating[Any]]) -> Image:
    """A smooth rise from 0 at `edge0` to 1 at `edge1` (which may be the smaller one)."""
    t = np.clip((value - np.float32(edge0)) / np.float32(edge1 - edge0), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def mix(below: Image, above: Image | tuple[float, float, float], share: Image) -> Image:
    """`above` over `below`, (h, w, 3), as far as `share` (h, w) says."""
    over = np.empty_like(below)
    over[:] = np.asarray(above, np.float32)
    return np.asarray(cv2.blendLinear(below, over, 1 - share, share), np.float32)
