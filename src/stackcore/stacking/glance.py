"""Reduced frames as the survey looks at them: each read once, and let go when its last link is done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Link, ReducedFrame
from stackcore.stacking import exposure
from stackcore.stacking.reader import StackReader
from stackcore.stacking.sharpness import cell_sharpness
from stackcore.stacking.transfer import from_linear, linear_light, luma


class Glance:
    """Reduced frames for registration; of each, a proxy, its sharpness and a digest are kept for what follows.

    Parameters
    ----------
    size_px
        Longer side of the reduced frames.

    Attributes
    ----------
    proxies, sharpness
        By frame, for those that were looked at: for `exposure.gain_to_match`, and (8, 12) focus measures.
    digests
        By frame; equal for frames that are the same picture, pixel by pixel.
    """

    def __init__(self, reader: StackReader, size_px: int) -> None:
        self._reader, self._size_px = reader, size_px
        self.proxies: dict[int, exposure.Proxy] = {}
        self.sharpness: dict[int, NDArray[np.float32]] = {}
        self.digests: dict[int, bytes] = {}
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
        if index not in self.proxies:
            self.sharpness[index] = cell_sharpness(from_linear(grey, "srgb"), reduced.valid)
            self.proxies[index] = exposure.proxy(light, reduced.valid)
            self.digests[index] = blake2b(np.ascontiguousarray(reduced.pixels).data, digest_size=16).digest()
        return ReducedFrame(index, grey, self._reader.info.width, self._reader.info.height, reduced.valid)
