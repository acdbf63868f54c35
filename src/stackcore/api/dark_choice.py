"""Which dark corrects the frames of a stack, and how much of it: the first file, one of the library, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stackcore.api.reference import Reference
from stackcore.errors import StackcoreError
from stackcore.events import Warned
from stackcore.metadata.shot import Shot
from stackcore.protocols import Correction
from stackcore.runs import Run

if TYPE_CHECKING:
    from stackcore.calibration.entries import DarkEntry
    from stackcore.calibration.matching import Match

AUTOMATIC, NO_DARK = "auto", "none"
"""What `--darks` takes beside names: the best one of the library, and no dark at all."""

_DEFECTS_ALONE = " It is not subtracted; its defects are repaired."

Coordinates = tuple[tuple[int, int], ...]


class DarkChoices(Protocol):
    """What the user says of the dark: it is the first file, or has a name (`none` for no dark), or None of both."""

    @property
    def first_is_dark(self) -> bool:
        """The first file is the dark."""
        ...

    @property
    def darks(self) -> str | None:
        """Name of an entry of the calibration library."""
        ...


@dataclass(frozen=True, kw_only=True)
class Dark:
    """What corrects the frames.

    Attributes
    ----------
    correction
        Empty where there is no dark.
    name
        Of the entry in the library, or of the file; None for no dark.
    chosen
        `automatically`, `by name` or `first file`.
    subtracted
        `whole`; `smooth`, that is glow and offsets without the noise; or `no`: its defects alone are used.
    shot
        Of the dark.
    hot, dead
        What was found.
    """

    correction: Correction = field(default_factory=Correction)
    name: str | None = None
    chosen: str = ""
    subtracted: str = "no"
    shot: Shot = field(default_factory=Shot)
    hot: Coordinates = ()
    dead: Coordinates = ()

    def correction_for(self, shot: Shot) -> Correction:
        """What of it corrects another file: what is subtracted belongs to one ISO and exposure time, defects to all."""
        from stackcore.calibration.agreement import same_iso, same_time

        if same_iso(self.shot.iso, shot.iso) and same_time(self.shot.exposure_s, shot.exposure_s):
            return self.correction
        return Correction(defects=self.correction.defects)

    def report(self) -> dict[str, Any]:
        """What the `result` event says of it; the lists where the dark was evaluated in this run."""
        if self.name is None:
            return {"dark": None}
        counts = {"hot": len(self.hot), "dead": len(self.dead)}
        told = {"dark": {"name": self.name, "chosen": self.chosen, "subtracted": self.subtracted, **counts}}
        if self.chosen != "first file":
            return told
        lists = {"hot": [list(place) for place in self.hot], "dead": [list(place) for place in self.dead]}
        return {**told, **lists}


def dark_of(first: Path, reference: Reference, choices: DarkChoices, run: Run) -> Dark:
    """Return what corrects the frames.

    A dark that was chosen automatically is subtracted only where its ISO and exposure time are those of the frames;
    its defects are repaired in any case. One that the user chose is subtracted in any case. Both warn where the
    settings differ. Of a single dark, unless it was named, no more than the smooth part is subtracted: the rest is
    its noise (`stackcore.calibration.smooth_dark`).

    Numbers of another bit depth are never subtracted: an automatic choice falls on a dark with the black and white of
    the frames, or else gives its defects alone.

    Parameters
    ----------
    first
        The first file that was named: the dark, if `choices` say so.

    Raises
    ------
    FrameError
        The dark is not dark, or of another size, body, or bit depth.
    UsageError, ConfigError
        The library does not know the name, or its entry is damaged.
    """
    if choices.first_is_dark:
        return _evaluated(first, reference, run)
    if choices.darks in (None, AUTOMATIC):
        return _automatic(reference, run) if reference.has_mosaic else Dark()
    return Dark() if choices.darks == NO_DARK else _named(choices.darks, reference, run)


def _evaluated(path: Path, reference: Reference, run: Run) -> Dark:
    """The first file, evaluated as `stackcore darks` does it."""
    from stackcore.api import measuring
    from stackcore.calibration.matching import judged

    reference.refuse_without_mosaic("--first-is-dark")
    files = measuring.dark_files(run, [path], reference.developers)
    reference.refuse_other_size(f"The dark {path}", files.size)
    reference.refuse_other_body(f"The dark {path}", files.shot)
    found = measuring.measure_darks(run, files, reference.developers, path.name)
    reference.refuse_other_levels(f"The dark {path}", (found.entry.black, found.entry.white))
    _tell(judged(found.entry, reference.shot), run, path.name)
    correction = Correction(dark=found.image.astype("float32"), defects=found.entry.defects)
    return _of_entry(found.entry, _smoothed(correction, found.entry), "first file", "smooth")


def _named(name: str, reference: Reference, run: Run) -> Dark:
    from stackcore.calibration.library import Library
    from stackcore.calibration.matching import judged

    library = Library()
    entry = library.dark(name)
    reference.refuse_without_mosaic(f"--darks {name}")
    reference.refuse_other_size(f'The dark "{name}"', (entry.width, entry.height))
    reference.refuse_other_body(f'The dark "{name}"', entry.shot)
    reference.refuse_other_levels(f'The dark "{name}"', (entry.black, entry.white))
    _tell(judged(entry, reference.shot), run)
    return _of_entry(entry, library.correction_of(entry, with_dark=True), "by name", "whole")


def _automatic(reference: Reference, run: Run) -> Dark:
    from stackcore.calibration.agreement import same_body
    from stackcore.calibration.library import Library
    from stackcore.calibration.matching import best_match

    library = Library()
    contents = library.contents()
    for name, error in contents.broken:
        run.emit(Warned(code="library_entry_broken", message=f"{error.what} {error.why} {error.fix}", frame=name))
    of_body = [dark for dark in contents.darks if same_body(dark.shot, reference.shot)]
    if not of_body:
        return Dark()  # size and levels cost decoding
    alike = [dark for dark in of_body if reference.counts_alike((dark.black, dark.white))]
    match = best_match(alike, reference.shot, *reference.size) or best_match(of_body, reference.shot, *reference.size)
    if match is None:
        return Dark()
    entry = match.entry
    if entry not in alike:
        message = (
            f'The dark "{entry.name}" was recorded with another black and white than these frames, as with another '
        )
        run.emit(Warned(code="dark_mismatch", message=f"{message}bit depth.{_DEFECTS_ALONE}"))
        return _of_entry(entry, library.correction_of(entry, with_dark=False), "automatically", "no")
    if not match.fits:
        _tell(match, run, consequence=_DEFECTS_ALONE)
        return _of_entry(entry, library.correction_of(entry, with_dark=False), "automatically", "no")
    try:
        correction = library.correction_of(entry, with_dark=True)
    except StackcoreError as error:
        message = f"{error.what} {error.why} {error.fix} Its defects are used all the same."
        run.emit(Warned(code="library_entry_broken", message=message, frame=entry.name))
        return _of_entry(entry, library.correction_of(entry, with_dark=False), "automatically", "no")
    if match.is_subtracted:
        return _of_entry(entry, correction, "automatically", "whole")
    return _of_entry(entry, _smoothed(correction, entry), "automatically", "smooth")


def _smoothed(correction: Correction, entry: DarkEntry) -> Correction:
    import numpy as np

    from stackcore.calibration.smooth_dark import smooth_dark

    assert correction.dark is not None
    pattern = np.array(entry.pattern, np.uint8)
    return Correction(dark=smooth_dark(correction.dark, pattern, correction.defects), defects=correction.defects)


def _of_entry(entry: DarkEntry, correction: Correction, chosen: str, subtracted: str) -> Dark:
    return Dark(
        correction=correction,
        name=entry.name,
        chosen=chosen,
        subtracted=subtracted,
        shot=entry.shot,
        hot=entry.hot,
        dead=entry.dead,
    )


def _tell(match: Match, run: Run, frame: str | None = None, consequence: str = "") -> None:
    if match.warning:
        run.emit(Warned(code="dark_mismatch", message=match.warning + consequence, frame=frame))
