"""The aligned frames of a stack, opened one by one as the fuser asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stackcore.protocols import Fetch
from stackcore.stacking.reader import StackReader
from stackcore.stacking.survey import Survey
from stackcore.stacking.warp import WarpedFrame
from stackcore.terms import Frame, Region, StackInfo


class AlignedFrames:
    """The frames that take part, in order, on the canvas of the result; can be pickled, as their reader can."""

    def __init__(self, reader: StackReader, survey: Survey, canvas: Region) -> None:
        self._reader, self._survey, self._canvas = reader, survey, canvas
        self._used = survey.used

    def __len__(self) -> int:
        return len(self._used)

    @property
    def files(self) -> Sequence[Path]:
        """Those that are read: the reference of the reader, for how all are developed, and those that take part."""
        wanted = {self._reader.reference, *(geometry.index for geometry in self._used)}
        return [self._reader.paths[index] for index in sorted(wanted)]

    def open_through(self, fetch: Fetch) -> None:
        """Read the frames where `fetch` says."""
        self._reader.open_through(fetch)

    def open(self, position: int) -> Frame:
        """Decode the frame at `position`."""
        geometry = self._used[position]
        assert geometry.transform is not None
        decoded = self._reader.read(geometry.index)
        return WarpedFrame(
            geometry.index,
            decoded.pixels,
            geometry.transform,
            self._canvas,
            geometry.gain,
            self._survey.encoding,
            decoded.valid,
        )

    @property
    def info(self) -> StackInfo:
        """What the fuser may know beforehand."""
        return StackInfo(
            width=self._canvas.width,
            height=self._canvas.height,
            frames=len(self._used),
            reference=self._survey.reference,
            dtype=self._reader.info.dtype,
            encoding=self._survey.encoding,
            noise_sigma=self._survey.noise_sigma,
        )
