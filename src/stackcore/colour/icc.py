"""ICC profiles that say what developed numbers mean."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stackcore.colour.spaces import D50, SPACES, adaptation, is_linear, light, to_xyz
from stackcore.terms import ColourSpace, Encoding

_VERSION = 0x02400000
_WRITTEN = (2026, 1, 1, 0, 0, 0)
"""Date of every profile: the same numbers shall give the same file."""

_RELATIVE_COLORIMETRIC = 1
_CURVE_POINTS = 4096
"""Between them the curve of sRGB departs from straight lines by less than the 16 bits of a point can tell."""


@cache
def profile(colour_space: ColourSpace, encoding: Encoding) -> bytes:
    """Return the matrix/TRC profile of a colour space, with the curve that belongs to it or without any.

    Of version 2.4 (ICC.1:2001-04), which also programs understand that know no version 4. The tags are those that
    ICC.1:2022 section 8.4.3 wants of an RGB display profile: description, copyright, white (D50 in the profile
    connection space), chromatic adaptation (section 9.2.15, Bradford), colorants (9.2.46 and others) and
    curves (10.6). Curves are the identity, a power in steps of 1/256, or 4096 points.

    The same arguments give the same bytes. About 0.5 kB, 9 kB for the curve of sRGB.
    """
    space = SPACES[colour_space]
    linear = is_linear(colour_space, encoding)
    title = f"{space.title}, linear light" if linear else space.title
    curve = _curve(colour_space, encoding)
    red, green, blue = _colorants(colour_space)
    tags = {
        b"desc": _description(title),
        b"cprt": b"text" + bytes(4) + b"No copyright, use freely\0",
        b"wtpt": _xyz(_fixed(D50)),
        b"chad": b"sf32" + bytes(4) + _fixed(adaptation(colour_space)).tobytes(),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _file(tags)


def _colorants(colour_space: ColourSpace) -> NDArray[np.int32]:
    """Red, green and blue relative to D50, one a row, as the profile holds them; grey comes out grey to the bit."""
    columns = _fixed(adaptation(colour_space) @ to_xyz(colour_space))
    if SPACES[colour_space].primaries is not None:
        columns[:, 1] += _fixed(D50) - columns.sum(axis=1)  # what rounding took or gave
    return columns.T


def _curve(colour_space: ColourSpace, encoding: Encoding) -> bytes:
    """`curveType`, section 10.6: no point is the identity, one a power, more are a table."""
    space = SPACES[colour_space]
    points: NDArray[np.float64]
    if is_linear(colour_space, encoding):
        points = np.empty(0)
    elif not space.slope:
        points = np.array([space.gamma * 256])
    else:
        points = light(np.linspace(0, 1, _CURVE_POINTS), colour_space, encoding) * 65535
    return b"curv" + struct.pack(">4xI", len(points)) + np.rint(points).astype(">u2").tobytes()


def _description(title: str) -> bytes:
    """`textDescriptionType` of version 2, ICC.1:2001-04 section 6.5.17: ASCII, and neither Unicode nor ScriptCode."""
    text = title.encode("ascii") + b"\0"
    return b"desc" + struct.pack(">4xI", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)


def _fixed(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """`s15Fixed16Number`, section 4.6, big-endian."""
    return np.rint(values * 65536).astype(">i4")


def _xyz(fixed: NDArray[np.int32]) -> bytes:
    return b"XYZ " + bytes(4) + fixed.tobytes()


def _file(tags: dict[bytes, bytes]) -> bytes:
    """Header, tag table and the data of each tag on a multiple of four bytes; equal data is stored once (section 7)."""
    first = 128 + 4 + 12 * len(tags)
    table, body, places = [], b"", dict[bytes, int]()
    for signature, data in tags.items():
        if data not in places:
            places[data] = first + len(body)
            body += data + bytes(-len(data) % 4)
        table.append(struct.pack(">4sII", signature, places[data], len(data)))
    header = struct.pack(
        ">I4xI4s4s4s6H4s4x4x4x4x8xI12s4x44x",
        first + len(body),
        _VERSION,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *_WRITTEN,
        b"acsp",
        _RELATIVE_COLORIMETRIC,
        _fixed(D50).tobytes(),
    )
    return header + struct.pack(">I", len(tags)) + b"".join(table) + body
