"""Procedural surfaces: noise, cells and light, all from a seed and in proportion to the picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

LIGHT = np.array([-0.46, -0.58, 0.67], np.float32)
"""Where the light comes from: upper left, in front. x right, y down, z towards the camera."""


def fractal(
    shape: tuple[int, int], rng: np.random.Generator, cell_px: float, octaves: int, gain: float = 0.55
) -> Image:
    """Smooth noise, (h, w) float32, zero mean and a standard deviation near 1.

    `cell_px` is the size of the largest features; each of the `octaves` halves it and is `gain` times as strong.
    Every octave draws from its own generator, so that one scene looks alike at every size.
    """
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        own = np.random.default_rng(rng.integers(1 << 62))
        cell = cell_px / 2**octave
        if cell < 1.2:
            continue
        rows, columns = int(shape[0] / cell) + 3, int(shape[1] / cell) + 3
        grid = own.standard_normal((rows, columns), np.float32)
        matrix = np.array([[1 / cell, 0, 1.0], [0, 1 / cell, 1.0]])
        smooth = cv2.warpAffine(
            grid,
            matrix,
            (shape[1], shape[0]),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        total += np.float32(gain**octave) * smooth
        power += (0.6 * gain**octave) ** 2
    return total / np.float32(max(power, 1e-6) ** 0.5)


def cell_borders(shape: tuple[int, int], rng: np.random.Generator, cell_px: float) -> tuple[Image, NDArray[np.int32]]:
    """Cells of irregular shape: distance of every pixel to its cell's border in cells, and the cell's number.

    Distances are float32 >= 0; cells are about `cell_px` wide (at least 3 pixels).
    """
    cell = max(cell_px, 3.0)
    rows, columns = int(shape[0] / cell) + 2, int(shape[1] / cell) + 2
    jitter = rng.uniform(0.05, 0.95, (2, rows, columns))
    y = (np.arange(rows)[:, None] - 0.5 + jitter[0]) * cell
    x = (np.arange(columns)[None, :] - 0.5 + jitter[1]) * cell
    inside = (y >= 0) & (y < shape[0] - 0.5) & (x >= 0) & (x < shape[1] - 0.5)
    away = np.full(shape, 255, np.uint8)
    away[np.rint(y[inside]).astype(int), np.rint(x[inside]).astype(int)] = 0
    _, labels = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    border = np.zeros(shape, bool)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    distance = cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance / cell, np.float32), np.asarray(labels, np.int32)


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
