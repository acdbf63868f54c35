"""Frames of one slab, and pictures of slabs as frames of a second stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import FrameSource
from stackcore.stacking.slabs import Slab
from stackcore.terms import Frame, Pixels, Rows


class SlabFrames:
    """The frames that the image of a slab holds; notes which pixels any of them covers.

    Parameters
    ----------
    frames
        All that take part.
    slab
        Which of them.
    size
        Height and width, pixels.
    """

    def __init__(self, frames: FrameSource, slab: Slab, size: tuple[int, int]) -> None:
        self._frames, self._slab = frames, slab
        self._covered = np.zeros(size, np.bool_)

    def __len__(self) -> int:
        return self._slab.image_stop - self._slab.first

    def open(self, position: int) -> Frame:
        """Decode the frame at `position` in the slab."""
        return _Watched(self._frames.open(self._slab.first + position), self._covered)

    @property
    def covered(self) -> NDArray[np.bool_] | None:
        """(H, W), where any of the frames read so far has picture; None for everywhere."""
        return None if self._covered.all() else self._covered


class _Watched(Frame):
    """A frame that notes where it had picture as its rows are asked for."""

    def __init__(self, frame: Frame, covered: NDArray[np.bool_]) -> None:
        self.index, self.width, self.height = frame.index, frame.width, frame.height
        self._frame, self._covered = frame, covered

    @property
    def pixels(self) -> Pixels:
        return self._frame.pixels

    @property
    def valid(self) -> NDArray[np.bool_]:
        valid = self._frame.valid
        self._covered |= valid
        return valid

    def rows(self, top: int, bottom: int, left: int = 0, right: int | None = None) -> Rows:
        rows = self._frame.rows(top, bottom, left, right)
        # Tasks that share rows write the same values: those of this frame.
        self._covered[top:bottom, left:right] |= True if rows.valid is None else rows.valid
        return rows


class SlabPictures:
    """Fused slabs as the frames of a second stage, read from files as their rows are asked for.

    Parameters
    ----------
    folders
        What `save` wrote, in the order of the slabs.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = list(folders)

    def __len__(self) -> int:
        return len(self._folders)

    def open(self, position: int) -> Frame:
        """The picture of a slab; its index is its number."""
        folder = self._folders[position]
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        mask = folder / "covered.npy"
        return Frame(position, pixels, np.load(mask, allow_pickle=False) if mask.exists() else None)


def save(folder: Path, pixels: Pixels, covered: NDArray[np.bool_] | None) -> None:
    """Keep a fused slab in a new folder, for `SlabPictures`; `OSError` where that fails."""
    folder.mkdir()
    np.save(folder / "pixels.npy", pixels, allow_pickle=False)
    if covered is not None:
        np.save(folder / "covered.npy", covered, allow_pickle=False)
