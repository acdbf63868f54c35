"""Reduced frames as the survey looks at them: each read once, and let go when its last link is done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Link, ReducedFrame
from stackcore.stacking import exposure
from stackcore.stacking.reader import StackReader
from stackcore.stacking.sharpness import FINE_GRID, cell_sharpness, modified_laplacian
from stackcore.stacking.transfer import UNITY, from_linear, linear_light, luma, normalise
from stackcore.terms import Pixels


@dataclass(frozen=True)
class Looks:
    """What is kept of frames that were looked at, by frame.

    Attributes
    ----------
    proxies, sharpness, cells
        For `exposure.gain_to_match`, and (8, 12) and (64, 96) focus measures.
    digests
        Equal for frames that are the same picture, pixel by pixel.
    """

    proxies: dict[int, exposure.Proxy] = field(default_factory=dict)
    sharpness: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    cells: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)

    def take(self, others: Looks) -> None:
        """Add what was seen of other frames."""
        self.proxies.update(others.proxies)
        self.sharpness.update(others.sharpness)
        self.cells.update(others.cells)
        self.digests.update(others.digests)


class Glance:
    """Reduced frames for registration; of each, what follows needs is kept in `looks`.

    Parameters
    ----------
    size_px
        Longer side of the reduced frames.
    looks
        Where to keep it.
    """

    def __init__(self, reader: StackReader, size_px: int, looks: Looks | None = None) -> None:
        self._reader, self._size_px = reader, size_px
        self.looks = Looks() if looks is None else looks
        self._left = Counter[int]()
        self._held: dict[int, ReducedFrame] = {}
        self._locks: dict[int, threading.Lock] = {}
        self._guard = threading.Lock()

    def expect(self, links: Iterable[Link]) -> None:
        """Hold the frames of these links until `done` was called for each of them."""
        for link in links:
            self._left.update((link.fixed, link.moving))

    def done(self, link: Link) -> None:
        """Let go of the frames of a link that no other link needs."""
        with self._guard:
            for index in (link.fixed, link.moving):
                self._left[index] -= 1
                if self._left[index] <= 0:
                    self._held.pop(index, None)

    def frame(self, index: int) -> ReducedFrame:
        """The reduced frame, in linear light; asked for by two threads at once it is read once."""
        with self._guard:
            lock = self._locks.setdefault(index, threading.Lock())
        with lock:
            held = self._held.get(index)
            if held is None:
                held = self._read(index)
                with self._guard:
                    if self._left[index] > 0:
                        self._held[index] = held
            return held

    def _read(self, index: int) -> ReducedFrame:
        reduced = self._reader.reduced(index, self._size_px)
        light = linear_light(reduced.pixels, self._reader.encoding)
        grey = luma(light)
        looks = self.looks
        if index not in looks.proxies:
            measure = modified_laplacian(self._as_seen(reduced.pixels, grey))
            looks.sharpness[index] = cell_sharpness(measure, reduced.valid)
            looks.cells[index] = cell_sharpness(measure, reduced.valid, FINE_GRID)
            looks.proxies[index] = exposure.proxy(light, reduced.valid)
            looks.digests[index] = blake2b(np.ascontiguousarray(reduced.pixels).data, digest_size=16).digest()
        return ReducedFrame(index, grey, self._reader.info.width, self._reader.info.height, reduced.valid)

    def _as_seen(self, pixels: Pixels, grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """Brightness in which equal steps look about equal; `grey` is that of the `pixels` in linear light."""
        if self._reader.encoding == "srgb":
            return luma(normalise(pixels, UNITY, "srgb"))
        return from_linear(grey, "srgb")
