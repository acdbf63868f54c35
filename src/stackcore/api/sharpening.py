"""Sharpening in Python: `sharpen` takes a finished picture as a file or as an array."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from numpy.typing import ArrayLike

from stackcore.api.recording import metadata_of, write_result
from stackcore.api.stacks import Settings
from stackcore.api.toolbox import Toolbox
from stackcore.config import refuse_unknown_sections
from stackcore.errors import UsageError
from stackcore.events import Listener, Progress, Result, StageStarted, Warned
from stackcore.metadata.moment import moment
from stackcore.protocols import Development, Sharpener
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope
from stackcore.stacking import output as writing
from stackcore.stacking.arrays import as_pixels
from stackcore.stacking.file_format import FileFormat
from stackcore.stacking.inputs import collect
from stackcore.stacking.reader import StackReader
from stackcore.terms import Encoding, Pixels

USUAL_STRENGTH, USUAL_SHARPENER = "1", "unsharp3"
"""Where nobody says how: the strength of the workflow."""


@overload
def sharpen(
    source: str | Path,
    target: str | Path,
    *,
    strength: str | float | None = ...,
    sharpener: str | None = ...,
    settings: Settings | None = ...,
    preset: str | None = ...,
    surroundings: bool = ...,
    overwrite: bool = ...,
    file_format: FileFormat | None = ...,
    notes: Sequence[tuple[str, str]] = ...,
    listeners: Sequence[Listener] = ...,
    cancel: threading.Event | None = ...,
    registry: Registry | None = ...,
) -> Path: ...
@overload
def sharpen(
    source: ArrayLike,
    *,
    strength: str | float | None = ...,
    sharpener: str | None = ...,
    settings: Settings | None = ...,
    encoding: Encoding = ...,
    listeners: Sequence[Listener] = ...,
    cancel: threading.Event | None = ...,
    registry: Registry | None = ...,
) -> Pixels: ...
def sharpen(
    source: str | Path | ArrayLike,
    target: str | Path | None = None,
    *,
    strength: str | float | None = None,
    sharpener: str | None = None,
    settings: Settings | None = None,
    encoding: Encoding = "srgb",
    preset: str | None = None,
    surroundings: bool = False,
    overwrite: bool = False,
    file_format: FileFormat | None = None,
    notes: Sequence[tuple[str, str]] = (),
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
) -> Path | Pixels:
    """Sharpen a finished picture at three scales: a file into another one, or an array into a new one.

    Parameters
    ----------
    source
        A file; or an array (H, W, 3) RGB or (H, W) of grey, uint8 or uint16 in full range, or floats 0 to 1. Neither
        is modified.
    target
        The file to write, which carries the metadata of the first; of an array there is none.
    strength
        S, or X:Y:Z for large, middle and small scales; 0 switches one off; 1 if nobody says so.
    sharpener, settings
        The plugin, "unsharp3" if nobody says so, and its options: `{"sharpener": {...}}`.
    encoding
        How the numbers of an array stand for light.
    preset, surroundings
        As for `stack`, for files.
    overwrite, file_format
        As in `StackOptions`, for files.
    notes
        Warnings to give at the start, as code and message.
    listeners, cancel
        Who hears the events; the flag that stops the run.

    Returns
    -------
    The path of the file; or the sharpened array (H, W, 3), uint8, uint16 or (of all floats) float32.

    Raises
    ------
    UsageError
        A strength that is none, a file without a target, an array with one, several files.
    FrameError, OutputError, ConfigError, PluginError
        See `stackcore.errors`; nothing is written then.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> picture = stackcore.read_frames("shoot")[3]
    >>> sharp = stackcore.sharpen(picture, strength=0.5)
    >>> sharp.shape == picture.shape, sharp.dtype, (sharp != picture).any()
    (True, dtype('uint8'), np.True_)
    """
    said = f"{strength:g}" if isinstance(strength, int | float) else strength
    asked = _Asked(said or USUAL_STRENGTH, sharpener or USUAL_SHARPENER, settings or {}, registry)
    if isinstance(source, str | Path):
        if target is None:
            raise UsageError("There is no place for the result.", "a file was given, and no target.", "name a file.")
        place = _Place(Path(target), overwrite, file_format or writing.USUAL_FORMAT)
        if preset is not None or surroundings:
            from stackcore.api.stage_presets import sharpen_choices  # which knows all stages, this one among them

            named, chosen = sharpen_choices(
                preset,
                output=place.target,
                settings=settings,
                surroundings=surroundings,
                registry=registry,
                sharpen=said,
                sharpener=sharpener,
            )
            asked = _Asked(chosen["strength"], chosen["sharpener"], chosen["settings"], registry)
            place = _Place(named, overwrite, file_format or chosen["file_format"])
            notes = (*chosen["notes"], *notes)
        with run_scope("sharpen", asked.described(Path(source), place.target), listeners, cancel) as run:
            for code, message in notes:
                run.emit(Warned(code=code, message=message))
            return _sharpen_file(run, asked, Path(source), place)
    if target is not None:
        why = "an array was given, which becomes an array."
        raise UsageError("An array is not sharpened into a file.", why, "leave the target out.")
    pixels = as_pixels(source, "the picture")
    with run_scope("sharpen", asked.described(), listeners, cancel) as run:
        return _sharpen_array(run, asked.built()[1], pixels, encoding)


@dataclass(frozen=True)
class _Asked:
    strength: str
    sharpener: str
    settings: Settings
    registry: Registry | None

    def described(self, source: Path | None = None, target: Path | None = None) -> dict[str, Any]:
        """What the first event tells."""
        files = {} if source is None else {"input": str(source), "output": str(target)}
        return {**files, "sharpen": self.strength, "sharpener": self.sharpener}

    def built(self) -> tuple[Toolbox, Sharpener]:
        """The tools, and the sharpener among them."""
        tools = Toolbox(self.registry or Registry.discover(), self.settings)
        refuse_unknown_sections(self.settings, ("sharpener", "developer"))
        return tools, tools.sharpener(self.sharpener, self.strength)


@dataclass(frozen=True)
class _Place:
    target: Path
    overwrite: bool
    file_format: FileFormat


def _sharpen_array(run: Run, engine: Sharpener, pixels: Pixels, encoding: Encoding) -> Pixels:
    run.check_cancelled()
    run.emit(StageStarted(stage="sharpen", total=1))
    sharp = engine.sharpen(pixels, encoding)
    run.emit(Progress(stage="sharpen", done=1, total=1))
    run.check_cancelled()
    return sharp


def _sharpen_file(run: Run, asked: _Asked, source: Path, place: _Place) -> Path:
    target = place.target
    tools, engine = asked.built()
    writing.check_target(target, overwrite=place.overwrite, file_format=place.file_format)
    made_at = moment()
    pictures = collect([source], tools.suffixes)
    if len(pictures) > 1:
        raise UsageError(f"{source} is not one picture.", f"{len(pictures)} were found.", "name a single file.")
    writing.refuse_input(target, pictures)
    reader = StackReader(pictures, tools.developers, Development())
    for warning in reader.warnings:
        run.emit(warning)
    run.check_cancelled()
    picture = _sharpen_array(run, engine, reader.read(0).pixels, "srgb")
    [origin] = pictures
    used = {
        "developer": tools.used_developer(origin.suffix.lower()),
        "sharpener": tools.used("sharpener", asked.sharpener, strength=asked.strength),
    }
    write_result(
        run.emit,
        picture,
        target,
        metadata_of("sharpen", origin, [origin.name], made_at, plugins=used),
        icc=reader.info.icc,
        encoding=reader.encoding,
        overwrite=place.overwrite,
        file_format=place.file_format,
    )
    run.emit(Result(data={"output": str(target), "width": picture.shape[1], "height": picture.shape[0]}))
    return target
