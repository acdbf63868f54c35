"""Writes a preset from a few answers; it is checked before it is written, and nothing is overwritten."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from stackcore.errors import OutputError, UsageError, did_you_mean
from stackcore.paths.naming import move_without_replacing
from stackcore.paths.sanitise import sanitise
from stackcore.presets.finding import user_presets
from stackcore.presets.inheriting import layers_of
from stackcore.presets.layering import resolve
from stackcore.presets.reading import parse_preset
from stackcore.presets.writing import AIMS, BASES, FORMATS, Wanted, preset_text

CHOICES = {"subject": tuple(BASES), "aim": AIMS, "format": FORMATS}
"""Questions that have a fixed set of answers."""

USUAL = {
    "name": "mine",
    "subject": "studio",
    "magnification": 1.0,
    "camera": "simulator",
    "aim": "quality",
    "format": "tif",
}
"""What an answer is where none is given."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MOST = 200.0
"""No objective of a light microscope magnifies more."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a new preset is called, and what it is for; see `stackcore.presets.writing.Wanted`."""

    name: str
    subject: str
    magnification: float
    camera: str
    aim: str
    format: str


def new_preset(answers: Answers, file: Path | None = None) -> Path:
    """Write a preset into `file`, or among the user's presets; returns where.

    Raises
    ------
    UsageError
        An answer is none of the choices, or the name is no name.
    OutputError
        The file exists, or cannot be written.

    Examples
    --------
    >>> import stackcore
    >>> answers = stackcore.Answers(
    ...     name="mine", subject="studio", magnification=5.0, camera="simulator", aim="quality", format="tif"
    ... )
    >>> stackcore.new_preset(answers).name
    'mine.toml'
    """
    _check(answers)
    path = file or user_presets() / f"{answers.name}.toml"
    summary = f"{answers.subject.capitalize()}, {answers.magnification:g}:1, for {answers.aim}."
    text = preset_text(
        Wanted(
            summary=summary,
            subject=answers.subject,
            magnification=answers.magnification,
            camera=answers.camera,
            aim=answers.aim,
            format=answers.format,
        )
    )
    resolve(layers_of(parse_preset(text.encode(), path, str(path)), "preset"))  # in order, and what it extends is there
    _write(text, path)
    return path


def _check(answers: Answers) -> None:
    if not _NAME.fullmatch(answers.name) or sanitise(answers.name)[0] != answers.name:
        raise UsageError(
            f'A preset cannot be called "{answers.name}".',
            "a name has 1 to 64 letters, digits, - and _, and starts with a letter or digit.",
            'for example "beetles".',
        )
    for key, words in CHOICES.items():
        if (given := getattr(answers, key)) not in words:
            raise UsageError(f'--{key} cannot be "{given}".', "there is no such choice.", did_you_mean(given, words))
    if not 0 < answers.magnification <= _MOST:
        raise UsageError(
            f"--magnification cannot be {answers.magnification:g}.",
            f"it is size on the sensor over size of the subject, above 0 and up to {_MOST:g}.",
            "1 is life size, 5 what a 5x objective gives.",
        )


def _write(text: str, path: Path) -> None:
    if os.path.lexists(path):
        raise OutputError(f"{path} exists already.", "nothing is overwritten.", "choose another name, or edit it.")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        move_without_replacing(draft, path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written.", f"{error.strerror or error}.", "choose another place with --out."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
