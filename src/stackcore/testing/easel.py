"""The canvas that a scene is painted on, measured in units of the composition, so that size does not change it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Easel:
    """The canvas of a scene, or a part of it.

    Attributes
    ----------
    shape
        Height and width, margins included, pixels.
    unit_px
        The length 1 of the composition: the width of a 3:2 picture.
    x, y
        Coordinates of every pixel in units, 0 at the centre of the scene, (h, w) float32.
    extent
        Half a side of a square around the centre that holds every canvas of this shape, units; random patterns are
        laid out on that square, so that they are the same at every size.
    """

    shape: tuple[int, int]
    unit_px: float
    x: Image
    y: Image
    extent: float

    @classmethod
    def of(cls, shape: tuple[int, int], unit_px: float) -> Easel:
        """Lay the coordinates out."""
        height, width = shape
        x = (np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)) / np.float32(unit_px)
        y = (np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)) / np.float32(unit_px)
        extent = 0.75 * 2 ** max(0, math.ceil(math.log2(max(shape) / unit_px / 1.45)))
        columns, rows = (np.ascontiguousarray(axis) for axis in np.meshgrid(x, y))
        return cls(shape, unit_px, columns, rows, extent)

    def coarser(self, factor: int) -> Easel:
        """The same view with `factor` times larger pixels."""
        return Easel.of((self.shape[0] // factor, self.shape[1] // factor), self.unit_px / factor)

    def cut(self, rows: slice, columns: slice) -> Easel:
        """Part of the canvas, with the coordinates of the whole."""
        x, y = np.ascontiguousarray(self.x[rows, columns]), np.ascontiguousarray(self.y[rows, columns])
        return Easel((x.shape[0], x.shape[1]), self.unit_px, x, y, self.extent)

    def part(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Rows and columns of the square that reaches `reach` units around a point, cut off at the canvas."""
        column, row = self.place(x, y)
        half = reach * self.unit_px + 2
        return (
            slice(max(0, int(row - half)), max(0, int(row + half) + 1)),
            slice(max(0, int(column - half)), max(0, int(column + half) + 1)),
        )

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Pixel (column, row) of a point given in units."""
        return (x - float(self.x[0, 0])) * self.unit_px, (y - float(self.y[0, 0])) * self.unit_px
