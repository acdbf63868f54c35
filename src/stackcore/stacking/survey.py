"""The survey: one cheap pass over reduced frames that finds geometry, exposure, sharpness, noise and crop."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import AlignmentFailed
from stackcore.events import Emit, Progress, StageStarted, Warned
from stackcore.protocols import Aligner, Executor, FrameInfo, Link, Registration, RemoteExecutor, nearby
from stackcore.stacking import exposure
from stackcore.stacking.crop import common_area
from stackcore.stacking.glance import Glance, Looks
from stackcore.stacking.noise import NoiseGauge
from stackcore.stacking.order import order_by_focus
from stackcore.stacking.reach import bridges, choose_reference
from stackcore.stacking.reader import StackReader
from stackcore.stacking.registering import RunOfLinks, read_ahead, runs_of
from stackcore.stacking.transfer import UNITY, Gain
from stackcore.terms import Encoding, Region, Transform

OnFailure = Literal["skip", "stop"]

_UNTRIED = "no neighbour of it could be registered"
_NAMED = 12
"""Of so many frames that are out of order a warning tells the names."""

_STILL_PX = 0.10
"""A stack whose frames lie this near to the reference, RMS of their corners, was not moved: it is left as it is. What
is measured is not known better, and resampling costs more than it mends."""
_STILL_SHARE = 3e-5
"""Nor was one whose frames lie within this share of the longer side: what is measured on reduced frames is grown."""
_STILL_WORST = 2.5
"""By how much a single frame, the most blurred say, may exceed that."""


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

    `sharpness` is (frames, 8, 12): the focus measure in the cells of a grid over each frame as it lies; `cells` is the
    same in a finer one, (frames, 64, 96). `noise_sigma` is a fraction of full scale.
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
    cells: NDArray[np.float32] | None = None

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

    The links of the aligner are registered in parallel; where frames are cut off by one that fails, the frame beyond
    it is tried across the gap. A frame that nothing reaches is skipped with a warning, or raises `AlignmentFailed`
    when `on_failure` is `stop`; so does a stack of which fewer than two frames are left. Where it is the middle frame
    that nothing reaches, the nearest good one becomes the reference. Of frames that are the same picture all but one
    are skipped. Frames that do not lie in the order of their focus are told of. `noise` may have seen frames of the
    stack already.
    """
    found, looks = _all_links(reader, aligner, executor, cancel, emit)
    reference = choose_reference(found, len(reader), reader.reference)
    info = reader.info
    transforms = _settled(aligner.solve(found, len(reader), reference, (info.width, info.height)), info)
    reasons = {i: _reason(found, i) for i, t in enumerate(transforms) if t is None}
    _report_lost(reasons, reader, reference, emit, on_failure)
    for twin, first in _twins(looks, [i for i, t in enumerate(transforms) if t is not None], reference).items():
        reasons[twin] = f"it is the same picture as {reader.paths[first].name}"
        transforms[twin] = None
        _warn_skipped(emit, reader.paths[twin].name, reasons[twin])
    _report_order(looks, [i for i, t in enumerate(transforms) if t is not None], reader, emit)

    def gain(index: int) -> Gain:
        return _gain(looks, reference, index, transforms[index], info.width) if match_exposure else UNITY

    gains = nearby(executor).map(gain, range(len(reader)), cancel)
    frames = tuple(
        FrameGeometry(i, t, g, reasons.get(i)) for i, (t, g) in enumerate(zip(transforms, gains, strict=True))
    )
    crop = common_area((t for t in transforms if t is not None), info.width, info.height)
    return Survey(
        info.width,
        info.height,
        reference,
        reader.encoding,
        crop,
        frames,
        noise_sigma=(noise or NoiseGauge(reader)).sigma(),
        sharpness=np.stack([looks.sharpness[i] for i in range(len(reader))]),
        model=aligner.model,
        cells=np.stack([looks.cells[i] for i in range(len(reader))]),
    )


def _all_links(
    reader: StackReader, aligner: Aligner, executor: Executor, cancel: threading.Event, emit: Emit
) -> tuple[list[Registration], Looks]:
    """Register what the aligner asks for, and bridges over what fails; and what was seen of the frames."""
    count, middle = len(reader), reader.reference
    register = _there if isinstance(executor, RemoteExecutor) else _here
    looks = Looks()

    def registered(links: Sequence[Link], total: int | None) -> list[Registration]:
        done: list[Registration] = []
        for some in register(links, reader, aligner, executor, cancel, looks):
            done += some
            if total is not None:
                emit(Progress(stage="align", done=len(done), total=total))
        return done

    links = list(aligner.links(count, middle))
    emit(StageStarted(stage="align", total=len(links)))
    found = registered(links, len(links))
    gaps = bridges(found, found, count, choose_reference(found, count, middle))
    while gaps:
        more = registered(gaps, None)
        found += more
        gaps = bridges(more, found, count, choose_reference(found, count, middle))
    return found, looks


def _here(
    links: Sequence[Link],
    reader: StackReader,
    aligner: Aligner,
    executor: Executor,
    cancel: threading.Event,
    looks: Looks,
) -> Iterator[list[Registration]]:
    """Link by link; each frame is read once, and before the workers wait for it."""
    glance = Glance(reader, aligner.work_size_px, looks)
    glance.expect(links)

    def step(item: Link | int) -> Registration | None:
        if isinstance(item, int):
            glance.frame(item)
            return None
        try:
            return aligner.register(glance.frame(item.fixed), glance.frame(item.moving))
        finally:
            glance.done(item)

    for registration in executor.map(step, read_ahead(links, executor.workers), cancel):
        if registration is not None:
            yield [registration]


def _there(
    links: Sequence[Link],
    reader: StackReader,
    aligner: Aligner,
    executor: Executor,
    cancel: threading.Event,
    looks: Looks,
) -> Iterator[list[Registration]]:
    """Run by run, in other processes."""
    for run in executor.map(RunOfLinks(reader, aligner), runs_of(links, executor.workers), cancel):
        looks.take(run.looks)
        yield run.registrations


def _settled(transforms: Sequence[Transform | None], info: FrameInfo) -> list[Transform | None]:
    right, bottom = info.width - 1.0, info.height - 1.0
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
    squares = np.array([((t.apply(corners) - corners) ** 2).sum() / 4 for t in transforms if t is not None])
    still = max(_STILL_PX, _STILL_SHARE * max(info.width, info.height))
    if squares.mean() > still**2 or squares.max() > (_STILL_WORST * still) ** 2:
        return list(transforms)
    return [None if t is None else Transform.identity() for t in transforms]


def _reason(found: Sequence[Registration], index: int) -> str:
    """Why a frame has no place: what failed it most often, else that its links contradict the others."""
    ends = [r for r in found if index in (r.link.fixed, r.link.moving)]
    failed = [r for r in ends if r.transform is None]
    if len(failed) < len(ends) or not failed:
        return "where it lies cannot be told: what its neighbours say of it is contradictory" if ends else _UNTRIED
    own = [r.reason for r in failed if r.about == index] or [r.reason for r in failed if r.about is None]
    return max(own, key=own.count) if own else _UNTRIED


def _report_lost(
    reasons: Mapping[int, str], reader: StackReader, reference: int, emit: Emit, on_failure: OnFailure
) -> None:
    for index, reason in reasons.items():
        name = reader.paths[index].name
        if on_failure == "stop":
            raise AlignmentFailed(
                f"Frame {index} ({name}) could not be aligned.",
                f"{reason}.",
                "remove it, or leave it out with `--on-unaligned skip`.",
            )
        _warn_skipped(emit, name, reason)
    if len(reader) - len(reasons) < 2:
        raise AlignmentFailed(
            "The frames could not be aligned.",
            f"{len(reasons)} of {len(reader)} frames found no match in their neighbours.",
            f"check that they show one subject, {reader.paths[reader.reference].name} in the middle above all; frames "
            "that are aligned already need `--no-align`.",
        )
    if reference != reader.reference:
        name, instead = reader.paths[reader.reference].name, reader.paths[reference].name
        emit(
            Warned(
                code="reference-moved",
                message=f"{instead} is the reference instead of {name} in the middle, which is left out.",
                frame=instead,
            )
        )


def _warn_skipped(emit: Emit, name: str, reason: str) -> None:
    emit(Warned(code="frame-skipped", message=f"{name} is left out: {reason}.", frame=name))


def _twins(looks: Looks, used: Sequence[int], reference: int) -> dict[int, int]:
    """Frames that are the same picture as another one, which stays; none where fewer than two would be left."""
    first: dict[bytes, int] = {}
    twins: dict[int, int] = {}
    for index in sorted(used, key=lambda i: (i != reference, i)):
        one = first.setdefault(looks.digests[index], index)
        if one != index:
            twins[index] = one
    return dict(sorted(twins.items())) if len(first) >= 2 else {}


def _report_order(looks: Looks, used: Sequence[int], reader: StackReader, emit: Emit) -> None:
    found = order_by_focus([looks.sharpness[i] for i in used])
    if found is None:
        return
    moved = [used[there] for here, there in enumerate(found) if here != there]
    names = [reader.paths[i].name for i in moved]
    some = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    emit(
        Warned(
            code="frames-out-of-order",
            message=f"The frames do not follow each other in focus; this order would: {some}. They are used as given.",
        )
    )


def _gain(looks: Looks, reference: int, index: int, transform: Transform | None, full_width: int) -> Gain:
    if index == reference or transform is None:
        return UNITY
    return exposure.gain_to_match(looks.proxies[reference], looks.proxies[index], transform, full_width)


def survey_record(survey: Survey) -> dict[str, Any]:
    """The `survey` key of the transforms file."""
    cells = None if survey.sharpness is None else np.round(survey.sharpness, 6).tolist()
    mean = None if survey.sharpness is None else np.round(survey.sharpness.mean(axis=(1, 2)), 6).tolist()
    return {"noise_sigma": survey.noise_sigma, "sharpness": mean, "sharpness_cells": cells}
