"""The frames of a stack as files: which developer reads each, whether they fit together, and how they are opened."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from stackcore.errors import FrameMismatch
from stackcore.events import Warned
from stackcore.protocols import Decoded, Developer, Development, Fetch, FrameInfo, Mosaic
from stackcore.stacking.filling import filled
from stackcore.stacking.mending import Blemish, Mender
from stackcore.terms import Encoding

_STAYS = ("_reduced", "_turns", "_fetch", "_preparing", "_is_prepared")

_NAMED = 3
"""Of so many files a warning tells the names."""


class StackReader:
    """Probes and decodes the frames of one stack; can be pickled, and reads its files where it arrives.

    Parameters
    ----------
    paths
        The frames, nearest slice first.
    developers
        By suffix, lower case, with the dot.
    development
        How the frames shall be developed, all of them alike.

    Attributes
    ----------
    info
        What the headers say, equal for all frames but for `colours`: that of the reference.
    warnings
        What the user should know of how the files are read, for the run to emit.

    Raises
    ------
    UnreadableFrame
        A file is damaged, or none of the developers can read it.
    FrameMismatch
        A frame differs from the reference in size, depth, orientation, or in being a raw file or a picture.
    """

    def __init__(self, paths: Sequence[Path], developers: Mapping[str, Developer], development: Development) -> None:
        self.paths = list(paths)
        self.development = development
        self._developers = developers
        self._reduced = _Recent(limit=6)
        self._mender: Mender | None = None
        self._turns: AbstractContextManager[object] = nullcontext()
        self._fetch: Fetch = nullcontext
        self._preparing, self._is_prepared = threading.Lock(), False
        self._refuse_raws_among_pictures()
        self.develop(development)
        self.warnings: list[Warned] = []
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

    @property
    def files(self) -> Sequence[Path]:
        """The frames, for whoever sends this elsewhere."""
        return self.paths

    def open_through(self, fetch: Fetch) -> None:
        """From now on, read each frame where `fetch` says that it is; for a reader that has arrived elsewhere."""
        self._fetch = fetch

    def __getstate__(self) -> dict[str, Any]:
        """What decides about the pixels; what other threads hold, and what is remembered, stays here."""
        kept = {name: value for name, value in self.__dict__.items() if name not in _STAYS}
        suffixes = {path.suffix.lower() for path in self.paths}
        return {**kept, "_developers": {suffix: self._developers[suffix] for suffix in suffixes}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reduced = _Recent(limit=6)
        self._turns, self._fetch = nullcontext(), nullcontext
        self._preparing, self._is_prepared = threading.Lock(), False  # once it is known where the files are

    def develop(self, development: Development) -> None:
        """Develop all frames like this from now on."""
        self.development = development
        self._reduced = _Recent(limit=6)
        self._is_prepared = False
        self._prepare()

    def _prepare(self) -> None:
        with self._preparing:
            if self._is_prepared:
                return
            with self._fetch(self.paths[self.reference]) as reference:
                for developer in {id(d): d for d in map(self._developer, range(len(self)))}.values():
                    developer.prepare(reference, self.development)
            self._is_prepared = True

    @contextmanager
    def _turn(self, index: int) -> Iterator[Path]:
        """Where a frame can be read, when it is its turn."""
        self._prepare()
        with self._turns, self._fetch(self.paths[index]) as path:
            yield path

    def mend(self, blemishes: Sequence[Blemish]) -> None:
        """Fill these blemishes, and no others, in whatever is read from now on, reduced or not."""
        self._mender = Mender(blemishes, self.info.width, self.info.height) if blemishes else None
        self._reduced = _Recent(limit=6)

    def decode_at_once(self, frames: int) -> None:
        """From now on, let no more than so many frames be decoded at the same time: others wait for their turn."""
        self._turns = threading.BoundedSemaphore(frames)

    def mosaic(self, index: int) -> Mosaic:
        """What the photosites counted; for frames whose `info` says `has_mosaic`."""
        with self._turn(index) as path:
            return self._developer(index).mosaic(path)

    def read(self, index: int) -> Decoded:
        """The whole frame; `UnreadableFrame` when it is damaged, `FrameMismatch` when it lies.

        What is not valid holds the colour of the nearest pixel that is.
        """
        with self._turn(index) as path:
            decoded = self._developer(index).read(path)
        height, width = decoded.pixels.shape[:2]
        if (height, width) != (self.info.height, self.info.width):
            raise self._wrong_size(index, width, height)
        return self._mended(decoded)

    def reduced(self, index: int, max_size_px: int) -> Decoded:
        """The frame at no more than `max_size_px` on its longer side, filled likewise; the last few are remembered."""
        return self._reduced.get(
            (index, max_size_px),
            lambda: self._mended(self._read_reduced(index, max_size_px)),
        )

    def _read_reduced(self, index: int, max_size_px: int) -> Decoded:
        with self._turn(index) as path:
            return self._developer(index).read_reduced(path, max_size_px)

    def _mended(self, decoded: Decoded) -> Decoded:
        return filled(decoded if self._mender is None else self._mender.mend(decoded))

    def _developer(self, index: int) -> Developer:
        return self._developers[self.paths[index].suffix.lower()]

    def _check_all(self) -> FrameInfo:
        reference = self._developer(self.reference).probe(self.paths[self.reference])
        self.info = reference
        colours: dict[str, list[str]] = {}
        for index in range(len(self.paths)):
            info = self._developer(index).probe(self.paths[index])
            self._compare(index, info, reference)
            if info.colours:
                colours.setdefault(info.colours, []).append(self.paths[index].name)
        self.warnings += [_colour_warning(becomes, names, len(self.paths)) for becomes, names in colours.items()]
        return reference

    def _compare(self, index: int, info: FrameInfo, reference: FrameInfo) -> None:
        if info.orientation != reference.orientation:
            raise self._mismatch(
                index,
                f"the camera was held otherwise: its EXIF orientation is {info.orientation}, that of the reference "
                f"{self.paths[self.reference].name} is {reference.orientation}.",
                "remove it; or, where the camera merely mistook it, set one for all on copies of them, for example "
                "with `exiftool -n -Orientation=1`.",
            )
        if (info.width, info.height) != (reference.width, reference.height):
            raise self._wrong_size(index, info.width, info.height)
        if info.dtype != reference.dtype:
            raise self._mismatch(
                index,
                f"it holds {info.dtype} values, the reference {self.paths[self.reference].name} {reference.dtype}.",
                "convert the frames to one depth, or remove the odd one.",
            )

    def _refuse_raws_among_pictures(self) -> None:
        """Checked first: a developer of raws can take nothing from a reference that is a picture, nor the reverse."""
        own = self._developer(self.reference)
        others = {id(d): i for i, d in enumerate(map(self._developer, range(len(self.paths)))) if d is not own}
        if not others:
            return
        is_developed = own.probe(self.paths[self.reference]).is_developed
        for index in others.values():
            if self._developer(index).probe(self.paths[index]).is_developed != is_developed:
                kinds = ("a raw file", "a picture") if is_developed else ("a picture", "a raw file")
                raise self._mismatch(
                    index,
                    f"it is {kinds[0]}, the reference {self.paths[self.reference].name} is {kinds[1]}.",
                    "stack raw files with raw files alone; a folder that holds both is best named as a glob: *.NEF.",
                )

    def _wrong_size(self, index: int, width: int, height: int) -> FrameMismatch:
        return self._mismatch(
            index,
            f"it is {width}x{height}, the reference {self.paths[self.reference].name} is "
            f"{self.info.width}x{self.info.height}.",
            "remove it, or stack it with frames of its own size.",
        )

    def _mismatch(self, index: int, why: str, fix: str) -> FrameMismatch:
        return FrameMismatch(f"Frame {index} ({self.paths[index].name}) does not match the stack.", why, fix)


def _colour_warning(becomes: str, names: Sequence[str], frames: int) -> Warned:
    some = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return Warned(code="colours", message=f"The colours of {len(names)} of {frames} frames are {becomes}: {some}.")


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
