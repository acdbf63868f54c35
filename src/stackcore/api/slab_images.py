"""Images of slabs: kept for retouching, or fused in a second stage instead of the frames themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackcore.api.recording import metadata_of, settings_of
from stackcore.events import Progress, StageStarted
from stackcore.paths.naming import translated
from stackcore.protocols import Executor
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
        output.check_target(name, overwrite=work.options.overwrite or work.options.resume)
        output.refuse_input(name, work.reader.paths)


def keep_images(work: Work, fuser: Any, executor: Executor, found: Survey) -> None:
    """Write the image of each slab as 16-bit TIFF into the folder that was asked for; the result is not touched."""
    with work.timed("slabs"):
        for image in images(work, fuser, executor, found):
            _keep(work, image, found)


def fuse_images(work: Work, fuser: Any, executor: Executor, found: Survey, target: Path | None) -> Pixels:
    """Fuse each slab, and then the images of the slabs; writes those that are to be kept.

    The images wait on the disk beside the output, so that memory does not grow with their number.
    """
    place = None if target is None else target.parent
    with tempfile.TemporaryDirectory(prefix=".stackcore-slabs-", dir=place) as hidden:
        folders: list[Path] = []
        dtype = ""
        with work.timed("slabs"):
            for image in images(work, fuser, executor, found):
                _keep(work, image, found)
                folders.append(Path(hidden) / f"{len(folders):04d}")
                with translated(folders[-1]):
                    save(folders[-1], image.pixels, image.covered)
                dtype = image.pixels.dtype.name
        return _second_stage(work, fuser, executor, found, SlabPictures(folders), dtype)


def images(work: Work, fuser: Any, executor: Executor, found: Survey) -> Iterator[SlabImage]:
    """Fuse slab after slab, each by itself."""
    frames = work.frames(found)
    info = frames.info
    cut = slabs(len(frames), work.options.slab_size, work.options.slab_overlap)
    total, before = sum(slab.image_stop - slab.first for slab in cut), 0
    work.run.emit(StageStarted(stage="slabs", total=total))
    for slab in cut:
        some = SlabFrames(frames, slab, (info.height, info.width))

        def tell(done: int, before: int = before) -> None:
            work.run.emit(Progress(stage="slabs", done=before + done, total=total))

        state = executor.fuse(fuser, replace(info, frames=len(some)), some, work.run.cancel, tell)
        work.run.check_cancelled()
        before += len(some)
        pixels = fuser.finish(state).pixels
        del state  # two would be one too many while the next slab begins
        yield SlabImage(slab, pixels, some.covered)


def _second_stage(
    work: Work, fuser: Any, executor: Executor, found: Survey, pictures: SlabPictures, dtype: str
) -> Pixels:
    total = len(pictures)
    cut = slabs(len(found.used), work.options.slab_size, work.options.slab_overlap)
    middle = next(i for i, slab in enumerate(cut) if slab.stop > len(found.used) // 2)
    info = replace(work.frames(found).info, frames=total, reference=middle, dtype=dtype)
    work.run.emit(StageStarted(stage="fuse", total=total))
    with work.timed("fuse"):
        state = executor.fuse(
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
    work.publish(image.pixels, target, metadata, again=options.resume)
    work.slabs.append(target)


def _names(folder: Path, frames: int) -> list[Path]:
    return [folder / _name(first) for first in range(frames)]


def _name(first: int) -> str:
    """Named by the first frame, so that the numbers tell where the slab lies."""
    return f"slab_{first:04d}.tif"
