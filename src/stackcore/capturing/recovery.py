"""What is certain of a run that ended early: its manifest and its journal, read together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stackcore.capturing.journal import (
    AnyRecord,
    Begun,
    MoveConfirmed,
    MoveIntent,
    SaveConfirmed,
    SaveIntent,
    SliceIntent,
)
from stackcore.capturing.manifest import INCOMPLETE, NO_FILE, Manifest, ManifestFile, ManifestSlice, ManifestWarning
from stackcore.errors import CameraError
from stackcore.paths.naming import numbered


@dataclass(frozen=True)
class Whereabouts:
    """Focus stands between `low` and `high`, drive units from the start of the run; both None: nobody knows."""

    low: int | None
    high: int | None

    @property
    def certain(self) -> bool:
        """It is known to the unit."""
        return self.low is not None and self.low == self.high

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return "anywhere"
        return f"at {self.low:+d}" if self.certain else f"between {self.low:+d} and {self.high:+d}"


UNKNOWN = Whereabouts(None, None)


@dataclass
class Recovered:
    """A run as it was left: the manifest with what only the journal knew, and where focus stands.

    `notes` tell what was added and what is missing.
    """

    manifest: Manifest
    focus: Whereabouts
    notes: list[str] = field(default_factory=list)


def recover(
    manifest: Manifest, folder: Path, records: Sequence[AnyRecord], broken: Sequence[AnyRecord] = ()
) -> Recovered:
    """Join what both tell. `folder` is where they lie; `manifest` is not changed.

    `records` are those of the journal, `broken` those of one that could not be kept up; that one is believed about
    files alone. A journal is always as new as the manifest or newer; where there is none, a manifest that does not
    say `running` is the truth, and of one that does nothing is certain.
    """
    found = Recovered(manifest.model_copy(deep=True), _whereabouts(manifest, records))
    for entry, complete in [*_slices_of(broken, folder), *_slices_of(records, folder)]:
        _take_in(found, entry, complete)
    for path in found.manifest.file_paths(folder):
        if not path.exists():
            found.notes.append(f"{path} was saved and is no longer there")
    return found


def first_left(manifest: Manifest, slices: int, saves: bool) -> int | None:
    """Index of the first slice that is not done, None when all are; `saves` says whether each must have files."""
    done = {entry.index for entry in manifest.slices if not saves or _is_saved(entry)}
    return next((index for index in range(slices) if index not in done), None)


def drop_unsaved(manifest: Manifest, saves: bool) -> None:
    """Take slices out that will be shot again; files that they have stay, and a warning lists them."""
    for entry in [each for each in manifest.slices if saves and not _is_saved(each)]:
        manifest.slices.remove(entry)
        for file in entry.files:
            message = f"{file.path} belongs to a first try of slice {entry.index}, which was shot again"
            manifest.warnings.append(ManifestWarning(code="shot_again", message=message, frame=file.path))


def require_certain(focus: Whereabouts, stated: int | None) -> int:
    """Return the offset that is stated or certain; `CameraError` names the range of one that is neither."""
    if stated is not None:
        return stated
    if focus.certain and focus.low is not None:
        return focus.low
    raise CameraError(
        "Where focus stands is not certain; nothing was moved.",
        f"it stands {focus} drive units from the start of the run (+ is farther), for a movement was not confirmed."
        if focus.low is not None
        else "the run ended without a word, and its journal is missing.",
        "look through live view, and say where it stands with --focus-offset N; 0 after turning it back by hand.",
    )


def _whereabouts(manifest: Manifest, records: Sequence[AnyRecord]) -> Whereabouts:
    if not records:
        now = manifest.focus.now
        known = manifest.state != "running" and manifest.focus.certain and now is not None
        return Whereabouts(now, now) if known else UNKNOWN
    where, pending = UNKNOWN, 0
    for record in records:
        match record:
            case Begun(offset=offset):
                where, pending = Whereabouts(offset, offset), 0
            case MoveIntent(steps=steps):
                where, pending = _widened(where, pending), steps
            case MoveConfirmed(steps=steps) if where.low is not None and where.high is not None:
                where, pending = Whereabouts(where.low + steps, where.high + steps), 0
    return _widened(where, pending)


def _widened(where: Whereabouts, pending: int) -> Whereabouts:
    """Where a command that was not confirmed may have led."""
    if where.low is None or where.high is None:
        return where
    return Whereabouts(where.low + min(pending, 0), where.high + max(pending, 0))


def _slices_of(records: Iterable[AnyRecord], folder: Path) -> list[tuple[ManifestSlice, bool]]:
    """Every slice of the journal with the files that are in their place, and whether those are all."""
    found: list[tuple[ManifestSlice, int]] = []
    open_save: SaveIntent | None = None
    for record in records:
        match record:
            case SliceIntent():
                _settle(found, open_save, folder)
                entry = ManifestSlice(index=record.index, offset=record.offset, time=record.time)
                found.append((entry, record.files))
                open_save = None
            case SaveIntent():
                _settle(found, open_save, folder)
                open_save = record
            case SaveConfirmed() if found:
                found[-1][0].files.append(ManifestFile(path=record.path, sha256=record.sha256, bytes=record.bytes))
                open_save = None
    _settle(found, open_save, folder)
    return [(entry, len(entry.files) == planned) for entry, planned in found]


def _settle(found: list[tuple[ManifestSlice, int]], intent: SaveIntent | None, folder: Path) -> None:
    """A save that was not confirmed: the file is in its place or not, its content tells."""
    if not found or intent is None:
        return
    target, suffix = folder / intent.path, 0
    while (path := numbered(target, suffix)).exists():
        if path.stat().st_size == intent.bytes and hashlib.sha256(path.read_bytes()).hexdigest() == intent.sha256:
            name = intent.path.removesuffix(target.name) + path.name
            found[-1][0].files.append(ManifestFile(path=name, sha256=intent.sha256, bytes=intent.bytes))
            return
        suffix += 1


def _take_in(found: Recovered, entry: ManifestSlice, complete: bool) -> None:
    """Put a slice of the journal into the manifest, unless that has all of it."""
    slices = found.manifest.slices
    known = {file.path for each in slices for file in each.files}
    known |= {warning.frame for warning in found.manifest.warnings if warning.frame}
    if not entry.files or known.issuperset(file.path for file in entry.files):
        return
    if not complete:
        entry.warnings.append(ManifestWarning(code=INCOMPLETE, message="not all of its files were saved"))
    slices[:] = sorted(
        [each for each in slices if each.index != entry.index or each.files] + [entry], key=lambda each: each.index
    )
    listed = ", ".join(file.path for file in entry.files)
    found.notes.append(f"slice {entry.index} was saved though the manifest did not tell: {listed}")


def _is_saved(entry: ManifestSlice) -> bool:
    codes = {warning.code for warning in entry.warnings}
    return NO_FILE in codes or (bool(entry.files) and INCOMPLETE not in codes)
