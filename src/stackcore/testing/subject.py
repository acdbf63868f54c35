"""The picture as a whole: which surfaces there are, from the farthest to the nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stackcore.testing.defocus import Layer
from stackcore.testing.easel import Easel
from stackcore.testing.strokes import Stroke, curve, stroke_layer
from stackcore.testing.subject_beetle import Pose, body, feelers, legs, shade
from stackcore.testing.subject_leaf import (
    Surface,
    backdrop,
    covers,
    drop_shadows,
    drops,
    dust,
    ground_depth_at,
    leaf,
)


def ladybird(shape: tuple[int, int], unit_px: float, seed: int, reach_px: int) -> list[Layer]:
    """A ladybird on a dewy, hairy leaf: layers from far to near.

    `shape` is the canvas (height, width) with margins, `unit_px` the width of a 3:2 picture, `reach_px` how far the
    blur may grow. The same seed gives the same layers; another one, other cells, drops and hairs.
    """
    easel = Easel.of(shape, unit_px)
    parts = {name: np.random.default_rng([seed, n]) for n, name in enumerate(_PARTS)}
    pose = Pose()
    dew = [spot for spot in _dew(parts["dew"], pose) if covers(easel, spot)]
    green = leaf(easel, parts["leaf"], np.clip(shade(easel, pose) + drop_shadows(easel, dew), -0.9, 1))
    green = dust(easel, parts["dust"], green, 220)
    beetle = dust(easel, parts["dust"], body(easel, parts["beetle"], pose), 160)
    wet = drops(easel, dew, green)
    hairs = [hair for hair in _hairs(easel, parts["hairs"]) if _grows_on(hair, green, (beetle, wet))]
    return [
        _cut(backdrop(easel, parts["backdrop"]), reach_px),
        _cut(green, reach_px),
        _cut(wet, reach_px),
        *_threads([hair for hair in hairs if _behind(hair, beetle)], shape, reach_px),
        *_threads(legs(easel, pose), shape, reach_px),
        _cut(beetle, reach_px),
        *_threads(feelers(easel, pose), shape, reach_px),
        *_threads([hair for hair in hairs if not _behind(hair, beetle)], shape, reach_px),
    ]


_PARTS = ("backdrop", "leaf", "dew", "hairs", "beetle", "dust")


def _cut(surface: Surface, reach_px: int) -> Layer:
    return Layer.crop(surface.colour, surface.alpha, np.clip(surface.depth, 0, 1), reach_px)


def _threads(strokes: list[Stroke], shape: tuple[int, int], reach_px: int) -> list[Layer]:
    return [stroke_layer(strokes, shape, reach_px)] if strokes else []


def _dew(rng: np.random.Generator, pose: Pose) -> list[tuple[float, float, float]]:
    found = [(-0.335, 0.115, 0.044), (0.345, 0.02, 0.030), (0.27, 0.235, 0.036)]
    for _ in range(400):
        x, y = rng.uniform(-0.46, 0.46), rng.uniform(-0.14, 0.31)
        radius = 0.004 + 0.020 * rng.uniform() ** 3
        p, q = pose.axes(np.full(1, x, np.float32), np.full(1, y, np.float32))
        on_beetle = bool(np.hypot(p / 0.30, q / 0.24) < 1)
        if not on_beetle and all(np.hypot(x - a, y - b) > 1.15 * (radius + r) for a, b, r in found):
            found.append((float(x), float(y), float(radius)))
        if len(found) == 60:
            break
    return found


def _hairs(easel: Easel, rng: np.random.Generator) -> list[Stroke]:
    found = []
    for _ in range(150):
        x, y = rng.uniform(-0.52, 0.52), rng.uniform(-0.14, 0.36)
        long = rng.uniform(0.02, 0.07) * (1.6 if rng.uniform() < 0.12 else 1.0)
        lean = rng.normal(-0.15, 0.35)
        start = ground_depth_at(x, y)
        rise = long * rng.uniform(0.9, 1.6)
        tip_x, tip_y = x + long * np.sin(lean), y - long * np.cos(lean)
        bend = rng.normal(0, 0.25) * long
        path = curve(
            (*easel.place(x, y), start),
            (*easel.place((x + tip_x) / 2 + bend, (y + tip_y) / 2), start - 0.6 * rise),
            (*easel.place(tip_x, tip_y), max(0.0, start - rise)),
            12,
        )
        bead = 0.0030 * easel.unit_px if rng.uniform() < 0.55 else 0.0
        width = rng.uniform(0.0016, 0.0030) * easel.unit_px
        found.append(Stroke(path, (width, 0.45 * width), (0.34, 0.42, 0.22), (0.80, 0.88, 0.62), bead))
    return sorted(found, key=lambda hair: -float(hair.points[:, 2].mean()))


def _sample(surface: Surface, hair: Stroke) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coverage and depth of a surface under each point of a hair."""
    height, width = surface.alpha.shape
    column = np.clip(np.rint(hair.points[:, 0]).astype(int), 0, width - 1)
    row = np.clip(np.rint(hair.points[:, 1]).astype(int), 0, height - 1)
    return surface.alpha[row, column], surface.depth[row, column]


def _grows_on(hair: Stroke, ground: Surface, others: Sequence[Surface]) -> bool:
    """Whether a hair is rooted on the ground where nothing else covers it."""
    free = all(_sample(other, hair)[0][0] < 0.1 for other in others)
    return free and bool(_sample(ground, hair)[0][0] > 0.9)


def _behind(hair: Stroke, beetle: Surface) -> bool:
    """Whether the beetle hides a part of the hair."""
    alpha, depth = _sample(beetle, hair)
    return bool(((alpha > 0.1) & (hair.points[:, 2] > depth)).any())
