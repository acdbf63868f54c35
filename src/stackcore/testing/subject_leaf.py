"""The ground of the scene: a leaf that rises from the camera into the distance, dew on it, and what lies behind."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.testing.easel import Easel
from stackcore.testing.textures import (
    LIGHT,
    cell_borders,
    diffuse,
    fractal,
    glossy,
    mix,
    normals,
    step,
)

Image = NDArray[np.float32]

RELIEF = 0.5
"""How far the whole depth of the scene reaches, in picture widths."""


@dataclass(frozen=True)
class Surface:
    """A painted surface the size of the canvas: straight linear colour, coverage and depth."""

    colour: Image
    alpha: Image
    depth: Image


def ground_depth(x: Image, y: Image) -> Image:
    """Depth of the leaf's plane at a point in units: near at the bottom, far at the top, hollow along its midrib."""
    return np.asarray(0.50 - 1.38 * y - 0.22 * x + 0.5 * (x + 0.1) ** 2 + 0.35 * y * np.abs(y), np.float32)


def ground_depth_at(x: float, y: float) -> float:
    """Do as `ground_depth` does for a single point."""
    return float(ground_depth(np.full(1, x, np.float32), np.full(1, y, np.float32))[0])


def backdrop(easel: Easel, rng: np.random.Generator) -> Surface:
    """Soft light far behind: no detail in it, so that no slice is the sharp one."""
    coarse = 4  # nothing in it is finer
    small = easel.coarser(coarse)
    colour = np.empty((*small.shape, 3), np.float32)
    glow = np.exp(-((small.x - 0.36) ** 2 + (small.y + 0.36) ** 2) / 0.09)
    cool = np.exp(-((small.x + 0.42) ** 2 + (small.y + 0.3) ** 2) / 0.06)
    colour[:] = np.array([0.020, 0.055, 0.045], np.float32)
    colour += glow[..., None] * np.array([0.42, 0.33, 0.07], np.float32)
    colour += cool[..., None] * np.array([0.02, 0.10, 0.10], np.float32)
    for _ in range(16):
        x, y, radius = rng.uniform(-0.55, 0.55), rng.uniform(-0.36, -0.1), rng.uniform(0.02, 0.05)
        tint = np.array([0.30, 0.34, 0.10]) * rng.uniform(0.15, 0.7) * np.array([rng.uniform(0.5, 1.3), 1.0, 1.0])
        spot = step(radius * 1.25, radius * 0.75, np.hypot(small.x - x, small.y - y))
        colour += spot[..., None] * tint.astype(np.float32) * 0.5
    smooth = cv2.resize(colour, easel.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return Surface(np.asarray(smooth, np.float32), np.ones(easel.shape, np.float32), np.ones(easel.shape, np.float32))


def leaf(easel: Easel, rng: np.random.Generator, shadow: Image) -> Surface:
    """The leaf: veins, cells, bumps between them. `shadow` (h, w), 0 to 1, is what falls on it."""
    x, y = easel.x, easel.y
    along, across = _leaf_axes(x, y)
    net_coarse, _ = cell_borders(easel, rng, 0.052)
    net, _ = cell_borders(easel, rng, 0.017)
    net_fine, tone = cell_borders(easel, rng, 0.0062)
    wave = fractal(easel, rng, 0.2, 4)
    grain = fractal(easel, rng, 0.02, 5, gain=0.7)
    ribs = _ribs(along, across, wave)
    mid = np.exp(-((across / (0.0075 + 0.004 * (0.6 - along))) ** 2))
    veins = np.maximum.reduce([mid, 0.75 * ribs, 0.55 * step(0.09, 0.0, net_coarse), 0.42 * step(0.14, 0.0, net)])
    height = (
        0.0070 * step(0.0, 0.5, net_coarse)
        + 0.0013 * step(0.0, 0.4, net)
        + 0.00045 * step(0.0, 0.4, net_fine)
        + 0.00018 * grain
        - 0.006 * ribs
        - 0.010 * mid
        + 0.004 * wave
    )
    depth = ground_depth(x, y) - height / RELIEF
    normal = normals(cv2.GaussianBlur(height * easel.unit_px, (0, 0), max(0.5, 0.0007 * easel.unit_px)))
    own = 0.8 + 0.4 * tone
    colour = np.empty((*easel.shape, 3), np.float32)
    colour[:] = np.array([0.050, 0.175, 0.022], np.float32)
    colour = mix(colour, (0.105, 0.255, 0.030), step(-1.2, 1.6, wave + 1.6 * step(0.0, 0.5, net_coarse) - 0.8))
    colour = mix(colour, (0.20, 0.24, 0.045), 0.5 * step(0.8, 2.2, wave))
    colour *= (own * (1 + 0.13 * grain))[..., None]
    colour = mix(colour, (0.30, 0.43, 0.13), np.clip(veins, 0, 1) * 0.8)
    light = (0.20 + 1.15 * diffuse(normal) ** 1.3) * (1.04 - 0.42 * step(-0.35, 0.75, 0.8 * x + y))
    colour *= (light * (1 - 0.82 * shadow))[..., None]
    sheen = 0.20 * glossy(normal, 14) * (1 + 0.4 * grain) + 0.5 * glossy(normal, 160)
    colour += (np.maximum(sheen, 0) * (1 - shadow) * 0.32)[..., None] * np.array([0.8, 1.0, 0.9], np.float32)
    alpha = _outline(easel, along, across)
    return Surface(np.maximum(colour, 0), alpha, depth)


def covers(easel: Easel, spot: tuple[float, float, float]) -> bool:
    """Whether the leaf lies under all of a spot (x, y, radius in units)."""
    x, y, radius = (np.full((1, 1), value, np.float32) for value in spot)
    along, across = _leaf_axes(x, y)
    return bool(_outline(easel, along + radius, np.abs(across) + radius)[0, 0] > 0.9)


def _leaf_axes(x: Image, y: Image) -> tuple[Image, Image]:
    """Distance along the midrib (towards the far tip) and across it, units."""
    turn = np.deg2rad(62)
    along = x * np.cos(turn) - y * np.sin(turn)
    across = x * np.sin(turn) + y * np.cos(turn) - 0.03 - 0.16 * along**2
    return np.asarray(along, np.float32), np.asarray(across, np.float32)


def _ribs(along: Image, across: Image, wave: Image) -> Image:
    """Side ribs that leave the midrib in a fishbone, ridge height 0 to 1."""
    spacing = 0.135
    phase = (along - 0.55 * np.abs(across) + 0.32 * across**2 + np.where(across > 0, 0.06, 0) + 0.004 * wave) / spacing
    off = np.abs(phase - np.rint(phase)) * spacing
    width = 0.0058 * (1 - 0.6 * np.minimum(np.abs(across) / 0.5, 1))
    return np.asarray(np.exp(-((off / width) ** 2)), np.float32)


def _outline(easel: Easel, along: Image, across: Image) -> Image:
    teeth = np.abs(((along * 1.0 + 0.2 * np.abs(across)) / 0.032) % 1.0 - 0.35) * 0.012
    half = 0.56 * np.sqrt(np.clip((0.45 - along) / 0.7, 0, None)) - teeth
    inside = (half - np.abs(across)) * easel.unit_px
    return step(-0.9, 0.9, np.asarray(inside, np.float32))


def drops(easel: Easel, spots: list[tuple[float, float, float]], under: Surface) -> Surface:
    """Dew: each of `spots` is x, y and radius in units; it shows the leaf beneath, bent, and a glint."""
    colour = under.colour.copy()
    alpha = np.zeros(easel.shape, np.float32)
    depth = under.depth.copy()
    for x, y, radius in spots:
        rows, columns = easel.part(x, y, 1.1 * radius)
        u = (easel.x[rows, columns] - x) / radius
        v = (easel.y[rows, columns] - y) / (radius * 0.96)
        r = np.sqrt(u * u + v * v)
        dome = np.sqrt(np.clip(1 - r * r, 0, 1))
        normal = np.dstack([u, v, np.maximum(dome, 0.05)])
        normal /= np.linalg.norm(normal, axis=2, keepdims=True)
        lens = _seen_through(under.colour[rows, columns], u, v, r)
        towards = u * -LIGHT[0] + v * -LIGHT[1]  # light gathers on the side away from its source
        body = lens * (0.45 + 0.75 * step(-0.9, 0.9, towards))[..., None]
        body += (step(0.2, 0.95, towards) * step(1.0, 0.6, r) * 0.38)[..., None] * np.array(
            [0.75, 1.0, 0.55], np.float32
        )
        body *= (1 - 0.65 * step(0.80, 1.0, r))[..., None]
        body += (0.30 * step(0.65, 0.97, r) * step(0.3, -0.9, towards))[..., None]
        glint = step(0.21, 0.13, np.hypot(u + 0.36, (v + 0.44) * 1.15))
        spark = step(0.09, 0.04, np.hypot(u - 0.42, v - 0.40))
        body += (3.6 * glint + 1.2 * spark)[..., None]
        cover = step(0.75, -0.75, np.asarray((r - 1) * radius * easel.unit_px, np.float32))
        colour[rows, columns] = mix(colour[rows, columns], body.astype(np.float32), cover)
        np.maximum(alpha[rows, columns], cover, out=alpha[rows, columns])
        depth[rows, columns] -= (0.75 * radius / RELIEF * dome).astype(np.float32)
    return Surface(colour, alpha, depth)


def drop_shadows(easel: Easel, spots: list[tuple[float, float, float]]) -> Image:
    """Soft shade beside each drop, with the bright focus of its light inside it, (h, w), may be slightly negative."""
    shade = np.zeros(easel.shape, np.float32)
    for x, y, radius in spots:
        rows, columns = easel.part(x, y, 2.0 * radius)
        u, v = (easel.x[rows, columns] - x) / radius, (easel.y[rows, columns] - y) / radius
        fall = step(1.35, 0.7, np.hypot(u - 0.30, v - 0.36))
        focus = step(0.5, 0.0, np.hypot(u - 0.95, v - 1.05))
        shade[rows, columns] += (0.55 * fall - 0.75 * focus).astype(np.float32)
    return np.clip(shade, -1.0, 1.0)


def _seen_through(ground: Image, u: Image, v: Image, r: Image) -> Image:
    """The ground under a drop, upside down and reduced as a ball lens shows it."""
    height, width = r.shape
    reach = np.float32(0.8 + 0.2) * np.clip(r, 0, 1) ** 2
    column = (width - 1) / 2 * (1 - np.clip(u, -1, 1) * reach * 0.9)
    row = (height - 1) / 2 * (1 - np.clip(v, -1, 1) * reach * 0.9)
    seen = cv2.remap(
        ground, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.float32)


def dust(easel: Easel, rng: np.random.Generator, under: Surface, count: int) -> Surface:
    """`under` with `count` golden grains of pollen on it, where it covers; some catch the light."""
    colour, depth = under.colour.copy(), under.depth.copy()
    height, width = easel.shape
    for _ in range(count):
        x, y = rng.uniform(-0.5, 0.5), rng.uniform(-0.33, 0.33)
        radius = rng.uniform(0.0018, 0.0044)
        glint = rng.uniform(0.4, 3.0) if rng.uniform() < 0.5 else 0.0
        column, row = easel.place(x, y)
        if not (0 <= row < height and 0 <= column < width and under.alpha[int(row), int(column)] > 0.9):
            continue
        rows, columns = easel.part(x, y, 1.5 * radius)
        u, v = (easel.x[rows, columns] - x) / radius, (easel.y[rows, columns] - y) / radius
        dome = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        facing = np.clip(u * LIGHT[0] + v * LIGHT[1] + dome * LIGHT[2], 0, 1)
        body = (0.15 + 0.95 * facing)[..., None] * np.array([0.86, 0.52, 0.05], np.float32)
        body += (glint * step(0.5, 0.2, np.hypot(u + 0.35, v + 0.42)))[..., None]
        cover = step(0.6, -0.6, (np.hypot(u, v) - 1) * radius * easel.unit_px)
        colour[rows, columns] = mix(colour[rows, columns], body.astype(np.float32), cover)
        depth[rows, columns] -= (1.2 * radius / RELIEF * dome).astype(np.float32)
    return Surface(colour, under.alpha, depth)
