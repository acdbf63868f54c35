"""Images of slabs: kept for retouching, or fused in a second stage instead of the frames themselves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackcore.api.recording import metadata_of, settings_of
from stackcore.events import Progress, StageStarted
from stackcore.paths.naming import translated
from stackcore.protocols import Executor, nearby
from stackcore.stacking import output
from stackcore.stacking.slab_frames import SlabFrames, SlabPictures, save
from stackcore.stacking.slabs import Slab, slabs
from stackcore.stacking.survey import Survey
from stackcore.terms import Pixels

if TYPE_CHECKING:
    from stackcore.api.work import Work


@dataclass(frozen=True)
class SlabImage:
    """The fused picture of a slab: `pixels` (H, W, 3), and which of them any frame covers, None for all."""

    slab: Slab
    pixels: Pixels
    covered: Any


def check_folder(work: Work, folder: Path) -> None:
    """Refuse, before any work, a folder that cannot be made, or that holds images which would be replaced.

    A run that is resumed may have written some of them already: those are replaced, by the same.
    """
    if not folder.is_dir():
        output.check_place(folder, overwrite=False)
        return
    for name in _names(folder, len(work.reader)):
        output.check_target(name, overwrite=work.options.overwrite or work.goes_on)
        output.refuse_input(name, work.reader.paths)


def keep_images(work: Work, fuser: Any, executor: Executor, found: Survey) -> None:
    """Write the image of each slab as 16-bit TIFF into the folder that was asked for; the result is not touched."""
    with work.timed("slabs"):
        for image in images(work, fuser, executor, found):
            _keep(work, image, found)


def fuse_images(work: Work, fuser: Any, executor: Executor, found: Survey, target: Path | None) -> Pixels:
    """Fuse each slab, and then the images of the slabs; writes those that are to be kept.

    The images wait on the disk beside the output, so that memory does not grow with their number, and a run that is
    resumed goes on after the last of them.
    """
    with _waiting_room(work, target) as hidden:
        with work.timed("slabs"):
            for image in images(work, fuser, executor, found, hidden.done()):
                _keep(work, image, found)
                hidden.put(image)
        return _second_stage(work, fuser, executor, found, hidden.done())


class _WaitingRoom:
    """A folder where the images of slabs wait for the second stage, each complete or not there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def done(self) -> list[Path]:
        """Those that are there, from the first on."""
        found: list[Path] = []
        while (folder := self._path / f"{len(found):04d}").is_dir():
            found.append(folder)
        return found

    def put(self, image: SlabImage) -> None:
        """Add the next one."""
        folder = self._path / f"{len(self.done()):04d}"
        part = folder.with_suffix(".part")
        with translated(folder):
            shutil.rmtree(part, ignore_errors=True)
            save(part, image.pixels, image.covered)
            part.rename(folder)


@contextmanager
def _waiting_room(work: Work, target: Path | None) -> Iterator[_WaitingRoom]:
    """Beside the output, until that is written; what an earlier run left is used if that one is gone on with."""
    if target is None:
        with tempfile.TemporaryDirectory(prefix=".stackcore-slabs-") as hidden:
            yield _WaitingRoom(Path(hidden))
        return
    path = _waiting_place(target)
    if not work.goes_on:
        shutil.rmtree(path, ignore_errors=True)
    output.make_folder(path)
    yield _WaitingRoom(path)


def clear_up(target: Path) -> None:
    """Remove the images that waited for the second stage: the result is written."""
    shutil.rmtree(_waiting_place(target), ignore_errors=True)


def _waiting_place(target: Path) -> Path:
    return target.with_name(f".stackcore-{target.name}.slabs")


def images(work: Work, fuser: Any, executor: Executor, found: Survey, done: Sequence[Path] = ()) -> Iterator[SlabImage]:
    """Fuse slab after slab, each by itself; those that are `done` are passed over."""
    frames = work.frames(found)
    info = frames.info
    cut = slabs(len(frames), work.options.slab_size, work.options.slab_overlap)
    total = sum(slab.image_stop - slab.first for slab in cut)
    before = sum(slab.image_stop - slab.first for slab in cut[: len(done)])
    work.run.emit(StageStarted(stage="slabs", total=total))
    for slab in cut[len(done) :]:
        some = SlabFrames(frames, slab, (info.height, info.width))

        def tell(done: int, before: int = before) -> None:
            work.run.emit(Progress(stage="slabs", done=before + done, total=total))

        state = nearby(executor).fuse(fuser, replace(info, frames=len(some)), some, work.run.cancel, tell)
        work.run.check_cancelled()
        before += len(some)
        pixels = fuser.finish(state).pixels
        del state  # two would be one too many while the next slab begins
        yield SlabImage(slab, pixels, some.covered)


def _second_stage(work: Work, fuser: Any, executor: Executor, found: Survey, folders: Sequence[Path]) -> Pixels:
    pictures, total = SlabPictures(folders), len(folders)
    dtype = pictures.open(0).pixels.dtype.name
    cut = slabs(len(found.used), work.options.slab_size, work.options.slab_overlap)
    middle = next(i for i, slab in enumerate(cut) if slab.stop > len(found.used) // 2)
    info = replace(work.frames(found).info, frames=total, reference=middle, dtype=dtype)
    work.run.emit(StageStarted(stage="fuse", total=total))
    with work.timed("fuse"):
        state = nearby(executor).fuse(
            fuser,
            info,
            pictures,
            work.run.cancel,
            lambda done: work.run.emit(Progress(stage="fuse", done=done, total=total)),
        )
        work.run.check_cancelled()
        picture: Pixels = fuser.finish(state).pixels
    return picture


def _keep(work: Work, image: SlabImage, found: Survey) -> None:
    """Write one image, if they are wanted, with the metadata of its middle frame and a record of its frames."""
    slab, options = image.slab, work.options
    if options.keep_slabs is None:
        return
    output.make_folder(Path(options.keep_slabs))
    target = Path(options.keep_slabs) / _name(slab.first)
    inside = [work.reader.paths[f.index] for f in found.used[slab.first : slab.image_stop]]
    crop = found.crop if options.crop else found.whole
    middle = inside[len(inside) // 2]
    metadata = metadata_of(
        "stack",
        middle,
        [path.name for path in inside],
        work.made_at,
        crop=(crop.x, crop.y, crop.width, crop.height),
        plugins={**work.used(middle), "fuser": work.tools.used("fuser", options.fuser)},
        settings={**settings_of(options), "development": work.developed(), "slab": [slab.first, slab.image_stop]},
    )
    work.publish(image.pixels, target, metadata, again=work.goes_on)
    work.slabs.append(target)


def _names(folder: Path, frames: int) -> list[Path]:
    return [folder / _name(first) for first in range(frames)]


def _name(first: int) -> str:
    """Named by the first frame, so that the numbers tell where the slab lies."""
    return f"slab_{first:04d}.tif"
