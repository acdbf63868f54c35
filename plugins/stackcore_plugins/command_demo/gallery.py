"""Turns what the demo made into the pictures and figures of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from stackcore import __version__
from stackcore.api.processing import StackResult
from stackcore.api.shooting import CaptureResult
from stackcore.errors import UnreadableFrame
from stackcore.stacking.output import write_text
from stackcore.terms import FULL_SCALE, Pixels, Transform
from stackcore_plugins.command_demo.page import Picture, Rows, render_page

JPEG_QUALITY = 88


def write_page(
    path: Path, shot: CaptureResult, stacked: StackResult, timings: Mapping[str, float], warnings: Sequence[str]
) -> Path:
    """Write the page of a demo; `OutputError` when it cannot be written, and then nothing is left of it."""
    html = render_page(
        title="stackcore demo (SIMULATED camera)" if shot.simulated else "stackcore demo",
        before=_picture(first_frame(shot.files[0], stacked), "the nearest frame alone"),
        after=_picture(stacked.picture, f"{stacked.frames} frames fused"),
        figures=_figures(shot, stacked),
        timings=_timings(stacked, timings),
        places=_places(shot, stacked, path),
        warnings=warnings,
    )
    write_text(html, path, overwrite=False)
    return path


def first_frame(path: Path, stacked: StackResult) -> Pixels:
    """Return the first frame in the geometry of the result, so that the two can be laid over each other."""
    data = np.fromfile(path, np.uint8)  # cv2.imread cannot open every name on Windows
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if pixels is None:
        raise UnreadableFrame(f"{path} cannot be shown.", "it cannot be decoded.", "run the demo again.")
    x, y, width, height = stacked.crop
    shift = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)
    found = stacked.survey.frames[0].transform if stacked.survey is not None else None
    matrix = (found or Transform.identity()).matrix @ shift
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(warped[..., ::-1])


def _picture(pixels: Pixels, caption: str) -> Picture:
    """Return `pixels` (H, W, 3) RGB of any dtype as a JPEG."""
    scale = 255.0 / FULL_SCALE[pixels.dtype.name]
    eight = np.clip(np.rint(pixels.astype(np.float32) * scale), 0, 255).astype(np.uint8)
    good, data = cv2.imencode(".jpg", eight[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not good:
        raise RuntimeError("OpenCV did not encode a JPEG")
    return Picture(jpeg=data.tobytes(), width=pixels.shape[1], height=pixels.shape[0], caption=caption)


def _figures(shot: CaptureResult, stacked: StackResult) -> Rows:
    frame_bytes = sum(file.stat().st_size for file in shot.files)
    back = "back at its start" if shot.focus.is_back else "not back at its start"
    peak = stacked.peak_memory_bytes
    return [
        ("camera", shot.camera.model),
        ("slices", f"{len(shot.files)}, {shot.settings.step} drive units apart"),
        ("frames", f"{frame_bytes / 1e6:.1f} MB together"),
        ("focus", back),
        ("result", f"{stacked.width} x {stacked.height} pixels, 16 bit, {stacked.frames} frames"),
        ("peak memory", "unknown" if peak is None else f"{peak / 2**20:.0f} MiB"),
        ("stackcore", __version__),
    ]


def _timings(stacked: StackResult, timings: Mapping[str, float]) -> Rows:
    parts = [(f"of it: {stage}", seconds) for stage, seconds in stacked.seconds.items()]
    return [(stage, f"{seconds:.2f} s") for stage, seconds in [*timings.items(), *parts]]


def _places(shot: CaptureResult, stacked: StackResult, page: Path) -> Rows:
    found = {"frames": shot.folder, "manifest": shot.manifest, "result": stacked.output, "this page": page}
    return [(label, str(place)) for label, place in found.items() if place is not None]
