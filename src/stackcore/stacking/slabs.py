"""Slabs: runs of neighbouring frames, the unit of checkpoints, of distribution and of slab images."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from stackcore.errors import UsageError

_WHOLE_BELOW = 6
"""Fewer frames than this are one slab."""

_OVERLAP, _LEAST_OVERLAP = 0.3, 2
"""Share of the size by which the image of a slab reaches into the next, and the fewest frames that it does."""


@dataclass(frozen=True)
class Slab:
    """Consecutive frames, counted among those that take part.

    Attributes
    ----------
    first, stop
        The frames that belong to this slab alone: `first` to `stop` (not included).
    image_stop
        The image of the slab holds the frames from `first` to here (not included), which belong to the next in part.
    """

    first: int
    stop: int
    image_stop: int


def usual_size(frames: int) -> int:
    """Frames from the start of one slab to that of the next: the root of their number, rounded.

    Examples
    --------
    >>> [usual_size(n) for n in (2, 5, 6, 30, 42, 43, 300, 2000)]
    [2, 5, 2, 5, 6, 7, 17, 45]
    """
    if frames < _WHOLE_BELOW:
        return max(1, frames)
    root = isqrt(frames)
    return root + 1 if frames > root * (root + 1) else root


def usual_overlap(size: int) -> int:
    """Frames that the images of neighbouring slabs of this size share: 0.3 of it, rounded, at least two.

    Examples
    --------
    >>> [usual_overlap(s) for s in (2, 7, 10, 17, 45)]
    [2, 2, 3, 5, 14]
    """
    return max(_LEAST_OVERLAP, int(_OVERLAP * size + 0.5))


def slabs(frames: int, size: int | None = None, overlap: int | None = None) -> tuple[Slab, ...]:
    """The slabs of a stack, in order: every frame belongs to just one, no image holds only frames of another.

    Parameters
    ----------
    frames
        How many take part.
    size
        Frames from the start of one slab to that of the next; None for `usual_size`.
    overlap
        Frames that the image of a slab takes from the next; None for `usual_overlap`, or none for a single slab.

    Raises
    ------
    UsageError
        `size` is below 1 or `overlap` negative.

    Examples
    --------
    >>> [(s.first, s.stop, s.image_stop) for s in slabs(10)]
    [(0, 3, 5), (3, 6, 8), (6, 10, 10)]
    """
    size, overlap = _checked(frames, size, overlap)
    found, first = [], 0
    while first < frames:
        image_stop = min(frames, first + size + overlap)
        stop = frames if image_stop == frames else first + size
        found.append(Slab(first, stop, image_stop))
        first = stop
    return tuple(found)


def _checked(frames: int, size: int | None, overlap: int | None) -> tuple[int, int]:
    size = usual_size(frames) if size is None else size
    overlap = usual_overlap(size) if overlap is None else overlap
    if size < 1:
        raise UsageError(f"A slab cannot have {size} frames.", "--slab-size counts from 1.", "leave it out, or name 1.")
    if overlap < 0:
        raise UsageError(f"Slabs cannot overlap by {overlap}.", "--slab-overlap counts from 0.", "name 0 for none.")
    return size, overlap
