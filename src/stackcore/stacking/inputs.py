"""What the user names as INPUT, turned into the ordered files of one stack."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from stackcore.errors import FrameError, UnreadableFrame, did_you_mean
from stackcore.paths.decoding import as_text, is_text

MANIFEST_SUFFIX = ".stackcore.json"
"""How the manifest of a capture run ends; a folder's manifest is not a frame."""


def collect(inputs: Sequence[str | Path], suffixes: Collection[str]) -> list[Path]:
    """Files of a stack in the order of their slices.

    An input is a file, a folder (its readable files, in natural order), a glob or a capture manifest (its frames in
    the order of the slices). `suffixes` are those that the developers read, lower case, with the dot. Raises
    `FrameError` when nothing is found, one frame is not a stack, or a file is named twice, and `UnreadableFrame` for a
    file of an unknown type or with a name that is no text.
    """
    frames: list[Path] = []
    for item in inputs:
        if not isinstance(item, str | os.PathLike):
            raise FrameError(
                f"A {type(item).__name__} is not a file.",
                "names of files and folders are wanted here.",
                "arrays become one picture with `stackcore.fuse`.",
            )
        frames.extend(_expand(Path(item), suffixes))
    seen: set[Path] = set()
    for path in frames:
        _refuse_undecodable(path)
        if path.resolve() in seen:
            raise FrameError(
                f"{path} is named twice.", "every frame counts once in a stack.", "remove one of the two mentions."
            )
        seen.add(path.resolve())
    if not frames:
        raise FrameError(
            "There are no frames.",
            f"nothing readable was found in {', '.join(str(i) for i in inputs) or 'an empty list'}.",
            f"name image files, a folder of them, or a {MANIFEST_SUFFIX} manifest.",
        )
    return frames


def refuse_single(frames: Sequence[Path]) -> None:
    """Raise `FrameError` when there is only one frame, which is no stack."""
    if len(frames) < 2:
        raise FrameError(
            "One frame is not a stack.",
            f"only {frames[0]} was found.",
            "name at least two frames of the same subject, focused at different distances.",
        )


def natural_key(path: Path) -> tuple[object, ...]:
    """Sort key that reads digits as numbers: img2 before img10."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _expand(item: Path, suffixes: Collection[str]) -> list[Path]:
    if item.is_dir():
        return sorted(_readable(item.iterdir(), suffixes), key=natural_key)
    if item.name.endswith(MANIFEST_SUFFIX):
        return [_known(frame, suffixes) for frame in _from_manifest(item)]
    if item.exists():
        return [_known(item, suffixes)]
    if glob.has_magic(str(item)):
        return sorted(_readable((Path(p) for p in glob.glob(str(item))), suffixes), key=natural_key)
    raise UnreadableFrame(
        f"{item} does not exist.", "no file or folder has this name.", _nearby(item) or "check the path."
    )


def _readable(paths: object, suffixes: Collection[str]) -> list[Path]:
    return [
        p
        for p in paths  # type: ignore[attr-defined]
        if p.suffix.lower() in suffixes and p.is_file() and not p.name.startswith(".")
    ]


def _known(path: Path, suffixes: Collection[str]) -> Path:
    if path.suffix.lower() in suffixes:
        return path
    raise UnreadableFrame(
        f"{path} is of a type that nothing here reads.",
        f'its extension is "{path.suffix}".',
        f"convert it, or install a developer plugin for it; {did_you_mean(path.suffix.lower(), suffixes)}",
    )


def _from_manifest(manifest: Path) -> list[Path]:
    try:
        record = json.loads(manifest.read_text("utf-8"))
        names = [entry["files"][0]["path"] for entry in record["slices"] if entry["files"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UnreadableFrame(
            f"{manifest} is not a usable capture manifest.",
            f"{type(error).__name__}: {error}.",
            "name the folder of the frames instead.",
        ) from error
    frames = [manifest.parent / name for name in names]
    for frame in frames:
        if not frame.is_file():
            raise UnreadableFrame(
                f"{frame} does not exist.",
                f"the manifest {manifest.name} lists it.",
                "put it back beside the manifest, or name the remaining frames themselves.",
            )
    return frames


def _refuse_undecodable(path: Path) -> None:
    """Bytes that are not UTF-8 in a path, as old cameras and archives leave them: no image library takes them."""
    if not is_text(path):
        raise UnreadableFrame(
            f"{as_text(path)} has a name that cannot be read.",
            "some of its bytes, shown as ?, are not UTF-8.",
            "rename the file or folder; `convmv -f latin1 -t utf8` does it for many.",
        )


def _nearby(item: Path) -> str:
    if not item.parent.is_dir():
        return f"the folder {item.parent} does not exist either; check the path."
    return did_you_mean(item.name, [p.name for p in list(item.parent.iterdir())[:500]]).split(" valid:")[0]
