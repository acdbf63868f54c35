"""Makes the report of a run: looks at its frames once more, judges, draws, and gives both texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stackcore.report.composing import Facts, compose
from stackcore.report.coverage import Coverage
from stackcore.report.model import Report
from stackcore.report.page import Pictures, render
from stackcore.report.pictures import Picture, compressed, displayed, shrunk, within
from stackcore.report.plots import alignment_plot, exposure_plot, sharpness_plot
from stackcore.report.seeing import Seen
from stackcore.report.slice_map import SliceMap, of_fuser, of_previews
from stackcore.stacking import depth_picture
from stackcore.stacking.survey import Survey
from stackcore.terms import Encoding, Fused, Pixels

RESULT_SIDE_PX, RESULT_BYTES = 4096, 1_600_000
"""The result in the page: at most so many pixels on its longer side, and bytes before they become text."""

_DEPTH_SIDE_PX, _DEPTH_BYTES = 1000, 120_000
_QUALITY = 80


def make(
    facts: Facts,
    found: Survey,
    seen: Seen,
    covered: Coverage | None,
    picture: Pixels,
    fused: Fused,
    *,
    encoding: Encoding,
    icc: bytes | None,
    data_file: str,
    depth_fusers: Sequence[str] = (),
) -> tuple[Report, str]:
    """The report as data, and as a page.

    Parameters
    ----------
    facts, found, seen, covered, fused
        What the run knows, what the survey found, what was seen of the frames and how it was judged, what the fuser
        gave.
    picture
        The finished picture (H, W, 3); not modified.
    encoding, icc
        How its numbers stand for light, and for which colours.
    data_file
        Name of the JSON that will lie beside the page.
    depth_fusers
        Fusers that give depth, for the hint where this one did not.
    """
    where = _where(fused, seen, None if covered is None else covered.peak)
    report = compose(facts, found, seen, covered, where, fused)
    shown = displayed(np.asarray(shrunk(picture, RESULT_SIDE_PX)), encoding, icc)
    pictures = Pictures(
        result=within(shown, RESULT_SIDE_PX, RESULT_BYTES),
        preview=compressed(np.asarray(shrunk(shown, max(seen.width, seen.height)), np.uint8), _QUALITY),
        frames=seen.previews,
        depth=_colours(fused, len(found.frames)),
        map=where,
        plots={
            "sharpness": sharpness_plot(report),
            "alignment": alignment_plot(report),
            "exposure": exposure_plot(report),
        },
    )
    return report, render(report, pictures, data_file=data_file, depth_fusers=depth_fusers)


def _where(fused: Fused, seen: Seen, peak: NDArray[np.float32] | None) -> SliceMap:
    return of_previews(seen, peak) if fused.depth is None else of_fuser(fused.depth, fused.confidence)


def _colours(fused: Fused, slices: int) -> Picture | None:
    if fused.depth is None:
        return None
    small = np.asarray(shrunk(fused.depth, _DEPTH_SIDE_PX), np.float32)
    return within(depth_picture.colours(small, slices), _DEPTH_SIDE_PX, _DEPTH_BYTES)
