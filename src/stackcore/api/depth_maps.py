"""The depth map beside a result: which files it is, whether they can be written, and writing them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackcore.errors import OutputError, PluginError, UsageError
from stackcore.stacking import depth_picture, output
from stackcore.terms import Fused

if TYPE_CHECKING:
    from stackcore.api.work import Work

CAPABILITY = "depth"
"""What a fuser lists that gives `Fused.depth`."""

_SUFFIXES = (".png", ".tif", ".tiff")


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
            "it chooses per band of detail, or not at all, and no slice belongs to a pixel.",
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


def write(work: Work, fused: Fused) -> None:
    """Write the files, each complete or not at all, and note them in `work.depth_map`; nothing if none are wanted."""
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
    pictures: dict[str, Any] = {
        "file": depth_picture.grey(fused.depth, slices),
        "colour": depth_picture.colours(fused.depth, slices),
    }
    if fused.confidence is not None:
        pictures["confidence"] = depth_picture.grey_confidence(fused.confidence)
    with work.timed("depth_map"):
        for kind, picture in pictures.items():
            output.write_picture(picture, files[kind], overwrite=work.options.overwrite or work.goes_on)
    written = {kind: str(files[kind]) for kind in pictures}
    work.depth_map = {**written, "slices": slices, "value_per_slice": depth_picture.FULL / max(slices - 1, 1)}
