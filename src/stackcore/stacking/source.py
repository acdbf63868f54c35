"""The aligned frames of a stack, opened one by one as the fuser asks for them."""

from __future__ import annotations

from stackcore.stacking.reader import StackReader
from stackcore.stacking.survey import Survey
from stackcore.stacking.warp import WarpedFrame
from stackcore.terms import Frame, Region, StackInfo


class AlignedFrames:
    """The frames that take part, in order, on the canvas of the result."""

    def __init__(self, reader: StackReader, survey: Survey, canvas: Region) -> None:
        self._reader, self._survey, self._canvas = reader, survey, canvas
        self._used = survey.used

    def __len__(self) -> int:
        return len(self._used)

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
