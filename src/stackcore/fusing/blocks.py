"""Blocks: some columns of a band of rows, worked at once, so that what the steps leave for each other stays in cache.

The grid depends on the size of the picture alone. Blocks begin at multiples of 4, so that two levels down they begin at
a whole pixel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stackcore.fusing.pyramid import halved

BLOCK_COLUMNS = 2048
"""Columns of a block: at 24 megapixels as fast as whole rows, for a third of the memory."""


@dataclass(frozen=True)
class Block:
    """Rows `top` to `bottom` and columns `left` to `right`, neither last included, of a picture.

    `first` to `last` and `begin` to `end` are the rows and columns that its filters see.
    """

    top: int
    bottom: int
    left: int
    right: int
    first: int
    last: int
    begin: int
    end: int

    def own(self, level: int) -> tuple[slice, slice]:
        """Rows and columns of the block itself in what is seen, at a level of a pyramid, 2 at most."""
        a, b, c, d = self.place(level)
        first, begin = self.first >> level, self.begin >> level
        return slice(a - first, b - first), slice(c - begin, d - begin)

    def place(self, level: int) -> tuple[int, int, int, int]:
        """First row and last, first column and last, lasts not included, of the block in a level, 2 at most."""
        return (
            self.top >> level,
            halved(self.bottom, level),
            self.left >> level,
            halved(self.right, level),
        )


def blocks_of(
    tops: Iterable[int], size: tuple[int, int], rows: int, margin_px: int, columns: int = BLOCK_COLUMNS
) -> list[Block]:
    """The blocks of bands.

    Parameters
    ----------
    tops
        First rows of the bands, multiples of 4.
    size
        Height and width of the picture.
    rows, columns
        Those of a block, multiples of 4; the last ones may be smaller.
    margin_px
        How far its filters see, a multiple of 4.

    Examples
    --------
    >>> [(block.left, block.right, block.begin, block.end) for block in blocks_of([0], (8, 20), 8, 4, 8)]
    [(0, 8, 0, 12), (8, 16, 4, 20), (16, 20, 12, 20)]
    """
    height, width = size
    found = []
    for top in tops:
        bottom = min(top + rows, height)
        first, last = max(0, top - margin_px), min(bottom + margin_px, height)
        for left in range(0, width, columns):
            right = min(left + columns, width)
            begin, end = max(0, left - margin_px), min(right + margin_px, width)
            found.append(Block(top, bottom, left, right, first, last, begin, end))
    return found
