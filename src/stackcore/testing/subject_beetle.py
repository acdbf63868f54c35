"""The subject of the scene: a ladybird made of domes, with legs and feelers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.testing.easel import Easel
from stackcore.testing.strokes import Colour, Stroke, curve
from stackcore.testing.subject_leaf import RELIEF, Surface, ground_depth, ground_depth_at
from stackcore.testing.textures import (
    cell_borders,
    diffuse,
    fractal,
    glossy,
    mix,
    normals,
    step,
)

Image = NDArray[np.float32]

_SPOTS = (
    (-0.158, 0.0, 0.040),
    (-0.062, 0.088, 0.036),
    (-0.062, -0.088, 0.036),
    (0.040, 0.050, 0.031),
    (0.040, -0.050, 0.031),
    (0.112, 0.082, 0.024),
    (0.112, -0.082, 0.024),
)  # along the body (head at the negative end), across it, radius

_BLACK: Colour = (0.012, 0.011, 0.012)


@dataclass(frozen=True)
class Pose:
    """Where the beetle sits: its middle in units, which way it looks (degrees), and its size."""

    x: float = 0.045
    y: float = 0.0
    turn_deg: float = 24.0
    size: float = 1.0

    def axes(self, x: Image, y: Image) -> tuple[Image, Image]:
        """Coordinates along the body (head negative) and across it, in the beetle's own units."""
        turn = np.deg2rad(self.turn_deg)
        dx, dy = (x - np.float32(self.x)) / self.size, (y - np.float32(self.y)) / self.size
        # The head looks to the lower left, towards the camera.
        p = dx * np.cos(turn) - dy * np.sin(turn)
        q = dx * np.sin(turn) + dy * np.cos(turn)
        return np.asarray(p, np.float32), np.asarray(q, np.float32)

    def point(self, p: float, q: float) -> tuple[float, float]:
        """Units of the picture of a point on the beetle."""
        turn = np.deg2rad(self.turn_deg)
        x = p * np.cos(turn) + q * np.sin(turn)
        y = -p * np.sin(turn) + q * np.cos(turn)
        return self.x + float(x) * self.size, self.y + float(y) * self.size

    @property
    def depth(self) -> float:
        """Depth of the leaf under its middle."""
        return ground_depth_at(self.x, self.y)


@dataclass(frozen=True)
class _Part:
    """One dome of the body: where it is, its half axes, how high it stands over the leaf and how round it is."""

    p: float
    along: float
    across: float
    base: float
    height: float
    squareness: float = 2.0

    def height_and_edge(self, p: Image, q: Image) -> tuple[Image, Image]:
        """Height over the leaf in units, and distance inside the rim in units (negative outside)."""
        u, v = np.abs(p - np.float32(self.p)) / self.along, np.abs(q) / self.across
        rho = (u**self.squareness + v**self.squareness) ** np.float32(1 / self.squareness)
        dome = np.clip(1 - rho * rho, 0, 1) ** np.float32(0.55)
        return self.base + self.height * dome, (1 - rho) * np.float32(min(self.along, self.across))


_ELYTRA = _Part(0.0, 0.205, 0.172, 0.030, 0.150, 2.15)
_PRONOTUM = _Part(-0.186, 0.060, 0.118, 0.030, 0.070, 2.3)
_HEAD = _Part(-0.232, 0.046, 0.066, 0.024, 0.048, 2.2)


def body(easel: Easel, rng: np.random.Generator, pose: Pose) -> Surface:
    """Wing cases, neck shield and head: straight colour, coverage and depth, canvas-sized."""
    floor = ground_depth(easel.x, easel.y) * 0.55 + pose.depth * 0.45  # it sits flatter than the leaf slopes
    whole = Surface(
        np.zeros((*easel.shape, 3), np.float32), np.zeros(easel.shape, np.float32), floor - np.float32(0.03 / RELIEF)
    )
    rows, columns = easel.part(pose.x, pose.y, 0.29 * pose.size)
    part = _body(easel.cut(rows, columns), rng, pose)
    whole.colour[rows, columns], whole.alpha[rows, columns] = part.colour, part.alpha
    whole.depth[rows, columns] = floor[rows, columns] - part.depth / np.float32(RELIEF)
    return whole


def _body(easel: Easel, rng: np.random.Generator, pose: Pose) -> Surface:
    """The part of the canvas that holds the body; `depth` is its height over the leaf, units."""
    p, q = pose.axes(easel.x, easel.y)
    pits, _ = cell_borders(easel, rng, 0.0075)
    grain = fractal(easel, rng, 0.03, 5, gain=0.7)
    cloud = fractal(easel, rng, 0.25, 3)
    colour = np.zeros((*easel.shape, 3), np.float32)
    alpha = np.zeros(easel.shape, np.float32)
    height = np.zeros(easel.shape, np.float32)
    for part, paint in ((_HEAD, _head_colour), (_PRONOTUM, _pronotum_colour), (_ELYTRA, _elytra_colour)):
        rise, edge = part.height_and_edge(p, q)
        cover = step(-0.8, 0.8, edge * np.float32(pose.size * easel.unit_px))
        dimple = 0.00040 * step(0.1, 0.45, pits) + 0.00010 * grain
        if part is _ELYTRA:
            rise = rise - 0.006 * np.exp(-((q / 0.004) ** 2)) * step(-0.17, -0.15, p)
        albedo = paint(p, q, edge, grain, cloud)
        lit = _light(albedo, normals((rise + dimple) * np.float32(pose.size * easel.unit_px)), edge, grain)
        colour = mix(colour, lit, cover)
        height = np.where(cover > 0.5, rise * pose.size, height).astype(np.float32)
        alpha = np.maximum(alpha, cover)
    return Surface(colour, alpha, np.where(alpha > 0, height, 0.03).astype(np.float32))


def _light(albedo: Image, normal: Image, edge: Image, grain: Image) -> Image:
    lit = albedo * (0.16 + 1.15 * diffuse(normal, 0.25))[..., None]
    sky = np.array([0.55, 0.75, 0.9], np.float32)
    rim = np.clip(1 - normal[..., 2], 0, 1) ** 2
    lit += (0.10 * rim)[..., None] * np.array([0.6, 0.9, 0.45], np.float32)  # green light from the leaf
    broad = glossy(normal, 26)
    window = step(0.55, 0.86, broad) * (1 + 0.10 * grain)  # a soft box, not a point: an even patch with a soft rim
    lit += (0.03 * glossy(normal, 6) + 0.55 * window)[..., None] * sky
    lit += (3.2 * step(0.55, 0.95, glossy(normal, 420)))[..., None]
    return np.asarray(np.maximum(lit * (0.35 + 0.65 * step(0.0, 0.02, edge))[..., None], 0), np.float32)


def _elytra_colour(p: Image, q: Image, edge: Image, grain: Image, cloud: Image) -> Image:
    colour = np.empty((*p.shape, 3), np.float32)
    colour[:] = np.array([0.60, 0.045, 0.010], np.float32)
    colour = mix(colour, (0.72, 0.15, 0.012), 0.55 * step(-1.0, 2.0, cloud))
    colour *= (1 + 0.10 * grain)[..., None]
    for along, across, radius in _SPOTS:
        distance = np.hypot((p - np.float32(along)), (q - np.float32(across)) * 1.06) + 0.0012 * grain
        colour = mix(colour, _BLACK, step(radius + 0.0025, radius - 0.0025, distance))
    for side in (-1, 1):
        patch = np.hypot((p + 0.176) / 0.022, (q - np.float32(side * 0.048)) / 0.017)
        colour = mix(colour, (0.70, 0.62, 0.44), 0.9 * step(1.15, 0.8, patch))
    colour = mix(colour, (0.05, 0.006, 0.004), step(0.0034, 0.0016, np.abs(q)) * step(-0.17, -0.15, p))
    return mix(colour, (0.16, 0.012, 0.006), step(0.008, 0.003, edge))


def _pronotum_colour(p: Image, q: Image, edge: Image, grain: Image, cloud: Image) -> Image:
    colour = np.empty((*p.shape, 3), np.float32)
    colour[:] = np.array(_BLACK, np.float32)
    for side in (-1, 1):
        patch = np.hypot((p + 0.204) / 0.030, (q - np.float32(side * 0.088)) / 0.026) + 0.05 * grain
        colour = mix(colour, (0.72, 0.68, 0.55), step(1.1, 0.85, patch))
    return colour


def _head_colour(p: Image, q: Image, edge: Image, grain: Image, cloud: Image) -> Image:
    colour = np.empty((*p.shape, 3), np.float32)
    colour[:] = np.array(_BLACK, np.float32) * 1.3
    for side in (-1, 1):
        dot = np.hypot((p + 0.242) / 0.012, (q - np.float32(side * 0.026)) / 0.010)
        colour = mix(colour, (0.66, 0.62, 0.48), step(1.2, 0.8, dot))
        eye = np.hypot((p + 0.238) / 0.016, (q - np.float32(side * 0.056)) / 0.012)
        colour = mix(colour, (0.035, 0.02, 0.016), step(1.2, 0.9, eye))
    return colour


def shade(easel: Easel, pose: Pose) -> Image:
    """Shadow of the beetle on the leaf, (h, w), 0 to 1."""
    small = easel.coarser(4)  # it is soft
    p, q = pose.axes(small.x - np.float32(0.058), small.y - np.float32(0.070))
    cast = 0.80 * step(1.25, 0.78, np.hypot((p + 0.02) / 0.24, q / 0.185))
    p, q = pose.axes(small.x, small.y)
    contact = step(1.14, 0.95, np.hypot((p + 0.01) / 0.225, q / 0.18))
    both = np.maximum(cast, contact)
    return np.asarray(cv2.resize(both, easel.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def legs(easel: Easel, pose: Pose) -> list[Stroke]:
    """Six legs, from under the body down to the leaf."""
    found = []
    scale = pose.size * easel.unit_px
    for p, out, foot_p, foot_q in (
        (-0.14, 0.10, -0.215, 0.195),
        (-0.03, 0.14, -0.055, 0.245),
        (0.09, 0.13, 0.145, 0.235),
    ):
        for side in (-1.0, 1.0):
            knee = (p + 0.6 * (foot_p - p), side * (out + 0.75 * (foot_q - out)), 0.045)
            points = [
                (*easel.place(*pose.point(a, b)), _depth_at(pose, a, b, rise))
                for a, b, rise in ((p, side * out, 0.035), knee, (foot_p, side * foot_q, 0.004))
            ]
            thigh = curve(points[0], _between(points[0], points[1]), points[1], 8)
            shin = curve(points[1], _between(points[1], points[2]), points[2], 8)
            found.append(Stroke(thigh, (0.019 * scale, 0.014 * scale), (0.014, 0.010, 0.008), (0.05, 0.038, 0.032)))
            found.append(Stroke(shin, (0.012 * scale, 0.006 * scale), (0.018, 0.012, 0.009), (0.07, 0.05, 0.04)))
    return found


def feelers(easel: Easel, pose: Pose) -> list[Stroke]:
    """Two feelers with clubs, in front of the head."""
    found = []
    scale = pose.size * easel.unit_px
    for side in (-1.0, 1.0):
        spots = ((-0.262, side * 0.040, 0.040), (-0.300, side * 0.085, 0.085), (-0.352, side * 0.078, 0.075))
        points = [(*easel.place(*pose.point(a, b)), _depth_at(pose, a, b, rise)) for a, b, rise in spots]
        path = curve(points[0], points[1], points[2], 14)
        found.append(
            Stroke(path, (0.0062 * scale, 0.0055 * scale), (0.16, 0.075, 0.025), (0.42, 0.26, 0.12), 0.0062 * scale)
        )
    return found


def _between(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2 - 0.02


def _depth_at(pose: Pose, p: float, q: float, rise: float) -> float:
    x, y = pose.point(p, q)
    return ground_depth_at(x, y) * 0.8 + pose.depth * 0.2 - rise * pose.size / RELIEF
