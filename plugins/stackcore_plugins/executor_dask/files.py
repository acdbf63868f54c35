"""How a worker comes by the frames: in the folder where they lie for everyone, or through fsspec."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from stackcore.errors import UnreadableFrame

Listing = tuple[tuple[str, int], ...]
"""Names below the folder, with the size of each, bytes."""


@dataclass(frozen=True)
class Place:
    """Where frames lie: `home` is their folder for whoever sent the work, `address` for the workers."""

    home: str
    address: str

    @classmethod
    def of(cls, files: Sequence[Path], address: str | None) -> Place:
        """Of frames that lie in one folder, or below it."""
        home = os.path.commonpath([path.absolute().parent for path in files])
        return cls(home, address or home)

    def listing(self, files: Sequence[Path]) -> Listing:
        """What must be there."""
        return tuple((self._name(path), path.stat().st_size) for path in files)

    @contextmanager
    def fetch(self, path: Path) -> Iterator[Path]:
        """Where a worker can read a frame: where it lies, or a copy for as long as it is needed."""
        name = self._name(path)
        if not self.is_remote:
            yield Path(self.address) / name
            return
        files, root = _file_system(self.address)
        with tempfile.TemporaryDirectory(prefix="stackcore-frame-") as folder:
            copy = Path(folder) / path.name
            try:
                files.get_file(f"{root}/{name}", str(copy))
            except Exception as error:  # each file system has its own
                raise UnreadableFrame(
                    f"{name} cannot be fetched from {self.address}.",
                    f"{type(error).__name__}: {error}.",
                    "check that the workers may read there.",
                ) from error
            yield copy

    def absent(self, listing: Listing) -> list[str]:
        """Of these, what a worker does not find, or finds of another size, in words."""
        told = []
        for name, size in listing:
            found = self._size(name)
            if found is None:
                told.append(f"{name} is not there")
            elif found != size:
                told.append(f"{name} has {found} bytes there, {size} here")
        return told

    @property
    def is_remote(self) -> bool:
        """Whether it takes fsspec to read there."""
        return "://" in self.address

    def _size(self, name: str) -> int | None:
        try:
            if not self.is_remote:
                return (Path(self.address) / name).stat().st_size
            files, root = _file_system(self.address)
            return int(files.info(f"{root}/{name}")["size"])
        except Exception:  # each file system has its own way to say that something is not there
            return None

    def _name(self, path: Path) -> str:
        return str(PurePosixPath(*path.absolute().relative_to(self.home).parts))


def _file_system(address: str) -> tuple[Any, str]:
    import fsspec

    files, root = fsspec.core.url_to_fs(address)
    return files, root.rstrip("/")
