"""Calibration in Python: `darks`, `greycard`, and the library that both fill; the command line calls only these."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stackcore import __version__
from stackcore.api import measuring
from stackcore.api.dark_choice import dark_of
from stackcore.api.reference import Reference
from stackcore.api.stacks import Inputs
from stackcore.api.toolbox import Toolbox
from stackcore.calibration import greycard as grey
from stackcore.calibration.correcting import corrected
from stackcore.calibration.defects import SIGMA_FACTOR
from stackcore.calibration.entries import Camera, DarkEntry, WhiteBalanceEntry, check_name, default_name
from stackcore.calibration.library import Library
from stackcore.errors import UsageError
from stackcore.events import Listener, Progress, Result, StageStarted, Warned
from stackcore.metadata.shot import Shot, read_shot
from stackcore.protocols import Correction, Mosaic
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope
from stackcore.stacking.inputs import collect
from stackcore.terms import Multipliers

__all__ = ["DarkResult", "GreyCardResult", "darks", "greycard", "measure_greycard"]


@dataclass(frozen=True, kw_only=True)
class DarkResult:
    """A dark in the library: its `entry`, the `file` that keeps it, and the `warnings` of the run."""

    entry: DarkEntry
    file: Path
    warnings: list[str]

    def summary(self) -> dict[str, Any]:
        """What the `result` event says. Photosites are [x, y] in sensor coordinates, figures are raw numbers."""
        entry = self.entry
        return {
            "name": entry.name,
            "path": str(self.file),
            "camera": entry.camera.model_dump(),
            "iso": entry.iso,
            "exposure_s": entry.exposure_s,
            "width": entry.width,
            "height": entry.height,
            "frames": entry.frames,
            "sigma_factor": entry.sigma_factor,
            "overall": entry.overall,
            "dead_test": entry.dead_test,
            "hot": [list(place) for place in entry.hot],
            "dead": [list(place) for place in entry.dead],
            "channels": [channel.model_dump(exclude={"iterations"}) for channel in entry.channels],
            "iterations": [
                {"channel": channel.channel, "iteration": number, **iteration.model_dump()}
                for channel in entry.channels
                for number, iteration in enumerate(channel.iterations, start=1)
            ],
            "warnings": self.warnings,
        }


@dataclass(frozen=True, kw_only=True)
class GreyCardResult:
    """What a grey card told.

    Attributes
    ----------
    card
        Multipliers, and what speaks for and against them.
    shot
        Camera and exposure of the frame.
    fraction
        Share of both axes of the frame that was looked at.
    darks
        Name of the dark that it was corrected with, or None.
    name, file
        What it is kept as and where, or None.
    """

    card: grey.GreyCard
    shot: Shot
    fraction: float
    darks: str | None = None
    name: str | None = None
    file: Path | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def multipliers(self) -> Multipliers:
        """Factors on red, green, blue and the second green, the smallest 1."""
        return self.card.multipliers

    def summary(self) -> dict[str, Any]:
        """What the `result` event says. Shares, `spread` and unevenness are fractions, 0.01 for one percent."""
        card, shot = self.card, self.shot
        return {
            "name": self.name,
            "path": None if self.file is None else str(self.file),
            "camera": {"make": shot.make, "model": shot.model, "serial": shot.serial},
            "iso": shot.iso,
            "exposure_s": shot.exposure_s,
            "multipliers": list(card.multipliers),
            "spread": list(card.spread),
            "standard_error": list(card.standard_error),
            "level": list(card.level),
            "clipped": card.clipped,
            "unevenness": card.unevenness,
            "colour_unevenness": card.colour_unevenness,
            "fraction": self.fraction,
            "patch": [card.patch.x, card.patch.y, card.patch.width, card.patch.height],
            "darks": self.darks,
            "warnings": self.warnings,
        }


def darks(
    inputs: Inputs,
    *,
    name: str | None = None,
    sigma: float = SIGMA_FACTOR,
    overall: bool = False,
    overwrite: bool = False,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
) -> DarkResult:
    """Average dark frames, find dead and hot photosites, and keep all of it in the calibration library.

    Parameters
    ----------
    inputs
        Raw files, a folder, a glob or a capture manifest: one frame or many, all of one body, ISO and exposure time.
    name
        What it is kept as; made from body, ISO, time and size when left out.
    sigma
        N of hot = above p + N sigma; below 5.5 noise is taken for hot.
    overall
        One population of all photosites, as in the workflow's article, not one per mosaic channel.
    overwrite
        Replace a dark of the same name.
    listeners, cancel
        Who hears the events; the flag that stops the run.

    Raises
    ------
    FrameError, OutputError, UsageError, ConfigError, PluginError
        See `stackcore.errors`; nothing is kept then.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> found = stackcore.darks("raws/dark_*.dng", name="example")
    >>> found.entry.name, len(found.entry.hot)
    ('example', 8)
    """
    settings = {"inputs": _listed(inputs), "name": name, "sigma": sigma, "overall": overall, "overwrite": overwrite}
    with run_scope("darks", settings, listeners, cancel) as run:
        measuring.check_sigma(sigma)
        if name is not None:
            check_name(name)
        library = Library()
        tools = Toolbox(registry or Registry.discover(), {})
        files = measuring.dark_files(run, collect(_many(inputs), tools.suffixes), tools.developers)
        chosen = name or default_name(files.shot, files.size)
        library.check_free(chosen, DarkEntry, overwrite=overwrite)
        found = measuring.measure_darks(run, files, tools.developers, chosen, sigma=sigma, overall=overall)
        file = library.store_dark(found.entry, found.image, overwrite=overwrite)
        result = DarkResult(entry=library.dark(chosen), file=file, warnings=[w.message for w in run.warnings])
        run.emit(Result(data=result.summary()))
    return result


def greycard(
    source: str | Path,
    *,
    fraction: float = grey.FRACTION,
    save: str | None = None,
    darks: str = "auto",
    overwrite: bool = False,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
) -> GreyCardResult:
    """Tell the white balance from a raw picture of a grey card, and keep it where `save` names it.

    Parameters
    ----------
    source
        One raw file; the card fills at least its middle.
    fraction
        Share of both axes of the frame that is looked at, above 0 and at most 1.
    save
        What to keep the white balance as.
    darks
        `auto`, the best dark of the library; `none`; or the name of one. See `stackcore.api.dark_choice.dark_of` for
        what of it is used.
    overwrite
        Replace a white balance of the same name.
    listeners, cancel, and what is raised
        As for `darks`.

    Examples
    --------
    >>> import stackcore
    >>> found = stackcore.greycard("raws/card.dng", darks="none")
    >>> len(found.card.multipliers), min(found.card.multipliers)
    (4, 1.0)
    """
    settings = {"input": str(source), "fraction": fraction, "save": save, "darks": darks, "overwrite": overwrite}
    with run_scope("greycard", settings, listeners, cancel) as run:
        library = Library()
        grey.check_fraction(fraction)
        if save is not None:
            library.check_free(save, WhiteBalanceEntry, overwrite=overwrite)
        tools = Toolbox(registry or Registry.discover(), {})
        paths = collect([source], tools.suffixes)
        if len(paths) > 1:
            raise UsageError(f"{source} is not one picture.", f"{len(paths)} were found.", "name a single raw file.")
        [path] = paths
        mosaic = tools.developers[path.suffix.lower()].mosaic(path)
        run.check_cancelled()
        dark = dark_of(path, Reference(path, tools.developers, mosaic), _Darks(darks=darks), run)
        run.check_cancelled()
        found = measure_greycard(run, path, mosaic, fraction=fraction, correction=dark.correction)
        result = replace(found, darks=dark.name, warnings=[w.message for w in run.warnings])
        if save is not None:
            result = _saved(result, save, path, run.warnings, library, overwrite=overwrite)
        run.emit(Result(data=result.summary()))
    return result


def measure_greycard(
    run: Run,
    path: Path,
    mosaic: Mosaic,
    *,
    fraction: float = grey.FRACTION,
    correction: Correction | None = None,
) -> GreyCardResult:
    """Tell the white balance from a grey card within a run that another command has begun; keeps nothing on disk.

    `mosaic` is that of the file, which is not read again; `correction` is done to a copy of it, nothing if left out.
    Doubts become warnings of the run. Raises what `greycard` raises.
    """
    run.emit(StageStarted(stage="grey card", total=1))
    height, width = mosaic.values.shape
    patch = grey.central_patch(width, height, mosaic.pattern, fraction)
    correction = correction or Correction()
    card = grey.measure_grey(mosaic, corrected(mosaic, correction), patch, correction.defects, str(path))
    for warning in grey.doubts(card, path.name):
        run.emit(warning)
    run.emit(Progress(stage="grey card", done=1, total=1))
    run.check_cancelled()
    return GreyCardResult(card=card, shot=read_shot(path), fraction=fraction)


def _saved(
    result: GreyCardResult,
    name: str,
    source: Path,
    warnings: Sequence[Warned],
    library: Library,
    *,
    overwrite: bool,
) -> GreyCardResult:
    card, shot = result.card, result.shot
    entry = WhiteBalanceEntry(
        name=name,
        created=datetime.now(UTC),
        software=f"stackcore {__version__}",
        camera=Camera(make=shot.make, model=shot.model, serial=shot.serial),
        iso=shot.iso,
        exposure_s=shot.exposure_s,
        warnings=measuring.as_entry_warnings(warnings),
        source=source.name,
        multipliers=card.multipliers,
        spread=card.spread,
        standard_error=card.standard_error,
        clipped=card.clipped,
        unevenness=card.unevenness,
        colour_unevenness=card.colour_unevenness,
        patch=(card.patch.x, card.patch.y, card.patch.width, card.patch.height),
        fraction=result.fraction,
        darks=result.darks,
    )
    file = library.store_white_balance(entry, overwrite=overwrite)
    return replace(result, name=name, file=file)


@dataclass(frozen=True, kw_only=True)
class _Darks:
    """What `dark_of` asks."""

    darks: str
    first_is_dark: bool = False


def _many(inputs: Inputs) -> Sequence[str | Path]:
    return [inputs] if isinstance(inputs, str | Path) else inputs


def _listed(inputs: Inputs) -> list[str]:
    return [str(each) for each in _many(inputs)]
