"""The dark that is chosen for a frame, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from stackcore.calibration.entries import Camera
from stackcore.calibration.matching import best_match, judged
from stackcore.metadata.shot import Shot

Make = Callable[..., Any]
SHOT = Shot(make="NIKON", model="NIKON D850", serial="3001", iso=64, exposure_s=0.5)


def chosen(darks: list[Any], shot: Shot = SHOT, size: tuple[int, int] = (24, 16)) -> str | None:
    match = best_match(darks, shot, *size)
    return None if match is None else match.entry.name


def test_a_dark_at_the_same_settings_raises_no_doubt(make_dark: Make) -> None:
    match = best_match([make_dark()], SHOT, 24, 16)
    assert match is not None
    assert (match.iso_matches, match.time_matches, match.fits, match.warning) == (True, True, True, None)
    assert match.is_subtracted


def test_a_single_dark_is_not_subtracted(make_dark: Make) -> None:
    match = judged(make_dark(frames=1), SHOT)
    assert match.fits
    assert not match.is_subtracted


@pytest.mark.parametrize(
    ("shot", "size"),
    [
        (SHOT, (16, 24)),
        (Shot(make="NIKON", model="NIKON D810", iso=64, exposure_s=0.5), (24, 16)),
        (Shot(make="NIKON", model="NIKON D850", serial="3002", iso=64, exposure_s=0.5), (24, 16)),
        (Shot(), (24, 16)),
    ],
    ids=["size", "model", "serial", "unknown"],
)
def test_a_dark_of_another_body_is_never_chosen(make_dark: Make, shot: Shot, size: tuple[int, int]) -> None:
    assert chosen([make_dark()], shot, size) is None


def test_a_serial_that_one_does_not_tell_is_no_hindrance(make_dark: Make) -> None:
    without = Shot(make="NIKON", model="NIKON D850", iso=64, exposure_s=0.5)
    assert chosen([make_dark()], without) == "d850"
    unknown = make_dark("unknown", camera=Camera(make="NIKON", model="NIKON D850"))
    assert chosen([unknown]) == "unknown"
    assert chosen([unknown, make_dark("known")]) == "known"
    assert chosen([make_dark("known"), unknown]) == "known"


def test_the_nearest_settings_are_chosen(make_dark: Make) -> None:
    darks = [
        make_dark("iso400", iso=400),
        make_dark("iso128", iso=128),
        make_dark("one-second", exposure_s=1.01),
        make_dark("long", exposure_s=30.0),
    ]
    assert chosen([*darks, make_dark("exact", exposure_s=0.502)]) == "exact"
    assert chosen(darks) == "iso128"  # a stop, and the other one a little more
    assert chosen(darks[:1] + darks[2:]) == "one-second"
    assert chosen([darks[0], darks[3]]) == "iso400"


def test_more_frames_then_newer_ones_win(make_dark: Make) -> None:
    old, many = make_dark("old"), make_dark("many", frames=20)
    new = make_dark("new", created=datetime(2027, 1, 1, tzinfo=UTC))
    assert chosen([old, new]) == chosen([new, old]) == "new"
    assert chosen([old, new, many]) == "many"


@pytest.mark.parametrize(
    ("changes", "iso", "time", "words"),
    [
        ({"iso": 800}, False, True, ("ISO 800 and 0.5 s", "ISO 64 and 0.5 s")),
        ({"exposure_s": 1 / 60}, True, False, ("1/60 s",)),
        ({"iso": None, "exposure_s": None}, False, False, ("unknown settings",)),
    ],
)
def test_what_does_not_match_is_told(
    make_dark: Make, changes: dict[str, Any], iso: bool, time: bool, words: tuple[str, ...]
) -> None:
    match = best_match([make_dark(**changes)], SHOT, 24, 16)
    assert match is not None
    assert (match.iso_matches, match.time_matches) == (iso, time)
    assert not match.fits
    assert not match.is_subtracted
    assert match.warning is not None
    assert all(word in match.warning for word in ('"d850"', *words))


def test_a_dark_of_another_body_that_the_user_named_is_told(make_dark: Make) -> None:
    match = judged(make_dark(), Shot(make="NIKON", model="NIKON D810", iso=64, exposure_s=0.5))
    assert match.warning is not None
    assert "NIKON D850 (3001)" in match.warning
    assert not match.is_subtracted
