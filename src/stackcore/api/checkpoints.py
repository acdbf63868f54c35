"""Checkpoints of a stack under way: what they hold, whether one fits the run that wants to go on from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from stackcore import __version__
from stackcore.api.recording import settings_of
from stackcore.errors import ConfigError, FrameMismatch
from stackcore.events import Warned
from stackcore.protocols import FusePlan
from stackcore.stacking.checkpoint import SCHEMA, CheckpointFolder, Pace
from stackcore.stacking.hot_pixels import HotPixels, mended_in
from stackcore.stacking.mending import Blemish
from stackcore.stacking.strips import Strips
from stackcore.stacking.survey import Survey, untouched
from stackcore.terms import Strip

if TYPE_CHECKING:
    from stackcore.api.work import Work

Identity = dict[str, Any]

_FINISHED = ("picture", "depth", "confidence", "evidence")
"""Parts of a checkpoint that hold the strips that are done."""


class Checkpoints:
    """The milestones of one run with an output: keeps its state now and then, and knows where the last one ended.

    A checkpoint that cannot be written is a warning, once, and never ends a run.

    Raises
    ------
    FrameMismatch, ConfigError
        The run is to be resumed, and its checkpoint was made from other frames, with other options or another version.
    """

    def __init__(self, work: Work, output: Path) -> None:
        self._work, self._folder, self._pace = work, CheckpointFolder(output), Pace()
        self._broken = self._written = False
        self._identity = identity_of(work)
        self._found = self._folder.read()
        self._survey: Survey | None = None
        self._finished: Strips | None = None
        if work.options.resume:
            self._go_on()
        elif self._found is not None:
            self._tell_left()
            self._found = None

    def survey(self) -> Survey | None:
        """What the earlier run had surveyed, with its hot pixels mended; None where there was none."""
        return self._survey

    @property
    def goes_on(self) -> bool:
        """Whether there is an earlier run to go on with: what lies beside the result is its own then."""
        return self._found is not None

    def mark(self, found: Survey) -> None:
        """Keep the survey at least, before files are written beside the result: the next run knows them by that."""
        if self._found is None and not self._written:
            self._keep({"plan": None, "strip": 0, "added": 0}, {"survey": found})

    @property
    def cut(self) -> tuple[Strip, ...] | None:
        """The strips that the earlier run was making, None where there is none to go on with."""
        if self._found is None or self._found["plan"] is None:
            return None
        return tuple(Strip(top, bottom) for top, bottom in self._found["plan"][2])

    def start(self, found: Survey, plan: FusePlan, strips: Sequence[Strip], finished: Strips | None) -> tuple[int, Any]:
        """Remember what the next checkpoints are about; how many strips are done, and what they have gathered.

        What is done is put into `finished`, which is None for the whole canvas.
        """
        self._survey, self._finished = found, finished
        self._fuse_plan = plan
        self._plan = [plan.kind, list(plan.ends), [[strip.top, strip.bottom] for strip in strips]]
        self.at_strip(0, None)
        if self._found is None or self._found["plan"] is None:
            return 0, None
        if self._found["plan"] != self._plan:
            raise _unfit(ConfigError, self._folder, "its slabs end elsewhere, or the canvas has another size")
        if finished is not None:
            finished.take(*(self._loaded(part, None) for part in _FINISHED))
        return int(self._found["strip"]), self._loaded("gathered", None) if finished is not None else None

    def at_strip(self, number: int, gathered: Any) -> None:
        """From now on, strip `number` is made, with what was `gathered` before."""
        self._strip, self._gathered = number, gathered

    def begun(self, empty: Callable[[], Any]) -> tuple[int, list[Any]]:
        """Where the earlier run had come to."""
        if self._found is None or self._found["plan"] is None or self._found["strip"] != self._strip:
            return 0, []
        added = int(self._found["added"])
        templates = [empty() for _ in range(self._fuse_plan.waiting(added))] if added else []
        states: list[Any] = self._loaded("state", templates) if added else []
        return added, states

    def reached(self, added: int, states: Sequence[Any]) -> None:
        """Keep the states, when it is time."""
        if not self._pace.is_due:
            return
        parts: dict[str, Any] = {"survey": self._survey, "state": list(states)}
        if self._finished is not None:
            parts |= {**dict(zip(_FINISHED, self._finished.parts(), strict=True)), "gathered": self._gathered}
        self._keep({"plan": self._plan, "strip": self._strip, "added": added}, parts)

    def remove(self) -> None:
        """The result is written: nothing is left to resume."""
        self._folder.remove()

    def _keep(self, where: Mapping[str, Any], parts: Mapping[str, Any]) -> None:
        """Write a checkpoint; one that cannot be written is told once, and none is tried again."""
        if self._broken:
            return
        hot_pixels = self._work.hot_pixels
        about = {
            "schema": SCHEMA,
            "identity": self._identity,
            **where,
            "hot_pixels": None if hot_pixels is None else asdict(hot_pixels),
        }
        try:
            self._pace.keep(lambda: self._folder.write(about, parts))
            self._written = True
        except (OSError, TypeError) as error:
            self._broken = True
            message = f"This run cannot be resumed if it ends early: {error}."
            self._work.run.emit(Warned(code="checkpoint-failed", message=message))

    def _go_on(self) -> None:
        """Take over what an earlier run has kept."""
        found, work = self._found, self._work
        if found is None:
            message = "There is no checkpoint to go on from: the work starts at its beginning."
            work.run.emit(Warned(code="checkpoint-missing", message=message))
            return
        if found.get("schema") != SCHEMA:
            raise _unfit(ConfigError, self._folder, f"it has the schema {found.get('schema')}, not {SCHEMA}")
        refuse_other(self._folder, found["identity"], self._identity)
        self._survey = self._loaded("survey", untouched(work.reader))
        if found["hot_pixels"] is not None:
            work.hot_pixels = _hot_pixels(found["hot_pixels"])
            mended_in(work.reader, work.hot_pixels)
        for name, reason in _lost(work, self._survey):
            work.run.emit(Warned(code="frame-skipped", message=f"{name} is left out: {reason}.", frame=name))

    def _loaded(self, part: str, template: Any) -> Any:
        try:
            return self._folder.load(part, template)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unfit(ConfigError, self._folder, f"its {part} cannot be read: {error}") from error

    def _tell_left(self) -> None:
        assert self._found is not None
        message = (
            f"{self._folder.path.name} is left over from a run that ended early, with {self._found.get('added')} "
            "frames in; it is replaced. --resume goes on from it."
        )
        self._work.run.emit(Warned(code="checkpoint-left", message=message))


def identity_of(work: Work) -> Identity:
    """Everything that the bytes of a result depend on, as JSON has it: a checkpoint of anything else does not fit."""
    options, tools = work.options, work.tools
    suffixes = sorted({path.suffix.lower() for path in work.reader.paths})
    used = {f"developer of {suffix}": tools.used_developer(suffix) for suffix in suffixes}
    used |= {"fuser": tools.used("fuser", options.fuser)}
    if work.aligner is not None:
        used |= {"aligner": tools.used("aligner", options.aligner)}
    identity = {
        "frames": [_file(path) for path in work.reader.paths],
        "options": settings_of(options),
        "slabs": [options.slabs, options.slab_size, options.slab_overlap],
        "transforms": None if options.transforms is None else _content(Path(options.transforms)),
        "plugins": {name: plugin.model_dump(mode="json") for name, plugin in used.items()},
        "development": work.development,
        "depth": work.finds_depth,
        "versions": {"stackcore": __version__, "numpy": np.__version__, "opencv": cv2.__version__},
    }
    plain: Identity = json.loads(json.dumps(identity, default=str))
    return plain


def refuse_other(folder: CheckpointFolder, kept: Identity, wanted: Identity) -> None:
    """Raise when a checkpoint was made by a run that would have given another result."""
    before, now = kept.get("frames", []), wanted["frames"]
    if len(before) != len(now):
        raise _unfit(FrameMismatch, folder, f"it was made from {len(before)} frames, these are {len(now)}")
    for one, other in zip(before, now, strict=True):
        if one != other:
            what = f"{one[0]} stood there" if one[0] != other[0] else "its size or its time has changed"
            raise _unfit(FrameMismatch, folder, f"{other[0]} is another frame than then: {what}")
    for key in wanted:
        path = _difference(kept.get(key), wanted[key], key)
        if path is not None:
            raise _unfit(ConfigError, folder, path)


def _difference(kept: Any, wanted: Any, path: str) -> str | None:
    """Where two documents differ first, in words."""
    if kept == wanted:
        return None
    if isinstance(kept, Mapping) and isinstance(wanted, Mapping):
        for key in sorted({*kept, *wanted}):
            if (deeper := _difference(kept.get(key), wanted.get(key), f"{path}, {key}")) is not None:
                return deeper
    return f"{path}: it was {_short(kept)} then, and is {_short(wanted)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _content(path: Path) -> str | None:
    """Checksum of a file; None where it cannot be read, which the survey tells in its own words."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _file(path: Path) -> list[Any]:
    status = path.stat()
    return [path.name, status.st_size, status.st_mtime_ns]


def _hot_pixels(record: Mapping[str, Any]) -> HotPixels:
    blemishes = tuple(Blemish(b["x"], b["y"], tuple(b["reach_px"])) for b in record["blemishes"])
    return HotPixels(tuple((x, y) for x, y in record["places"]), blemishes, record["doubt"])


def _lost(work: Work, survey: Survey) -> list[tuple[str, str]]:
    return [(work.reader.paths[f.index].name, f.reason or "") for f in survey.frames if f.transform is None]


def _unfit(
    kind: type[FrameMismatch] | type[ConfigError], folder: CheckpointFolder, why: str
) -> FrameMismatch | ConfigError:
    return kind(
        f"{folder.path} does not fit this run.",
        f"{why}.",
        "run the command as it was run then, or leave out --resume to start anew.",
    )
