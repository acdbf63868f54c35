"""The white balance that a grey card tells: the mean of each mosaic channel in the middle of the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.calibration.channels import channel_count, channel_values
from stackcore.errors import FrameError, UsageError
from stackcore.events import Warned
from stackcore.protocols import Mosaic
from stackcore.terms import Multipliers, Region

FRACTION = 0.3
"""Share of the width and of the height of the frame that is looked at, in its middle."""

FULL = 0.98
"""A photosite counts as clipped from 98 % of the way from black to white: many are full a little below the white that
their file names, and not all at the same number."""

SOME_CLIPPED = 0.001
"""Share of clipped photosites in a channel that is told; less may be hot ones."""

MUCH_CLIPPED = 0.1
"""Share of clipped photosites that is refused: the mean of a channel is then off by more than the 0.5 % wanted."""

DARK = 0.02
"""Mean above black that is told as too dark: there, an error of black by one of 14 bits is 0.3 % of a multiplier."""

NO_LIGHT = 0.001
"""Mean above black that is refused, as a share of black to white: 16 of 16383."""

UNEVEN = 0.1
"""Difference of brightness over the patch that is told, as a share: lenses darken by half of it so near the middle."""

UNEVEN_COLOUR = 0.03
"""Difference of colour over the patch that is told, as a share: half of it is the smallest step that an eye sees."""

_PARTS = 4
"""Unevenness is that of the means of 4 x 4 parts of the patch, which noise hardly changes."""


@dataclass(frozen=True, kw_only=True)
class GreyCard:
    """What a grey card told.

    Attributes
    ----------
    multipliers
        Factors on red, green, blue and the second green, the smallest 1.
    spread
        Standard deviation of the photosites of each, relative to their mean above black.
    standard_error
        Of each multiplier, relative: what chance alone may have added or taken.
    level
        Mean above black of each, as a share of black to white.
    clipped
        Share of full photosites, in the channel where that is most.
    unevenness
        Brightest less darkest of 4 x 4 parts of the patch, relative to the mean, in the channel where that is most.
    colour_unevenness
        The same of red to green and blue to green, the larger one.
    patch
        What was looked at, in sensor coordinates.
    """

    multipliers: Multipliers
    spread: Multipliers
    standard_error: Multipliers
    level: Multipliers
    clipped: float
    unevenness: float
    colour_unevenness: float
    patch: Region


def check_fraction(fraction: float) -> None:
    """Raise `UsageError` for a fraction that is not above 0 and at most 1."""
    if not 0 < fraction <= 1:
        raise UsageError(f"--fraction cannot be {fraction:g}.", "it is above 0 and at most 1.", "for example 0.3.")


def central_patch(width: int, height: int, pattern: NDArray[np.uint8], fraction: float) -> Region:
    """Return the middle `fraction` of both axes, in whole blocks of the colour filters.

    Errors are those of `check_fraction`, and `FrameError` when no whole block lies in it.
    """
    check_fraction(fraction)
    x, w = _middle(width, pattern.shape[1], fraction)
    y, h = _middle(height, pattern.shape[0], fraction)
    if not (w and h):
        raise FrameError(
            f"The middle {fraction:g} of the frame holds too few photosites.",
            f"it is {width}x{height}.",
            "use a larger --fraction.",
        )
    return Region(x, y, w, h)


def measure_grey(
    mosaic: Mosaic,
    corrected: NDArray[np.uint16],
    patch: Region,
    defects: tuple[tuple[int, int], ...],
    name: str,
) -> GreyCard:
    """Return the white balance that makes the patch neutral.

    Parameters
    ----------
    mosaic
        The frame as it was counted: tells which photosites were full.
    corrected
        (H, W), the same without dark and defects. Neither is changed.
    patch
        As `central_patch` gives it.
    defects
        Photosites (x, y) that cannot be full by light.
    name
        What errors call the frame.

    Raises
    ------
    FrameError
        When much of the patch is full or nothing is to be seen in it, or colours are not red, green and blue.
    """
    channels = _channels(mosaic, name)
    clipped = max(_clipped(mosaic, patch, defects))
    if clipped > MUCH_CLIPPED:
        raise FrameError(
            f"{name} tells no white balance: it is overexposed.",
            f"{clipped:.1%} of the photosites of a colour are full in the middle of the frame.",
            "expose the card so that it comes out middle grey.",
        )
    part = corrected[patch.y : patch.bottom, patch.x : patch.right]
    values = [channel_values(part, mosaic.pattern, c).astype(np.float64) - mosaic.black[c] for c in channels]
    means = np.array([v.mean() for v in values])
    level = means / [max(1.0, mosaic.white - mosaic.black[c]) for c in channels]
    if level.min() < NO_LIGHT:
        raise FrameError(
            f"{name} tells no white balance: there is no light in it.",
            f"in the middle of the frame, a colour is {level.min():.2%} of the way from black to white.",
            "name the picture of a grey card, exposed so that it comes out middle grey.",
        )
    spread = np.array([v.std() for v in values]) / means
    error = spread / np.sqrt([v.size for v in values])
    strongest = int(means.argmax())
    combined = np.where(np.arange(4) == strongest, 0.0, np.hypot(error, error[strongest]))
    uneven, uneven_colour = _unevenness(part, mosaic.pattern, mosaic.black, channels)
    return GreyCard(
        multipliers=_four(means.max() / means),
        spread=_four(spread),
        standard_error=_four(combined),
        level=_four(level),
        clipped=clipped,
        unevenness=uneven,
        colour_unevenness=uneven_colour,
        patch=patch,
    )


def doubts(card: GreyCard, name: str) -> list[Warned]:
    """Return warnings about a grey card; each says what to do."""
    told = []
    if card.clipped > SOME_CLIPPED:
        told.append(("clipped", f"{card.clipped:.2%} of the photosites of a colour are full: expose it less."))
    if min(card.level) < DARK:
        told.append(
            ("too_dark", f"a colour is only {min(card.level):.1%} of the way from black to white: expose it more.")
        )
    if card.unevenness > UNEVEN:
        told.append(
            (
                "uneven",
                f"brightness differs by {card.unevenness:.0%} over the patch: a shadow, a reflection, or more than the "
                "card is in it. Use a smaller --fraction, or another picture.",
            )
        )
    if card.colour_unevenness > UNEVEN_COLOUR:
        told.append(
            (
                "uneven_colour",
                f"colour differs by {card.colour_unevenness:.1%} over the patch: light of two colours, or more than "
                "the card is in it. Use a smaller --fraction, or another picture.",
            )
        )
    return [Warned(code=code, message=message, frame=name) for code, message in told]


def _middle(size: int, block: int, fraction: float) -> tuple[int, int]:
    wanted = round(size * fraction) // block * block
    return (size - wanted) // 2 // block * block, wanted


def _channels(mosaic: Mosaic, name: str) -> tuple[int, int, int, int]:
    """Numbers of the channels of red, green, blue and the second green, which may be the first one."""
    places = {colour: [i for i, c in enumerate(mosaic.colours) if c == colour] for colour in "RGB"}
    if sorted(set(mosaic.colours)) != ["B", "G", "R"] or len(places["G"]) > 2:
        raise FrameError(
            f"{name} tells no white balance.",
            f'the colours of its mosaic are "{mosaic.colours}", not red, green and blue.',
            "use the picture of another camera.",
        )
    return places["R"][0], places["G"][0], places["B"][0], places["G"][-1]


def _clipped(mosaic: Mosaic, patch: Region, defects: tuple[tuple[int, int], ...]) -> list[float]:
    part = mosaic.values[patch.y : patch.bottom, patch.x : patch.right]
    sound = np.ones(part.shape, np.bool_)
    for x, y in defects:
        if patch.x <= x < patch.right and patch.y <= y < patch.bottom:
            sound[y - patch.y, x - patch.x] = False
    shares = []
    for channel in range(channel_count(mosaic.pattern)):
        full = mosaic.black[channel] + FULL * (mosaic.white - mosaic.black[channel])
        shares.append(float(channel_values((part >= full) & sound, mosaic.pattern, channel).mean()))
    return shares


def _unevenness(
    part: NDArray[np.uint16], pattern: NDArray[np.uint8], black: tuple[float, ...], channels: tuple[int, ...]
) -> tuple[float, float]:
    """Relative range of the means of 4 x 4 parts: of the light in the worst channel, and of the worst colour."""
    (h, w), (block_h, block_w) = part.shape, pattern.shape
    rows, columns = h // block_h // _PARTS * block_h, w // block_w // _PARTS * block_w
    if not (rows and columns):
        return 0.0, 0.0
    light = np.empty((4, _PARTS, _PARTS))
    for row in range(_PARTS):
        for column in range(_PARTS):
            piece = part[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
            for number, channel in enumerate(channels):
                light[number, row, column] = channel_values(piece, pattern, channel).mean() - black[channel]
    green = np.maximum((light[1] + light[3]) / 2, 1e-6)
    ratios = light[[0, 2]] / green
    return _relative_range(light), _relative_range(ratios)


def _relative_range(maps: NDArray[np.float64]) -> float:
    return float((np.ptp(maps, axis=(1, 2)) / np.maximum(maps.mean(axis=(1, 2)), 1e-6)).max())


def _four(values: NDArray[np.float64]) -> Multipliers:
    first, second, third, fourth = (float(v) for v in values)
    return first, second, third, fourth
