"""Which frames belong together, and what names they get."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.calibration.agreement import refuse_mixed, same_body, same_iso, same_time, written_time
from stackcore.errors import FrameMismatch
from stackcore.metadata.shot import Shot

SHOT = Shot(make="NIKON", model="NIKON D850", serial="3001", iso=64, exposure_s=1 / 60)
SIZE = (8256, 5504)


def shots_of(*shots: Shot) -> dict[Path, Shot]:
    return {Path(f"{number}.nef"): shot for number, shot in enumerate(shots)}


def like(**changes: object) -> Shot:
    return Shot(**{**vars(SHOT), **changes})  # type: ignore[arg-type]


def refuse(*shots: Shot) -> Shot:
    found = shots_of(*shots)
    return refuse_mixed(found, dict.fromkeys(found, SIZE))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(1 / 60, 0.0167, True), (1 / 60, 1 / 50, False), (30.0, 30.1, True), (1.0, None, False), (None, None, False)],
)
def test_times_are_the_same_within_the_rounding_of_exif(one: float | None, other: float | None, same: bool) -> None:
    assert same_time(one, other) is same


def test_sensitivities() -> None:
    assert same_iso(100, 100)
    assert not same_iso(100, 125)
    assert not same_iso(None, None)


def test_bodies_are_told_apart_by_their_serial_where_both_tell_it() -> None:
    assert same_body(SHOT, like(make="Nikon"))
    assert same_body(SHOT, like(serial=""))
    assert not same_body(SHOT, like(serial="3002"))
    assert not same_body(SHOT, like(model="NIKON D810"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iso": 800}, ("ISO 800", "ISO 64")),
        ({"exposure_s": 1.0}, ("1 s", "0.01667 s")),
        ({"serial": "3002"}, ("3002", "3001")),
        ({"model": "NIKON Z 9"}, ("NIKON Z 9", "NIKON D850")),
        ({"make": "Canon"}, ("Canon", "NIKON")),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_the_odd_one_is_named(changes: dict[str, object], words: tuple[str, str], place: int) -> None:
    shots = [SHOT] * 4
    shots[place] = like(**changes)
    with pytest.raises(FrameMismatch, match=rf"^{place}\.nef does not match") as caught:
        refuse(*shots)
    assert all(word in caught.value.why for word in words)


def test_of_two_the_second_is_the_odd_one() -> None:
    with pytest.raises(FrameMismatch, match=r"^1\.nef"):
        refuse(SHOT, like(iso=400))


def test_another_size_is_named() -> None:
    found = shots_of(SHOT, SHOT, SHOT)
    sizes = dict.fromkeys(found, SIZE) | {Path("1.nef"): (5504, 8256)}
    with pytest.raises(FrameMismatch, match=r"^1\.nef") as caught:
        refuse_mixed(found, sizes)
    assert "5504x8256" in caught.value.why


def test_what_is_not_told_agrees_with_anything() -> None:
    assert refuse(like(serial="", iso=None), SHOT, Shot()) == SHOT
    assert refuse(Shot(), Shot()) == Shot()


def test_times_that_exif_rounds_differently_agree() -> None:
    assert refuse(SHOT, like(exposure_s=0.0167), like(exposure_s=0.0166)).exposure_s == pytest.approx(1 / 60)


@pytest.mark.parametrize(
    ("seconds", "text"), [(1 / 8000, "1/8000 s"), (0.4, "0.4 s"), (1.3, "1.3 s"), (240.0, "240 s")]
)
def test_times_are_written_as_on_the_camera(seconds: float, text: str) -> None:
    assert written_time(seconds) == text
