"""Whether a dark frame is dark, and what lets light in where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.calibration.channels import channel_count, planes
from stackcore.calibration.defects import LEAST_SIGMA_FACTOR, MOST_ZEROS, DarkStatistics
from stackcore.errors import FrameError
from stackcore.events import Warned
from stackcore.metadata.shot import Shot
from stackcore.protocols import Mosaic

MANY_HOT = 0.001
"""Share of hot photosites that makes one doubt: 24,000 of 24 MP, several times what sensors in use have at 10 sigma.

Up to it, fewer than one defect in a hundred has another among its eight neighbours of the same colour, so that the
repair has something to go by.
"""

MOST_HOT = 0.05
"""Share of hot photosites that no sensor in use has: what is bright is the picture."""

MUCH_LIGHT = 0.01
"""Median above black, as a share of black to white, that dark current rarely reaches (160 of 16383)."""

PICTURE_LIGHT = 0.03
"""The same from which a frame with colour or structure is a photograph."""

STRUCTURE = 0.3
"""Colour or structure: channels, or parts of the frame, differ by this share of the light."""

UNEVEN = 0.005
"""Difference between parts of the frame, as a share of black to white, that is told (80 of 16383)."""

MUCH_UNEVEN = 0.1
"""The same that is refused: what is so bright is a picture."""

_CERTAIN = 8.0
"""Medians of 64 parts differ by 4.7 standard errors through noise alone, and hardly ever by 8."""

_PARTS = 8
"""The frame is compared in 8 x 8 parts: coarse enough for medians of some hundred photosites."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """What is there beside noise and defects, as shares of black to white.

    Attributes
    ----------
    channels
        Median above black of each population.
    unevenness
        Brightest less darkest of 8 x 8 parts of the frame, in the channel where that is most.
    in_errors
        The same in standard errors of the median of one part.
    towards
        Where the bright parts lie: "the left edge", "the top right corner", "the middle".
    """

    channels: tuple[float, ...]
    unevenness: float
    in_errors: float
    towards: str

    @property
    def most(self) -> float:
        """The brightest channel."""
        return max(self.channels)

    @property
    def is_uneven(self) -> bool:
        """Unevenness that is neither noise nor too small to matter."""
        return self.unevenness > UNEVEN and self.in_errors > _CERTAIN


def measure_light(sums: NDArray[np.uint32], frames: int, mosaic: Mosaic, found: DarkStatistics) -> Light:
    """Measure what light there is in the mean of `frames` darks; `mosaic` tells colour filters, black and white."""
    channels = tuple(_share(population.median, mosaic, population.channel) for population in found.populations)
    worst = max(
        (_parts(sums, mosaic.pattern, channel, frames * _span(mosaic, channel)) for channel in _channels(mosaic)),
        key=lambda parts: parts.range,
    )
    errors = worst.range / worst.error if worst.error else 0.0
    return Light(channels=channels, unevenness=worst.range, in_errors=errors, towards=_named(worst.bright))


def refuse_photograph(light: Light, found: DarkStatistics, name: str) -> None:
    """Raise `FrameError` for what is plainly no dark frame."""
    uneven = light.unevenness if light.is_uneven else 0.0
    structure = max(max(light.channels) - min(light.channels), uneven)
    has_picture = uneven > MUCH_UNEVEN or (light.most > PICTURE_LIGHT and structure > STRUCTURE * light.most)
    if found.hot_share <= MOST_HOT and not has_picture:
        return
    raise FrameError(
        f"{name} is not a dark frame.",
        f"of the way from black to white, its median is at {light.most:.1%}, and its parts differ by "
        f"{light.unevenness:.1%}; {found.hot_share:.2%} of its photosites would be hot.",
        "take darks with the lens cap on and the viewfinder covered, at the ISO and exposure time of the stack.",
    )


def doubts(light: Light, found: DarkStatistics, shot: Shot, names: Sequence[str], sigma_factor: float) -> list[Warned]:
    """Return warnings about what was found; each names the likely cause and what to do."""
    told = []
    if sigma_factor < LEAST_SIGMA_FACTOR:
        told.append(
            Warned(
                code="sigma_too_low",
                message=f"N = {sigma_factor:g} takes noise for hot photosites; stay above {LEAST_SIGMA_FACTOR}.",
            )
        )
    if not found.dead_test:
        told.append(
            Warned(
                code="no_dead_test",
                message=f"{max(found.zeros):.2%} of a mosaic channel is zero, over {MOST_ZEROS:.1%}: the body "
                "subtracts black itself, or noise reaches down to zero, so zero does not mean dead. The test for dead "
                "photosites is off, and noise is measured above the median alone.",
            )
        )
    silent = [p for p in found.populations if p.sigma == 0 and p.hot]
    if silent:
        told.append(
            Warned(
                code="no_noise",
                message="there is no noise left to measure, so all that is above the median counts as hot: the body "
                "cuts off or smooths its raw numbers.",
            )
        )
    if found.hot_share > MANY_HOT:
        hot = sum(p.hot for p in found.populations)
        told.append(
            Warned(
                code="too_many_hot",
                message=f"{hot:,} hot photosites ({found.hot_share:.2%}) are too many: this frame is not dark, or "
                f"not like other darks. {_cause(light, shot)}",
            )
        )
    elif light.most > MUCH_LIGHT or light.is_uneven:
        told.append(Warned(code="not_dark", message=f"this frame is not dark. {_cause(light, shot)}"))
    return [each.model_copy(update={"frame": names[0] if len(names) == 1 else None}) for each in told]


def odd_ones(levels: Sequence[Sequence[float]], names: Sequence[str], mosaic: Mosaic) -> list[Warned]:
    """Return a warning for each of several darks that is brighter or darker than the rest; `levels` as `MosaicMean`."""
    if len(levels) < 3:
        return []
    table = np.asarray(levels, np.float64)
    spans = np.array([_span(mosaic, channel) for channel in range(table.shape[1])])
    away = np.abs((table - np.median(table, axis=0)) / spans).max(axis=1)
    return [
        Warned(
            code="odd_dark",
            message=f"it differs from the other darks by {far:.1%} of the way from black to white: light got in, or it "
            "is no dark. Leave it out.",
            frame=name,
        )
        for name, far in zip(names, away.tolist(), strict=True)
        if far > MUCH_LIGHT
    ]


def _cause(light: Light, shot: Shot) -> str:
    if light.is_uneven:
        return (
            f"It is brighter towards {light.towards}, by {light.unevenness:.1%} of the way from black to white: light "
            "leaks in there (cover lens and viewfinder), or an amplifier beside the sensor glows."
        )
    if light.most > MUCH_LIGHT:
        return (
            f"All of it is above black, by {light.most:.1%} of the way to white: light leaks in (cover lens and "
            "viewfinder), or the file gives a wrong black."
        )
    settings = [
        *([] if shot.exposure_s is None else [f"{shot.exposure_s:g} s"]),
        *([] if shot.iso is None else [f"ISO {shot.iso}"]),
    ]
    taken = f" ({', '.join(settings)})" if settings else ""
    return (
        f"It is evenly dark otherwise: a long exposure, a high ISO{taken} or a warm sensor makes so many. Shoot with a "
        "cool camera, or raise --sigma to keep the worst alone."
    )


@dataclass(frozen=True)
class _Parts:
    """Range of the medians of the parts, their standard error, and where in the frame the bright ones lie, 0 to 1."""

    range: float
    error: float
    bright: tuple[float, float]


def _parts(sums: NDArray[np.uint32], pattern: NDArray[np.uint8], channel: int, unit: float) -> _Parts:
    """Compare the parts of one channel; `unit` is what counts as 1."""
    _, _, view = next(planes(sums, pattern, channel))
    thin = max(1, min(view.shape) // 256)
    view = view[::thin, ::thin]
    height, width = view.shape[0] // _PARTS, view.shape[1] // _PARTS
    if min(height, width) < 2:
        return _Parts(0.0, 0.0, (0.5, 0.5))
    blocks = view[: height * _PARTS, : width * _PARTS].reshape(_PARTS, height, _PARTS, width)
    # 84 % lie below one sigma; told within the parts, noise does not hold what differs between them.
    medians, sigmas = np.percentile(blocks, [50.0, 84.13], axis=(1, 3))
    noise = max(float(np.median(sigmas - medians)), 0.5)
    rows, columns = np.nonzero(medians >= medians.min() + 0.8 * np.ptp(medians))
    return _Parts(
        float(np.ptp(medians)) / unit,
        1.25 * noise / (height * width) ** 0.5 / unit,  # 1.25: a median is that much less certain than a mean
        (float(columns.mean() + 0.5) / _PARTS, float(rows.mean() + 0.5) / _PARTS),
    )


def _channels(mosaic: Mosaic) -> range:
    return range(channel_count(mosaic.pattern))


def _named(place: tuple[float, float]) -> str:
    across = "left" if place[0] < 0.3 else "right" if place[0] > 0.7 else ""
    down = "top" if place[1] < 0.3 else "bottom" if place[1] > 0.7 else ""
    if across and down:
        return f"the {down} {across} corner"
    return f"the {across or down} edge" if across or down else "the middle"


def _span(mosaic: Mosaic, channel: int) -> float:
    return max(1.0, mosaic.white - mosaic.black[channel])


def _share(median: float, mosaic: Mosaic, channel: int | None) -> float:
    black = min(mosaic.black) if channel is None else mosaic.black[channel]
    return (median - black) / max(1.0, mosaic.white - black)
