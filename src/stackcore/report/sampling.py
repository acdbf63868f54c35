"""How much sharpness is lost between two slices at full size, where previews see nothing of it.

Blur of a pixel or two, which is what the step between two slices is about, is gone in a preview. So three neighbouring
frames are looked at in full, in the rows where the middle one is the sharpest.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from stackcore.report.coverage import halfway_of
from stackcore.stacking.reader import StackReader
from stackcore.stacking.sharpness import cell_sharpness, modified_laplacian
from stackcore.stacking.survey import Survey
from stackcore.stacking.transfer import luma
from stackcore.stacking.warp import WarpedFrame
from stackcore.terms import Region

_MOST_ROWS = 10
_LEAST_CELLS = 12


def full_size_halfway(reader: StackReader, found: Survey, canvas: Region, peak: NDArray[np.float32]) -> float | None:
    """Sharpness in the middle between two slices, relative to that in a slice, 0 to 1, at full size.

    `peak` (rows, columns) is `Coverage.peak`. Decodes three frames, one after the other; None where no inner slice is
    the sharpest in enough cells.
    """
    used = found.used
    inner = Counter(int(p) for p in peak[np.isfinite(peak)] if 0 < p < len(used) - 1)
    if not inner or inner.most_common(1)[0][1] < _LEAST_CELLS:
        return None
    [(middle, _)] = inner.most_common(1)
    own = peak == middle
    rows = np.sort(np.argsort(-own.sum(axis=1), kind="stable")[:_MOST_ROWS])
    rows = rows[own[rows].any(axis=1)]
    curves = np.stack(
        [_measured(reader, found, canvas, position, rows, peak.shape) for position in range(middle - 1, middle + 2)]
    )
    mine = own[rows]
    return halfway_of(curves[0][mine], curves[1][mine], curves[2][mine])


def _measured(
    reader: StackReader, found: Survey, canvas: Region, position: int, rows: NDArray[np.intp], grid: tuple[int, ...]
) -> NDArray[np.float32]:
    """Focus measure in some rows of cells of one frame, (len(rows), columns)."""
    frame = found.used[position]
    assert frame.transform is not None
    decoded = reader.read(frame.index)
    warped = WarpedFrame(
        frame.index, decoded.pixels, frame.transform, canvas, frame.gain, found.encoding, decoded.valid
    )
    height = canvas.height
    bands = [(int(row * height / grid[0]), int((row + 1) * height / grid[0])) for row in rows]
    measures = (modified_laplacian(luma(warped.rows(top, bottom).pixels)) for top, bottom in bands)
    return np.concatenate([cell_sharpness(measure, grid=(grid[1], 1)) for measure in measures])
