"""Whether two frames were taken with the same body, ISO and exposure time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from math import isclose
from pathlib import Path
from typing import TypeVar

from stackcore.errors import FrameMismatch
from stackcore.metadata.shot import Shot

TIME_TOLERANCE = 0.05
"""Exposure times that differ by less are one setting: EXIF rounds them, and settings are a third of a stop apart."""

LEVEL_TOLERANCE = 0.001
"""Black that differs by less, as a share of the way to white, is one setting: some bodies measure it for each frame."""

_T = TypeVar("_T", bound=Hashable)

Size = tuple[int, int]
"""Width and height of a mosaic, not turned."""


def same_time(one: float | None, other: float | None) -> bool:
    """Return whether two exposure times in seconds are the same setting; unknown ones are not."""
    return one is not None and other is not None and isclose(one, other, rel_tol=TIME_TOLERANCE)


def same_iso(one: int | None, other: int | None) -> bool:
    """Return whether two sensitivities are the same; unknown ones are not."""
    return one is not None and one == other


def same_levels(black: Sequence[float], white: int, other_black: Sequence[float], other_white: int) -> bool:
    """Return whether numbers of two mosaics mean the same light: black by channel and white agree.

    A body that records 12 or 14 bits as it is told, or another black at some sensitivities, writes numbers that cannot
    be subtracted from one another.

    Examples
    --------
    >>> same_levels((512,) * 4, 16383, (514,) * 4, 16383), same_levels((512,) * 4, 16383, (128,) * 4, 4095)
    (True, False)
    """
    close = LEVEL_TOLERANCE * max(white, other_white)
    off = [abs(one - other) for one, other in zip((*black, white), (*other_black, other_white), strict=False)]
    return len(black) == len(other_black) and max(off) <= close


def same_body(one: Shot, other: Shot) -> bool:
    """Return whether two frames may be of one body: maker and model agree, and the serial where both tell it."""
    if (one.make.casefold(), one.model.casefold()) != (other.make.casefold(), other.model.casefold()):
        return False
    return not (one.serial and other.serial) or one.serial == other.serial


def written_time(seconds: float) -> str:
    """An exposure time as cameras write it.

    Examples
    --------
    >>> written_time(0.0166667), written_time(2.5), written_time(30.0), written_time(0.3)
    ('1/60 s', '2.5 s', '30 s', '0.3 s')
    """
    fraction = round(1 / seconds)
    if fraction >= 4 and isclose(1 / fraction, seconds, rel_tol=0.01):
        return f"1/{fraction} s"
    return f"{seconds:.3g} s"


def written_settings(shot: Shot) -> str:
    """ISO and exposure time in words.

    Examples
    --------
    >>> written_settings(Shot(iso=400, exposure_s=0.5)), written_settings(Shot(iso=400)), written_settings(Shot())
    ('ISO 400 and 0.5 s', 'ISO 400', 'unknown settings')
    """
    parts = [
        *([] if shot.iso is None else [f"ISO {shot.iso}"]),
        *([] if shot.exposure_s is None else [written_time(shot.exposure_s)]),
    ]
    return " and ".join(parts) or "unknown settings"


def refuse_mixed(shots: Mapping[Path, Shot], sizes: Mapping[Path, Size]) -> Shot:
    """Raise `FrameMismatch`, which names the odd one, unless all are of one body, size, ISO and exposure time.

    Where frames tell different things, the odd one is the first that does not tell what most do. What a frame does not
    tell agrees with anything. Returns what is known of all.
    """
    paths = list(shots)
    settings = _settings([shot.exposure_s for shot in shots.values()])
    _refuse(paths, lambda path: sizes[path], "is {0[0]}x{0[1]} photosites")
    make = _refuse(paths, lambda path: shots[path].make or None, "is of a camera by {0}")
    model = _refuse(paths, lambda path: shots[path].model or None, "is of a {0}")
    serial = _refuse(paths, lambda path: shots[path].serial or None, "is of the body with serial number {0}")
    iso = _refuse(paths, lambda path: shots[path].iso, "was taken at ISO {0}")
    seconds = _refuse(paths, lambda path: settings.get(shots[path].exposure_s), "was exposed for {0:.4g} s")
    return Shot(make=make or "", model=model or "", serial=serial or "", iso=iso, exposure_s=seconds)


def _refuse(paths: list[Path], tell: Callable[[Path], _T | None], says: str) -> _T | None:
    told = {path: value for path in paths if (value := tell(path)) is not None}
    if not told:
        return None
    ranked = Counter(told.values()).most_common()  # the first one first, where as many tell another
    usual = ranked[0][0]
    for path, value in told.items():
        if value != usual:
            like = next(other for other in told if told[other] == usual)
            raise FrameMismatch(
                f"{path} does not match the other darks.",
                f"it {says.format(value)}; {like.name} {says.format(usual)}.",
                "leave it out: darks are averaged only with their own kind.",
            )
    return usual


def _settings(times: list[float | None]) -> dict[float | None, float]:
    """One exposure time for all that are the same setting, by what each frame tells."""
    settings: dict[float | None, float] = {}
    for seconds in times:
        if seconds is not None and seconds not in settings:
            settings[seconds] = next((known for known in settings.values() if same_time(known, seconds)), seconds)
    return settings
