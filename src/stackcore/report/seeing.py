"""One pass over reduced frames, aligned: a preview of each, how sharp it is where, and who won which place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Decoded
from stackcore.report.pictures import LEAST_SIDE_PX, Picture, displayed, fitted, within
from stackcore.stacking.reader import StackReader
from stackcore.stacking.sharpness import cell_sharpness, modified_laplacian
from stackcore.stacking.survey import FrameGeometry, Survey
from stackcore.stacking.transfer import luma, normalise
from stackcore.terms import Region

PREVIEW_SIDE_PX = 1080
"""Longer side of a preview, unless there are too many of them."""

PREVIEWS_PX, PREVIEWS_BYTES = 18_000_000, 2_000_000
"""Pixels of all previews together, and bytes of them, of which none takes more than its share."""

_QUALITIES = (74, 60, 48, 36)

FINE_GRID = (48, 32)
"""Columns and rows in which sharpness is measured for the coverage: fine enough that a cell lies in few slices."""

_WINDOW_PX = 9
"""Width of the window in which the frames compete for a pixel of the preview."""


@dataclass
class Seen:
    """What the pass saw; sizes are those of the previews.

    Attributes
    ----------
    width, height
        Of the previews: the canvas of the result, reduced.
    previews
        By frame index; none of frames that were left out.
    cells
        (frames, 32, 48) float32 >= 0: the focus measure in the cells of a grid over the result; 0 of frames left out.
    best
        (height, width) float32: the largest focus measure of each pixel.
    winner
        (height, width) int32: index of the frame that has it.
    """

    width: int
    height: int
    cells: NDArray[np.float32]
    best: NDArray[np.float32]
    winner: NDArray[np.int32]
    previews: dict[int, Picture] = field(default_factory=dict)

    def look(self, reader: StackReader, found: Survey, canvas: Region, frame: FrameGeometry) -> None:
        """Look at one frame that takes part; decodes it reduced, and holds nothing of it but its preview."""
        size = (self.width, self.height)
        decoded = _reduced(reader, found, canvas, frame, size)
        matrix = _to_reduced(frame, found, canvas, size, decoded.pixels.shape[:2])

        def placed(plane: NDArray[Any], how: int = cv2.INTER_CUBIC) -> NDArray[Any]:
            flags = how | cv2.WARP_INVERSE_MAP
            return np.asarray(cv2.warpPerspective(plane, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))

        shown = displayed(decoded.pixels, found.encoding, reader.info.icc)
        share = PREVIEWS_BYTES // len(found.used)
        self.previews[frame.index] = within(placed(shown), max(size), share, _QUALITIES)
        grey = placed(luma(normalise(decoded.pixels, frame.gain, found.encoding)))
        valid = np.ones(decoded.pixels.shape[:2], np.uint8) if decoded.valid is None else decoded.valid.view(np.uint8)
        covered = placed(valid, cv2.INTER_NEAREST) > 0
        measure = modified_laplacian(grey)
        self.cells[frame.index] = cell_sharpness(measure, covered, FINE_GRID)
        energy = np.asarray(cv2.boxFilter(measure, -1, (_WINDOW_PX, _WINDOW_PX)), np.float32)
        energy[~covered] = -1
        better = energy > self.best
        np.copyto(self.best, energy, where=better)
        self.winner[better] = frame.index


def preview_side(frames: int, width: int, height: int) -> int:
    """Longer side of each preview, pixels, so that all of them fit into the page.

    Examples
    --------
    >>> preview_side(30, 6000, 4000), preview_side(300, 6000, 4000)
    (948, 300)
    """
    longer, shorter = max(width, height), min(width, height)
    fits = int((PREVIEWS_PX / frames * longer / shorter) ** 0.5)
    return max(LEAST_SIDE_PX, min(PREVIEW_SIDE_PX, fits))


def begin(found: Survey, canvas: Region) -> Seen:
    """Nothing seen yet of the frames of a survey on a canvas; `Seen.look` takes them in, one after the other."""
    side = preview_side(len(found.used), canvas.width, canvas.height)
    width, height = fitted(canvas.width, canvas.height, side)
    columns, rows = FINE_GRID
    return Seen(
        width,
        height,
        np.zeros((len(found.frames), rows, columns), np.float32),
        np.full((height, width), -1, np.float32),
        np.zeros((height, width), np.int32),
    )


def _reduced(
    reader: StackReader, found: Survey, canvas: Region, frame: FrameGeometry, size: tuple[int, int]
) -> Decoded:
    """The frame, about as fine as its preview will be."""
    full = max(found.width, found.height)
    return reader.reduced(frame.index, min(full, round(full * max(size[0] / canvas.width, size[1] / canvas.height))))


def _to_reduced(
    frame: FrameGeometry, found: Survey, canvas: Region, size: tuple[int, int], reduced: tuple[int, ...]
) -> NDArray[np.float64]:
    """3x3 map of preview pixels to pixels of the reduced frame; pixel centres are at integers."""
    assert frame.transform is not None
    there = _scaling(canvas.width / size[0], canvas.height / size[1], canvas.x, canvas.y)
    back = _scaling(found.width / reduced[1], found.height / reduced[0], 0, 0)
    return np.asarray(np.linalg.inv(back) @ frame.transform.matrix @ there, np.float64)


def _scaling(across: float, down: float, x: float, y: float) -> NDArray[np.float64]:
    return np.array([[across, 0, x + (across - 1) / 2], [0, down, y + (down - 1) / 2], [0, 0, 1.0]])
