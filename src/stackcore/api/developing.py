"""Developing raw files in Python: `develop` gives one 16-bit TIFF for each; the command line calls only this."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Unpack

from stackcore.api.calibrated import Calibrated, frames_of, settle
from stackcore.api.choosing import DevelopChoices, keys_of, refuse_unknown
from stackcore.api.developed import DevelopOptions, DevelopResult
from stackcore.api.recording import metadata_of, write_result
from stackcore.api.stacks import Inputs, described
from stackcore.api.toolbox import Toolbox
from stackcore.colour.icc import profile
from stackcore.config import refuse_unknown_sections
from stackcore.errors import ConfigError, OutputError, UnreadableFrame, UsageError
from stackcore.events import Listener, Progress, Result, StageStarted, Warned
from stackcore.metadata.moment import moment
from stackcore.metadata.writing import Metadata
from stackcore.protocols import Executor, nearby
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope
from stackcore.stacking import budget
from stackcore.stacking import output as writing
from stackcore.stacking.inputs import collect
from stackcore.stacking.reader import StackReader

_SUFFIX = ".tif"

_BYTES_PER_PIXEL = 18
"""Of one frame under way: the mosaic (2), LibRaw's picture of four channels (8), its copy as RGB (6); the rest is
scratch. Measured at 24 MP: 17 for one worker, 13 for each of two."""


def develop(
    inputs: Inputs,
    folder: str | Path,
    *,
    options: DevelopOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    preset: str | None = None,
    surroundings: bool = False,
    **choices: Unpack[DevelopChoices],
) -> DevelopResult:
    """Develop raw files, all of them exactly alike, each into a 16-bit TIFF of its own name with an ICC profile.

    What is open comes from the middle frame. Frames are worked on side by side, as many at a time as there are
    workers, so that memory does not grow with their number.

    Parameters
    ----------
    inputs
        Raw files, a folder of them, a glob or a capture manifest.
    folder
        Where the pictures go; made if it is missing.
    options
        See `DevelopOptions`; in place of preset, surroundings and choices.
    listeners, cancel
        Who hears the events; the flag that stops the run. Pictures that are complete by then stay.
    preset, surroundings
        As for `stackcore.stack`; what a preset says of raw files, the executor and the TIFF counts.
    choices
        Fields of `DevelopOptions` as keywords, or keys of presets.

    Raises
    ------
    OutputError
        A picture exists already, or two would get the same name; found before any work.
    FrameError
        A file cannot be read, is a finished picture, or does not match the reference.
    UsageError, ConfigError, PluginError
        See `stackcore.api.calibrated.settle` and `stackcore.errors`.
    Cancelled
        When `cancel` was set.

    Examples
    --------
    >>> import stackcore
    >>> done = stackcore.develop("raws/scene_*.dng", "developed", linear=True)
    >>> [path.name for path in done.files], done.encoding
    (['scene_0.tif', 'scene_1.tif'], 'linear')
    """
    chosen = _chosen(options, choices, preset, surroundings, registry)
    with run_scope("develop", {**described(chosen, inputs), "folder": str(folder)}, listeners, cancel) as run:
        result = _Developing(run, inputs, Path(folder), chosen, registry).work()
        run.emit(Result(data=result.summary()))
    return result


def plan_develop(
    inputs: Inputs,
    folder: str | Path,
    *,
    options: DevelopOptions | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    preset: str | None = None,
    surroundings: bool = False,
    **choices: Unpack[DevelopChoices],
) -> dict[str, Any]:
    """Check everything that `develop` would check before its work, and return what it would do; nothing is written.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.plan_develop("raws/scene_*.dng", "planned")["files"]
    ['planned/scene_0.tif', 'planned/scene_1.tif']
    """
    chosen = _chosen(options, choices, preset, surroundings, registry)
    with run_scope("develop", {**described(chosen, inputs), "folder": str(folder)}, listeners, cancel) as run:
        plan = _Developing(run, inputs, Path(folder), chosen, registry).plan()
        run.emit(Result(data=plan))
    return plan


def _chosen(
    options: DevelopOptions | None,
    choices: Mapping[str, Any],
    preset: str | None,
    surroundings: bool,
    registry: Registry | None,
) -> DevelopOptions:
    """What was said as options; `UsageError` where it was said twice, or is no choice."""
    if options is not None:
        if choices or preset is not None or surroundings:
            why = "options say everything, and there is more beside them."
            raise UsageError("It is said twice how to develop the files.", why, "give options, or the rest.")
        return options
    own = {f.name for f in fields(DevelopOptions)} - {"notes", "passed_over"}
    refuse_unknown(choices, {*own, *DevelopChoices.__annotations__})
    if preset is None and not surroundings and own.issuperset(choices):
        return DevelopOptions(**choices)
    from stackcore.api.stage_presets import develop_options  # which knows all stages, this one among them

    apart = {name: choices[name] for name in ("settings", "demosaic", "overwrite") if name in choices}
    found = develop_options(preset, surroundings=surroundings, registry=registry, **apart, **keys_of(choices))
    return replace(found, file_format=choices["file_format"]) if "file_format" in choices else found


class _Developing:
    """One run: everything that can be refused is refused when it is made."""

    def __init__(
        self, run: Run, inputs: Inputs, folder: Path, options: DevelopOptions, registry: Registry | None
    ) -> None:
        self.run, self.folder, self.options = run, folder, options
        self.seconds: dict[str, float] = {}
        self.made_at = moment()
        for code, message in options.notes:
            run.emit(Warned(code=code, message=message))
        options.check()
        refuse_unknown_sections(options.settings, ("developer", "executor"))
        registry = registry or Registry.discover()
        self.tools = Toolbox(registry, _with_demosaic(options, registry))
        paths = self._raws(collect([inputs] if isinstance(inputs, str | Path) else inputs, self.tools.suffixes))
        self.targets = _targets(frames_of(paths, options), paths, folder, options)
        begun = time.monotonic()
        self.settled: Calibrated = settle(paths, self.tools.developers, options, run)
        run.check_cancelled()
        self.reader = StackReader(self.settled.paths, self.tools.developers, self.settled.development)
        self.seconds["calibrate"] = round(time.monotonic() - begun, 3)

    def plan(self) -> dict[str, Any]:
        """What would be done, with the memory it would take."""
        executor = self._executor()
        executor.close()
        return {
            "dry_run": True,
            **self._result([]).summary(),
            "files": [str(path) for path in self.targets],
            "frames": len(self.targets),
            "memory_bytes": self._budget(executor.workers).total,
        }

    def work(self) -> DevelopResult:
        """Develop and write every frame."""
        begun, total = time.monotonic(), len(self.targets)
        executor = self._executor()
        try:
            self.run.emit(StageStarted(stage="develop", total=total))
            writing.make_folder(self.folder)
            for done, _ in enumerate(nearby(executor).map(self._one, range(total), self.run.cancel), start=1):
                self.run.emit(Progress(stage="develop", done=done, total=total))
        finally:
            executor.close()
        self.run.check_cancelled()
        self.seconds["develop"] = round(time.monotonic() - begun, 3)
        return self._result(self.targets)

    def _one(self, index: int) -> None:
        """Several threads call this at once; a cancelled run begins no file any more."""
        self.run.check_cancelled()
        pixels = self.reader.read(index).pixels
        self.run.check_cancelled()
        write_result(
            self.run.emit,
            pixels,
            self.targets[index],
            self._metadata(self.reader.paths[index]),
            icc=self._icc,
            encoding=self.reader.encoding,
            overwrite=self.options.overwrite,
            file_format=self.options.file_format,
        )

    def _metadata(self, source: Path) -> Metadata:
        """The raw's own, and the record of what was done to it."""
        result = self._result([])
        return metadata_of(
            "develop",
            source,
            [source.name],
            self.made_at,
            plugins={"developer": self.tools.used_developer(source.suffix.lower())},
            settings={
                "reference": result.reference,
                "colour_space": result.colour_space,
                "encoding": result.encoding,
                "exposure_ev": self.options.exposure_ev,
                "highlights": self.options.highlights,
                "multipliers": None if result.multipliers is None else list(result.multipliers),
                **{key: value for key, value in result.calibration.items() if key not in ("hot", "dead")},
            },
        )

    @property
    def _icc(self) -> bytes:
        development = self.settled.development
        return self.reader.info.icc or profile(development.colour_space, development.encoding)

    def _executor(self) -> Executor:
        executor = self.tools.executor(self.options.executor, self.options.workers)
        try:
            budget.require(self._budget(executor.workers), self.options.memory_bytes)
        except ConfigError:
            executor.close()
            raise
        return executor

    def _budget(self, workers: int) -> budget.Budget:
        correction, pixels = self.settled.development.correction, self.reader.info.width * self.reader.info.height
        kept = sum(plane.nbytes for plane in (correction.dark, correction.flat) if plane is not None)
        return budget.Budget(kept, 0, min(workers, len(self.targets)) * pixels * _BYTES_PER_PIXEL)

    def _raws(self, paths: Sequence[Path]) -> list[Path]:
        """Leave out finished pictures beside a raw of their name, as bodies write both; refuse any other."""
        finished = [path for path in paths if self.tools.developers[path.suffix.lower()].probe(path).is_developed]
        raws = [path for path in paths if path not in finished]
        names = {path.with_suffix("") for path in raws}
        for path in finished:
            if path.with_suffix("") not in names:
                raise UnreadableFrame(
                    f"{path} is developed already.",
                    "it is a finished picture, not what a sensor counted.",
                    "name the camera's raw files; `stackcore stack` takes finished pictures as they are.",
                )
        if finished:
            message = f"{len(finished)} finished pictures beside raw files of the same name are passed over."
            self.run.emit(Warned(code="finished_pictures", message=message))
        return raws

    def _result(self, files: list[Path]) -> DevelopResult:
        info, development = self.reader.info, self.settled.development
        calibration = dict(self.settled.told(info))
        multipliers = calibration.pop("multipliers")
        return DevelopResult(
            folder=self.folder,
            files=files,
            width=info.width,
            height=info.height,
            reference=self.reader.paths[self.reader.reference].name,
            colour_space=development.colour_space,
            encoding=development.encoding,
            multipliers=None if multipliers is None else tuple(multipliers),
            calibration=calibration,
            warnings=[warning.message for warning in self.run.warnings],
            seconds=self.seconds,
        )


def _targets(frames: Sequence[Path], inputs: Sequence[Path], folder: Path, options: DevelopOptions) -> list[Path]:
    """Where each frame goes; refuses names that exist or that two frames would get."""
    exists = folder.is_dir()
    if not exists:
        writing.check_place(folder, overwrite=False)
    taken: dict[str, Path] = {}
    targets = []
    for frame in frames:
        target = folder / f"{frame.stem}{_SUFFIX}"
        other = taken.setdefault(target.name.casefold(), frame)  # as on disks that do not tell case apart
        if other is not frame:
            raise OutputError(
                f"{other} and {frame} would both become {target}.",
                "a picture has the name of its raw file.",
                "develop them into two folders.",
            )
        options.file_format.check(target)
        if exists:
            writing.check_place(target, overwrite=options.overwrite)
            writing.refuse_input(target, inputs)
        targets.append(target)
    return targets


def _with_demosaic(options: DevelopOptions, registry: Registry) -> dict[str, dict[str, Any]]:
    """The settings of plugins, with `--demosaic` among them; `UsageError` for one that no developer knows."""
    settings = {section: dict(values) for section, values in options.settings.items()}
    if options.demosaic is None:
        return settings
    for offer in registry.offers("developer"):
        if "demosaic" in offer.options.model_fields:
            try:
                registry.options("developer", offer.name, {"demosaic": options.demosaic})
            except ConfigError as error:
                raise UsageError(error.what, error.why, error.fix) from error
    settings["developer"] = {"demosaic": options.demosaic, **settings.get("developer", {})}
    return settings
