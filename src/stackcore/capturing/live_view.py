"""What the engine does with live view at each slice: measures how sharp it is, and hands the frame to whoever looks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stackcore.events import Progress
from stackcore.protocols import CameraProvider, CapturedFile
from stackcore.runs import Run

if TYPE_CHECKING:  # loaded when the first frame is measured
    import numpy as np
    from numpy.typing import NDArray

_LOG = logging.getLogger(__name__)

WORK_SIZE_PX = 480
"""Longer side of the picture that is measured: about what live view resolves, with its noise averaged out."""

FAILURES_BORNE = 2
"""After as many failures in a row live view is left alone: a body that has none would be asked in vain each time."""


@dataclass(frozen=True, kw_only=True)
class LiveFrame:
    """A live-view frame: `jpeg` as the camera gave it, of slice `slice_index`, `offset` drive units from the start."""

    jpeg: bytes
    slice_index: int
    offset: int


ShowFrame = Callable[[LiveFrame], None]
"""Takes each frame in the thread of the run; must return at once. One that raises is logged and not called again."""


class LiveView:
    """The live view of one run. Nothing that goes wrong here stops the run; then there is no figure.

    Parameters
    ----------
    run
        Hears the figures: `progress` of the stage `sharpness`, one for each slice.
    camera
        An open camera.
    slices
        How many slices the run has, for its events.
    measures
        Measure the sharpness of each frame.
    show
        Gets each frame.
    """

    def __init__(
        self, run: Run, camera: CameraProvider, slices: int, *, measures: bool, show: ShowFrame | None = None
    ) -> None:
        self._run, self._camera, self._slices = run, camera, slices
        self._measures, self._show = measures, show
        self._failures = 0

    def look(self, slice_index: int, offset: int) -> None:
        """Ask the camera for a frame of the slice that focus has arrived at; a cancelled run asks for nothing."""
        if not (self._measures or self._show) or self._failures >= FAILURES_BORNE or self._run.cancel.is_set():
            return
        try:
            frame = self._camera.preview_frame()
        except Exception as error:  # whatever it is, the still can be taken without it
            self._failures += 1
            _LOG.info("no live view at slice %d: %s", slice_index, error)
            return
        self._failures = 0
        self.take(frame, slice_index, offset)

    def take(self, frame: CapturedFile, slice_index: int, offset: int) -> None:
        """Show and measure a frame that was taken anyway."""
        if self._show is not None:
            try:
                self._show(LiveFrame(jpeg=frame.data, slice_index=slice_index, offset=offset))
            except Exception:
                _LOG.exception("showing live view failed; it is not shown any more")
                self._show = None
        figure = live_view_sharpness(frame.data) if self._measures else None
        if figure is not None:
            done = Progress(stage="sharpness", done=slice_index + 1, total=self._slices, sharpness=figure)
            self._run.emit(done)


def live_view_sharpness(jpeg: bytes) -> float | None:
    """How sharp a live-view frame is, to be compared with the other slices of its run.

    The mean modified Laplacian of Nayar and Nakagawa, IEEE TPAMI 16(8), 1994, of the grey picture reduced to
    480 pixels, without their threshold; divided by the mean grey, so that a change of exposure does not count.

    Parameters
    ----------
    jpeg
        A coded picture; not modified.

    Returns
    -------
    Unitless, 0 for an even picture, usually below 1; None for data that is no picture, or for a black one.
    """
    import cv2
    import numpy as np

    try:
        grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # nothing at all, or larger than OpenCV accepts
        return None
    if grey is None or not grey.any():
        return None
    luma = _reduced(grey.astype(np.float32))
    kernel = np.array([[-1.0, 2.0, -1.0]], np.float32)
    across, down = np.abs(cv2.filter2D(luma, -1, kernel)), np.abs(cv2.filter2D(luma, -1, kernel.T))
    return round(float((across + down).mean() / luma.mean()), 5)


def _reduced(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture with its longer side at most `WORK_SIZE_PX`, each pixel the mean of what it stands for."""
    import cv2
    import numpy as np

    height, width = luma.shape
    shrink = WORK_SIZE_PX / max(height, width)
    if shrink >= 1:
        return luma
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
