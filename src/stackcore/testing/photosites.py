"""A sensor whose faults are known: what its photosites count in the dark, before a grey card, before a scene."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stackcore.terms import Multipliers
from stackcore.testing.dng import RawCamera, one_colour_each
from stackcore.testing.sensor import corner_glow

Counts = NDArray[np.uint16]
Image = NDArray[np.float32]

_BASE_ISO = 100


@dataclass(frozen=True)
class HotSite:
    """A photosite that counts too much: column `x` and row `y` of the picture.

    `level` is what it adds to every shot, `per_second` what it adds for each second of exposure; counts at ISO 100.
    """

    x: int
    y: int
    level: float = 0.0
    per_second: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SensorTruth:
    """A raw camera's sensor with every fault known; all counts are at ISO 100, and grow with ISO as amplified ones do.

    The same truth and shot give the same numbers. Coordinates are sensor coordinates: (x, y) in the picture without
    margins, not turned.

    Attributes
    ----------
    width, height
        Size of the picture, photosites; even for Bayer, and at least 22 x 22 for LibRaw to open the files.
    camera
        What it writes into its files.
    hot
        Photosites that count too much.
    dead
        Photosites that always count zero, (x, y).
    read_noise
        Standard deviation of what reading adds, counts.
    electrons_per_count
        Light and dark current make shot noise as so many electrons do; 0 means none.
    dark_current
        What every photosite counts in a second without light.
    glow
        What the amplifier in the lower right corner makes the photosite beside it count in a second; half of it is
        left a fifth of the diagonal away.
    column_noise
        Standard deviation of what each column adds to every shot, always the same, counts.
    subtracts_black
        The body takes black off before it writes: its files say black is 0, and half of a dark frame is zero.
    lamp
        What red, green, blue, and where given the second green, answer to a grey card, relative to each other; None
        as `camera.neutral`, which is what the body notes.
    vignetting
        Share of the light that the corners lack, 0 to 1.
    dust
        How many grains of dust shade the sensor.
    seed
        Chooses noise, columns and dust.
    """

    width: int = 96
    height: int = 64
    camera: RawCamera = field(default_factory=RawCamera)
    hot: tuple[HotSite, ...] = ()
    dead: tuple[tuple[int, int], ...] = ()
    read_noise: float = 4.0
    electrons_per_count: float = 2.0
    dark_current: float = 0.0
    glow: float = 0.0
    column_noise: float = 0.0
    subtracts_black: bool = False
    lamp: tuple[float, float, float] | tuple[float, float, float, float] | None = None
    vignetting: float = 0.0
    dust: int = 0
    seed: int = 0

    @classmethod
    def random(
        cls,
        width: int = 96,
        height: int = 64,
        *,
        hot: int = 0,
        dead: int = 0,
        levels: tuple[float, float] = (300.0, 8000.0),
        per_second: bool = False,
        seed: int = 0,
        **rest: Any,
    ) -> Self:
        """Return a sensor with so many hot and dead photosites, each at another place.

        Hot levels are spread evenly in their logarithm over `levels`, from the faintest to the brightest: counts, or
        counts for each second with `per_second`. `rest` sets the other attributes.
        """
        rng = np.random.default_rng([seed, 31])
        places = [(int(p % width), int(p // width)) for p in rng.choice(width * height, hot + dead, replace=False)]
        spread = np.geomspace(*levels, num=max(hot, 1)).tolist()
        kind = "per_second" if per_second else "level"
        sites = tuple(HotSite(x, y, **{kind: level}) for (x, y), level in zip(places[:hot], spread, strict=False))
        return cls(width=width, height=height, hot=sites, dead=tuple(places[hot:]), seed=seed, **rest)

    # ------------------------------------------------------------------ the truth

    @property
    def written_by(self) -> RawCamera:
        """The camera as its files tell it: black is 0 where the body takes it off."""
        if not self.subtracts_black:
            return self.camera
        return replace(self.camera, black=(0, 0, 0, 0), white=self.range)

    @property
    def range(self) -> int:
        """Counts from the highest black to white."""
        return self.camera.white - int(self.camera.blacks(6, 6).max())

    @property
    def answers(self) -> tuple[float, float, float, float]:
        """What red, green, blue and second green answer to grey under the lamp, relative to each other."""
        red, green, blue, second = (*(self.lamp or self.camera.neutral), 0.0)[:4]
        return red, green, blue, second or green

    @property
    def multipliers(self) -> Multipliers:
        """The factors on red, green, blue and second green that make grey neutral; the smallest is 1."""
        red, green, blue, second = (max(self.answers) / answer for answer in self.answers)
        return red, green, blue, second

    def defects(self) -> tuple[tuple[int, int], ...]:
        """Return dead and hot photosites, (x, y), row by row."""
        return tuple(sorted({*self.dead, *((s.x, s.y) for s in self.hot)}, key=lambda place: place[::-1]))

    def unlit(self, exposure_s: float = 1.0, iso: int = _BASE_ISO) -> NDArray[np.float64]:
        """Return what the mean of endless dark frames is, (H, W), black included, were nothing clipped."""
        counts = self.camera.blacks(self.height, self.width).astype(np.float64)
        if self.column_noise:
            counts += self.column_noise * np.random.default_rng([self.seed, 32]).standard_normal(self.width)
        counts += iso / _BASE_ISO * self._current(exposure_s)
        for site in self.hot:
            counts[site.y, site.x] += iso / _BASE_ISO * (site.level + exposure_s * site.per_second)
        return counts

    def shading(self) -> Image:
        """Return the share of the light that reaches each photosite, (H, W) float32, 0 to 1: vignetting and dust."""
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32)
        far = np.hypot(x - (self.width - 1) / 2, y - (self.height - 1) / 2)
        reaches = 1 - np.float32(self.vignetting) * (far / np.float32(far.max())) ** 2
        rng = np.random.default_rng([self.seed, 33])
        for _ in range(self.dust):
            place, size = rng.uniform((0, 0), (self.width, self.height)), rng.uniform(0.01, 0.03) * self.width
            grain = np.hypot(x - place[0], y - place[1]) / max(size, 1.5)
            reaches *= 1 - np.float32(rng.uniform(0.1, 0.4)) / (1 + grain**8)
        shading: Image = reaches.astype(np.float32)
        return shading

    # ------------------------------------------------------------------ shots

    def dark(self, *, shot: int = 0, exposure_s: float = 1.0, iso: int = _BASE_ISO) -> Counts:
        """Return what shot number `shot` counts with the cap on the lens, (H, W) uint16."""
        return self._count(None, [34, shot], exposure_s, iso)

    def grey_card(
        self,
        *,
        level: float = 0.4,
        unevenness: float = 0.0,
        shot: int = 0,
        exposure_s: float = 1.0,
        iso: int = _BASE_ISO,
    ) -> Counts:
        """Return what it counts before a grey card that fills the frame, (H, W) uint16.

        `level` is how full the most sensitive channel is in the middle, 0 to 1; `unevenness` how much brighter the
        lamp lights the right edge than the left one, as a share of the mean.
        """
        across = np.linspace(-0.5, 0.5, self.width, dtype=np.float32)
        card = np.broadcast_to(np.float32(level) * (1 + np.float32(unevenness) * across), (self.height, self.width))
        return self.scene(np.repeat(card[..., None], 3, axis=2), shot=shot, exposure_s=exposure_s, iso=iso)

    def flat(self, *, level: float = 0.6, shot: int = 0, exposure_s: float = 1.0, iso: int = _BASE_ISO) -> Counts:
        """Return what it counts before an even light, (H, W) uint16: vignetting and dust are left."""
        return self.grey_card(level=level, shot=shot, exposure_s=exposure_s, iso=iso)

    def scene(self, light: Image, *, shot: int = 0, exposure_s: float = 1.0, iso: int = _BASE_ISO) -> Counts:
        """Return what it counts of linear `light` (H, W, 3), as a neutral camera would see it, (H, W) uint16.

        1 fills the channel that answers most, for all channels are amplified alike whatever their black. The aperture
        is thought to follow exposure time and ISO, so that neither makes the picture brighter. `light` is not modified.
        """
        if light.shape != (self.height, self.width, 3):
            raise ValueError(f"the light is {light.shape}, the sensor {self.height} x {self.width}")
        return self._count(light, [35, shot], exposure_s, iso)

    # ------------------------------------------------------------------ inside

    def _current(self, exposure_s: float) -> NDArray[np.float64]:
        """Dark current and glow, counts at ISO 100."""
        current: NDArray[np.float64] = np.full((self.height, self.width), exposure_s * self.dark_current)
        if self.glow:
            current += exposure_s * self.glow * corner_glow(self.width, self.height)
        return current

    def _count(self, light: Image | None, shot: list[int], exposure_s: float, iso: int) -> Counts:
        camera, size = self.camera, (self.height, self.width)
        if len(camera.pattern) == 4 and (self.height % 2 or self.width % 2):
            raise ValueError(f"a mosaic has an even number of rows and columns, not {size}")
        black, gain = camera.blacks(*size), iso / _BASE_ISO
        lit = np.zeros(size, np.float32)
        if light is not None:
            lit = one_colour_each(light, camera.channels(*size), self.answers)
            lit *= np.float32(self.range / max(self.answers))
            lit *= self.shading()
        counts = self.unlit(exposure_s, iso) + lit
        counts += self._noise(lit + gain * self._current(exposure_s), shot, gain)
        if self.subtracts_black:
            counts -= black
        counts = np.rint(np.clip(counts, 0, self.written_by.white))
        for x, y in self.dead:
            counts[y, x] = 0
        return counts.astype(np.uint16)

    def _noise(self, signal: NDArray[np.float64], shot: list[int], gain: float) -> NDArray[np.float64]:
        variance = np.full(signal.shape, (gain * self.read_noise) ** 2)
        if self.electrons_per_count:
            variance += gain * np.maximum(signal, 0) / self.electrons_per_count
        noise = np.random.default_rng([self.seed, *shot]).standard_normal(signal.shape)
        result: NDArray[np.float64] = noise * np.sqrt(variance)
        return result
