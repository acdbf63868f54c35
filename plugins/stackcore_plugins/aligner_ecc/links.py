"""Which pairs of frames are registered: neighbours, pairs some frames apart, and a few far apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

from stackcore.protocols import Link

_LONGEST_STRIDE = 8
"""Frames farther apart differ too much in blur to be worth a link for each of them."""
_ANCHOR = 4
"""Anchors lie this many strides apart."""


def stride_of(frames: int) -> int:
    """How many frames the second link of each frame reaches over: about the square root of the stack, 2 to 8."""
    return max(2, min(_LONGEST_STRIDE, round(sqrt(frames))))


def choose_links(frames: int, reference: int) -> Sequence[Link]:
    """Every pair of neighbours, every pair `stride_of` apart, and anchors four strides apart at every second stride.

    A link of neighbours lies in two cycles, so one that is wrong contradicts two others that agree; with links to
    the next frame alone nothing would show it. Errors add up over the number of links from the reference, which
    the longer ones divide by the stride. About two links a frame; in the order of the slices, so that what is read
    for one link is still at hand for the next. The frame nearer to the reference stays fixed.
    """
    stride = stride_of(frames)
    pairs = {(i, i + step) for step in (1, stride) for i in range(frames - step)}
    pairs |= set(_anchors(frames, reference, stride))
    if frames > 2:  # of two links that contradict each other nobody knows which is wrong: the ends have a third
        pairs |= {(0, 2), (frames - 3, frames - 1)}
    return [_link(a, b, reference) for a, b in sorted(pairs, key=lambda pair: (pair[1], -pair[0]))]


def _anchors(frames: int, reference: int, stride: int) -> Iterator[tuple[int, int]]:
    far = _ANCHOR * stride
    for first in range(reference % (2 * stride), frames - far, 2 * stride):
        yield first, first + far


def _link(a: int, b: int, reference: int) -> Link:
    near, away = sorted((a, b), key=lambda index: (abs(index - reference), index))
    return Link(fixed=near, moving=away)
