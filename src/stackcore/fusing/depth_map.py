"""From what each place tells of its own depth to a depth map of the whole picture, and how sure it is.

1. How sure a place is follows from three things. Is one slice sharper than the others (`DepthEvidence.aloneness`)? Is
   there more than noise: either much, or its neighbours agree with it about the depth, which chance does not? And is
   nothing close by so much stronger that its blur may be all that is seen here?
2. Where that is little, depth is borrowed from around, up to the edges of the picture (`stackcore.fusing.borrowing`).
3. All is enlarged to the size of the picture; what is borrowed follows the edges of the picture itself.

That neighbours should agree is the consistency that Schechner and Kiryati, Depth from Defocus vs. Stereo, IJCV 39(2),
2000, ask of windows; the measure of it, a count of those within a slice, is ours, and so is the rule about the blur of
strong neighbours. Figures: docs/decisions.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing import borrowing
from stackcore.fusing.borrowing import Guide, guide, moments_of
from stackcore.fusing.depth import reduced
from stackcore.kernels import kernel
from stackcore.terms import DEPTH_REDUCTION, DepthEvidence, StackInfo

Brightness = Callable[[int, int], NDArray[np.float32]]
"""The brightness (n, W) float32, 0 to 1, of rows `top` to `bottom` (not included) of the picture."""

_DOUBT, _TRUST = 0.3, 0.6
"""Confidence below which depth is all borrowed, and above which it is all its own."""

_LITTLE, _MUCH = 1.0, 2.5
"""Strength that proves nothing alone, and that needs no neighbours."""

_OUTSHONE, _VISIBLE = -5.0, -2.5
"""Strength, less that of the strongest around, that may be blur of the latter, and that cannot."""

_AROUND = 12
"""How far a strong neighbour is looked for, pixels of the evidence."""

_STRIDE, _STEPS = 3, 3
"""Neighbours asked about the depth: so many pixels apart, and so many in each direction."""

_CHANCE, _AGREED = 0.15, 0.4
"""Share of agreeing neighbours, beyond that of chance, that proves nothing, and that proves it."""

_SMOOTH_PX = 24
_EDGE = 0.05
"""How far depth is borrowed, pixels of the picture, and the step of brightness that it may follow."""

_PART_ROWS = 128
"""Rows of the picture that are worked at a time; a multiple of 4."""


def depth_map(
    evidence: DepthEvidence, brightness: Brightness, height: int, width: int, frames: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Depth in slices and confidence, 0 to 1, both (H, W) float32, of the whole picture.

    Parameters
    ----------
    evidence
        That of the whole picture; not modified.
    brightness
        That of the fused picture: depth that is borrowed stops at its edges.
    height, width
        Size of the picture, pixels.
    frames
        How many frames the stack had.
    """
    sure = confidence(evidence, frames)
    found = _guide(evidence, sure, brightness, height)
    first, last = evidence.depth.min(), evidence.depth.max()
    depth, confident = (np.empty((height, width), np.float32) for _ in range(2))
    trust = _smooth_step(sure, _DOUBT, _TRUST)
    for top in range(0, height, _PART_ROWS):
        rows = slice(top, min(top + _PART_ROWS, height))
        own, share, part = (
            borrowing.enlarged(plane, DEPTH_REDUCTION, rows.start, rows.stop, width)
            for plane in (evidence.depth, trust, sure)
        )
        borrowed = found.depth(brightness(rows.start, rows.stop), top)
        depth[rows] = np.clip(borrowed + share * (own - borrowed), first, last)
        confident[rows] = part
    return depth, confident


def depth_map_bytes(info: StackInfo) -> int:
    """What `depth_map` takes: what it returns, six planes of the size of the evidence, 16 float32 planes of a part."""
    half = -(-info.height // DEPTH_REDUCTION) * -(-info.width // DEPTH_REDUCTION)
    return 8 * info.height * info.width + 24 * half + 64 * _PART_ROWS * info.width if info.finds_depth else 0


def confidence(evidence: DepthEvidence, frames: int) -> NDArray[np.float32]:
    """How sure each place is of its own depth, (h, w) float32, 0 to 1, at the size of the evidence."""
    strength = evidence.strength
    proof = np.maximum(_smooth_step(strength, _LITTLE, _MUCH), _agreement(evidence.depth, frames))
    size = 2 * _AROUND + 1
    around = cv2.dilate(strength, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return np.asarray(evidence.aloneness * proof * _smooth_step(strength - around, _OUTSHONE, _VISIBLE), np.float32)


def _agreement(depth: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """0 where neighbours agree about the depth as often as by chance, 1 where they do clearly more often."""
    within = max(1.0, frames / 32)
    chance = (2 * within + 1) / max(frames, 1)
    if chance > 0.5:  # a few frames: everyone agrees with everyone
        return np.zeros_like(depth)
    reach = _STRIDE * _STEPS
    padded = np.asarray(cv2.copyMakeBorder(depth, reach, reach, reach, reach, cv2.BORDER_REFLECT), np.float32)
    share = np.empty_like(depth)
    _share_agreeing(padded, np.float32(within), _STRIDE, _STEPS, share)
    return _smooth_step(share - np.float32(chance), _CHANCE, _AGREED)


@kernel
def _share_agreeing(
    padded: NDArray[np.float32], within: np.float32, stride: int, steps: int, share: NDArray[np.float32]
) -> None:
    """Share of the neighbours of each pixel whose depth is `within` its own; `padded` has a border of their reach."""
    height, width = share.shape
    reach = stride * steps
    others = (2 * steps + 1) ** 2 - 1
    for y in range(height):
        for x in range(width):
            own = padded[y + reach, x + reach]
            count = -1  # itself
            for dy in range(0, 2 * reach + 1, stride):
                for dx in range(0, 2 * reach + 1, stride):
                    if abs(padded[y + dy, x + dx] - own) <= within:
                        count += 1
            share[y, x] = count / others


def _guide(evidence: DepthEvidence, sure: NDArray[np.float32], brightness: Brightness, height: int) -> Guide:
    parts = []
    for top in range(0, height, _PART_ROWS):
        bottom = min(top + _PART_ROWS, height)
        light = reduced(brightness(top, bottom))
        rows = slice(top // DEPTH_REDUCTION, top // DEPTH_REDUCTION + len(light))
        weight = _smooth_step(sure[rows], _DOUBT, _TRUST)
        parts.append(moments_of(evidence.depth[rows], weight, light, borrowing.REDUCTION // DEPTH_REDUCTION))
    return guide(np.vstack(parts), _SMOOTH_PX // borrowing.REDUCTION, _EDGE)


def _smooth_step(value: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
