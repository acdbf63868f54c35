"""Sub-pixel refinement of a match: many small tiles say where they lie, and a model is fitted to what they say.

In each tile the moving picture is the fixed one displaced, brighter or darker, and sharper or less sharp. To first
order the difference of the two is a sum of the slopes (displacement; Lucas and Kanade, An Iterative Image Registration
Technique, IJCAI 1981), the picture itself and 1 (gain and veil), and its Laplacian (a little more or less of any round
blur). All are fitted at once: without the last ones a change of blur, which is what a focus stack is about, is taken
for movement wherever an edge is cut by a tile, or is bright on dark. Slopes are those of the mean of both pictures, so
that neither is preferred.

A tile is trusted by what it shows and how well it is explained (its normal equations over the variance of what is
left), so one that is sharp in both frames counts for more than any number of blurred ones, and a dark one in focus for
no less than a bright one. Tiles that do not follow the model (a reflection that wanders, an edge in front of another
plane) lose their weight: iteratively reweighted least squares with the weights of Cauchy (Holland and Welsch, Robust
Regression Using Iteratively Reweighted Least-Squares, Communications in Statistics A6, 1977).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore_plugins.aligner_ecc.families import Family, corners_of
from stackcore_plugins.aligner_ecc.tile_sums import ACROSS, BLUR, CHANGE, DOWN, MEAN, ONE, tile_corner, tile_sums

Doubles = NDArray[np.float64]

_BLUR_PX = 1.2
"""Gaussian before comparing: noise of single pixels, and what sampling distorts, is of no use."""
_TILE_PX = 48
_SMALLEST_TILE_PX = 16
_TILES_ACROSS = 5
"""A picture is divided into so many tiles at least, along its shorter side."""
_FEWEST_TILES = 6
_PASSES = 3
_SETTLED_PX = 0.05
"""A pass that moves no corner by more was the last: what a pass leaves is a tenth of what it found."""
_FARTHEST_PX = 4.0
"""Beyond so many pixels of a start, small displacements are not what was looked for."""
_COUNTED = 0.5
"""Share of a tile's pixels that must count."""
_ALIKE = 0.6
"""Least correlation of the two pictures in a tile: below that it shows noise, and what the camera adds that does not
move with the subject (blocks of a JPEG, faint hot pixels)."""
_MODEL_PX = 0.01
"""By how much a tile may miss the model though it is measured without noise: parallax, sampling."""
_GRAIN_PX = 2.0
"""Up to this grain. What is coarser is blurred, and its Laplacian drowns in noise: an edge grown wider is then taken
for movement, more the wider it is (0.3 to 1 px beside pads whose blur was 30 px wide)."""
_COARSEST_PX = 40.0
_ROUNDS = 10
_TOLERANCE = 3.0
_USUAL = 2 * np.log(2)
"""Median of the square of a distance in two dimensions, in variances."""
_LEAST_PX = 0.004
"""No match is trusted more than to this, pixels, in each of its parameters."""


@dataclass(frozen=True)
class Refined:
    """`matrix` takes fixed to moving pixels; `covariance` (freedom, freedom) of the family's parameters, pixels^2."""

    matrix: Doubles
    covariance: Doubles


def refined(
    fixed: NDArray[np.float32],
    moving: NDArray[np.float32],
    counts: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    start: Doubles,
    family: Family,
) -> Refined | None:
    """Refine a match that is right to a pixel or two.

    Parameters
    ----------
    fixed, moving
        Luma in linear light, (h, w), not modified.
    counts
        For each of them (h, w), not 0 where a pixel may be used.
    start
        3x3, fixed to moving pixels.
    family
        What may be moved, made for pictures of this size.

    Returns
    -------
    None where too little of the pictures can be compared, or where they lead away from the start.
    """
    here, there = _smooth(fixed), _smooth(moving)
    h, w = fixed.shape
    tile = max(_SMALLEST_TILE_PX, min(_TILE_PX, min(h, w) // _TILES_ACROSS))
    if min(h, w) < tile + 2:
        return None
    corners = family.displacements(corners_of(w, h))
    matrix, away = start, np.zeros(family.freedom)
    for _ in range(_PASSES):
        tiles = displaced(tile_sums(here, there, counts[0], counts[1], matrix, tile), tile, (w, h))
        if len(tiles.shifts) < _FEWEST_TILES:
            return None
        step, covariance = _fitted(tiles, family)
        away = away + step
        if float(np.linalg.norm(corners @ away, axis=1).max()) > _FARTHEST_PX:
            return None
        matrix = matrix @ family.matrices(step[None])[0]
        if float(np.linalg.norm(corners @ step, axis=1).max()) < _SETTLED_PX:
            break
    return Refined(matrix / matrix[2, 2], covariance)


def _smooth(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(cv2.GaussianBlur(luma, (0, 0), _BLUR_PX, borderType=cv2.BORDER_REFLECT), np.float32)


@dataclass(frozen=True)
class Tiles:
    """What tiles say: `centres` and `shifts` (n, 2), and how sure each is, `information` (n, 2, 2), 1 / pixels^2."""

    centres: Doubles
    shifts: Doubles
    information: Doubles


def displaced(sums: Doubles, tile_px: int, size: tuple[int, int]) -> Tiles:
    """Say by how much each tile is displaced, what is left of the difference taken for white noise.

    `sums` is what `tile_sums` gives for tiles of `tile_px`, `size` width and height of the picture.
    """
    rows, columns = sums.shape[:2]
    x = tile_corner(size[0], columns, tile_px) + (np.arange(columns) + 0.5) * tile_px - 0.5
    y = tile_corner(size[1], rows, tile_px) + (np.arange(rows) + 0.5) * tile_px - 0.5
    centres = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    sums = sums.reshape(-1, *sums.shape[2:])
    wanted, nuisance = [ACROSS, DOWN, CHANGE], [MEAN, BLUR, ONE]
    counted = sums[:, ONE, ONE]
    scale = np.trace(sums[:, :2, :2], axis1=1, axis2=2)
    usable = (counted >= _COUNTED * tile_px**2) & (scale > 0) & (_correlations(sums) > _ALIKE)
    sums, centres, counted, scale = sums[usable], centres[usable], counted[usable], scale[usable]
    inner = sums[:, nuisance][:, :, nuisance]
    ridge = 1e-6 * np.einsum("tii->ti", inner)[:, :, None] * np.eye(3) + 1e-12 * np.eye(3)
    cross = sums[:, nuisance][:, :, wanted]
    left = sums[:, wanted][:, :, wanted] - cross.transpose(0, 2, 1) @ np.linalg.solve(inner + ridge, cross)
    slopes, pull = left[:, :2, :2], -left[:, :2, 2]  # what is displaced by s is brighter by -s times the slope
    flat = (1e-4 * scale)[:, None, None] * np.eye(2)  # along an edge nothing is known
    shifts = np.linalg.solve(slopes + flat, pull[:, :, None])[:, :, 0]
    noise = np.maximum(left[:, 2, 2] - (shifts * pull).sum(axis=1), 0) / counted + 1e-10
    grain = _squared_grain(sums, noise)
    missed = _MODEL_PX * np.maximum(1, grain / _GRAIN_PX**2) ** 2
    spread = np.linalg.inv(slopes / noise[:, None, None] + 1e-4 * np.eye(2)) + (missed**2)[:, None, None] * np.eye(2)
    return Tiles(centres, np.asarray(shifts), np.asarray(np.linalg.inv(spread)))


def _squared_grain(sums: Doubles, noise: Doubles) -> Doubles:
    """Square of the length, pixels, over which a tile's brightness bends: slopes over Laplacians, less their noise.

    `noise` (n,) is the variance of the difference of the pictures, four times that of their mean. White noise under a
    Gaussian of sigma s has slopes of variance 1 / s^2, and a Laplacian of 2 / s^4, times its own.
    """
    share = sums[:, ONE, ONE] * noise / 4 / _BLUR_PX**2
    slopes = np.maximum(sums[:, ACROSS, ACROSS] + sums[:, DOWN, DOWN] - share, 0)
    bends = sums[:, BLUR, BLUR] - 2 * share / _BLUR_PX**2
    return np.asarray(np.minimum(slopes / np.maximum(bends, 1e-12), _COARSEST_PX**2))


def _correlations(sums: Doubles) -> Doubles:
    """Correlation of the two pictures within each tile."""
    count = np.maximum(sums[:, ONE, ONE], 1)
    mean, change = (sums[:, k, k] - sums[:, k, ONE] ** 2 / count for k in (MEAN, CHANGE))
    both = sums[:, MEAN, CHANGE] - sums[:, MEAN, ONE] * sums[:, CHANGE, ONE] / count
    first, second = mean - both + change / 4, mean + both + change / 4
    return np.asarray((mean - change / 4) / np.sqrt(np.maximum(first * second, 1e-30)))


def _fitted(tiles: Tiles, family: Family) -> tuple[Doubles, Doubles]:
    """The movement (freedom,) that the tiles agree on, and its covariance, pixels."""
    basis = family.displacements(tiles.centres)
    pull = basis.transpose(0, 2, 1) @ tiles.information
    each, aim = pull @ basis, (pull @ tiles.shifts[:, :, None])[:, :, 0]
    faint = 1e-6 * np.eye(family.freedom)
    weights = np.ones(len(basis))
    sure = np.trace(tiles.information, axis1=1, axis2=2)  # what is hardly used must not say what is usual
    for _ in range(_ROUNDS):
        normal = (weights[:, None, None] * each).sum(axis=0) + faint
        step = np.linalg.solve(normal, (weights[:, None] * aim).sum(axis=0))
        apart = tiles.shifts - basis @ step
        squares = np.einsum("ti,tij,tj->t", apart, tiles.information, apart)
        usual = max(_weighted_median(squares, sure) / _USUAL, 1e-9)
        weights = 1 / (1 + squares / (_TOLERANCE**2 * usual))
    normal = (weights[:, None, None] * each).sum(axis=0) + faint
    return step, usual * np.linalg.inv(normal) + _LEAST_PX**2 * np.eye(family.freedom)


def _weighted_median(values: Doubles, weights: Doubles) -> float:
    """The value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    heap = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heap, heap[-1] / 2)])
