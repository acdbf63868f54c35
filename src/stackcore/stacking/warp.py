"""A decoded frame, seen in the geometry of the reference; rows are warped when they are asked for."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.stacking.transfer import UNITY, Gain, gain_lines, normalise
from stackcore.stacking.two_pass import is_gentle, resample
from stackcore.terms import FULL_SCALE, Encoding, Frame, Pixels, Region, Rows, Transform

_GRID = 1024.0
"""Source coordinates are rounded to 1/1024 px, which float32 holds exactly up to 16 384 px: then taking the first row
of a band away from them loses nothing, and a row is the same in whatever band it is asked for. OpenCV itself
interpolates at 1/32 px, which hides most of the difference, not all."""

_REACH = 4
"""Source rows and columns read beyond the mapped ones: bicubic needs two, rounding one."""


class WarpedFrame(Frame):
    """One frame of a stack on the canvas of the result.

    Parameters
    ----------
    index
        Slice index.
    source
        Decoded frame, (h, w, 3), uint8, uint16 or float32; not modified.
    transform
        Reference to source coordinates.
    canvas
        The part of the reference that becomes the result.
    gain
        Factors per channel in linear light that match the frame's exposure to the reference.
    encoding
        How the numbers stand for light.
    valid
        (h, w) bool, which pixels of `source` are picture; None for all. The others must hold plausible colours
        (`stackcore.stacking.filling`), for the bicubic kernel sees them.
    """

    def __init__(
        self,
        index: int,
        source: Pixels,
        transform: Transform,
        canvas: Region,
        gain: Gain = UNITY,
        encoding: Encoding = "srgb",
        valid: NDArray[np.bool_] | None = None,
    ) -> None:
        self.index = index
        self.width, self.height = canvas.width, canvas.height
        self._source, self._gain, self._encoding = source, gain, encoding
        offset = np.array([[1, 0, canvas.x], [0, 1, canvas.y], [0, 0, 1.0]])
        self._matrix = Transform(offset).then(transform).matrix
        self._covers_all = self._covered_everywhere()
        self._source_valid = valid
        self._solid = None if valid is None else self._seen_whole(valid)

    @property
    def pixels(self) -> Pixels:
        """The whole frame, warped, in the dtype of its source (rounded and clipped to it)."""
        dtype = self._source.dtype
        warped = self.rows(0, self.height).pixels
        if dtype == np.float32:
            return warped
        full = FULL_SCALE[dtype.name]
        whole: Pixels = np.clip(np.rint(warped * np.float32(full)), 0, full).astype(dtype)
        return whole

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which pixels the source covered with picture, (H, W)."""
        valid = self.rows(0, self.height).valid
        return np.ones((self.height, self.width), np.bool_) if valid is None else valid

    def rows(self, top: int, bottom: int, left: int = 0, right: int | None = None) -> Rows:
        """Rows `top` to `bottom` (not included), warped, gained, float32; the same to the bit for every cut.

        Of them the columns `left` to `right` (not included), None for the end of the row.
        """
        part = Region(left, top, (self.width if right is None else right) - left, bottom - top)
        if self._is_shift_by_pixels():
            return self._shifted(part)
        if is_gentle(self._matrix):
            lines = gain_lines(self._source.dtype.name, self._gain, self._encoding)
            pixels = resample(self._source, lines, self._matrix, part)
        else:
            pixels = self._through_maps(part)
        return Rows(pixels, self._valid_part(part))

    def _through_maps(self, part: Region) -> NDArray[np.float32]:
        """Any map, for three to four times the time."""
        x, y = self._coordinates(part)
        rows, columns = self._source_part(part)
        x -= np.float32(columns.start)
        y -= np.float32(rows.start)
        pixels = normalise(self._source[rows, columns], self._gain, self._encoding)
        return np.asarray(cv2.remap(pixels, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)

    def _source_part(self, part: Region) -> tuple[slice, slice]:
        """Rows and columns of the source that a part of the picture is made of."""
        left, top, right, bottom = part.x, part.y, part.x + part.width - 1, part.y + part.height - 1
        corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)
        seen = Transform(self._matrix).apply(corners)
        height, width = self._source.shape[:2]
        return _within(seen[:, 1], height), _within(seen[:, 0], width)

    def _valid_part(self, part: Region) -> NDArray[np.bool_] | None:
        if self._covers_all and self._solid is None:
            return None
        if self._solid is None and np.array_equal(self._matrix[2], (0, 0, 1)):
            return self._covered_part(part)
        x, y = self._coordinates(part)
        height, width = self._source.shape[:2]
        valid: NDArray[np.bool_] | None = None
        if not self._covers_all:
            valid = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        if self._solid is not None:
            rows, columns = self._source_part(part)
            x -= np.float32(columns.start)
            y -= np.float32(rows.start)
            seen = cv2.remap(self._solid[rows, columns], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            solid = np.asarray(seen) == 255
            valid = solid if valid is None else valid & solid
        return valid

    def _covered_part(self, part: Region) -> NDArray[np.bool_]:
        """Where an affine map stays within the source: in each row from one column to another, found by halving."""
        begins, ends = np.zeros(part.height, np.int64), np.full(part.height, part.width, np.int64)
        height, width = self._source.shape[:2]
        for (along, across), size in zip(self._sums(part), (width, height), strict=True):
            rises = along[-1] >= along[0]
            ordered = along if rises else along[::-1]
            low, high = np.searchsorted(ordered, -across), np.searchsorted(ordered, size - 1 - across, "right")
            if not rises:
                low, high = part.width - high, part.width - low
            begins, ends = np.maximum(begins, low), np.minimum(ends, high)
        valid = np.zeros((part.height, part.width), np.bool_)
        for row, begin, end in zip(valid, begins, ends, strict=True):
            row[begin:end] = True
        return valid

    def _moves_by_pixels(self) -> bool:
        shift = self._matrix.copy()
        shift[:2, 2] = 0
        return bool(np.array_equal(shift, np.eye(3)) and np.all(self._matrix[:2, 2] % 1 == 0))

    def _is_shift_by_pixels(self) -> bool:
        return self._covers_all and self._moves_by_pixels()

    def _shifted(self, part: Region) -> Rows:
        x, y = part.x + int(self._matrix[0, 2]), part.y + int(self._matrix[1, 2])
        place = slice(y, y + part.height), slice(x, x + part.width)
        valid = None if self._source_valid is None else self._source_valid[place]
        return Rows(normalise(self._source[place], self._gain, self._encoding), valid)

    def _seen_whole(self, valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """255 where a pixel and, if the kernel will reach them, its eight neighbours are valid; (h, w).

        Warped bilinearly, it stays 255 just where all 4x4 pixels of the bicubic kernel are valid: the outer ones
        weigh up to a tenth. A shift by whole pixels weighs one pixel alone.
        """
        mask = valid.astype(np.uint8) * np.uint8(255)
        if self._moves_by_pixels():
            return mask
        return np.asarray(cv2.erode(mask, np.ones((3, 3), np.uint8)), np.uint8)

    def _covered_everywhere(self) -> bool:
        w, h = self.width - 1.0, self.height - 1.0
        corners = Transform(self._matrix).apply(np.array([[0, 0], [w, 0], [0, h], [w, h]]))
        limit = np.array([self._source.shape[1] - 1.0, self._source.shape[0] - 1.0])
        slack = 1e-6
        return bool(np.all(corners >= -slack) and np.all(corners <= limit + slack))

    def _coordinates(self, part: Region) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        m = self._matrix
        if np.array_equal(m[2], (0, 0, 1)):
            (x_along, x_across), (y_along, y_across) = self._sums(part)
            return x_along[None, :] + x_across[:, None], y_along[None, :] + y_across[:, None]
        columns, lines = _numbered(part)
        depth = m[2, 0] * columns[None, :] + (m[2, 1] * lines + m[2, 2])[:, None]
        x64 = (m[0, 0] * columns[None, :] + (m[0, 1] * lines + m[0, 2])[:, None]) / depth
        y64 = (m[1, 0] * columns[None, :] + (m[1, 1] * lines + m[1, 2])[:, None]) / depth
        return _on_grid(x64), _on_grid(y64)

    def _sums(self, part: Region) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Of x and of y under an affine map: what each column and each row contribute, both on the grid."""
        m = self._matrix
        columns, lines = _numbered(part)
        return [(_on_grid(m[i, 0] * columns), _on_grid(m[i, 1] * lines + m[i, 2])) for i in (0, 1)]


def _numbered(part: Region) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Numbers of the columns and of the rows of a part of the picture."""
    columns = np.arange(part.x, part.x + part.width, dtype=np.float64)
    return columns, np.arange(part.y, part.y + part.height, dtype=np.float64)


def _within(seen: NDArray[np.float64], size: int) -> slice:
    """The rows, or columns, of a source of `size` that pixels at the coordinates `seen` are made of."""
    first = int(np.clip(np.floor(seen.min()) - _REACH, 0, size - 1))
    return slice(first, int(np.clip(np.ceil(seen.max()) + _REACH + 1, first + 1, size)))


def _on_grid(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return (np.rint(values * _GRID) / _GRID).astype(np.float32)
