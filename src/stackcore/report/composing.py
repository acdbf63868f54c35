"""Puts together what a report tells from what the run found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stackcore.events import Warned
from stackcore.metadata.record import UsedPlugin, legible
from stackcore.report.advice import findings
from stackcore.report.coverage import Coverage
from stackcore.report.model import (
    CameraEntry,
    CoverageEntry,
    DepthEntry,
    FindingEntry,
    FrameEntry,
    GapEntry,
    MemoryEntry,
    PictureEntry,
    Report,
    WarningEntry,
)
from stackcore.report.seeing import Seen
from stackcore.report.slice_map import SliceMap
from stackcore.report.tracks import Place, places
from stackcore.stacking.survey import FrameGeometry, Survey
from stackcore.terms import Fused

_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a run knows of itself; texts may be anything, they come from files and people.

    `names` are those of the frames, by index; `settings` and `plugins` as in the record of a result.
    """

    software: str
    command: str
    made_at: str
    title: str
    names: Sequence[str]
    result: PictureEntry
    camera: CameraEntry
    plugins: Mapping[str, UsedPlugin]
    settings: Mapping[str, Any]
    hot_pixels: Mapping[str, Any] | None
    warnings: Sequence[Warned]
    seconds: Mapping[str, float]
    memory: MemoryEntry
    depth_files: Mapping[str, str]


def compose(facts: Facts, found: Survey, seen: Seen, covered: Coverage | None, where: SliceMap, fused: Fused) -> Report:
    """The report as data."""
    return Report(
        software=facts.software,
        command=facts.command,
        made_at=facts.made_at,
        title=legible(facts.title),
        result=facts.result,
        camera=facts.camera,
        reference=found.reference,
        alignment_model=found.model,
        noise_sigma=found.noise_sigma,
        frames=_frames(facts.names, found, seen, where),
        coverage=_coverage(covered, [frame.index for frame in found.used]),
        depth=_depth(fused, facts.depth_files),
        seconds=dict(facts.seconds),
        memory=facts.memory,
        plugins=dict(facts.plugins),
        settings=dict(facts.settings),
        hot_pixels=None if facts.hot_pixels is None else dict(facts.hot_pixels),
        warnings=[
            WarningEntry(code=w.code, message=legible(w.message), frame=None if w.frame is None else legible(w.frame))
            for w in facts.warnings
        ],
    )


def _frames(names: Sequence[str], found: Survey, seen: Seen, where: SliceMap) -> list[FrameEntry]:
    lay = {place.index: place for place in places(found)}
    won = where.won(len(found.frames))
    sharp = seen.cells.mean(axis=(1, 2))
    return [
        _frame(frame, legible(names[frame.index]), lay.get(frame.index), float(sharp[frame.index]), won[frame.index])
        for frame in found.frames
    ]


def _frame(frame: FrameGeometry, name: str, place: Place | None, sharpness: float, won: float) -> FrameEntry:
    if frame.transform is None or place is None:
        return FrameEntry(index=frame.index, name=name, status="skipped", reason=frame.reason)
    return FrameEntry(
        index=frame.index,
        name=name,
        status="ok",
        matrix=frame.transform.matrix.tolist(),
        gain=frame.gain,
        shift_px=(_round(place.shift_px[0]), _round(place.shift_px[1])),
        scale_percent=_round(place.scale_percent),
        rotation_deg=_round(place.rotation_deg),
        light_ev=(_round(place.light_ev[0]), _round(place.light_ev[1]), _round(place.light_ev[2])),
        sharpness=_round(sharpness),
        won=_round(won),
    )


def _coverage(covered: Coverage | None, indices: Sequence[int]) -> CoverageEntry:
    said = [FindingEntry(**asdict(finding)) for finding in findings(covered, indices)]
    if covered is None:
        return CoverageEntry(findings=said)
    peaks = [[None if np.isnan(p) else indices[int(p)] for p in row] for row in covered.peak]
    return CoverageEntry(
        findings=said,
        first_share=_round(covered.first_share),
        last_share=_round(covered.last_share),
        halfway=None if covered.halfway is None else _round(covered.halfway),
        gaps=[
            GapEntry(
                before=indices[gap.before],
                after=indices[gap.after],
                steps=_round(gap.steps),
                halfway=_round(gap.halfway),
            )
            for gap in covered.gaps
        ],
        peak_slice=peaks,
        gaining=[(int(column), int(row)) for row, column in np.argwhere(covered.gaining)],
    )


def _depth(fused: Fused, files: Mapping[str, str]) -> DepthEntry | None:
    if fused.depth is None:
        return None
    nearest, median, farthest = (_round(float(v)) for v in np.percentile(fused.depth[::4, ::4], (1, 50, 99)))
    sure = None if fused.confidence is None else _round(float((fused.confidence[::4, ::4] > 0.5).mean()))
    return DepthEntry(nearest=nearest, median=median, farthest=farthest, sure=sure, files=dict(files))


def _round(value: float) -> float:
    return round(float(value), _DIGITS)
