"""One stack under way: the stages of processing, each with its time, joined by `stackcore.api.processing`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackcore.api import depth_maps, fusing
from stackcore.api.calibrated import settle
from stackcore.api.frames import Frames
from stackcore.api.memory import peak_memory_bytes
from stackcore.api.recording import asked_slabs, metadata_of, result_ready, settings_of
from stackcore.api.stacks import Inputs, StackOptions, StackResult
from stackcore.api.toolbox import SECTIONS, Toolbox
from stackcore.config import refuse_unknown_sections
from stackcore.errors import FrameMismatch, UsageError
from stackcore.events import Progress, StageStarted, Warned
from stackcore.metadata.moment import moment
from stackcore.metadata.record import UsedPlugin
from stackcore.metadata.writing import Metadata
from stackcore.protocols import Executor, nearby
from stackcore.registry import Registry
from stackcore.runs import Run
from stackcore.stacking import output, transforms_file
from stackcore.stacking.hot_pixels import STAGE as HOT_PIXELS
from stackcore.stacking.hot_pixels import HotPixels, can_be_found, find_hot_pixels, mended_in
from stackcore.stacking.inputs import collect, refuse_single
from stackcore.stacking.noise import NoiseGauge
from stackcore.stacking.own_results import without_results
from stackcore.stacking.reader import StackReader
from stackcore.stacking.source import AlignedFrames
from stackcore.stacking.survey import Survey, run_survey, unaligned
from stackcore.terms import Fused, Pixels, StackInfo

_REMOTE = "remote"
"""What an executor lists whose workers share no memory with this process."""


class Work:
    """One stack under way: the tools chosen for it, its frames, and the time each stage took."""

    def __init__(self, run: Run, inputs: Inputs | Frames, options: StackOptions, registry: Registry | None) -> None:
        self.run, self.options = run, options
        self.seconds: dict[str, float] = {}
        self.made_at = moment()
        for code, message in options.notes:
            run.emit(Warned(code=code, message=message))
        refuse_unknown_sections(options.settings, SECTIONS)
        self.tools = Toolbox(registry or Registry.discover(), options.settings)
        self.aligner = self.tools.aligner(options.aligner) if options.align and options.transforms is None else None
        if isinstance(inputs, Frames):
            self._refuse_elsewhere(inputs)
            self.tools.developers.update(inputs.developers)
            calibrated = inputs.calibrated
        else:
            found = collect([inputs] if isinstance(inputs, str | Path) else inputs, self.tools.suffixes)
            calibrated = settle(without_results(found, run.emit), self.tools.developers, options, run)
        refuse_single(calibrated.paths)
        self.reader = StackReader(calibrated.paths, self.tools.developers, calibrated.development)
        self.development = calibrated.told(self.reader.info)
        self.hot_pixels: HotPixels | None = None
        self._transforms = self._known_transforms()  # before any work: they may not fit
        self.goes_on = False  # with a run that ended early: files beside the result may be its own
        self.memory_bytes: int | None = None  # that the work was arranged for
        self.arrangement: dict[str, Any] | None = None  # how it is
        self.slabs: list[Path] = []  # images of slabs that were kept
        self.depth_map: dict[str, Any] | None = None  # files that were written
        self.report: dict[str, str] | None = None  # likewise
        self.plan: dict[str, Any] | None = None  # of the fuse stage, once it has begun
        for warning in self.reader.warnings:
            run.emit(warning)

    def _refuse_elsewhere(self, frames: Frames) -> None:
        """Before an executor is built: that may mean to start a cluster."""
        if frames.in_memory and self.tools.can("executor", self.options.executor, _REMOTE):
            raise UsageError(
                "Arrays cannot be fused elsewhere.",
                f'the workers of "{self.options.executor}" read files, and these frames are arrays of this process.',
                'write them into files for `stackcore.stack`, or use executor="local".',
            )

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        """The executor, closed at the end whatever happens."""
        built = self.tools.executor(self.options.executor, self.options.workers)
        try:
            yield built
        finally:
            built.close()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Remember how long a stage took."""
        begun = time.monotonic()
        yield
        self.seconds[stage] = round(time.monotonic() - begun, 3)

    def survey(self, executor: Executor) -> Survey:
        """Geometry and exposure: measured, read from a file, or none at all; hot pixels are mended before."""
        options, reader = self.options, self.reader
        noise = NoiseGauge(reader)
        self._mend_hot_pixels(executor, noise)
        with self.timed("align"):
            if self._transforms is not None:
                return self._transforms
            if self.aligner is None:
                return unaligned(reader, noise)
            return run_survey(
                reader,
                self.aligner,
                executor,
                self.run.emit,
                self.run.cancel,
                noise=noise,
                on_failure=options.on_unaligned,
                match_exposure=options.match_exposure,
            )

    def _known_transforms(self) -> Survey | None:
        if self.options.transforms is None:
            return None
        info = self.reader.info
        size = (info.width, info.height)
        return transforms_file.read(Path(self.options.transforms), self.reader.paths, size, self.reader.encoding)

    def place(self, found: Survey) -> None:
        """Use geometry and exposure that were found before; `FrameMismatch` where they are of another stack."""
        info, ours = self.reader.info, len(self.reader)
        if (found.width, found.height) != (info.width, info.height) or len(found.frames) != ours:
            raise FrameMismatch(
                "The survey is of another stack.",
                f"it is of {len(found.frames)} frames of {found.width}x{found.height}, these are {ours} of "
                f"{info.width}x{info.height}.",
                "use the survey of frames of the same size and number.",
            )
        self._transforms = found

    @property
    def searches(self) -> bool:
        """Whether hot pixels are to be found from the stack: not where a list of defects is known."""
        return self.options.hot_pixels and not self.reader.development.correction.defects

    def _mend_hot_pixels(self, executor: Executor, noise: NoiseGauge) -> None:
        """Find the hot pixels and have the reader mend them; what was read for it is measured at once."""
        if not self.searches:
            return
        with self.timed(HOT_PIXELS):
            self.hot_pixels = find_hot_pixels(self.reader, nearby(executor), self.run.emit, self.run.cancel, noise.see)
            mended_in(self.reader, self.hot_pixels)
        self.run.check_cancelled()

    @property
    def finds_depth(self) -> bool:
        """Whether the fuser is to find the depth of every pixel beside the picture."""
        options = self.options
        wanted = options.depth or options.depth_map is not None or options.report is not None
        return wanted and options.slabs == "exact" and self.tools.can("fuser", options.fuser, depth_maps.CAPABILITY)

    def info(self, found: Survey) -> StackInfo:
        """What the fuser may know of the frames before it sees them."""
        return replace(self.frames(found).info, finds_depth=self.finds_depth)

    def frames(self, found: Survey) -> AlignedFrames:
        """The frames on the canvas of the result."""
        return AlignedFrames(self.reader, found, found.crop if self.options.crop else found.whole)

    def sharpen(self, engine: Any, picture: Pixels) -> Pixels:
        """The last stage before writing."""
        self.run.check_cancelled()
        self.run.emit(StageStarted(stage="sharpen", total=1))
        with self.timed("sharpen"):
            sharp: Pixels = engine.sharpen(picture, self.options.encoding)
        self.run.emit(Progress(stage="sharpen", done=1, total=1))
        return sharp

    def planned(self, target: Path | None) -> dict[str, Any]:
        """What would be done, with the memory it would take; builds the tools, reads no pixels."""
        options, info = self.options, self.reader.info
        fuser = self.tools.fuser(options.fuser)
        if options.sharpen is not None:
            self.tools.sharpener(options.sharpener, options.sharpen)
        with self.executor() as executor:
            room = fusing.make_room(self, fuser, executor)
            plan = fusing.plan_record(self, executor, len(self.reader))
        return {
            "dry_run": True,
            "frames": len(self.reader),
            "width": info.width,
            "height": info.height,
            "dtype": info.dtype,
            "reference": self.reader.paths[self.reader.reference].name,
            "stages": [
                *([HOT_PIXELS] if self.searches and can_be_found(len(self.reader)) else []),
                *(["align"] if self.aligner is not None else []),
                "fuse",
                *([] if options.sharpen is None else ["sharpen"]),
                *([] if target is None else ["write"]),
            ],
            "plan": plan,
            "memory_bytes": room.budget.total,
            "arrangement": room.record(),
            **({"development": self.development} if self.development else {}),
            "output": None if target is None else str(target),
        }

    def aligned_names(self, folder: Path) -> list[Path]:
        """Where each aligned frame would go; refuses a folder that cannot be made and files that exist."""
        names = [folder / f"aligned_{i:04d}.tif" for i in range(len(self.reader))]
        self.options.file_format.check(names[0])
        if not folder.is_dir():
            output.check_place(folder, overwrite=False)
            return names
        for name in names:
            output.check_target(name, overwrite=self.options.overwrite or self.goes_on)
            output.refuse_input(name, self.reader.paths)
        return names

    def write_aligned(self, found: Survey, names: Sequence[Path]) -> list[Path]:
        """Write each aligned frame under its name, with alpha where it covers not all; makes the folder."""
        frames = self.frames(found)
        output.make_folder(names[0].parent)
        written = []
        self.run.emit(StageStarted(stage="write", total=len(frames)))
        for position in range(len(frames)):
            self.run.check_cancelled()
            name = names[found.used[position].index]
            if not (self.goes_on and name.exists()):  # published whole by the run that ended early
                frame = frames.open(position)
                metadata = self._metadata_of_aligned(found, frame.index)
                self.publish(deep(frame.pixels), name, metadata, valid=frame.valid)
            written.append(name)
            self.run.emit(Progress(stage="write", done=position + 1, total=len(frames)))
        return written

    @contextmanager
    def written(self, picture: Pixels, target: Path, found: Survey, command: str) -> Iterator[None]:
        """Write the result, with the metadata of the reference and the record of the run.

        It takes its place when the block has ended, in which it can be told how long writing took.
        """
        with ExitStack() as place:
            with self.timed("write"):
                ready = self._ready(picture, target, self.metadata(found, command, target), self.options.overwrite)
                place.enter_context(ready)
            yield

    def metadata(self, found: Survey, command: str, target: Path | None) -> Metadata:
        """What is written into pictures of all frames: what the reference carries, and the record of the run."""
        reader = self.reader
        reference = reader.paths[found.reference]
        crop = found.crop if self.options.crop else found.whole
        return metadata_of(
            command,
            reference,
            [reader.paths[f.index].name for f in found.used],
            self.made_at,
            skipped=self.skipped(found),
            crop=(crop.x, crop.y, crop.width, crop.height),
            plugins=self.all_used(reference),
            settings=self.all_settings(target),
        )

    def publish(
        self,
        picture: Pixels,
        target: Path,
        metadata: Metadata,
        *,
        again: bool = False,
        valid: NDArray[np.bool_] | None = None,
    ) -> None:
        """Write a picture with what all pictures of this run have in common.

        `again` may replace it; `valid` (H, W) becomes its alpha unless all of it is true.
        """
        with self._ready(picture, target, metadata, self.options.overwrite or again, valid):
            pass

    def _ready(
        self,
        picture: Pixels,
        target: Path,
        metadata: Metadata,
        overwrite: bool,
        valid: NDArray[np.bool_] | None = None,
    ) -> AbstractContextManager[None]:
        return result_ready(
            self.run.emit,
            picture,
            target,
            metadata,
            icc=self.reader.info.icc,
            encoding=self.options.encoding,
            overwrite=overwrite,
            file_format=self.options.file_format,
            valid=valid,
        )

    def _metadata_of_aligned(self, found: Survey, index: int) -> Metadata:
        source = self.reader.paths[index]
        crop = found.crop if self.options.crop else found.whole
        return metadata_of(
            "align",
            source,
            [source.name],
            self.made_at,
            crop=(crop.x, crop.y, crop.width, crop.height),
            plugins=self.used(source),
            settings={
                **settings_of(self.options),
                "development": self.developed(),
                "reference": self.reader.paths[found.reference].name,
                "matrix": None if (t := found.frames[index].transform) is None else t.matrix.tolist(),
            },
        )

    def developed(self) -> dict[str, Any]:
        """What raw development came to, without the long lists."""
        return {key: value for key, value in self.development.items() if key not in ("hot", "dead")}

    def used(self, source: Path) -> dict[str, UsedPlugin]:
        """The plugins that brought the frames to where they lie."""
        used = {"developer": self.tools.used_developer(source.suffix.lower())}
        if self.aligner is not None:
            used["aligner"] = self.tools.used("aligner", self.options.aligner)
        return used

    def all_used(self, reference: Path) -> dict[str, UsedPlugin]:
        """The plugins that made the result, by kind."""
        options = self.options
        used = {**self.used(reference), "fuser": self.tools.used("fuser", options.fuser)}
        if options.sharpen is not None:
            used["sharpener"] = self.tools.used("sharpener", options.sharpener, strength=options.sharpen)
        return used

    def all_settings(self, target: Path | None) -> dict[str, Any]:
        """What decides about the picture: options, and what was settled on the way."""
        options = self.options
        chosen = {} if target is None else options.file_format.chosen(target)
        return {
            **settings_of(options),
            "development": self.developed(),
            **({} if self.plan is None else {"plan": {**self.plan, **asked_slabs(options, self.plan)}}),
            **({"file_format": chosen} if chosen else {}),
        }

    def skipped(self, found: Survey) -> list[str]:
        """Names of the frames that were left out."""
        return [self.reader.paths[f.index].name for f in found.frames if f.transform is None]

    def described(self, found: Survey) -> dict[str, Any]:
        """What is known of the frames after the survey."""
        crop = found.crop if self.options.crop else found.whole
        return {
            "frames": len(found.used),
            "skipped": self.skipped(found),
            "crop": [crop.x, crop.y, crop.width, crop.height],
            "hot_pixels": None if self.hot_pixels is None else self.hot_pixels.summary(),
            "seconds": self.seconds,
        }

    def result(self, picture: Pixels, fused: Fused, target: Path | None, found: Survey) -> StackResult:
        """Everything that is known at the end."""
        crop = found.crop if self.options.crop else found.whole
        return StackResult(
            picture=picture,
            output=target,
            width=int(picture.shape[1]),
            height=int(picture.shape[0]),
            encoding=self.reader.encoding,
            icc=self.reader.info.icc,
            frames=len(found.used),
            skipped=self.skipped(found),
            crop=(crop.x, crop.y, crop.width, crop.height),
            survey=found,
            development=self.development,
            hot_pixels=self.hot_pixels,
            slabs=self.slabs,
            depth=fused.depth,
            confidence=fused.confidence,
            depth_map=self.depth_map,
            report=self.report,
            warnings=[w.message for w in self.run.warnings],
            seconds=self.seconds,
            arrangement=self.arrangement,
            planned_memory_bytes=self.memory_bytes,
            peak_memory_bytes=peak_memory_bytes(),
        )


def deep(pixels: Pixels) -> Pixels:
    """8-bit pixels as 16-bit, others as they are."""
    return pixels.astype("uint16") * 257 if pixels.dtype.name == "uint8" else pixels
