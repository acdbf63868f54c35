"""What the photosites of a raw file counted, as LibRaw holds it before anything is done to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray

from stackcore.errors import UnreadableFrame
from stackcore.protocols import Mosaic

_SIDES = (1, 2, 4, 6, 8, 16)
"""Sides of the blocks of colour filters that LibRaw knows: none, Bayer, some older sensors, X-Trans, Leaf."""

_SEEN = 48
"""A block is looked for in so many rows and columns: a multiple of all sides."""

_NO_FILTERS = 6
"""What LibRaw calls the colour of a photosite of a sensor without filters."""


def has_mosaic(raw: Any) -> bool:
    """Whether the file holds one number per photosite; decodes it."""
    return bool(raw.raw_type == rawpy.RawType.Flat)


def mosaic_of(raw: Any, path: Path) -> Mosaic:
    """The visible area of an open raw file; `values` are LibRaw's own and valid only while it is open.

    Changing them changes what is developed. Raises `UnreadableFrame` where there is no mosaic.
    """
    if not has_mosaic(raw):
        raise UnreadableFrame(
            f"{path} holds no mosaic.",
            "its pixels have all three colours already (sRAW, linear DNG).",
            "shoot full-size raw files, or leave out what is done to photosites.",
        )
    pattern = _pattern(raw)
    channels = int(pattern.max()) + 1
    return Mosaic(
        values=raw.raw_image_visible,
        pattern=pattern,
        colours=_colours(raw, channels),
        black=tuple(float(level) for level in blacks(raw)[:channels]),
        white=int(raw.white_level),
    )


def blacks(raw: Any) -> list[int]:
    """Number of no light in red, green, blue and second green."""
    levels = [int(level) for level in raw.black_level_per_channel]
    return levels if raw.raw_type == rawpy.RawType.Flat and raw.num_colors != 1 else [*levels[:3], levels[1]]


def has_green_corner(raw: Any) -> bool:
    """Whether all photosites of a corner are green, as in X-Trans: LibRaw leaves such a corner's red and blue at 0."""
    sizes = raw.sizes
    top, left = sizes.top_margin, sizes.left_margin
    corners = [(y, x) for y in (top, top + sizes.height - 2) for x in (left, left + sizes.width - 2)]
    return any({raw.raw_color(y + i, x + j) for i in (0, 1) for j in (0, 1)} <= {1, 3} for y, x in corners)


def _pattern(raw: Any) -> NDArray[np.uint8]:
    """The smallest block of filters from the top left of the visible area.

    Asked photosite by photosite: `raw_pattern` counts from the masked border, and for X-Trans reads beyond its table
    where that is wider than the block.
    """
    sizes = raw.sizes
    rows, columns = min(_SEEN, sizes.height), min(_SEEN, sizes.width)
    seen = np.array(
        [[raw.raw_color(sizes.top_margin + y, sizes.left_margin + x) for x in range(columns)] for y in range(rows)]
    )
    if (seen == _NO_FILTERS).all():
        return np.zeros((1, 1), np.uint8)
    side = next(n for n in (*_SIDES, _SEEN) if _repeats(seen, n))
    return np.ascontiguousarray(seen[:side, :side], np.uint8)


def _repeats(seen: NDArray[np.int_], side: int) -> bool:
    return bool((seen[side:] == seen[:-side]).all() and (seen[:, side:] == seen[:, :-side]).all())


def _colours(raw: Any, channels: int) -> str:
    names: str = raw.color_desc.decode("ascii", "replace")
    return "W" if channels == 1 else names[:channels]
