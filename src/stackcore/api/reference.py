"""The reference frame of a stack, and what other raw files must have in common with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from stackcore.errors import FrameError, FrameMismatch
from stackcore.metadata.shot import Shot, read_shot
from stackcore.protocols import Developer, FrameInfo, Mosaic

Developers = Mapping[str, Developer]
"""By suffix, lower case, with the dot."""

Levels = tuple[tuple[float, ...], int]
"""Black by channel, and white, as in `Mosaic`."""


class Reference:
    """What is known of the frame by which a stack is developed; read when it is asked for, once.

    Parameters
    ----------
    path
        The frame.
    developers
        By suffix.
    mosaic
        Of the frame, where whoever asks has read it already.
    """

    def __init__(self, path: Path, developers: Developers, mosaic: Mosaic | None = None) -> None:
        self.path, self.developers = path, developers
        self._mosaic = mosaic

    @cached_property
    def info(self) -> FrameInfo:
        """What its header tells."""
        return self.developers[self.path.suffix.lower()].probe(self.path)

    @property
    def has_mosaic(self) -> bool:
        """Whether there is one number per photosite."""
        return self._mosaic is not None or self.info.has_mosaic

    @cached_property
    def shot(self) -> Shot:
        """Camera and exposure."""
        return read_shot(self.path)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the mosaic, not turned; `UnreadableFrame` where there is none."""
        return self._measures[0]

    @property
    def levels(self) -> Levels:
        """Black by channel and white of the mosaic; `UnreadableFrame` where there is none."""
        return self._measures[1]

    @cached_property
    def _measures(self) -> tuple[tuple[int, int], Levels]:
        mosaic = self._mosaic or self.developers[self.path.suffix.lower()].mosaic(self.path)
        height, width = mosaic.values.shape
        return (width, height), (mosaic.black, mosaic.white)

    def mosaic_of(self, path: Path, kind: str) -> Mosaic:
        """Read the mosaic of a `kind` of file ("dark") that is to correct the frames.

        `FrameMismatch` unless it is of the same size and body; `UnreadableFrame` when it has none.
        """
        mosaic = self.developers[path.suffix.lower()].mosaic(path)
        height, width = mosaic.values.shape
        self.refuse_other_size(f"The {kind} {path}", (width, height))
        self.refuse_other_body(f"The {kind} {path}", read_shot(path))
        return mosaic

    def refuse_without_mosaic(self, option: str) -> None:
        """Raise `FrameError`, which blames `option`, where there is no mosaic to correct."""
        if not self.has_mosaic:
            raise FrameError(
                f"{option} cannot be used with {self.path}.",
                "it holds no mosaic: its pixels have all three colours already.",
                "leave that option out, or shoot full-size raw files.",
            )

    def refuse_other_size(self, what: str, size: tuple[int, int]) -> None:
        """Raise `FrameMismatch` unless a mosaic of `size` (width, height) fits."""
        if size != self.size:
            raise FrameMismatch(
                f"{what} does not belong to these frames.",
                f"it has {size[0]}x{size[1]} photosites, {self.path.name} has {self.size[0]}x{self.size[1]}.",
                "use one of the same camera, at the same crop and raw size.",
            )

    def counts_alike(self, levels: Levels) -> bool:
        """Return whether numbers with these levels mean the light that those of the reference mean."""
        from stackcore.calibration.agreement import same_levels

        return same_levels(*levels, *self.levels)

    def refuse_other_levels(self, what: str, levels: Levels) -> None:
        """Raise `FrameMismatch` unless the numbers of a dark with these levels can be subtracted."""
        if not self.counts_alike(levels):
            raise FrameMismatch(
                f"{what} cannot be subtracted from these frames.",
                f"it was recorded with {_levels(levels)}, {self.path.name} with {_levels(self.levels)}: its numbers "
                "mean another light.",
                "shoot darks with the bit depth of the stack, or leave that option out.",
            )

    def refuse_other_body(self, what: str, shot: Shot) -> None:
        """Raise `FrameMismatch` unless `shot` may be of the same body."""
        from stackcore.calibration.agreement import same_body

        if not same_body(shot, self.shot):
            raise FrameMismatch(
                f"{what} does not belong to these frames.",
                f"it is of {_body(shot)}, {self.path.name} of {_body(self.shot)}: black, defects and colours are those "
                "of one sensor.",
                "use files of one camera.",
            )


def _levels(levels: Levels) -> str:
    black, white = levels
    return f"black {', '.join(dict.fromkeys(f'{level:g}' for level in black))} and white {white}"


def _body(shot: Shot) -> str:
    return " ".join(filter(None, (shot.make, shot.model, shot.serial))) or "an unknown camera"
