"""Levels of soft means, of which the fine ones may hold a strip of the picture alone.

Three quarters of a pyramid's state is its finest level, 15/16 the two finest. Where the state of the whole picture does
not fit, a fuser keeps the coarse levels whole while the first strip is made, and of the fine ones what a strip needs.
The bands are those of the whole picture, so that a strip is the same to the bit as its rows of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from stackcore.fusing.pyramid import strip_of_level
from stackcore.fusing.softmean import SoftMean
from stackcore.terms import StackInfo, Strip

Shapes = Sequence[tuple[int, int]]
"""Height and width of each level of the whole picture, finest first."""


def is_short(info: StackInfo) -> bool:
    """Whether fine detail is held in short numbers: where frames are of whole numbers, which are within 0 and 1."""
    return info.dtype != "float32"


def means_of_strip(
    shapes: Shapes,
    fine: int,
    strip: Strip,
    band_rows: int,
    *,
    short: bool,
    with_coarse: bool = True,
    cells: bool = False,
) -> list[SoftMean]:
    """Nothing seen yet: of the `fine` finest levels what `strip` needs; of the others all, or nothing.

    `short`: fine detail in short numbers (`stackcore.fusing.short_floats`). `cells`: of the finest level, 2x2 pixels
    share a score.
    """
    height = shapes[0][0]
    means = []
    for level, (rows, width) in enumerate(shapes):
        if level < fine:
            held = strip_of_level(strip, level, height, band_rows)
            means.append(SoftMean.empty(held.rows, width, held.top, short=short, cells=cells and level == 0))
        else:
            means.append(SoftMean.empty(rows if with_coarse else 0, width))
    return means


def means_bytes(shapes: Shapes, fine: int, strip: Strip, band_rows: int, *, short: bool, cells: bool = False) -> int:
    """Memory of the above with its coarse levels: three planes of a mean, short or float32, and one of scores."""
    height = shapes[0][0]
    rows = [
        strip_of_level(strip, level, height, band_rows).rows if level < fine else rows
        for level, (rows, _) in enumerate(shapes)
    ]
    pixel = [10 if short and level < fine else 16 for level in range(len(shapes))]
    if cells and fine:
        pixel[0] -= 3
    return sum(each * held * width for each, held, (_, width) in zip(pixel, rows, shapes, strict=True))


def bands_of_strip(
    levels: Sequence[SoftMean], fine: int, height: int, band_rows: int, also: Strip | None = None
) -> list[int]:
    """First rows of the bands that a frame is to be worked in: all of them for the sake of coarse levels.

    Parameters
    ----------
    levels
        Made by `means_of_strip`.
    also
        Rows that are wanted whatever the levels hold.
    """
    tops = range(0, height, band_rows)
    if has_coarse(levels):
        return list(tops)
    held = [Strip(levels[n].strip.top << n, levels[n].strip.bottom << n) for n in range(fine)]
    held += [] if also is None else [also]
    return [top for top in tops if any(strip.top <= top < strip.bottom for strip in held)]


def has_coarse(levels: Sequence[SoftMean]) -> bool:
    """Whether the coarse levels are among them: in the state of the whole picture, and in that of its first strip."""
    return len(levels[-1].score) > 0
