"""Which pairs of frames are registered: neighbours, and pairs some frames apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from stackcore.protocols import Link

_LONGEST_STRIDE = 8
"""Frames farther apart differ too much in blur to be worth a link for each of them."""


def stride_of(frames: int) -> int:
    """How many frames the second link of each frame reaches over: about the square root of the stack, 2 to 8."""
    return max(2, min(_LONGEST_STRIDE, round(sqrt(frames))))


def choose_links(frames: int, reference: int) -> Sequence[Link]:
    """Every pair of neighbours, and every pair `stride_of` apart.

    A link of neighbours lies in two cycles, so one that is wrong contradicts two others that agree; with links to
    the next frame alone nothing would show it. Errors add up over the number of links from the reference, which
    the longer ones divide by the stride. About two links a frame; in the order of the slices, so that what is read
    for one link is still at hand for the next. The frame nearer to the reference stays fixed.
    """
    stride = stride_of(frames)
    pairs = {(i, i + step) for step in (1, stride) for i in range(frames - step)}
    if frames > 2:  # of two links that contradict each other nobody knows which is wrong: the ends have a third
        pairs |= {(0, 2), (frames - 3, frames - 1)}
    return [_link(a, b, reference) for a, b in sorted(pairs, key=lambda pair: (pair[1], -pair[0]))]


def _link(a: int, b: int, reference: int) -> Link:
    near, away = sorted((a, b), key=lambda index: (abs(index - reference), index))
    return Link(fixed=near, moving=away)
