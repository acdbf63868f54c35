"""Whether a maker note that nobody here understands may be moved into another file."""

from __future__ import annotations

import struct
from typing import Literal

ByteOrder = Literal["<", ">"]

_HEADS = range(0, 34, 2)
"""Where the directory of a maker note may begin: at once, or after a name and a few bytes of version."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value of each TIFF type (TIFF 6.0 section 2)."""


def can_be_moved(note: bytes, order: ByteOrder) -> bool:
    """Whether `note` means the same at another place in another file.

    Most makers write a TIFF directory, whose longer values are found by their distance from the start of the *file*:
    moved as it is, such a note points into the void, or into something else. One that holds no directory, or whose
    values all lie in their entries, can be moved; so can one that is no directory in either byte order.
    """
    other: ByteOrder = ">" if order == "<" else "<"
    return not any(_points_elsewhere(note, start, o) for o in (order, other) for start in _HEADS)


def _points_elsewhere(note: bytes, start: int, order: ByteOrder) -> bool:
    """Whether a plausible directory at `start` has a value outside its own entries."""
    if start + 2 > len(note):
        return False
    (count,) = struct.unpack_from(f"{order}H", note, start)
    if not 1 <= count <= 512 or start + 2 + 12 * count > len(note):
        return False
    far = False
    for entry in range(count):  # TIFF 6.0 wants their tags to ascend; makers do not care
        _, kind, values, _ = struct.unpack_from(f"{order}HHII", note, start + 2 + 12 * entry)
        size = _SIZES.get(kind)
        if size is None or values > 1 << 24:
            return False
        far |= size * values > 4
    return far
