"""Which stacks lie in some folders: one a folder, or several, told apart by their manifests or by time."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from stackcore.batching.splitting import by_time
from stackcore.errors import FrameError, UsageError
from stackcore.paths.decoding import as_text
from stackcore.stacking.inputs import MANIFEST_SUFFIX, collect, natural_key

Split = Literal["auto", "folder", "manifest", "time"]
"""What makes a stack: a folder; a capture manifest; shots without a long pause; manifests where there are some."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """How stacks are looked for.

    Attributes
    ----------
    recursive
        Look into folders within folders, however deep. Else a folder without frames of its own stands for the
        folders in it.
    pattern
        Names of frames that take part, as a shell writes them (`*.NEF`); case does not matter.
    split
        See `Split`.
    gap_s
        With `split="time"`: the pause that ends a stack, seconds; None for one told from the pauses themselves.
    leave_out
        Folders that are not looked into: where results go.
    """

    recursive: bool = False
    pattern: str = "*"
    split: Split = "auto"
    gap_s: float | None = None
    leave_out: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoundStack:
    """A stack of a batch: a `name` that no other one has, its `frames` in order, and the `folder` they lie in.

    `problem` says why it cannot be a stack; it is kept, for whoever named the folder wants to hear of it.
    """

    name: str
    folder: Path
    frames: tuple[Path, ...]
    problem: FrameError | None = None


def find_stacks(places: Sequence[Path], suffixes: Collection[str], search: Search) -> list[FoundStack]:
    """Stacks below `places`, in the order of the places and then of their names.

    `suffixes` are those that the developers read, lower case, with their dot. Raises `UsageError` for a place that is
    no folder or is named twice, `FrameError` where there is no stack at all.
    """
    _check(places)
    found: list[FoundStack] = []
    for place in places:
        folders = list(_folders(place, suffixes, search))
        if folders:
            for folder in folders:
                found.extend(_in_folder(folder, _name(folder, place), suffixes, search))
        else:
            found.append(FoundStack(name=_name(place, place), folder=place, frames=(), problem=_nothing(place, search)))
    if all(stack.problem for stack in found):
        raise found[0].problem or _nothing(places[0], search)
    return _told_apart(found)


def _check(places: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for place in places:
        if not place.is_dir():
            why = "it is a file." if place.exists() else "no folder has this name."
            raise UsageError(f"{place} is not a folder.", why, "name folders; `stackcore stack` takes files.")
        if place.resolve() in seen:
            raise UsageError(f"{place} is named twice.", "every stack is made once.", "remove one of the mentions.")
        seen.add(place.resolve())


def _folders(place: Path, suffixes: Collection[str], search: Search) -> Iterator[Path]:
    """Folders with frames in them: `place`, or those below it."""
    if _frames(place, suffixes, search):
        yield place
        if not search.recursive:
            return
    for folder in _below(place, search):
        if search.recursive:
            yield from _folders(folder, suffixes, search)
        elif _frames(folder, suffixes, search):
            yield folder


def _below(place: Path, search: Search) -> list[Path]:
    hidden = {folder.resolve() for folder in search.leave_out}
    inner = (f for f in place.iterdir() if f.is_dir() and not f.name.startswith(".") and not f.is_symlink())
    return sorted((f for f in inner if f.resolve() not in hidden), key=natural_key)


def _frames(folder: Path, suffixes: Collection[str], search: Search) -> list[Path]:
    if folder.resolve() in {other.resolve() for other in search.leave_out}:
        return []
    named = (p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith("."))
    wanted = (p for p in named if fnmatch.fnmatch(p.name.lower(), search.pattern.lower()) and p.is_file())
    return sorted(wanted, key=natural_key)


def _in_folder(folder: Path, name: str, suffixes: Collection[str], search: Search) -> Iterator[FoundStack]:
    frames = _frames(folder, suffixes, search)
    manifests = sorted(folder.glob(f"*{MANIFEST_SUFFIX}"), key=natural_key)
    if search.split == "manifest" and not manifests:
        why = f"it holds no capture manifest (*{MANIFEST_SUFFIX})."
        yield FoundStack(
            name=name,
            folder=folder,
            frames=tuple(frames),
            problem=FrameError(f"{folder} was not shot by stackcore.", why, "leave --split out, or --split time."),
        )
    elif manifests and search.split in ("auto", "manifest"):
        yield from _of_manifests(folder, name, manifests, frames, suffixes)
    else:
        parts = by_time(frames, search.gap_s) if search.split == "time" else [frames]
        for number, part in enumerate(parts, start=1):
            yield _stack(f"{name}-{number:02}" if len(parts) > 1 else name, folder, part)


def _of_manifests(
    folder: Path, name: str, manifests: Sequence[Path], frames: Sequence[Path], suffixes: Collection[str]
) -> Iterator[FoundStack]:
    """A stack for each manifest, and one of what no manifest lists."""
    listed: set[Path] = set()
    for manifest in manifests:
        title = f"{name}-{manifest.name.removesuffix(MANIFEST_SUFFIX)}" if len(manifests) > 1 else name
        try:
            part = collect([manifest], suffixes)
        except FrameError as problem:
            yield FoundStack(name=title, folder=folder, frames=(), problem=problem)
            continue
        listed.update(path.resolve() for path in part)
        yield _stack(title, folder, part)
    rest = [path for path in frames if path.resolve() not in listed]
    if len(rest) > 1:
        yield _stack(f"{name}-other", folder, rest)


def _stack(name: str, folder: Path, frames: Sequence[Path]) -> FoundStack:
    problem = None
    if len(frames) < 2:
        problem = FrameError(
            "One frame is not a stack.",
            f"only {', '.join(path.name for path in frames) or 'nothing'} was found in {folder}.",
            "put the rest of the frames there, or leave the folder out.",
        )
    return FoundStack(name=name, folder=folder, frames=tuple(frames), problem=problem)


def _name(folder: Path, place: Path) -> str:
    """A name for the stacks of a folder: its own, and before it those between it and the place that was named."""
    between = folder.resolve().relative_to(place.resolve()).parts
    return as_text(Path("-".join(between) or folder.resolve().name or "stack"), "_")


def _told_apart(found: Sequence[FoundStack]) -> list[FoundStack]:
    """Give stacks of one name those of the folders above them, then numbers; also where only case tells them apart."""
    folded = [stack.name.casefold() for stack in found]
    longer = [
        f"{stack.folder.resolve().parent.name}-{stack.name}" if folded.count(name) > 1 else stack.name
        for stack, name in zip(found, folded, strict=True)
    ]
    result: list[FoundStack] = []
    taken: set[str] = set()
    for stack, name in zip(found, longer, strict=True):
        number, free = 1, name
        while free.casefold() in taken:
            number += 1
            free = f"{name}-{number}"
        taken.add(free.casefold())
        result.append(replace(stack, name=free))
    return result


def _nothing(place: Path, search: Search) -> FrameError:
    named = "" if search.pattern == "*" else f" whose names fit {search.pattern}"
    fix = "name another folder." if search.recursive else "name another folder, or look deeper with --recursive."
    return FrameError(f"There are no frames in {place}.", f"neither it nor the folders in it hold any{named}.", fix)
