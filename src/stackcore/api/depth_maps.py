"""The depth map beside a result: which files it is, whether they can be written, and writing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stackcore.errors import OutputError, PluginError, UsageError
from stackcore.fusing.depth_map import depth_map
from stackcore.stacking import depth_picture, output
from stackcore.stacking.transfer import UNITY, luma, normalise
from stackcore.terms import Fused

if TYPE_CHECKING:
    from stackcore.api.work import Work
    from stackcore.stacking.survey import Survey

CAPABILITY = "depth"
"""What a fuser lists that gives `Fused.depth`."""

_SUFFIXES = (".png", ".tif", ".tiff")

_COMMAND = "depth map"
"""What the record of these pictures has in place of the command of a result."""


def files_of(path: Path) -> dict[str, Path]:
    """The file of the depth map itself, its false-colour picture, and its confidence, which not every fuser gives.

    Examples
    --------
    >>> [str(file) for file in files_of(Path("beetle.tif")).values()]
    ['beetle.tif', 'beetle-colour.png', 'beetle-confidence.png']
    """
    return {
        "file": path,
        "colour": path.with_name(f"{path.stem}-colour.png"),
        "confidence": path.with_name(f"{path.stem}-confidence.png"),
    }


def check(work: Work, target: Path | None) -> None:
    """Refuse, before any work, a depth map that nobody can give or that cannot be written; nothing if none is wanted.

    `UsageError` for a fuser that finds no depth, for slab images, and for a file that cannot hold 16 bits of grey;
    `OutputError` as for the result itself.
    """
    options = work.options
    if options.depth_map is None:
        return
    path = Path(options.depth_map)
    if not work.tools.can("fuser", options.fuser, CAPABILITY):
        able = [f"--fuser {name}" for name in work.tools.able("fuser", CAPABILITY)]
        raise UsageError(
            f'The fuser "{options.fuser}" gives no depth map.',
            "it chooses no slice for a pixel.",
            f"use {' or '.join(able)}, or leave out --depth-map." if able else "leave out --depth-map.",
        )
    if options.slabs == "images":
        raise UsageError(
            "There is no depth map of slab images.",
            "their fusion knows slabs, not slices.",
            "leave out --slabs images, or --depth-map.",
        )
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"{path} cannot hold a depth map.",
            "it has 16 bits a pixel.",
            f"name it {path.stem}.png or {path.stem}.tif.",
        )
    for file in files_of(path).values():
        output.check_target(file, overwrite=options.overwrite or work.goes_on)
        output.refuse_input(file, work.reader.paths)
        if target is not None and file.resolve() == target.resolve():
            raise OutputError(f"{file} would be two pictures.", "the result has this name too.", "choose another name.")


def finished(work: Work, fused: Fused) -> Fused:
    """`fused` with depth and confidence made of its evidence, and without the latter; as it is where there is none."""
    evidence, pixels = fused.evidence, fused.pixels
    if evidence is None:
        return fused
    height, width = pixels.shape[:2]

    def brightness(top: int, bottom: int) -> NDArray[np.float32]:
        return luma(normalise(pixels[top:bottom], UNITY, "srgb"))

    with work.timed("depth"):
        depth, confidence = depth_map(evidence, brightness, height, width, len(work.reader))
    return Fused(pixels, depth, confidence)


def write(work: Work, fused: Fused, found: Survey, target: Path | None) -> None:
    """Write the files, each complete or not at all, and note them in `work.depth_map`; nothing if none are wanted.

    They carry the record of the run, so that they are known for what they are among the frames of a later one.
    """
    if work.options.depth_map is None:
        return
    if fused.depth is None:
        raise PluginError(
            f'The fuser "{work.options.fuser}" gave no depth map.',
            f'it says that it can ("{CAPABILITY}"), and did not.',
            "tell its author, or leave out --depth-map.",
        )
    files = files_of(Path(work.options.depth_map))
    slices = len(work.reader)  # of skipped frames too: depth counts all
    depth, confidence = fused.depth, fused.confidence
    pictures: dict[str, Callable[[], NDArray[Any]]] = {  # made one by one: all of them would be as large as the result
        "file": lambda: depth_picture.grey(depth, slices),
        "colour": lambda: depth_picture.colours(depth, slices),
    }
    if confidence is not None:
        pictures["confidence"] = lambda: depth_picture.grey_confidence(confidence)
    metadata = work.metadata(found, _COMMAND, target)
    with work.timed("depth_map"):
        for kind, make in pictures.items():
            output.write_picture(
                make(), files[kind], overwrite=work.options.overwrite or work.goes_on, metadata=metadata
            )
    written = {kind: str(files[kind]) for kind in pictures}
    work.depth_map = {**written, "slices": slices, "value_per_slice": depth_picture.FULL / max(slices - 1, 1)}
