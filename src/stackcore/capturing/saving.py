"""Names and saves the files of a run: template, counters and collisions, one picture at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from stackcore.capturing.mirroring import Mirror
from stackcore.errors import OutputError
from stackcore.events import Saved, Saving, Warned
from stackcore.paths.counters import Counters, Numbers, Reservation
from stackcore.paths.naming import Placed, free_suffix, numbered, place
from stackcore.paths.template import Expanded, Template, expand
from stackcore.protocols import CameraInfo, CapturedFile, Token, TokenContext
from stackcore.runs import Run


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What path tokens may know of a whole run; `fields` and `answers` are those of `TokenContext`."""

    started: datetime
    profile: str
    mode: str
    slices: int
    step: int
    camera: CameraInfo
    fields: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)


class FrameNamer:
    """Turns the template into paths; counter numbers come from outside."""

    def __init__(
        self, template: Template, tokens: Mapping[str, Token], facts: RunFacts, base: Path | None = None
    ) -> None:
        self._template, self._tokens, self._facts, self._base = template, tokens, facts, base

    @property
    def counter_names(self) -> list[str]:
        """The lasting counters that the template uses."""
        used = {self._tokens[use.name].counter for use in self._template.uses}
        return sorted(self._counter_name(counter) for counter in used if counter)

    def expand(
        self, numbers: Numbers, *, taken_at: datetime, image: int, extension: str, slice_index: int, offset: int
    ) -> Expanded:
        """Path of a file of image number `image` (from 1) of the run."""

        def context_for(token: Token) -> TokenContext:
            return TokenContext(
                run_started=self._facts.started,
                taken_at=taken_at,
                profile=self._facts.profile,
                mode=self._facts.mode,
                extension=extension,
                slice_index=slice_index,
                slices=self._facts.slices,
                step=self._facts.step,
                focus_offset=offset,
                image_in_run=image,
                camera=self._facts.camera,
                counter=numbers[self._counter_name(token.counter)] if token.counter else None,
                fields=self._facts.fields,
                answers=self._facts.answers,
            )

        return expand(self._template, self._tokens, context_for, extension, self._base)

    def first(self, counters: Counters, extension: str) -> tuple[Path, tuple[str, ...]]:
        """Path that the first image of a run would get now, and what was neutralised; takes no number."""
        numbers = counters.peek(self.counter_names)
        found = self.expand(
            numbers, taken_at=self._facts.started, image=1, extension=extension, slice_index=0, offset=0
        )
        target = found.with_extension(extension)
        return numbered(target, free_suffix([target])), found.warnings

    def _counter_name(self, counter: Literal["global", "profile"]) -> str:
        return f"profile:{self._facts.profile}" if counter == "profile" else "global"


class SaveNotes(Protocol):
    """Hears of each file before and after it is saved."""

    def about_to_save(self, target: Path, file: CapturedFile) -> None:
        """The file will be saved as `target`, or beside it with a number; what this raises stops it."""
        ...

    def saved(self, placed: Placed) -> None:
        """The file is in its place."""
        ...


class FrameSaver:
    """Saves the files of each slice and tells the listeners.

    Files of one picture share one name and one number, and differ in what depends on their type. The number counts
    as used once the first of them is in place, and is given back when none is. `images` were saved before, by an
    earlier part of the run.
    """

    def __init__(
        self,
        run: Run,
        namer: FrameNamer,
        counters: Counters,
        now: Callable[[], datetime],
        mirror: Mirror | None = None,
        images: int = 0,
    ) -> None:
        self._run, self._namer, self._counters, self._now = run, namer, counters, now
        self._mirror = mirror
        self._images = images
        self._last: datetime | None = None
        self._told: set[str] = set()

    def save(self, slice_index: int, offset: int, files: Sequence[CapturedFile], notes: SaveNotes) -> None:
        """Save what one exposure delivered, at least one file; `notes` hears of each at once.

        Raises `OutputError` when a file cannot be saved; nothing that was there before is touched.
        """
        taken_at = self._next_moment()
        found: list[Expanded] = []

        def target_for(numbers: Numbers) -> Path:
            found[:] = [
                self._namer.expand(
                    numbers,
                    taken_at=taken_at,
                    image=self._images + 1,
                    extension=file.extension,
                    slice_index=slice_index,
                    offset=offset,
                )
                for file in files
            ]
            return found[0].with_extension(files[0].extension)

        names = self._namer.counter_names
        reservation = self._counters.reserve(names, target_for) if names else Reservation({}, target_for({}))
        targets = [name.with_extension(file.extension) for name, file in zip(found, files, strict=True)]
        placed: list[Placed] = []
        try:
            suffix = free_suffix(targets)
            for file, target in zip(files, targets, strict=True):
                self._run.emit(Saving(slice_index=slice_index, path=str(numbered(target, suffix))))
                notes.about_to_save(numbered(target, suffix), file)
                placed.append(place(file.data, target, suffix))
                suffix = placed[-1].suffix
                notes.saved(placed[-1])
                if len(placed) == 1:
                    self._images += 1
                    self._mark_used(reservation)
                self._run.emit(_saved(slice_index, placed[-1]))
                if self._mirror is not None:
                    self._mirror.copy(file.data, placed[-1], found[0].root)
        except Exception:  # after a Ctrl-C nobody knows whether the file is in place: the next run settles that
            if not placed and names:
                self._counters.give_back(reservation)
            raise
        self._warn(_concerns(found, placed))

    def _mark_used(self, reservation: Reservation) -> None:
        if not reservation.numbers:
            return
        try:
            self._counters.mark_used(reservation)
        except OutputError as error:  # the frame is safe, and the open reservation keeps its number from coming back
            self._run.emit(Warned(code="counter", message=str(error)))

    def _next_moment(self) -> datetime:
        """Return the time, at least a millisecond after the last, so that names made of it differ."""
        moment = self._now()
        if self._last is not None:
            moment = max(moment, self._last + timedelta(milliseconds=1))
        self._last = moment
        return moment

    def _warn(self, messages: Iterable[str]) -> None:
        for message in messages:
            if message not in self._told:
                self._told.add(message)
                self._run.emit(Warned(code="path", message=message))


def _saved(slice_index: int, file: Placed) -> Saved:
    return Saved(slice_index=slice_index, path=str(file.path), bytes=file.bytes, sha256=file.sha256)


def _concerns(names: Sequence[Expanded], placed: Sequence[Placed]) -> Iterator[str]:
    """What to tell about the names of one picture, each thing once."""
    yield from dict.fromkeys(warning for name in names for warning in name.warnings)
    if placed[0].suffix:
        yield (
            f'{placed[0].path.parent} holds files of that name already; new ones get "-(1)" and so on. '
            "@GRP as a folder, or a counter in the name, keeps runs apart"
        )
