"""The text of a new preset, from a few answers; each value with its reason."""

from __future__ import annotations

import json
from dataclasses import dataclass

BASES = {"field": "field-macro", "studio": "studio-10x", "microscope": "microscope", "product": "product"}
"""The shipped preset that each kind of subject begins with."""

FORMATS = ("tif", "png", "jpg")
AIMS = ("quality", "speed")

_REST_MS, _PER_MAGNIFICATION_MS, _LONGEST_MS = 200, 200, 3000
"""How long a camera on a stand swings after a movement, in the simulator's and our own few set-ups: the picture of it
grows with magnification. Nothing but a first guess, and said to be one in the file."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a new preset is for; `magnification` is size on the sensor over size of the subject."""

    summary: str
    subject: str
    magnification: float
    camera: str
    aim: str
    format: str


def settling_ms(magnification: float) -> int:
    """A first guess for the delay, in milliseconds.

    Examples
    --------
    >>> settling_ms(0), settling_ms(1), settling_ms(100)
    (200, 400, 3000)
    """
    return min(_LONGEST_MS, round(_REST_MS + _PER_MAGNIFICATION_MS * magnification))


def preset_text(wanted: Wanted) -> str:
    """Return the file of a preset as TOML."""
    lines = [
        f"summary = {quoted(wanted.summary)}",
        f"extends = {quoted(BASES[wanted.subject])}  # its values hold where this file says none",
        "",
        "[capture]",
        f"camera = {quoted(wanted.camera)}",
        f"delay_ms = {settling_ms(wanted.magnification)}  # a first guess for {wanted.magnification:g}:1, where each "
        "shake shows so many times larger",
        "",
        *(_SPEED if wanted.aim == "speed" else []),
        "[output]",
        f"format = {quoted(wanted.format)}  # {_FORMAT_REASON[wanted.format]}",
        "",
    ]
    return "\n".join(lines)


_SPEED = [
    "[stack]",
    'fuser = "weighted"  # no pyramid: an eighth less time than blend in all',
    "hot_pixels = false  # the search reads every frame once more",
    "",
    "[aligner]",
    "work_size_px = 512  # a quarter of the pixels to compare",
    "iterations = 30  # half the effort on each scale",
    "",
]

_FORMAT_REASON = {
    "tif": "16 bits, for further work",
    "png": "16 bits in a file that every browser shows",
    "jpg": "small, and finished",
}


def quoted(text: str) -> str:
    r"""Text as TOML has it: JSON's strings are its basic strings but for DEL, which TOML wants escaped.

    Examples
    --------
    >>> quoted('5" lens')
    '"5\\" lens"'
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
