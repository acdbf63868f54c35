"""The calibration library: dark frames and white balances by name, in a folder of the user's data."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stackcore import folders
from stackcore.calibration.entries import (
    DarkEntry,
    Entry,
    WhiteBalanceEntry,
    check_name,
    parse_entry,
)
from stackcore.calibration.matching import Match, best_match
from stackcore.errors import ConfigError, OutputError, StackcoreError, UsageError, did_you_mean
from stackcore.metadata.shot import Shot
from stackcore.paths.naming import create, flush_folder, replace, translated
from stackcore.protocols import Correction
from stackcore.terms import Multipliers

FOLDER = "calibration"

_LEFT_BEHIND_S = 3600.0
"""No run takes so long from the first byte of a picture to the entry that names it, seconds."""

_E = TypeVar("_E", DarkEntry, WhiteBalanceEntry)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the library holds, each sorted by name; `broken` tells what is wrong with an entry that cannot be used."""

    darks: tuple[DarkEntry, ...]
    white_balances: tuple[WhiteBalanceEntry, ...]
    broken: tuple[tuple[str, StackcoreError], ...]

    @property
    def names(self) -> list[str]:
        """Names of all that can be used."""
        return sorted(entry.name for entry in (*self.darks, *self.white_balances))


class Library:
    """Entries as JSON files `NAME.json`, and beside each dark its picture, a TIFF that the entry names.

    An entry appears, is replaced and disappears in one step, the rename or removal of its JSON file. A picture has a
    name of its own and is in place before the entry that names it, so that a run killed at any moment leaves the old
    entry with the old picture, or the new one with the new; a picture that no entry names is swept away by the next.

    Parameters
    ----------
    folder
        Where it is; `calibration` in the user's data folder when left out. Made by the first entry.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else folders.data_folder() / FOLDER

    def file(self, name: str) -> Path:
        """Where the entry `name` is kept; `UsageError` for a name that none can have."""
        check_name(name)
        return self.folder / f"{name}.json"

    def contents(self) -> Contents:
        """Read every entry; one that is broken is told and harms no other."""
        darks: list[DarkEntry] = []
        balances: list[WhiteBalanceEntry] = []
        broken: list[tuple[str, StackcoreError]] = []
        for path in sorted(self.folder.glob("*.json")):
            if path.name.startswith("."):
                continue
            try:
                entry = self._read(path)
            except StackcoreError as error:
                broken.append((path.stem, error))
            else:
                darks.append(entry) if isinstance(entry, DarkEntry) else balances.append(entry)
        return Contents(darks=tuple(darks), white_balances=tuple(balances), broken=tuple(broken))

    def entry(self, name: str) -> Entry:
        """Return an entry; `UsageError` when there is none of that name, `ConfigError` when it is broken."""
        path = self.file(name)
        if not path.exists():
            raise UsageError(
                f'The calibration library holds no "{name}".',
                f"it is in {self.folder}.",
                did_you_mean(name, [p.stem for p in self.folder.glob("*.json") if not p.name.startswith(".")]),
            )
        return self._read(path)

    def dark(self, name: str) -> DarkEntry:
        """Return a dark; errors as those of `entry`, and `UsageError` for a white balance."""
        return self._of_kind(name, DarkEntry, "a white balance, not a dark")

    def white_balance(self, name: str) -> Multipliers:
        """Return the multipliers kept under a name; errors as those of `entry`, and `UsageError` for a dark."""
        return self._of_kind(name, WhiteBalanceEntry, "a dark, not a white balance").multipliers

    def check_free(self, name: str, kind: type[Entry], *, overwrite: bool) -> None:
        """Refuse, before any work, a name under which nothing could be kept at its end.

        `UsageError` for a name that none can have; `OutputError` when the folder cannot be written to, or an entry has
        the name: one of the same `kind` is replaced with `overwrite`, as is a broken one.
        """
        path = self.file(name)
        with translated(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):
            raise OutputError(
                f"{path} cannot be written.",
                f"{self.folder} is not writable.",
                "make it so, or set STACKCORE_DATA_DIR to another folder.",
            )
        if not os.path.lexists(path):
            return
        if not overwrite:
            raise OutputError(
                f'The calibration library holds "{name}" already.',
                "nothing is overwritten unasked.",
                "choose another name with --name or --save, or use --overwrite.",
            )
        with contextlib.suppress(ConfigError):
            if not isinstance(self._read(path), kind):
                raise OutputError(
                    f'The calibration library holds another thing called "{name}".',
                    "a dark does not replace a white balance, nor the other way round.",
                    f"choose another name, or `stackcore library remove {name}` first.",
                )

    def store_dark(self, entry: DarkEntry, image: NDArray[Any], *, overwrite: bool = False) -> Path:
        """Keep a dark and its `image`, (H, W) uint16 or float32; returns the file of the entry.

        The entry's own `image` is ignored: the picture gets a fresh name. Errors as those of `check_free`; nothing is
        left behind then.
        """
        if image.shape != (entry.height, entry.width):
            raise ValueError(f"the picture is {image.shape}, the entry {(entry.height, entry.width)}")
        self.check_free(entry.name, DarkEntry, overwrite=overwrite)
        before = self._picture_of(entry.name)
        picture = self.folder / f"{entry.name}.{secrets.token_hex(4)}.tif"
        try:
            _write_image(image, picture, entry)
            path = self._store(entry.model_copy(update={"image": picture.name}), overwrite=overwrite)
        except BaseException:
            # Unless the entry is in place all the same: an interrupt may come after that.
            if self._picture_of(entry.name) != picture.name:
                with contextlib.suppress(OSError):
                    picture.unlink(missing_ok=True)
            raise
        self._sweep(entry.name, before)
        return path

    def store_white_balance(self, entry: WhiteBalanceEntry, *, overwrite: bool = False) -> Path:
        """Keep a white balance; returns its file. Errors as those of `check_free`."""
        self.check_free(entry.name, WhiteBalanceEntry, overwrite=overwrite)
        return self._store(entry, overwrite=overwrite)

    def remove(self, name: str) -> Path:
        """Remove an entry, also a broken one, and its picture; returns the file that went. `UsageError` if none."""
        path = self.file(name)
        if not os.path.lexists(path):
            self.entry(name)
        before = self._picture_of(name)
        with translated(path):
            path.unlink()
        self._sweep(name, before)
        return path

    def image(self, entry: DarkEntry) -> NDArray[Any]:
        """Return the averaged dark, (H, W) uint16 or float32, black included; `ConfigError` if it is damaged."""
        import tifffile

        path = self.image_file(entry)
        try:
            found: NDArray[Any] = tifffile.imread(path)
        except (OSError, ValueError, tifffile.TiffFileError) as error:
            raise self._damaged(entry, f"{path.name}: {error}") from error
        if found.shape != (entry.height, entry.width) or found.dtype not in (np.uint16, np.float32):
            size = "x".join(str(n) for n in reversed(found.shape))
            raise self._damaged(entry, f"{path.name} is {size} of {found.dtype}")
        return found

    def image_file(self, entry: DarkEntry) -> Path:
        """Where the averaged dark is; `ConfigError` when the entry names a file elsewhere."""
        if Path(entry.image).name != entry.image or not entry.image.endswith(".tif"):
            raise self._damaged(entry, f'"{entry.image}" is no name of its picture')
        return self.folder / entry.image

    def correction_of(self, entry: DarkEntry, with_dark: bool) -> Correction:
        """Return what an entry corrects: its defects, and the averaged dark as well `with_dark`.

        `Match.is_subtracted` tells when that is better. `ConfigError` when the picture is damaged.
        """
        dark = self.image(entry).astype(np.float32, copy=False) if with_dark else None
        return Correction(dark=dark, defects=entry.defects)

    def match(self, shot: Shot, width: int, height: int) -> Match | None:
        """Return the best dark for a frame, None if there is none of its body and size; see `best_match`."""
        return best_match(self.contents().darks, shot, width, height)

    def _of_kind(self, name: str, kind: type[_E], otherwise: str) -> _E:
        entry = self.entry(name)
        if not isinstance(entry, kind):
            of_kind = [e.name for e in (*self.contents().darks, *self.contents().white_balances) if isinstance(e, kind)]
            raise UsageError(f'"{name}" cannot be used here.', f"it is {otherwise}.", did_you_mean(name, of_kind))
        return entry

    def _read(self, path: Path) -> Entry:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"The entry {path} of the calibration library cannot be read.",
                f"{error.strerror or error}.",
                "make it readable, or remove it.",
            ) from error
        entry = parse_entry(path, data)
        if isinstance(entry, DarkEntry) and not self.image_file(entry).is_file():
            raise self._damaged(entry, f"its picture {entry.image} is missing")
        return entry

    def _store(self, entry: Entry, *, overwrite: bool) -> Path:
        path = self.file(entry.name)
        data = entry.model_dump_json(by_alias=True).encode() + b"\n"
        (replace if overwrite else create)(data, path)
        return path

    def _picture_of(self, name: str) -> str | None:
        """Which picture the entry names now."""
        with contextlib.suppress(StackcoreError):
            found = self._read(self.file(name))
            return found.image if isinstance(found, DarkEntry) else None
        return None

    def _sweep(self, name: str, before: str | None) -> None:
        """Remove the picture that the entry named `before`, and what runs that were killed left behind.

        Only what is old: another run may be about to name a picture that nothing names yet.
        """
        now = self._picture_of(name)
        own = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{8}}\.tif|\.stackcore-[0-9a-f]{{16}}\.part")
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another program has it open; a later sweep gets it
                if path.name == now or not own.fullmatch(path.name):
                    continue
                if path.name == before or time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                    path.unlink()

    def _damaged(self, entry: DarkEntry, why: str) -> ConfigError:
        return ConfigError(
            f'The dark "{entry.name}" of the calibration library is damaged.',
            f"{why}.",
            f"remove it with `stackcore library remove {entry.name}`, and make it again.",
        )


def _write_image(image: NDArray[Any], target: Path, entry: DarkEntry) -> None:
    """Write an averaged dark under a temporary name, flush it, and move it into place."""
    import tifffile

    temporary = target.with_name(f".stackcore-{secrets.token_hex(8)}.part")
    with translated(target):
        try:
            with temporary.open("xb") as file:
                tifffile.imwrite(
                    file,
                    image,
                    photometric="minisblack",
                    metadata=None,
                    software=entry.software,
                    description=f"stackcore dark {entry.name}: mean of {entry.frames}, raw numbers, black included",
                )
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        flush_folder(target.parent)
