"""A state as a worker holds it: Dask asks what it holds for its size, to place tasks and to keep within memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

_OBJECT_BYTES = 64


@dataclass
class Held:
    """Knows how large the state is."""

    state: Any

    def __sizeof__(self) -> int:
        return array_bytes(self.state) + _OBJECT_BYTES


def array_bytes(value: Any) -> int:
    """Bytes of all arrays in dataclasses, lists, tuples and dicts, nested as they like.

    Examples
    --------
    >>> array_bytes([np.zeros(3, np.float32), {"a": (np.zeros(2, np.uint8), "text")}])
    14
    """
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, list | tuple):
        return sum(map(array_bytes, value))
    if isinstance(value, Mapping):
        return sum(map(array_bytes, value.values()))
    if is_dataclass(value) and not isinstance(value, type):
        return sum(array_bytes(getattr(value, field.name)) for field in fields(value))
    return 0
