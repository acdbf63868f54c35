"""Results as a notebook shows them: the picture reduced, the depth map in false colours, and the facts beneath."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stackcore.report.pictures import compressed, displayed, shrunk
from stackcore.stacking import depth_picture

if TYPE_CHECKING:
    from stackcore.api.shooting import CaptureResult
    from stackcore.api.stacks import StackResult

SIDE_PX = 960
"""Longer side of what is shown: wider than most cells, and light enough for a notebook that is kept."""

PNG_SIDE_PX = 480
"""Of the PNG, which is stored beside the HTML and seen where that is not: it takes ten times the bytes."""

_DEPTH_SIDE_PX = 480
_QUALITY = 86
_WARNINGS = 8
"""So many are told in full; a stack of 300 frames can warn 300 times."""


def stack_png(result: StackResult) -> bytes:
    """The picture as an 8-bit PNG in sRGB, at most 480 pixels wide and high."""
    return _png(_shown(result, PNG_SIDE_PX))


def stack_html(result: StackResult) -> str:
    """The picture, its depth map if there is one, and what is known of it, as HTML without a file beside it."""
    pictures = [_figure(_shown(result, SIDE_PX))]
    if result.depth is not None:
        small = np.asarray(shrunk(result.depth, _DEPTH_SIDE_PX), np.float32)
        slices = slice_count(result)
        legend = f"depth: dark blue is the first slice, yellow the last of {slices}"
        pictures.append(_figure(depth_picture.colours(small, slices), legend))
    taken = f"{result.frames} frames" + (f", {len(result.skipped)} left out" if result.skipped else "")
    facts = [
        *([f"{result.output}"] if result.output else []),
        f"{result.width} × {result.height} {result.picture.dtype.name}, {result.encoding}",
        taken,
        _times(result.seconds),
    ]
    return _block(pictures, facts, result.warnings)


def capture_html(result: CaptureResult) -> str:
    """What was shot, where it lies, and whether focus is back."""
    settings, focus = result.settings, result.focus
    if not focus.certain:
        back = "where focus stands is not certain"
    else:
        back = "focus is back" if focus.is_back else f"focus stands {focus.now:+d} from its start"
    facts = [
        _camera(result),
        f"{result.outcome}: {result.slices_done} of {settings.slices} slices, step {settings.step}, {back}",
        *([f"{len(result.files)} files in {result.folder}"] if result.files else []),
    ]
    return _block([], facts, [warning.message for warning in result.warnings])


def _camera(result: CaptureResult) -> str:
    model = result.camera.model or result.camera.provider
    return model if not result.simulated or "SIMULATED" in model else f"SIMULATED {model}"


def slice_count(result: StackResult) -> int:
    """How many slices the depth of a result counts, those of skipped frames among them."""
    return result.frames + len(result.skipped)


def _shown(result: StackResult, side_px: int) -> NDArray[np.uint8]:
    return displayed(np.asarray(shrunk(result.picture, side_px)), result.encoding, result.icc)


def _png(shown: NDArray[np.uint8]) -> bytes:
    import cv2

    good, data = cv2.imencode(".png", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    if not good:
        raise RuntimeError("OpenCV did not encode a PNG")
    return bytes(data.tobytes())


def _figure(shown: NDArray[np.uint8], caption: str = "") -> str:
    picture = compressed(np.ascontiguousarray(shown), _QUALITY)
    data = b64encode(picture.jpeg).decode()
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure style="margin:0"><img src="data:image/jpeg;base64,{data}" width="{picture.width}" '
        f'height="{picture.height}" alt="{escape(caption)}" style="max-width:100%;height:auto">{below}</figure>'
    )


def _times(seconds: dict[str, float]) -> str:
    if not seconds:
        return ""
    parts = ", ".join(f"{stage.replace('_', ' ')} {each:.1f}" for stage, each in seconds.items())
    return f"{sum(seconds.values()):.1f} s ({parts})"


def _block(figures: Sequence[str], facts: Iterable[str], warnings: Sequence[str]) -> str:
    told = [escape(message) for message in warnings[:_WARNINGS]]
    if len(warnings) > _WARNINGS:
        told.append(f"and {len(warnings) - _WARNINGS} more warnings")
    return "".join(
        (
            "<div>",
            f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(figures)}</div>' if figures else "",
            "<br>".join(escape(fact) for fact in facts if fact),
            "".join(("<ul>", *(f"<li>{message}</li>" for message in told), "</ul>")) if told else "",
            "</div>",
        )
    )
