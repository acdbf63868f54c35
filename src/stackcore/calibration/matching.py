"""Which dark of the library fits a frame best, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from stackcore.calibration.agreement import same_body, same_iso, same_time, written_settings
from stackcore.calibration.entries import DarkEntry
from stackcore.metadata.shot import Shot

_UNKNOWN_STOPS = 4.0
"""How far apart two settings count of which one is not known: farther than any that one would still use."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """The best dark for a frame.

    Attributes
    ----------
    entry
        The dark.
    iso_matches, time_matches
        Whether it was taken at the ISO and the exposure time of the frame; False when one of the two is not known.
    warning
        What to tell the user, one or two sentences; None when nothing is wrong.
    """

    entry: DarkEntry
    iso_matches: bool
    time_matches: bool
    warning: str | None

    @property
    def fits(self) -> bool:
        """ISO and time match."""
        return self.iso_matches and self.time_matches

    @property
    def is_subtracted(self) -> bool:
        """The dark is worth subtracting as it is: nothing is wrong with it, and it averages several frames.

        A single dark would add its noise to every frame of the stack; the processing workflow subtracts none either.
        """
        return self.warning is None and self.entry.frames > 1


def best_match(darks: Sequence[DarkEntry], shot: Shot, width: int, height: int) -> Match | None:
    """Return the dark nearest to `shot` in ISO and time, of the same body and size; None when there is none.

    Maker, model and the size of the mosaic (not turned) must agree, and the serial number where both tell it. Distance
    is the sum of the differences in stops; between equals one with the same serial wins, then one of more frames, then
    the newest.
    """
    fitting = [d for d in darks if (d.width, d.height) == (width, height) and same_body(d.shot, shot)]
    if not fitting:
        return None
    return judged(min(fitting, key=lambda dark: _rank(dark, shot)), shot)


def judged(entry: DarkEntry, shot: Shot) -> Match:
    """Return how well one dark, chosen by whomever, fits a frame."""
    iso, time = same_iso(entry.iso, shot.iso), same_time(entry.exposure_s, shot.exposure_s)
    return Match(entry=entry, iso_matches=iso, time_matches=time, warning=_warning(entry, shot, iso and time))


def _warning(entry: DarkEntry, shot: Shot, fits: bool) -> str | None:
    if not same_body(entry.shot, shot):
        return (
            f'The dark "{entry.name}" is of {entry.camera}, these frames are of another body: its defects are not '
            "theirs."
        )
    if fits:
        return None
    return (
        f'The dark "{entry.name}" was taken at {written_settings(entry.shot)}, these frames at '
        f"{written_settings(shot)}: hot photosites may be missed. Shoot darks at the settings of the stack."
    )


def _rank(dark: DarkEntry, shot: Shot) -> tuple[float, bool, int, float]:
    return (
        _stops(dark.iso, shot.iso) + _stops(dark.exposure_s, shot.exposure_s),
        dark.camera.serial != shot.serial,
        -dark.frames,
        -dark.created.timestamp(),
    )


def _stops(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else _UNKNOWN_STOPS
    return 0.0 if same_time(one, other) else abs(log2(one / other))
