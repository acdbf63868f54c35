"""What happens between the lens and the file: movement, flicker, noise, hot pixels, encoding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stackcore.terms import FULL_SCALE, Transform

Image = NDArray[np.float32]
Encoded = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How frames differ beyond focus. The same seed gives the same differences; nothing wanders off without bound.

    Attributes
    ----------
    breathing
        Change of scale over the whole depth of the scene, focus breathing.
    drift_px
        How far the picture wanders slowly in the course of the run, pixels.
    jitter_px
        Standard deviation of what each frame adds to that, pixels.
    rotation_deg
        How far it turns slowly to and fro, degrees.
    flicker
        Standard deviation of the exposure, as a fraction of the light.
    seed
        Chooses the wandering.
    """

    breathing: float = 0.02
    drift_px: float = 1.5
    jitter_px: float = 0.3
    rotation_deg: float = 0.1
    flicker: float = 0.02
    seed: int = 0

    @classmethod
    def none(cls) -> Motion:
        """Nothing moves, nothing flickers."""
        return cls(breathing=0.0, drift_px=0.0, jitter_px=0.0, rotation_deg=0.0, flicker=0.0)

    def transform(self, defocus: float, shot: int, width: int, height: int) -> Transform:
        """Where shot number `shot` sees the picture.

        `defocus` is the difference of focus from that without breathing, 1 for the whole depth of the scene.
        Returns a similarity about the frame's centre that maps undisturbed pixels to those of the shot.
        """
        phase = np.random.default_rng([self.seed, 11]).uniform(0, 2 * np.pi, 6)
        slow = np.sin(shot / np.array([7.0, 9.0, 8.0, 23.0, 19.0, 29.0]) + phase)
        jitter = np.random.default_rng([self.seed, 12, shot]).standard_normal(2)
        move = self.drift_px * (slow[:2] + slow[3:5]) / 1.5 + self.jitter_px * jitter
        angle = np.deg2rad(self.rotation_deg) * (slow[2] + slow[5]) / 1.5
        scale = 1 + self.breathing * defocus
        cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        return Transform(
            np.array(
                [
                    [cosine, -sine, x - cosine * x + sine * y + move[0]],
                    [sine, cosine, y - sine * x - cosine * y + move[1]],
                    [0.0, 0.0, 1.0],
                ]
            )
        )

    def exposure(self, shot: int) -> float:
        """Factor on the light of shot number `shot`, near 1."""
        return float(np.exp(self.flicker * np.random.default_rng([self.seed, 13, shot]).standard_normal()))


@dataclass(frozen=True)
class HotPixel:
    """A photosite that shines by itself: column `x`, row `y`, `channel` 0 to 2, `level` of linear light."""

    x: int
    y: int
    channel: int
    level: float


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """Turns light into numbers.

    Attributes
    ----------
    full_well_e
        Electrons that mean white; shot noise is their square root. 0 means a sensor without any noise.
    read_e
        Standard deviation of the read noise, electrons.
    hot_pixels
        How many photosites shine by themselves, at places fixed on the sensor.
    dead_pixels
        How many count nothing, at other places.
    glow
        Light that the amplifier adds in the lower right corner, 1 is white; it fades as that of `SensorTruth`.
    current
        Factor on what the sensor makes itself, hot pixels and glow: it grows with exposure time and ISO.
    seed
        Chooses noise, hot and dead pixels.
    """

    full_well_e: float = 20_000.0
    read_e: float = 8.0
    hot_pixels: int = 0
    dead_pixels: int = 0
    glow: float = 0.0
    current: float = 1.0
    seed: int = 0

    @classmethod
    def ideal(cls) -> Sensor:
        """No noise, no hot pixel."""
        return cls(full_well_e=0.0, read_e=0.0)

    def hot(self, width: int, height: int) -> tuple[HotPixel, ...]:
        """Return the hot pixels of a sensor of that size, each at another place."""
        rng = np.random.default_rng([self.seed, 21])
        places = rng.choice(width * height, min(self.hot_pixels, width * height), replace=False)
        return tuple(
            HotPixel(int(p % width), int(p // width), int(rng.integers(3)), float(rng.uniform(0.25, 1.5)))
            for p in places
        )

    def dead(self, width: int, height: int) -> tuple[tuple[int, int], ...]:
        """Return the dead pixels of a sensor of that size, (x, y), none of them hot."""
        rng = np.random.default_rng([self.seed, 23])
        taken = {(pixel.x, pixel.y) for pixel in self.hot(width, height)}
        places = rng.choice(width * height, min(self.dead_pixels + len(taken), width * height), replace=False)
        free = [place for p in places if (place := (int(p % width), int(p // width))) not in taken]
        return tuple(free[: self.dead_pixels])

    def noise_sigma(self, light: float) -> float:
        """Standard deviation of the noise at a linear light of 0 to 1, in the same unit."""
        if not self.full_well_e:
            return 0.0
        return float(np.sqrt(light * self.full_well_e + self.read_e**2) / self.full_well_e)

    def expose(
        self, light: Image, *, index: int, exposure: float = 1.0, dtype: Literal["uint8", "uint16"] = "uint8"
    ) -> Encoded:
        """Return shot number `index` of linear `light` (H, W, 3), sRGB-encoded; `light` is not modified."""
        return self.encode(self.count(light, index=index, exposure=exposure), dtype)

    def count(self, light: Image, *, index: int, exposure: float = 1.0) -> Image:
        """Return what the photosites of shot number `index` count, linear (H, W, 3), 1 is white; not clipped."""
        seen = light * np.float32(exposure)
        if self.full_well_e:
            # Gaussian instead of Poisson: at these counts nobody can tell, and it is ten times faster.
            noise = np.random.default_rng([self.seed, 22, index]).standard_normal(seen.shape, np.float32)
            noise *= np.sqrt(seen / np.float32(self.full_well_e) + np.float32((self.read_e / self.full_well_e) ** 2))
            seen += noise
        height, width = seen.shape[:2]
        if self.glow:
            seen += np.float32(self.current * self.glow) * corner_glow(width, height)[..., None]
        for pixel in self.hot(width, height):
            seen[pixel.y, pixel.x, pixel.channel] += self.current * pixel.level
        for x, y in self.dead(width, height):
            seen[y, x] = 0
        return seen

    @staticmethod
    def encode(light: Image, dtype: Literal["uint8", "uint16"]) -> Encoded:
        """Linear light to sRGB (IEC 61966-2-1) of 8 or 16 bits, clipped at black and white."""
        table = _curve(dtype)
        clipped = np.clip(light, 0, 1)
        clipped *= np.float32(len(table) - 1)
        clipped += np.float32(0.5)
        numbers: Encoded = table[clipped.astype(np.int32)]
        return numbers


def corner_glow(width: int, height: int) -> Image:
    """Return the glow of an amplifier beside the lower right corner, (height, width) float32.

    It is 1 in the corner, and half of that a fifth of the diagonal away.
    """
    away = np.hypot.outer(np.arange(height - 1, -1, -1.0), np.arange(width - 1, -1, -1.0)) / np.hypot(width, height)
    glow: Image = (0.5 ** (away / 0.2)).astype(np.float32)
    return glow


@lru_cache(maxsize=2)
def _curve(dtype: Literal["uint8", "uint16"]) -> Encoded:
    light = np.linspace(0, 1, 1 << 18)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table: Encoded = np.rint(srgb * FULL_SCALE[dtype]).astype(dtype)
    return table
