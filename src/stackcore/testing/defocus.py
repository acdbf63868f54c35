"""How a layered scene looks through a thin lens: every layer blurred by discs that grow with its defocus.

A scene is a painter's list from far to near. Each layer has its own colour (also where a nearer one hides it),
coverage and depth, so that a blurred edge shows what is behind it. Within a layer the radius varies from pixel to
pixel: the layer is blurred by a ladder of discs and each pixel takes the mix of the two rungs around its own radius
that has its variance. Large discs are made on a pyramid, small enough kernels at every level to stay cheap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

RUNGS_PX = (0.0, 0.75, 1.3, 2.0, 2.9, 4.1, 5.8, 8.2, 11.6, 16.4, 23.2, 33.0, 46.0, 66.0, 92.0, 130.0)
"""Radii of the discs that are really computed, pixels; beyond the last one the blur grows no more."""

_LEVEL_FROM_PX = (4.2, 8.4, 16.8, 33.6)  # a disc of this radius is made one level down: kernels stay within 9 x 9
BLOCK_PX = 1 << len(_LEVEL_FROM_PX)
"""Layers are whole multiples of this in size and position, so that every pyramid level fits."""

_STRIP_BLOCKS = 16  # equal depths lie along curves; strips of this width follow them with little waste
_SPOT_SIGMA_PX = 0.6  # diffraction and pixel aperture: without it, frames could not be resampled without loss


@dataclass(frozen=True)
class Layer:
    """One surface of a scene.

    Attributes
    ----------
    x, y
        Where its first pixel lies on the canvas, multiples of `BLOCK_PX`.
    rgba
        (h, w, 4) float32, linear light premultiplied by coverage; light may exceed 1.
    depth
        (h, w) float32, 0 nearest to 1 farthest point of the scene, defined beyond the coverage too.
    """

    x: int
    y: int
    rgba: Image
    depth: Image

    @classmethod
    def crop(cls, colour: Image, alpha: Image, depth: Image, reach_px: int) -> Layer:
        """Cut a layer from canvas-sized arrays, with `reach_px` around its coverage for the blur to grow into.

        `colour` (H, W, 3) is straight, not premultiplied; the optics' own spot is applied here. Raises
        `ValueError` when nothing is covered.
        """
        rows, columns = _around(alpha, reach_px)
        part = np.empty((*alpha[rows, columns].shape, 4), np.float32)
        np.multiply(colour[rows, columns], alpha[rows, columns, None], out=part[..., :3])
        part[..., 3] = alpha[rows, columns]
        return cls._with_spot(part, depth, rows, columns)

    @classmethod
    def crop_premultiplied(cls, rgba: Image, depth: Image, reach_px: int) -> Layer:
        """Do as `crop` does for light that is premultiplied already, (H, W, 4)."""
        rows, columns = _around(rgba[..., 3], reach_px)
        return cls._with_spot(np.ascontiguousarray(rgba[rows, columns], np.float32), depth, rows, columns)

    @classmethod
    def _with_spot(cls, part: Image, depth: Image, rows: slice, columns: slice) -> Layer:
        spot = _f32(cv2.GaussianBlur(part, (5, 5), _SPOT_SIGMA_PX, borderType=cv2.BORDER_REPLICATE))
        return cls(columns.start, rows.start, spot, np.ascontiguousarray(depth[rows, columns], np.float32))

    @cached_property
    def _pyramid(self) -> list[Image]:
        levels = [self.rgba]
        for _ in _LEVEL_FROM_PX:
            height, width = levels[-1].shape[:2]
            levels.append(_f32(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)))
        return levels

    @cached_property
    def _blocks(self) -> tuple[Image, Image, NDArray[np.bool_]]:
        """Least and largest depth, and whether anything is covered, of every block."""
        height, width = self.depth.shape
        shape = (height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
        depth = self.depth.reshape(shape)
        covered: NDArray[np.bool_] = np.any((self.rgba[..., 3] > 1e-4).reshape(shape), axis=(1, 3))
        return depth.min(axis=(1, 3)), depth.max(axis=(1, 3)), covered

    def blurred(self, focus: float, blur_px: float) -> Image:
        """Return the layer as seen with the lens focused at depth `focus`, premultiplied (h, w, 4).

        `blur_px` is the radius of the disc of a point that is out of focus by the whole depth of the scene.
        """
        least, most = self._radius_of_blocks(focus, blur_px)
        square = self.depth - np.float32(focus)
        square *= np.float32(blur_px)
        square *= square  # a disc's variance goes with the square of its radius
        out = np.zeros_like(self.rgba)
        for rung, radius in enumerate(RUNGS_PX):
            below = RUNGS_PX[rung - 1] if rung else -1.0
            above = RUNGS_PX[rung + 1] if rung + 1 < len(RUNGS_PX) else math.inf
            for area in _areas((most > below) & (least < above)):
                top, bottom, left, right = area
                part = _disc_blurred(self._pyramid, radius, area)
                _add_weighted(
                    out[top:bottom, left:right], part, _share(square[top:bottom, left:right], below, radius, above)
                )
        return out

    def _radius_of_blocks(self, focus: float, blur_px: float) -> tuple[Image, Image]:
        near, far, covered = self._blocks
        towards, beyond = (near - focus) * blur_px, (far - focus) * blur_px
        most = np.maximum(np.abs(towards), np.abs(beyond))
        least = np.where((towards <= 0) & (beyond >= 0), 0.0, np.minimum(np.abs(towards), np.abs(beyond)))
        reach = math.ceil(min(float(most.max()), RUNGS_PX[-1]) / BLOCK_PX) + 1
        seen = cv2.dilate(covered.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)).astype(bool)
        return _f32(np.where(seen, least, np.inf)), _f32(np.where(seen, most, -np.inf))


def composite(layers: Sequence[Layer], focus: float | None, blur_px: float, shape: tuple[int, int]) -> Image:
    """Paint `layers` from far to near on a canvas of `shape` (height, width): linear light (H, W, 3) float32.

    `focus` is the depth in focus; None means that everything is.
    """
    canvas = np.zeros((*shape, 4), np.float32)
    for layer in layers:
        rgba = layer.rgba if focus is None else layer.blurred(focus, blur_px)
        height, width = rgba.shape[:2]
        view = canvas[layer.y : layer.y + height, layer.x : layer.x + width]
        view *= _four(1 - rgba[..., 3])
        view += rgba
    return np.ascontiguousarray(canvas[..., :3])


def nearest_depth(layers: Sequence[Layer], shape: tuple[int, int]) -> Image:
    """Depth of the nearest layer that covers at least half of each pixel, (H, W) float32."""
    canvas = np.ones(shape, np.float32)
    for layer in layers:
        height, width = layer.depth.shape
        view = canvas[layer.y : layer.y + height, layer.x : layer.x + width]
        np.copyto(view, layer.depth, where=layer.rgba[..., 3] >= 0.5)
    return canvas


def _around(alpha: Image, reach_px: int) -> tuple[slice, slice]:
    """Rows and columns, in whole blocks, that hold all coverage and `reach_px` around it."""
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        raise ValueError("a layer must cover something")
    return _outwards(rows, reach_px, alpha.shape[0]), _outwards(columns, reach_px, alpha.shape[1])


def _outwards(places: NDArray[np.intp], reach_px: int, limit: int) -> slice:
    start, stop = int(places[0]) - reach_px, int(places[-1]) + 1 + reach_px
    return slice(max(0, start // BLOCK_PX * BLOCK_PX), min(limit, -(-stop // BLOCK_PX) * BLOCK_PX))


def _areas(blocks: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
    """Rectangles (top, bottom, left, right) that hold all marked blocks, one for each strip that has any."""
    for start in range(0, blocks.shape[1], _STRIP_BLOCKS):
        strip = blocks[:, start : start + _STRIP_BLOCKS]
        rows, columns = np.flatnonzero(strip.any(axis=1)), np.flatnonzero(strip.any(axis=0))
        if len(rows):
            yield (
                int(rows[0]) * BLOCK_PX,
                (int(rows[-1]) + 1) * BLOCK_PX,
                (start + int(columns[0])) * BLOCK_PX,
                (start + int(columns[-1]) + 1) * BLOCK_PX,
            )


def _share(square: Image, below: float, radius: float, above: float) -> Image:
    """How much of the disc `radius` goes into each pixel; the shares of all rungs add up to 1."""
    share = np.ones_like(square)
    if below >= 0:
        np.minimum(share, _line(square, below, radius), out=share)
    if above < math.inf:
        np.minimum(share, _line(square, above, radius), out=share)
    return np.maximum(share, 0, out=share)


def _line(square: Image, zero: float, one: float) -> Image:
    """0 at radius `zero`, 1 at radius `one`, linear in the square."""
    slope = 1 / (one**2 - zero**2)
    line = square * np.float32(slope)
    line -= np.float32(slope * zero**2)
    return line


def _add_weighted(out: Image, part: Image, weight: Image) -> None:
    """Add `part` (h, w, 4) times `weight` (h, w) to `out`; a plain broadcast takes three times as long."""
    product = _four(weight)
    product *= part
    out += product


def _four(plane: Image) -> Image:
    """The same plane (h, w) four times, (h, w, 4)."""
    return _f32(cv2.merge([plane, plane, plane, plane]))


def _disc_blurred(pyramid: Sequence[Image], radius: float, area: tuple[int, int, int, int]) -> Image:
    """Part `area` (top, bottom, left, right) of a layer under a disc of `radius` pixels."""
    top, bottom, left, right = area
    if radius == 0:
        return pyramid[0][top:bottom, left:right]
    level = sum(radius >= start for start in _LEVEL_FROM_PX)
    size = 1 << level
    # Shrinking by a box and enlarging linearly blur as well; the disc is smaller by as much.
    own = (size**2 - 1) / 12 + (size**2 / 6 if level else 0)
    kernel = disc(2 * math.sqrt(max(radius**2 / 4 - own, 0.1)) / size)
    source = pyramid[level]
    pad = kernel.shape[0] // 2 + 1
    rows = slice(max(0, top // size - pad), min(source.shape[0], bottom // size + pad))
    columns = slice(max(0, left // size - pad), min(source.shape[1], right // size + pad))
    part = cv2.filter2D(source[rows, columns], -1, kernel, borderType=cv2.BORDER_REPLICATE)
    if level:
        part = cv2.resize(part, None, fx=size, fy=size, interpolation=cv2.INTER_LINEAR)
    y, x = top - rows.start * size, left - columns.start * size
    return _f32(part[y : y + bottom - top, x : x + right - left])


@lru_cache(maxsize=64)
def disc(radius_px: float) -> Image:
    """A disc of constant weight, sum 1, its rim weighted by the area it covers; odd square size.

    Examples
    --------
    >>> disc(0.5).shape, disc(2.0).shape
    ((3, 3), (5, 5))
    """
    fine = 8
    half = max(1, math.ceil(radius_px - 0.5))
    axis = (np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5
    inside = (axis[:, None] ** 2 + axis[None, :] ** 2 <= radius_px**2).astype(np.float64)
    kernel = inside.reshape(2 * half + 1, fine, 2 * half + 1, fine).sum(axis=(1, 3))
    weighted: Image = (kernel / kernel.sum()).astype(np.float32)
    weighted.setflags(write=False)
    return weighted


def _f32(array: NDArray[np.generic]) -> Image:
    result: Image = np.asarray(array, np.float32)
    return result
