"""What the colour spaces are: the one table of primaries, whites and transfer curves, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackcore.terms import ColourSpace, Encoding

Matrix = NDArray[np.float64]
"""3x3; acts on columns."""

Chromaticity = tuple[float, float]
"""CIE 1931 x and y."""

D50 = np.array([0.9642, 1.0, 0.8249])
"""XYZ of the white of the profile connection space, ICC.1:2022 section 7.2.16."""

_D65 = (0.3127, 0.3290)
"""IEC 61966-2-1 section 4.1, Adobe RGB (1998) section 4.2, SMPTE EG 432-1."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""From XYZ to sharpened cones: Lam 1985, as in ICC.1:2022 annex E."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """One colour space.

    Attributes
    ----------
    title
        How its profile calls it.
    primaries
        Chromaticities of red, green and blue; None where the numbers are XYZ themselves.
    white
        Chromaticity of white; None for the D50 of the profile connection space itself.
    gamma
        Exponent from numbers to light; 1 for none.
    slope
        Of the straight beginning of the curve, numbers per light; 0 where the power begins at black.
    peak
        The largest component of white in linear light: numbers are light divided by it, so that white fits.
    """

    title: str
    primaries: tuple[Chromaticity, Chromaticity, Chromaticity] | None
    white: Chromaticity | None = _D65
    gamma: float = 1.0
    slope: float = 0.0
    peak: float = 1.0


SPACES: dict[ColourSpace, Space] = {
    "srgb": Space(  # IEC 61966-2-1:1999 sections 4 and 5
        title="sRGB", primaries=((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), gamma=2.4, slope=12.92
    ),
    "display-p3": Space(  # primaries of SMPTE RP 431-2 with the white and the curve of sRGB
        title="Display P3", primaries=((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), gamma=2.4, slope=12.92
    ),
    "adobe-rgb": Space(  # Adobe RGB (1998) Color Image Encoding, 2005, sections 4.2 and 4.3.4.2
        title="Compatible with Adobe RGB (1998)",
        primaries=((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
        gamma=563 / 256,
    ),
    # ROMM RGB, ISO 22028-2:2013 section 4. Its straight beginning below 1/512 is left out: LibRaw joins a straight
    # line to a power smoothly or not at all. 461/256 is 1.8 as the fixed-point number that profiles hold.
    "prophoto": Space(
        title="Compatible with ProPhoto RGB",
        primaries=((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)),
        white=None,
        gamma=461 / 256,
    ),
    # LibRaw's XYZ are relative to D65, whose Z is 1.089: undivided, it would be clipped and white come out yellow.
    "xyz": Space(title="CIE XYZ for D65", primaries=None, peak=(1 - 0.3127 - 0.3290) / 0.3290),
}
"""Every colour space that pictures are developed to."""


def to_xyz(colour_space: ColourSpace) -> Matrix:
    """3x3 from linear numbers (0 to 1) to XYZ relative to the white of the space, whose Y is 1."""
    space = SPACES[colour_space]
    if space.primaries is None:
        return np.eye(3) * space.peak
    columns = np.array([_xyz(primary) for primary in space.primaries]).T
    return np.asarray(columns * np.linalg.solve(columns, white(colour_space)))


def white(colour_space: ColourSpace) -> NDArray[np.float64]:
    """XYZ of the white of a space, (3,), Y = 1."""
    chromaticity = SPACES[colour_space].white
    return D50 if chromaticity is None else _xyz(chromaticity)


def adaptation(colour_space: ColourSpace) -> Matrix:
    """3x3 that takes XYZ relative to the white of the space to D50, by the linearised Bradford transform."""
    there, here = _BRADFORD @ D50, _BRADFORD @ white(colour_space)
    return np.asarray(np.linalg.solve(_BRADFORD, (there / here)[:, None] * _BRADFORD))


def libraw_gamma(colour_space: ColourSpace, encoding: Encoding) -> tuple[float, float]:
    """Gamma and slope that make LibRaw's curve that of the space; (1, 1) for linear light.

    LibRaw works out where the straight beginning ends so that the curve has no kink. For sRGB that is within two of
    65535 numbers of the published curve.
    """
    space = SPACES[colour_space]
    return (1.0, 1.0) if is_linear(colour_space, encoding) else (space.gamma, space.slope)


def is_linear(colour_space: ColourSpace, encoding: Encoding) -> bool:
    """Whether numbers are proportional to light: when that was asked for, or the space knows no curve."""
    return encoding == "linear" or SPACES[colour_space].gamma == 1.0


def light(numbers: NDArray[np.float64], colour_space: ColourSpace, encoding: Encoding) -> NDArray[np.float64]:
    """Linear numbers, 0 to 1, of encoded ones, 0 to 1, of any shape; by the published curve."""
    space = SPACES[colour_space]
    if is_linear(colour_space, encoding):
        return numbers
    if not space.slope:
        return np.asarray(numbers**space.gamma)
    curved = ((numbers + 0.055) / 1.055) ** space.gamma  # IEC 61966-2-1 section 5.2
    return np.where(numbers <= 0.04045, numbers / space.slope, curved)


def _xyz(chromaticity: Chromaticity) -> NDArray[np.float64]:
    x, y = chromaticity
    return np.array([x / y, 1.0, (1 - x - y) / y])
