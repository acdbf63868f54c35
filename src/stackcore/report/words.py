"""The figures of a report as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stackcore.report.model import Report

Row = tuple[str, str]

_STAGES = {
    "hot_pixels": "hot pixels",
    "align": "survey and alignment",
    "fuse": "fusing",
    "sharpen": "sharpening",
    "write": "writing",
    "depth_map": "writing the depth map",
    "report": "looking for this report",
}


def lead(report: Report) -> str:
    """One line that says what this is."""
    picture = report.result
    parts = [
        f"{len(report.used)} frames",
        f"{picture.width} × {picture.height}, {picture.width * picture.height / 1e6:.1f} megapixels",
        f"fused by {report.plugins['fuser'].name}" if "fuser" in report.plugins else "",
        f"in {duration(sum(report.seconds.values()))}",
        report.made_at,
    ]
    return " · ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """A time for people.

    Examples
    --------
    >>> duration(0.42), duration(12.34), duration(83)
    ('0.42 s', '12.3 s', '1 min 23 s')
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def alignment(report: Report) -> list[Row]:
    """What the alignment came to."""
    used = report.used
    shifts = [frame.shift_px for frame in used if frame.shift_px is not None]
    far = max((x * x + y * y) ** 0.5 for x, y in shifts)
    skipped = [frame.name for frame in report.frames if frame.status == "skipped"]
    return [
        ("reference", f"slice {report.reference + 1}, {report.frames[report.reference].name}"),
        ("model", report.alignment_model),
        ("frames used", f"{len(used)} of {len(report.frames)}"),
        *([("left out", ", ".join(skipped))] if skipped else []),
        ("farthest shift", f"{far:.1f} pixels"),
        ("focus breathing", _span([frame.scale_percent or 0.0 for frame in used], " %", 2)),
        ("rotation", _span([frame.rotation_deg or 0.0 for frame in used], "°", 3)),
    ]


def exposure(report: Report) -> list[Row]:
    """What the light of the frames came to."""
    lights = [frame.light_ev for frame in report.used if frame.light_ev is not None]
    rows = [
        (name, _span([light[i] for light in lights], " stops", 2)) for i, name in enumerate(("red", "green", "blue"))
    ]
    return [
        *((f"{name}, brightest to darkest", text) for name, text in rows),
        ("noise", f"{report.noise_sigma:.2%} of full scale"),
    ]


def crop(report: Report) -> str:
    """What was cut off, and why."""
    picture = report.result
    share = picture.width * picture.height / (picture.of_width * picture.of_height)
    if share > 0.99999:
        return "Nothing was cut off: the result is as large as the frames."
    left, top, width, height = picture.crop
    right, bottom = picture.of_width - left - width, picture.of_height - top - height
    return (
        f"Cut to what all frames cover, {share:.1%} of the reference: {left} pixels from the left, {right} from the "
        f"right, {top} from the top, {bottom} from the bottom."
    )


def timings(report: Report) -> list[dict[str, Any]]:
    """A bar for each stage, and its time."""
    total = sum(report.seconds.values()) or 1.0
    most = max(report.seconds.values(), default=1.0) or 1.0
    bars = [
        {"label": _STAGES.get(stage, stage.replace("_", " ")), "text": duration(s), "percent": round(100 * s / most, 1)}
        for stage, s in report.seconds.items()
    ]
    return [*bars, {"label": "together", "text": duration(total), "percent": 0}]


def memory(report: Report) -> list[Row]:
    """What was planned, and what was taken."""
    held = report.memory
    return [
        ("planned before the work", _bytes(held.planned_bytes)),
        ("largest of the process", _bytes(held.peak_bytes)),
    ]


def picture(report: Report) -> list[Row]:
    """Picture, camera and exposure, as far as they are known."""
    shown, camera = report.result, report.camera
    body = f"{camera.make} {camera.model}".strip()
    if camera.make and camera.model.lower().startswith(camera.make.lower()):
        body = camera.model
    hot = report.hot_pixels
    rows = [
        ("file", shown.file or "not written"),
        ("size", f"{shown.width} × {shown.height} pixels"),
        ("frames", f"{shown.of_width} × {shown.of_height} pixels"),
        ("camera", body + (", SIMULATED" if camera.simulated else "")),
        ("exposure", _exposure(camera.exposure_s, camera.iso)),
        ("hot pixels", "" if hot is None else f"{hot.get('found', 0)} mended"),
        ("made by", f"{report.software}, {report.command}"),
    ]
    return [(label, text) for label, text in rows if text]


def settings(report: Report) -> list[Row]:
    """Every setting that decides about the picture."""
    return [(key.replace("_", " "), said(value)) for key, value in report.settings.items()]


def depth(report: Report) -> str:
    """What the depth map says, in a sentence."""
    found = report.depth
    if found is None:
        return ""
    text = (
        f"The picture reaches from slice {found.nearest + 1:.1f} to slice {found.farthest + 1:.1f}; "
        f"half of it lies in front of slice {found.median + 1:.1f}."
    )
    if found.sure is not None:
        text += f" In {found.sure:.0%} of the picture it is more sure than not; elsewhere it is borrowed from around."
    if found.files:
        text += f" In full: {', '.join(found.files.values())}."
    return text


def said(value: Any) -> str:
    """A setting as people write it.

    Examples
    --------
    >>> said(True), said(None), said([1, 2]), said({"kind": "fold"})
    ('yes', 'none', '1, 2', 'kind fold')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {said(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _span(values: Iterable[float], unit: str, digits: int) -> str:
    known = list(values)
    return f"{max(known) - min(known):.{digits}f}{unit}"


def _bytes(value: int | None) -> str:
    return "not known" if value is None else f"{value / 2**20:,.0f} MiB"


def _exposure(seconds: float | None, iso: int | None) -> str:
    parts = []
    if seconds:
        parts.append(f"1/{1 / seconds:.0f} s" if seconds < 0.4 else f"{seconds:.1f} s")
    if iso:
        parts.append(f"ISO {iso}")
    return ", ".join(parts)
