"""Keeps the two files that tell of a run in step: its manifest, which is whole, and its journal, which is ahead."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from stackcore.capturing.clock import Clock
from stackcore.capturing.engine import FocusBook
from stackcore.capturing.journal import (
    AnyRecord,
    Begun,
    Journal,
    MoveConfirmed,
    MoveIntent,
    SaveConfirmed,
    SaveIntent,
    SliceIntent,
    broken_journal_path,
    journal_path,
)
from stackcore.capturing.manifest import (
    INCOMPLETE,
    ManifestFile,
    ManifestFileWriter,
    ManifestFocus,
    ManifestSlice,
    ManifestWarning,
    State,
    as_manifest_warning,
)
from stackcore.errors import OutputError
from stackcore.events import Warned
from stackcore.paths.naming import Placed
from stackcore.protocols import CapturedFile
from stackcore.runs import Run


class RunRecord:
    """Manifest and journal of a run. Both are on the disk before anything moves or is saved.

    Parameters
    ----------
    run
        Whose warnings go into the manifest, from the first one on.
    manifest
        Writes the manifest.
    clock
        Tells when a slice was taken.
    journal
        The journal of a run that goes on; a new run opens its own.
    focus
        Where focus stands, kept up to date by the engine.
    """

    def __init__(
        self,
        run: Run,
        manifest: ManifestFileWriter,
        clock: Clock,
        focus: FocusBook,
        journal: Journal | None = None,
    ) -> None:
        self._run, self._manifest, self._clock, self._journal = run, manifest, clock, journal
        self._focus = focus
        self.files: list[Path] = []
        self.ending = False
        """The run is over but for the way back: from now on a journal that fails is a warning, it stops nothing."""
        self._entry: ManifestSlice | None = None
        self._planned = 0
        self._save_open = False
        self._warnings_noted = 0
        manifest.data.warnings.extend(self.new_warnings())
        if journal is not None:
            journal.append(self._begun())  # before the manifest, which says `running` from then on
            self.write("running")
            with contextlib.suppress(OSError):  # what it told is in the manifest now
                broken_journal_path(manifest.path, manifest.data.run_id).unlink(missing_ok=True)

    @property
    def manifest_path(self) -> Path:
        """Where the manifest is, or would be written now."""
        return self._manifest.path

    @property
    def path(self) -> Path | None:
        """Where the manifest is, None while there is none."""
        return self._manifest.path if self._manifest.path.exists() else None

    @property
    def slices_done(self) -> int:
        """How many slices the manifest tells of."""
        return len(self._manifest.data.slices)

    # ----------------------------------------------------------------- movements

    def about_to_move(self, steps: int, offset: int) -> None:
        """Write the intent; `OutputError` when that fails, unless the run is on its way back."""
        try:
            if self._journal is None:
                self._begin_here()
            self._append(MoveIntent(steps=steps, offset=offset))
        except OutputError as error:
            if not self.ending:
                raise
            self._warn_lost(error)

    def has_moved(self, steps: int, offset: int) -> None:
        """Write what was confirmed."""
        try:
            self._append(MoveConfirmed(steps=steps, offset=offset))
        except OutputError as error:  # the next intent will say so again, and stop the run
            self._warn_lost(error)

    # ----------------------------------------------------------------- slices

    def begin_slice(self, index: int, offset: int, files: Sequence[CapturedFile]) -> None:
        """A slice was taken; its files are about to be saved."""
        self._entry = ManifestSlice(index=index, offset=offset, time=self._clock.now())
        self._planned = len(files)
        self._manifest.data.slices.append(self._entry)

    def about_to_save(self, target: Path, file: CapturedFile) -> None:
        """Write the intent, and let manifest and journal lie beside the first file; `OutputError` if that fails."""
        try:
            self._settle_beside(target)
            self._write_intent(target, file)
        except OutputError as error:
            what = f"{target} could not be saved."
            raise OutputError(what, f"what is to happen cannot be written down: {error.why}", error.fix) from error

    def saved(self, placed: Placed) -> None:
        """Write that a file is in its place; never raises for a journal that fails."""
        self.files.append(placed.path)
        name = self._manifest.relative(placed.path)
        self._current().files.append(ManifestFile(path=name, sha256=placed.sha256, bytes=placed.bytes))
        self._save_open = False
        try:
            self._append(SaveConfirmed(path=name, sha256=placed.sha256, bytes=placed.bytes))
        except OutputError as error:  # the frame is safe, and the next intent stops the run
            self._warn_lost(error)

    def end_slice(self) -> None:
        """The slice is complete."""
        self._current().warnings = self.new_warnings()
        self._entry = None
        if self._journal is None:
            self._begin_here()
        else:
            self.write("running")

    def give_up_slice(self) -> None:
        """The slice could not be saved: what is there of it stays in the manifest, and is said to be incomplete."""
        entry, self._entry = self._current(), None
        self._save_open = False
        if not entry.files:
            self._manifest.data.slices.remove(entry)
            return
        message = f"{len(entry.files)} of {self._planned} files were saved"
        entry.warnings = [*self.new_warnings(), ManifestWarning(code=INCOMPLETE, message=message)]

    # ----------------------------------------------------------------- the files themselves

    def write(self, state: State) -> None:
        """Replace the manifest; `OutputError` when that fails."""
        self._manifest.data.state = state
        self._manifest.data.focus = self.told_focus()
        self._manifest.write()

    def finish(self, state: State, warnings: Sequence[ManifestWarning]) -> None:
        """Write how the run ended; the journal goes when there is nothing left that only it knows.

        `OutputError` when the manifest cannot be written; the journal then stays.
        """
        try:
            self._manifest.data.warnings.extend([*self.new_warnings(), *warnings])
            self.write(state)
            if self._journal is not None and self._focus.certain and not self._save_open:
                self._journal.remove()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the journal and leave it where it is."""
        if self._journal is not None:
            self._journal.close()

    def told_focus(self) -> ManifestFocus:
        """Where focus stands, as the manifest says it."""
        return ManifestFocus(now=self._focus.now if self._focus.certain else None, certain=self._focus.certain)

    def new_warnings(self) -> list[ManifestWarning]:
        """Warnings of the run that the manifest does not have yet; each is returned once."""
        fresh = list(islice(self._run.warnings, self._warnings_noted, None))
        self._warnings_noted = len(self._run.warnings)
        return [as_manifest_warning(event) for event in fresh]

    # ----------------------------------------------------------------- inside

    def _current(self) -> ManifestSlice:
        assert self._entry is not None, "no slice is under way"
        return self._entry

    def _begun(self) -> Begun:
        return Begun(
            run_id=self._manifest.data.run_id, offset=self._focus.now, process=os.getpid(), at=self._clock.now()
        )

    def _begin_here(self) -> None:
        """Manifest first: a journal that no manifest belongs to would never be found."""
        self.write("running")
        self._journal = Journal(journal_path(self._manifest.path, self._manifest.data.run_id))
        self._journal.append(self._begun())

    def _write_intent(self, target: Path, file: CapturedFile) -> None:
        entry = self._current()
        if not entry.files:
            self._append(SliceIntent(index=entry.index, offset=entry.offset, files=self._planned, time=entry.time))
        digest = hashlib.sha256(file.data).hexdigest()
        self._save_open = True
        self._append(SaveIntent(path=self._manifest.relative(target), sha256=digest, bytes=len(file.data)))

    def _settle_beside(self, file: Path) -> None:
        before = self._manifest.path
        self._manifest.settle_beside(file)
        if self._journal is None:
            try:
                self._begin_here()
            except OutputError:
                if not self._manifest.path.exists():
                    self._manifest.unsettle()
                raise
        elif self._manifest.path != before:
            self.write("running")
            self._journal.move_to(file.parent)
            with contextlib.suppress(OSError):
                before.unlink()

    def _append(self, record: AnyRecord) -> None:
        if self._journal is not None:
            self._journal.append(record)

    def _warn_lost(self, error: OutputError) -> None:
        if not any(warning.code == "journal" for warning in self._run.warnings):
            self._run.emit(Warned(code="journal", message=f"movements are no longer written down: {error.why}"))
