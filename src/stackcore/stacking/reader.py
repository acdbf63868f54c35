"""The frames of a stack as files: which developer reads each, whether they fit together, and how they are opened."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from stackcore.errors import FrameMismatch
from stackcore.protocols import Decoded, Developer, Development, FrameInfo, Mosaic
from stackcore.stacking.mending import Blemish, Mender
from stackcore.terms import Encoding


class StackReader:
    """Probes and decodes the frames of one stack.

    Parameters
    ----------
    paths
        The frames, nearest slice first.
    developers
        By suffix, lower case, with the dot.
    development
        How the frames shall be developed, all of them alike.
    """

    def __init__(self, paths: Sequence[Path], developers: Mapping[str, Developer], development: Development) -> None:
        self.paths = list(paths)
        self.development = development
        self._developers = developers
        self._reduced = _Recent(limit=6)
        self._mender: Mender | None = None
        self.develop(development)
        self.info = self._check_all()

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def encoding(self) -> Encoding:
        """How the decoded numbers stand for light."""
        return self.development.encoding

    @property
    def reference(self) -> int:
        """Index of the reference frame: the middle one, which is usually the best framed."""
        return len(self.paths) // 2

    def develop(self, development: Development) -> None:
        """Develop all frames like this from now on."""
        self.development = development
        self._reduced = _Recent(limit=6)
        for developer in {id(d): d for d in map(self._developer, range(len(self)))}.values():
            developer.prepare(self.paths[self.reference], development)

    def mend(self, blemishes: Sequence[Blemish]) -> None:
        """Fill these blemishes, and no others, in whatever is read from now on, reduced or not."""
        self._mender = Mender(blemishes, self.info.width, self.info.height) if blemishes else None
        self._reduced = _Recent(limit=6)

    def mosaic(self, index: int) -> Mosaic:
        """What the photosites counted; for frames whose `info` says `has_mosaic`."""
        return self._developer(index).mosaic(self.paths[index])

    def read(self, index: int) -> Decoded:
        """The whole frame; `UnreadableFrame` when it is damaged, `FrameMismatch` when it lies."""
        decoded = self._developer(index).read(self.paths[index])
        height, width = decoded.pixels.shape[:2]
        if (height, width) != (self.info.height, self.info.width):
            raise self._mismatch(index, FrameInfo(width=width, height=height, dtype=""))
        return self._mended(decoded)

    def reduced(self, index: int, max_size_px: int) -> Decoded:
        """The frame at no more than `max_size_px` on its longer side; the last few are remembered."""
        return self._reduced.get(
            (index, max_size_px),
            lambda: self._mended(self._developer(index).read_reduced(self.paths[index], max_size_px)),
        )

    def _mended(self, decoded: Decoded) -> Decoded:
        return decoded if self._mender is None else self._mender.mend(decoded)

    def _developer(self, index: int) -> Developer:
        return self._developers[self.paths[index].suffix.lower()]

    def _check_all(self) -> FrameInfo:
        reference = self._developer(self.reference).probe(self.paths[self.reference])
        self.info = reference
        for index in range(len(self.paths)):
            info = self._developer(index).probe(self.paths[index])
            if (info.width, info.height) != (reference.width, reference.height):
                raise self._mismatch(index, info)
            if info.dtype != reference.dtype:
                raise FrameMismatch(
                    f"Frame {index} ({self.paths[index].name}) does not match the stack.",
                    f"it holds {info.dtype} values, the reference {self.paths[self.reference].name} {reference.dtype}.",
                    "convert the frames to one depth, or remove the odd one.",
                )
        return reference

    def _mismatch(self, index: int, info: FrameInfo) -> FrameMismatch:
        return FrameMismatch(
            f"Frame {index} ({self.paths[index].name}) does not match the stack.",
            f"it is {info.width}x{info.height}, the reference {self.paths[self.reference].name} is "
            f"{self.info.width}x{self.info.height}.",
            "remove it, or stack it with frames of its own size.",
        )


class _Recent:
    """The last few values by key; a value asked for by two threads at once is made once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[object, Decoded] = OrderedDict()
        self._locks: dict[object, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: object, make: object) -> Decoded:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
            value: Decoded = make()  # type: ignore[operator]
            with self._guard:
                self._values[key] = value
                while len(self._values) > self._limit:
                    old, _ = self._values.popitem(last=False)
                    self._locks.pop(old, None)
            return value
