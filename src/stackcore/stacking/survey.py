"""The survey: one cheap pass over reduced frames that finds geometry, exposure, sharpness, noise and crop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import AlignmentFailed
from stackcore.events import Emit, Progress, StageStarted, Warned
from stackcore.protocols import Aligner, Executor, Link, ReducedFrame, Registration
from stackcore.stacking import exposure
from stackcore.stacking.crop import common_area
from stackcore.stacking.noise import NoiseGauge
from stackcore.stacking.reader import StackReader
from stackcore.stacking.sharpness import cell_sharpness
from stackcore.stacking.transfer import UNITY, Gain, from_linear, linear_light, luma
from stackcore.terms import Encoding, Region, Transform

OnFailure = Literal["skip", "stop"]

_STILL_PX = 0.10
"""A stack whose frames all lie within a tenth of a pixel of the reference was not moved: it is left as it is."""


@dataclass(frozen=True)
class FrameGeometry:
    """Where one frame lies and how bright it is; `transform` is None for a skipped frame, with the `reason`."""

    index: int
    transform: Transform | None
    gain: Gain = UNITY
    reason: str | None = None


@dataclass(frozen=True)
class Survey:
    """What the fuse pass needs to know, and what a report shows.

    `sharpness` is (frames, 8, 12): the focus measure in the cells of a grid; `noise_sigma` a fraction of full scale.
    """

    width: int
    height: int
    reference: int
    encoding: Encoding
    crop: Region
    frames: tuple[FrameGeometry, ...]
    noise_sigma: float
    sharpness: NDArray[np.float32] | None = None
    model: str = "similarity"

    @property
    def used(self) -> list[FrameGeometry]:
        """The frames that take part."""
        return [frame for frame in self.frames if frame.transform is not None]

    @property
    def whole(self) -> Region:
        """The reference frame, uncropped."""
        return Region(0, 0, self.width, self.height)


def untouched(reader: StackReader, noise: float = 0.0) -> Survey:
    """Every frame as it lies, nothing measured."""
    info = reader.info
    frames = tuple(FrameGeometry(i, Transform.identity()) for i in range(len(reader)))
    whole = Region(0, 0, info.width, info.height)
    return Survey(info.width, info.height, reader.reference, reader.encoding, whole, frames, noise, model="none")


def unaligned(reader: StackReader, noise: NoiseGauge | None = None) -> Survey:
    """A survey that takes every frame as it lies and measures noise alone: for stacks that are aligned already."""
    return untouched(reader, (noise or NoiseGauge(reader)).sigma())


def run_survey(
    reader: StackReader,
    aligner: Aligner,
    executor: Executor,
    emit: Emit,
    cancel: threading.Event,
    *,
    noise: NoiseGauge | None = None,
    on_failure: OnFailure = "skip",
    match_exposure: bool = True,
) -> Survey:
    """Register the stack.

    The links of the aligner are registered in parallel; where frames are cut off by one that fails, the frame beyond it
    is tried across the gap. A frame
    that nothing reaches is skipped with a warning, or raises `AlignmentFailed` when `on_failure` is `stop`; so does a
    stack of which fewer than two frames are left. `noise` may have seen frames of the stack already.
    """
    glance = _Glance(reader, aligner.work_size_px)
    links = list(aligner.links(len(reader), reader.reference))
    emit(StageStarted(stage="align", total=len(links)))

    def register(link: Link) -> Registration:
        return aligner.register(glance.frame(link.fixed), glance.frame(link.moving))

    found = _registered(register, links, executor, cancel, emit, len(links))
    bridges = _bridges(found, found, len(reader), reader.reference)
    while bridges:
        more = _registered(register, bridges, executor, cancel, emit, None)
        found += more
        bridges = _bridges(more, found, len(reader), reader.reference)
    size = (reader.info.width, reader.info.height)
    transforms = _settled(aligner.solve(found, len(reader), reader.reference, size), reader)
    reasons = {r.link.moving: r.reason for r in found if r.transform is None}
    _report_lost(transforms, reasons, reader, emit, on_failure)
    frames = tuple(
        FrameGeometry(
            i,
            t,
            _gain(glance, reader, i, t) if match_exposure and t is not None else UNITY,
            None if t is not None else reasons.get(i, "no neighbour of it could be registered"),
        )
        for i, t in enumerate(transforms)
    )
    info = reader.info
    crop = common_area((t for t in transforms if t is not None), info.width, info.height)
    sharpness = np.stack([glance.sharpness[i] for i in range(len(reader))])
    sigma = (noise or NoiseGauge(reader)).sigma()
    return Survey(
        info.width, info.height, reader.reference, reader.encoding, crop, frames, sigma, sharpness, aligner.model
    )


class _Glance:
    """Reduced frames for registration; of each, a proxy and its sharpness are kept for what follows."""

    def __init__(self, reader: StackReader, size_px: int) -> None:
        self._reader, self._size_px = reader, size_px
        self.proxies: dict[int, exposure.Proxy] = {}
        self.sharpness: dict[int, NDArray[np.float32]] = {}

    def frame(self, index: int) -> ReducedFrame:
        reduced = self._reader.reduced(index, self._size_px)
        light = linear_light(reduced.pixels, self._reader.encoding)
        grey = luma(light)
        if index not in self.proxies:
            self.sharpness[index] = cell_sharpness(from_linear(grey, "srgb"), reduced.valid)
            self.proxies[index] = exposure.proxy(light, reduced.valid)
        return ReducedFrame(index, grey, self._reader.info.width, self._reader.info.height, reduced.valid)


def _registered(
    register: Callable[[Link], Registration],
    links: Sequence[Link],
    executor: Executor,
    cancel: threading.Event,
    emit: Emit,
    total: int | None,
) -> list[Registration]:
    found: list[Registration] = []
    for registration in executor.map(register, links, cancel):
        found.append(registration)
        if total is not None:
            emit(Progress(stage="align", done=len(found), total=total))
    return found


def _bridges(
    failed_among: Sequence[Registration], found: Sequence[Registration], frames: int, reference: int
) -> list[Link]:
    """For each pair that failed, try the next frame outwards against the same fixed one.

    Only from frames that are linked to the reference: a bad frame would be tried against everything beyond it.
    """
    reached = _reached(found, reference)
    bridges = []
    for registration in failed_among:
        fixed, moving = registration.link.fixed, registration.link.moving
        beyond = moving + (1 if moving > fixed else -1)
        if registration.transform is None and fixed in reached and moving not in reached and 0 <= beyond < frames:
            bridges.append(Link(fixed, beyond))
    return bridges


def _reached(found: Sequence[Registration], reference: int) -> set[int]:
    """Frames that a chain of successful links joins to the reference."""
    pairs = [(r.link.fixed, r.link.moving) for r in found if r.transform is not None]
    reached, before = {reference}, 0
    while len(reached) != before:
        before = len(reached)
        for a, b in pairs:
            if a in reached or b in reached:
                reached |= {a, b}
    return reached


def _settled(transforms: Sequence[Transform | None], reader: StackReader) -> list[Transform | None]:
    right, bottom = reader.info.width - 1.0, reader.info.height - 1.0
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
    furthest = max(float(np.linalg.norm(t.apply(corners) - corners, axis=1).max()) for t in transforms if t is not None)
    if furthest >= _STILL_PX:
        return list(transforms)
    return [None if t is None else Transform.identity() for t in transforms]


def _report_lost(
    transforms: Sequence[Transform | None],
    reasons: dict[int, str],
    reader: StackReader,
    emit: Emit,
    on_failure: OnFailure,
) -> None:
    lost = [i for i, t in enumerate(transforms) if t is None]
    for index in lost:
        reason = reasons.get(index, "no neighbour of it could be registered")
        name = reader.paths[index].name
        if on_failure == "stop":
            raise AlignmentFailed(
                f"Frame {index} ({name}) could not be aligned.",
                f"{reason}.",
                "remove it, or leave it out with `--on-unaligned skip`.",
            )
        emit(Warned(code="frame-skipped", message=f"{name} is left out: {reason}.", frame=name))
    if len(transforms) - len(lost) < 2:
        raise AlignmentFailed(
            "The frames could not be aligned.",
            f"{len(lost)} of {len(transforms)} frames found no match in their neighbours.",
            f"check that they show one subject, {reader.paths[reader.reference].name} in the middle above all; frames "
            "that are aligned already need `--no-align`.",
        )


def _gain(glance: _Glance, reader: StackReader, index: int, transform: Transform) -> Gain:
    if index == reader.reference:
        return UNITY
    here, there = glance.proxies[reader.reference], glance.proxies[index]
    return exposure.gain_to_match(here, there, transform, reader.info.width)


def survey_record(survey: Survey) -> dict[str, Any]:
    """The `survey` key of the transforms file."""
    cells = None if survey.sharpness is None else np.round(survey.sharpness, 6).tolist()
    mean = None if survey.sharpness is None else np.round(survey.sharpness.mean(axis=(1, 2)), 6).tolist()
    return {"noise_sigma": survey.noise_sigma, "sharpness": mean, "sharpness_cells": cells}
