"""What has come into a folder since somebody began to look: in order, whole, each once, and nothing is touched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from stackcore.errors import CameraError
from stackcore_folder_watch.complete import is_complete


@dataclass
class Arrival:
    """A file that came: its size and time when it was last looked at, and since when they stand."""

    path: Path
    stamp: tuple[int, int]
    since: float
    looks_cut: bool = False


class Arrivals:
    """The files that come into `folder`; only reads there.

    Parameters
    ----------
    folder
        Where to look; folders within it are passed over.
    suffixes
        Endings that count, without a dot, any case.
    settle_s
        How long a file's size and time must stand still, seconds.
    verify
        Ask `is_complete` too.
    now
        Seconds that only grow.
    """

    def __init__(
        self, folder: Path, suffixes: Collection[str], settle_s: float, verify: bool, now: Callable[[], float]
    ) -> None:
        self._folder, self._settle_s, self._verify, self._now = folder, settle_s, verify, now
        self._suffixes = {suffix.casefold().lstrip(".") for suffix in suffixes}
        self._waiting: dict[str, Arrival] = {}
        self._taken_stems: set[str] = set()
        self._taken_contents: set[str] = set()
        self._passed = {path.name for path in self._pictures()}

    @property
    def waiting(self) -> list[Arrival]:
        """What has come and was not taken yet, first come first."""
        return list(self._waiting.values())

    @property
    def grows(self) -> bool:
        """Something is being written right now."""
        return any(self._now() - arrival.since < max(self._settle_s, 0.1) for arrival in self._waiting.values())

    def pass_over(self) -> None:
        """Leave everything that is there now where it is."""
        self._passed |= {path.name for path in self._pictures()}
        self._waiting.clear()

    def take(self, count: int) -> list[tuple[str, bytes]]:
        """Look once; the next still, `count` files of one stem as (name, content), or nothing yet.

        A still that came earlier is never overtaken by one that was written faster. Raises `CameraError` when a file
        belongs to a still that was taken without it, or the folder is gone.
        """
        self._look()
        while self._waiting:
            stem = next(iter(self._waiting.values())).path.stem.casefold()
            if stem in self._taken_stems:
                raise _left_over(self._waiting[next(iter(self._waiting))].path, count)
            still = [arrival for arrival in self._waiting.values() if arrival.path.stem.casefold() == stem]
            contents = [self._read(arrival) for arrival in still[:count]]
            if len(still) < count or None in contents:
                return []
            for arrival in still[:count]:
                self._passed.add(arrival.path.name)
                del self._waiting[arrival.path.name]
            whole = [content for content in contents if content is not None]
            seen = [hashlib.sha256(content).hexdigest() for content in whole]
            if not self._taken_contents.isdisjoint(seen):
                continue  # renamed since it was taken, or our own copy: the run may save into the same folder
            self._taken_contents.update(seen)
            self._taken_stems.add(stem)
            return [(arrival.path.name, content) for arrival, content in zip(still, whole, strict=False)]
        return []

    def _look(self) -> None:
        there = self._pictures()
        names = {path.name for path in there}
        for gone in [name for name in self._waiting if name not in names]:
            del self._waiting[gone]  # renamed, or taken away by its owner
        fresh: list[tuple[int, str, Arrival]] = []
        for path in there:
            try:
                status = path.stat()
            except OSError:
                continue
            stamp = (status.st_size, status.st_mtime_ns)
            known = self._waiting.get(path.name)
            if known is None and path.name not in self._passed:
                fresh.append((status.st_mtime_ns, path.name, Arrival(path, stamp, self._now())))
            elif known is not None and known.stamp != stamp:
                known.stamp, known.since = stamp, self._now()
        for _, name, arrival in sorted(fresh, key=lambda row: row[:2]):
            self._waiting[name] = arrival

    def _read(self, arrival: Arrival) -> bytes | None:
        """All of the file, or None while it is being written."""
        if self._now() - arrival.since < self._settle_s:
            return None
        try:
            content = arrival.path.read_bytes()
        except OSError:  # its writer has locked it, or it is gone
            return None
        arrival.looks_cut = self._verify and not is_complete(content)
        return None if arrival.looks_cut or len(content) != arrival.stamp[0] else content

    def _pictures(self) -> list[Path]:
        try:
            with os.scandir(self._folder) as entries:
                return [Path(entry.path) for entry in entries if self._counts(entry)]
        except OSError as error:
            raise CameraError(
                "The folder of the frames cannot be read.",
                f"{self._folder}: {error.strerror or error}.",
                "make it, or connect its drive, and name it with --set camera.folder=FOLDER.",
            ) from error

    def _counts(self, entry: os.DirEntry[str]) -> bool:
        hidden = entry.name.startswith((".", "~"))
        return not hidden and entry.name.rpartition(".")[2].casefold() in self._suffixes and entry.is_file()


def _left_over(path: Path, count: int) -> CameraError:
    return CameraError(
        f"{path.name} belongs to a still that was taken without it.",
        f"{count} of its files were expected; the tool writes more, a raw with its JPEG perhaps.",
        f"say how many: --set camera.files={count + 1}, or leave one kind out with camera.suffixes.",
    )
