"""Thin round things in a scene: hairs, legs, feelers, drawn as tapering strokes through space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.testing.defocus import Layer

Colour = tuple[float, float, float]

_FINE = 2  # strokes are drawn this many times larger; a hair of one pixel still tapers
_SHIFT = 4  # binary places of the coordinates that OpenCV draws with
_WHITE = 255.0


@dataclass(frozen=True)
class Stroke:
    """A tapering thread.

    Attributes
    ----------
    points
        (N, 3) x, y in canvas pixels and depth 0 to 1, from its root to its tip.
    width_px
        Width at the root and at the tip, pixels.
    colour, shine
        Linear light of its body and of the lit line along it, 0 to 1.
    bead_px
        Radius of a bead at the tip, 0 for none.
    """

    points: NDArray[np.float64]
    width_px: tuple[float, float]
    colour: Colour
    shine: Colour
    bead_px: float = 0.0


def curve(
    root: tuple[float, float, float], middle: tuple[float, float, float], tip: tuple[float, float, float], pieces: int
) -> NDArray[np.float64]:
    """Points of the parabola from `root` to `tip` that leans towards `middle`, (pieces + 1, 3)."""
    t = np.linspace(0, 1, pieces + 1)[:, None]
    a, b, c = (np.asarray(p, np.float64) for p in (root, middle, tip))
    points: NDArray[np.float64] = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    return points


def stroke_layer(strokes: Sequence[Stroke], shape: tuple[int, int], reach_px: int) -> Layer:
    """One layer of strokes on a canvas of `shape` (height, width); later ones lie over earlier ones.

    Where strokes leave the canvas empty the depth is that of a near stroke, so that blur finds its radius.
    """
    height, width = shape
    fine = np.zeros((height * _FINE, width * _FINE, 4), np.uint8)
    for stroke in strokes:
        _draw(fine, stroke)
    rgba = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(_WHITE)
    return Layer.crop_premultiplied(rgba, _depth_around(strokes, shape, reach_px), reach_px)


def _draw(canvas: NDArray[np.uint8], stroke: Stroke) -> None:
    places = _to_fixed(stroke.points[:, :2])
    widths = np.linspace(*stroke.width_px, len(places)) * _FINE
    lit = _to_fixed(stroke.points[:, :2] - np.array([0.17, 0.2]) * widths[:, None] / _FINE)
    for colour, line, share in ((stroke.colour, places, 1.0), (stroke.shine, lit, 0.4)):
        paint = (*(min(_WHITE, c * _WHITE) for c in colour), _WHITE)
        for i in range(len(line) - 1):
            thickness = max(1, round(share * (widths[i] + widths[i + 1]) / 2))
            cv2.line(canvas, line[i], line[i + 1], paint, thickness, cv2.LINE_AA, _SHIFT)
    if stroke.bead_px:
        for colour, centre, share in ((stroke.colour, places[-1], 1.0), (stroke.shine, lit[-1], 0.5)):
            paint = (*(min(_WHITE, c * _WHITE) for c in colour), _WHITE)
            cv2.circle(canvas, centre, _radius(stroke.bead_px * share), paint, -1, cv2.LINE_AA, _SHIFT)


def _radius(radius_px: float) -> int:
    return max(1, round(radius_px * _FINE * (1 << _SHIFT)))


def _to_fixed(points: NDArray[np.float64]) -> list[tuple[int, int]]:
    scaled = np.rint(((points + 0.5) * _FINE - 0.5) * (1 << _SHIFT)).astype(int)
    return [(int(x), int(y)) for x, y in scaled]


def _depth_around(strokes: Sequence[Stroke], shape: tuple[int, int], reach_px: int) -> NDArray[np.float32]:
    depth = np.full(shape, np.mean([stroke.points[:, 2].mean() for stroke in strokes]), np.float32)
    around = 2 * reach_px
    while True:  # from wide to narrow: near a stroke its own depth wins
        for stroke in strokes:
            ends = np.rint(stroke.points[:, :2]).astype(int)
            for i in range(len(ends) - 1):
                value = float(stroke.points[i : i + 2, 2].mean())
                thickness = max(1, round(max(stroke.width_px) + 2 * stroke.bead_px)) + 2 + around
                cv2.line(depth, ends[i].tolist(), ends[i + 1].tolist(), value, thickness)
        if not around:
            return depth
        around = around // 3 if around > 2 else 0
