"""The ECC aligner.

Each pair is registered by maximising the enhanced correlation coefficient (Evangelidis and Psarakis, Parametric Image
Alignment Using Enhanced Correlation Coefficient Maximization, IEEE TPAMI 30(10), 2008), which does not mind exposure
and contrast, on two coarse scales, in linear light; then many small tiles say where they lie (`refine`). Which pairs:
`links`; how they become one place for each frame: `joint`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Link, ReducedFrame, Registration
from stackcore.terms import Transform
from stackcore_plugins.aligner_ecc.families import Family
from stackcore_plugins.aligner_ecc.joint import solve_jointly
from stackcore_plugins.aligner_ecc.links import choose_links
from stackcore_plugins.aligner_ecc.models import project
from stackcore_plugins.aligner_ecc.plugin import EccOptions, Model
from stackcore_plugins.aligner_ecc.refine import refined
from stackcore_plugins.aligner_ecc.simplest import choose_model

_COARSE = (4, 2)
_FINE = 1
"""Where tiles find nothing, as in very small frames, the whole picture is compared at its own size as well."""
_CLIPPED = 0.9
"""Linear light that a channel or two may have been cut off at: a blurred highlight is cut otherwise than a sharp one,
and seems to move."""
_CLIPPED_REACH_PX = 7
_SMALLEST_PX = 24
_LARGEST_CHANGE = 0.25
"""Neighbours never differ by a quarter in scale, nor in shift by half a frame: then the match is wrong."""
_LARGEST_MISFIT = 0.01
"""Share of the longer side by which a match may miss the model at the corners. Measured: true pairs miss it by less
than 0.0002; frames that have nothing to do with each other, of which every fifth is found to correlate, by 0.04 and
more."""
_BLACK = 0.002
"""Linear light that not a thousandth of a lit frame stays below: a cap on the lens, a flash that failed."""
_FLAT = 1e-4
"""Standard deviation of linear light of a frame that shows nothing."""
_SEEN = 3
"""Every third pixel of every third row tells whether a frame shows anything."""
_SETTLED = 1e-4
"""Gain in correlation at which it is near enough: the tiles find the rest."""
_WHOLE = 0.999
"""Share of a shrunk pixel that must be valid."""
_MOTION = {"shift": cv2.MOTION_TRANSLATION, "rigid": cv2.MOTION_EUCLIDEAN}


class EccAligner:
    """See the module; options in `EccOptions`."""

    def __init__(self, options: EccOptions) -> None:
        self._options = options
        self.model = str(options.model)
        self._measured: Model = "affine" if options.model == "auto" else options.model
        self.work_size_px = options.work_size_px

    def links(self, frames: int, reference: int) -> Sequence[Link]:
        """Neighbours and frames some way apart; the one nearer to the reference stays fixed."""
        return choose_links(frames, reference)

    def register(self, fixed: ReducedFrame, moving: ReducedFrame) -> Registration:
        """Register one pair, coarse to fine."""
        link = Link(fixed.index, moving.index)
        empty = {frame.index: reason for frame in (fixed, moving) if (reason := _shows_nothing(frame)) is not None}
        if empty:
            about, reason = empty.popitem()
            return Registration(link, None, 0.0, reason, about=None if empty else about)
        try:
            score, square, covariance = self._match(fixed, moving)
        except cv2.error as error:
            return Registration(link, None, 0.0, f"correlation found no match ({error.err or 'no convergence'})")
        full = moving.to_full @ square @ np.linalg.inv(fixed.to_full)
        full /= full[2, 2]
        if score < self._options.least_score:
            return Registration(link, None, score, f"correlation is only {score:.2f}")
        if not _plausible(full, fixed):
            return Registration(link, None, score, "the match found is implausible (a jump of a quarter frame)")
        usual: Model = model if (model := self._measured) in ("shift", "rigid", "similarity") else "similarity"
        misfit = _misfit(full, project(full, usual, fixed.width, fixed.height), fixed)
        if misfit > _LARGEST_MISFIT * max(fixed.width, fixed.height):
            return Registration(link, None, score, f"the match found is implausible (no {usual} by {misfit:.0f} px)")
        precision = None if covariance is None else self._precision(covariance, fixed)
        return Registration(
            link, Transform(project(full, self._measured, fixed.width, fixed.height)), score, precision=precision
        )

    def _match(
        self, fixed: ReducedFrame, moving: ReducedFrame
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64] | None]:
        """Correlation, the map of reduced pixels, and the covariance of its parameters, None where it is not known."""
        warp = np.eye(2, 3, dtype=np.float32)
        score = 0.0
        valid = _valid_in_both(fixed, moving)
        for scale in _COARSE:
            a, b = _shrunk(fixed.luma, scale), _shrunk(moving.luma, scale)
            if min(a.shape) >= _SMALLEST_PX:
                score, warp = self._ecc(a, b, warp, scale, None if valid is None else _shrunk(valid, scale))
        if score:
            height, width = fixed.luma.shape
            family = Family(self._measured, width, height)
            found = refined(fixed.luma, moving.luma, (_counts(fixed), _counts(moving)), _square(warp), family)
            if found is not None:
                return score, found.matrix, found.covariance
        score, warp = self._ecc(fixed.luma, moving.luma, warp, _FINE, valid)
        square = _square(warp)
        if self._measured == "homography":
            square = self._with_perspective(fixed.luma, moving.luma, square, valid)
        return score, square, None

    def _precision(self, covariance: NDArray[np.float64], frame: ReducedFrame) -> NDArray[np.float64]:
        """Inverse covariance of the corners of a full-size frame; `covariance` is that of reduced ones."""
        family = Family(self._measured, frame.width, frame.height)
        corners = np.linalg.pinv(family.displacements(family.corners).reshape(8, -1))
        scale = max(frame.width, frame.height) / max(frame.luma.shape)
        return np.asarray(corners.T @ np.linalg.inv(covariance * scale**2) @ corners)

    def solve(
        self, found: Sequence[Registration], frames: int, reference: int, size: tuple[int, int]
    ) -> Sequence[Transform | None]:
        """Place all frames at once, so that the links agree best; links that contradict the others are dropped."""
        if self._options.model == "auto":
            model, solution = choose_model(found, frames, reference, size)
            self.model = model
            return solution.transforms
        return solve_jointly(found, frames, reference, size, self._measured).transforms

    def _ecc(
        self,
        fixed: NDArray[np.float32],
        moving: NDArray[np.float32],
        warp: NDArray[np.float32],
        scale: int,
        valid: NDArray[np.float32] | None,
    ) -> tuple[float, NDArray[np.float32]]:
        """`warp` is in pixels of the unshrunk reduced frames; OpenCV wants it in those of this scale.

        OpenCV blurs the mask like the frames, and keeps what is 0.95 valid after that.
        """
        up, down = _rescale(scale), np.linalg.inv(_rescale(scale))
        start = (down @ _square(warp) @ up)[:2].astype(np.float32)
        motion = _MOTION.get(self._options.model, cv2.MOTION_AFFINE)
        stop = (
            cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT,
            self._options.iterations,
            1e-6 if scale == _FINE else _SETTLED,
        )
        blur = self._options.blur_px | 1
        mask = None if valid is None else (valid > _WHOLE).astype(np.uint8)
        find: Any = cv2.findTransformECC  # its stubs know no mask that is None
        score, found = find(fixed, moving, start, motion, stop, mask, blur)
        return float(score), np.asarray((up @ _square(found) @ down)[:2], np.float32)

    def _with_perspective(
        self,
        fixed: NDArray[np.float32],
        moving: NDArray[np.float32],
        start: NDArray[np.float64],
        valid: NDArray[np.float32] | None,
    ) -> NDArray[np.float64]:
        """Refine an affine match by what a tilt of the camera adds; the affine one where that finds nothing."""
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, self._options.iterations, 1e-6)
        mask = None if valid is None else (valid > _WHOLE).astype(np.uint8)
        find: Any = cv2.findTransformECC
        try:
            _, found = find(
                fixed, moving, start.astype(np.float32), cv2.MOTION_HOMOGRAPHY, stop, mask, self._options.blur_px | 1
            )
        except cv2.error:
            return start
        return np.asarray(found, np.float64)


def _shows_nothing(frame: ReducedFrame) -> str | None:
    """Why nothing can be found in a frame, None when something may."""
    seen = frame.luma[::_SEEN, ::_SEEN]
    seen = seen if frame.valid is None else seen[frame.valid[::_SEEN, ::_SEEN]]
    if float(np.percentile(seen, 99.9)) < _BLACK:
        return "the frame is nearly black"
    return "the frame is featureless" if float(seen.std()) < _FLAT else None


def _counts(frame: ReducedFrame) -> NDArray[np.uint8]:
    """1 where a pixel may be compared: valid, and not near anything that may be clipped."""
    reach = np.ones((_CLIPPED_REACH_PX, _CLIPPED_REACH_PX), np.uint8)
    bright = cv2.dilate((frame.luma > _CLIPPED).astype(np.uint8), reach)
    counts = np.asarray(1 - bright, np.uint8)
    if frame.valid is not None:
        counts &= np.asarray(cv2.erode(frame.valid.astype(np.uint8), reach), np.uint8)
    return counts


def _valid_in_both(fixed: ReducedFrame, moving: ReducedFrame) -> NDArray[np.float32] | None:
    """1 where both frames are picture, 0 elsewhere; None when all of both is.

    OpenCV masks the moving frame alone. Neighbours lie within a few pixels of each other, and what a hole holds is
    smooth, so the hole of the fixed frame is masked where it would lie without any movement.
    """
    masks = [frame.valid for frame in (fixed, moving) if frame.valid is not None]
    return np.logical_and.reduce(masks).astype(np.float32) if masks else None


def _square(warp: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.vstack([np.asarray(warp, np.float64), [0.0, 0.0, 1.0]])


def _rescale(scale: int) -> NDArray[np.float64]:
    """Map pixel coordinates of a picture shrunk by `scale` to those before; pixel centres at integers."""
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])


def _shrunk(luma: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """Mean over blocks of `scale`; a ragged edge is left out, so that the mapping stays exact."""
    if scale == 1:
        return luma
    h, w = luma.shape[0] // scale, luma.shape[1] // scale
    small = cv2.resize(luma[: h * scale, : w * scale], (w, h), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _plausible(matrix: NDArray[np.float64], frame: ReducedFrame) -> bool:
    size = np.array([frame.width, frame.height])
    centre = (size - 1) / 2
    moved = Transform(matrix).apply(centre[None, :])[0] - centre
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    return bool(abs(scale - 1) < _LARGEST_CHANGE and np.all(np.abs(moved) < size / 2))


def _misfit(found: NDArray[np.float64], model: NDArray[np.float64], frame: ReducedFrame) -> float:
    """Largest distance of the two maps at the corners, pixels."""
    right, bottom = frame.width - 1.0, frame.height - 1.0
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
    apart = Transform(found).apply(corners) - Transform(model).apply(corners)
    return float(np.linalg.norm(apart, axis=1).max())
