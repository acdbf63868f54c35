"""From dark frames to what is known of a sensor, within a run: which files, whether they agree, what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from stackcore import __version__
from stackcore.calibration import darkness
from stackcore.calibration.agreement import Size, refuse_mixed
from stackcore.calibration.averaging import MosaicMean
from stackcore.calibration.defects import SIGMA_FACTOR, Population, locate_defects, measure_dark
from stackcore.calibration.entries import Camera, ChannelStatistics, ClipIteration, DarkEntry, EntryWarning
from stackcore.errors import UnreadableFrame, UsageError
from stackcore.events import Progress, StageStarted, Warned
from stackcore.metadata.shot import Shot, read_shot
from stackcore.protocols import Developer, FrameInfo, Mosaic
from stackcore.runs import Run

AVERAGE, STATISTICS = "average", "statistics"
"""The stages of a run that measures darks."""

_TURNED = 5
"""EXIF orientations from this one on swap width and height."""


@dataclass(frozen=True, kw_only=True)
class DarkFiles:
    """Dark frames that agree with each other: `shot` is what is known of all, `size` that of their mosaics."""

    paths: tuple[Path, ...]
    shot: Shot
    size: Size


@dataclass(frozen=True, kw_only=True)
class FoundDark:
    """What darks show: `entry` as the library keeps it, and `image`, their mean, (H, W) uint16 or float32."""

    entry: DarkEntry
    image: NDArray[Any]


def check_sigma(sigma: float) -> None:
    """Raise `UsageError` for a factor N that means nothing."""
    if not (isfinite(sigma) and sigma > 0):
        raise UsageError(f"--sigma cannot be {sigma:g}.", "it is a number above 0.", "leave it out for 10.")


def dark_files(run: Run, paths: Sequence[Path], developers: Mapping[str, Developer]) -> DarkFiles:
    """Look at the headers of dark frames.

    Files without a mosaic are passed over with a warning where a raw file of the same name is among `paths`, as bodies
    write both. `UnreadableFrame` for others, `FrameMismatch` for frames that do not belong together.
    """
    infos = {path: developers[path.suffix.lower()].probe(path) for path in paths}
    raws = {path.with_suffix("") for path, info in infos.items() if info.has_mosaic}
    for path, info in infos.items():
        if info.has_mosaic:
            continue
        if path.with_suffix("") not in raws:
            raise no_mosaic(path)
        run.emit(Warned(code="no_mosaic", message="it holds no mosaic and is passed over.", frame=path.name))
    kept = tuple(path for path in paths if infos[path].has_mosaic)
    sizes = {path: mosaic_size(infos[path]) for path in kept}
    return DarkFiles(paths=kept, shot=refuse_mixed({p: read_shot(p) for p in kept}, sizes), size=sizes[kept[0]])


def no_mosaic(path: Path) -> UnreadableFrame:
    """Return the error for a file that holds a finished picture."""
    return UnreadableFrame(
        f"{path} holds no mosaic.",
        "what photosites counted is only in raw files; this one has all three colours in every pixel.",
        "name the raw file that the camera wrote.",
    )


def mosaic_size(info: FrameInfo) -> Size:
    """Width and height as the sensor has them, whichever way the camera was held."""
    turned = info.orientation >= _TURNED
    return (info.height, info.width) if turned else (info.width, info.height)


def measure_darks(
    run: Run,
    files: DarkFiles,
    developers: Mapping[str, Developer],
    name: str,
    *,
    sigma: float = SIGMA_FACTOR,
    overall: bool = False,
) -> FoundDark:
    """Average dark frames and find the defects that they show; keeps nothing on disk.

    One frame is in memory at a time, beside a plane of sums. Doubts become warnings of the run. Raises `FrameError`
    for what is plainly no dark frame, `UnreadableFrame` and `FrameMismatch` for files that cannot be used, and
    `Cancelled`.
    """
    before = len(run.warnings)
    mean = MosaicMean()
    names = [path.name for path in files.paths]
    run.emit(StageStarted(stage=AVERAGE, total=len(names)))
    for done, path in enumerate(files.paths, start=1):
        run.check_cancelled()
        mean.add(developers[path.suffix.lower()].mosaic(path), str(path))
        run.emit(Progress(stage=AVERAGE, done=done, total=len(names)))
    run.check_cancelled()
    run.emit(StageStarted(stage=STATISTICS, total=1))
    like, sums = mean.description, mean.sums
    found = measure_dark(sums, mean.frames, like.pattern, zeros=mean.zeros, sigma_factor=sigma, overall=overall)
    light = darkness.measure_light(sums, mean.frames, like, found)
    darkness.refuse_photograph(light, found, names[0] if len(names) == 1 else "The mean of these frames")
    defects = locate_defects(sums, mean.frames, like.pattern, found)
    for warning in (
        *darkness.odd_ones(mean.levels, names, like),
        *darkness.doubts(light, found, files.shot, names, sigma),
    ):
        run.emit(warning)
    run.emit(Progress(stage=STATISTICS, done=1, total=1))
    run.check_cancelled()
    height, width = sums.shape
    entry = DarkEntry(
        name=name,
        created=datetime.now(UTC),
        software=f"stackcore {__version__}",
        camera=Camera(make=files.shot.make, model=files.shot.model, serial=files.shot.serial),
        iso=files.shot.iso,
        exposure_s=files.shot.exposure_s,
        warnings=as_entry_warnings(run.warnings[before:]),
        width=width,
        height=height,
        frames=mean.frames,
        sources=tuple(names),
        image="",
        pattern=tuple(tuple(int(c) for c in row) for row in like.pattern),
        colours=like.colours,
        black=like.black,
        white=like.white,
        sigma_factor=sigma,
        overall=overall,
        dead_test=found.dead_test,
        channels=tuple(_statistics(p, like) for p in found.populations),
        dead=defects.dead,
        hot=defects.hot,
    )
    return FoundDark(entry=entry, image=mean.mean())


def as_entry_warnings(warnings: Sequence[Warned]) -> tuple[EntryWarning, ...]:
    """Return warnings of a run as an entry of the library keeps them."""
    return tuple(EntryWarning(code=w.code, message=w.message, frame=w.frame) for w in warnings)


def _statistics(found: Population, mosaic: Mosaic) -> ChannelStatistics:
    return ChannelStatistics(
        channel="all" if found.channel is None else channel_name(mosaic.colours, found.channel),
        photosites=found.photosites,
        median=found.median,
        sigma=found.sigma,
        threshold=found.threshold,
        dead=found.dead,
        hot=found.hot,
        iterations=tuple(ClipIteration(**vars(iteration)) for iteration in found.iterations),
    )


def channel_name(colours: str, channel: int) -> str:
    """Return the letter of a channel, with a 2 for the second green.

    Examples
    --------
    >>> [channel_name("RGBG", channel) for channel in range(4)]
    ['R', 'G', 'B', 'G2']
    """
    letter = colours[channel]
    number = colours[: channel + 1].count(letter)
    return letter if number == 1 else f"{letter}{number}"
