"""Memory of frames: handed on to the next one of its size while somebody is at work, and never while it is seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from stackcore.stacking.frame_memory import FrameMemory

SHAPE = (40, 30, 3)


def place(array: np.ndarray) -> int:
    return array.ctypes.data


def test_the_memory_of_a_frame_goes_to_the_next_one_whatever_its_dtype() -> None:
    memory = FrameMemory()
    with memory:
        first = memory.empty((20, 30, 3), "uint16")
        where = place(first)
        del first
        second = memory.empty(SHAPE, "uint8")
        assert place(second) == where
        assert second.shape == SHAPE
        assert second.dtype == np.uint8
        assert second.flags.c_contiguous
        assert second.flags.writeable


def test_a_view_keeps_the_memory() -> None:
    memory = FrameMemory()
    with memory:
        frame = memory.empty(SHAPE, "uint16")
        corner = frame[:5].reshape(-1)[3:].view("int16")[::2]
        where = place(frame)
        frame[:] = 7
        del frame
        other = memory.empty(SHAPE, "uint16")
        other[:] = 9
        assert place(other) != where
        assert np.all(corner == 7)
        del corner
        assert place(memory.empty(SHAPE, "uint16")) == where


def test_the_memory_of_one_frame_is_kept_and_only_for_one_of_its_size() -> None:
    memory = FrameMemory()
    with memory:
        frames = [memory.empty(SHAPE, "uint8") for _ in range(3)]
        places = {place(frame) for frame in frames}
        assert len(places) == 3
        del frames
        assert memory.kept_bytes == 3600
        memory.empty((10, 10, 3), "uint8")
        assert memory.kept_bytes == 300


def test_nothing_is_kept_when_nobody_is_at_work() -> None:
    memory = FrameMemory()
    memory.empty(SHAPE, "uint8")
    assert memory.kept_bytes == 0
    with memory:
        with memory:
            memory.empty(SHAPE, "uint8")
        assert memory.kept_bytes == 3600
        memory.release()
        assert memory.kept_bytes == 0
        memory.empty(SHAPE, "uint8")
    assert memory.kept_bytes == 0


def test_threads_never_share_a_frame() -> None:
    memory = FrameMemory()

    def fill(number: int) -> bool:
        frame = memory.empty(SHAPE, "uint16")
        frame[:] = number
        return bool(np.all(frame == number))

    with memory, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(fill, range(400)))
