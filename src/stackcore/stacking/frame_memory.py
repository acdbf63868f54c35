"""Memory of decoded frames, handed on from one frame to the next while a stack is at work.

A frame of 24 megapixels in 16 bits takes 137 MiB. The C library gives blocks of that size back to the system at once
when they are dropped, and the next frame has to be given the same pages again, cleared: a sixth of the time of a
whole stack of TIFF files. So the memory of one frame is kept, as long as somebody is at work.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class FrameMemory:
    """Makes arrays for frames. Safe to use from several threads.

    Examples
    --------
    >>> memory = FrameMemory()
    >>> with memory:
    ...     place = memory.empty((2, 3, 3), "uint8").ctypes.data  # dropped at once
    ...     memory.empty((2, 3, 3), "uint8").ctypes.data == place
    True
    """

    def __init__(self) -> None:
        self._free: deque[NDArray[np.uint8]] = deque(maxlen=1)  # its methods are atomic: owners end in any thread
        self._users = 0
        self._guard = threading.Lock()

    def __enter__(self) -> None:
        """From now on, keep the memory of one frame that is dropped; calls may nest."""
        with self._guard:
            self._users += 1

    def __exit__(self, *_: object) -> None:
        """Keep nothing any more, if nobody else is at work."""
        with self._guard:
            self._users -= 1
            if not self._users:
                self._free.clear()

    @property
    def kept_bytes(self) -> int:
        """What is held for the next frame."""
        return sum(block.nbytes for block in tuple(self._free))

    def release(self) -> None:
        """Let go of what is kept: something else needs the room."""
        self._free.clear()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array, C-contiguous, whose numbers are whatever was there before."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        try:
            block = self._free.pop()
        except IndexError:
            block = None
        if block is None or block.nbytes != size:
            del block  # before another one is made
            block = np.empty(size, np.uint8)
        return np.asarray(_Owner(block, self)).view(dtype).reshape(shape)

    def _take_back(self, block: NDArray[np.uint8]) -> None:
        if self._users:
            self._free.append(block)


class _Owner:
    """Holds a block as long as an array, or a view of one, shows it."""

    def __init__(self, block: NDArray[np.uint8], memory: FrameMemory) -> None:
        self.__array_interface__ = block.__array_interface__
        self._block, self._memory = block, memory

    def __del__(self) -> None:
        self._memory._take_back(self._block)


FRAMES = FrameMemory()
"""That of the whole process."""
