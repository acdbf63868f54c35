"""What can go wrong on request, as data.

A fault is written `KIND@N`, several separated by commas. N counts from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FAULTS: Mapping[str, str] = {
    "jam": "movement N stops half way and says how far it came",
    "lost": "movement N fails and nobody knows how far it came",
    "refused": "movement N is refused, nothing moves",
    "slips": "movement N comes half as far as it says, which nobody can know",
    "end-stop": "the lens is at its end when movement N begins, and moves no farther",
    "busy-move": "movement N is refused because the camera is busy; nothing moves",
    "busy-still": "still N is refused because the camera is busy; none is taken",
    "stays-busy": "from command N on the camera is busy for ever",
    "still-fails": "still N fails",
    "timeout": "still N never finishes, until the time is over",
    "transfer-cut": "the cable is pulled while still N is transferred, and stays out",
    "card-full": "the card is full from still N on",
    "preview-fails": "live-view frame N fails",
    "unplugged": "the cable is pulled at command N (movements, stills, live-view frames) and stays out",
    "busy": "the camera is busy the first N times that somebody asks",
    "killed": "this process is killed in the middle of command N, as by kill -9",
    "no-live-view": "live view cannot be switched on",
    "no-focus-drive": "the lens cannot be driven",
    "no-still": "no still can be taken",
}
"""Every kind of fault and what it does."""

_WITHOUT_NUMBER = frozenset({"no-live-view", "no-focus-drive", "no-still"})


@dataclass(frozen=True)
class Fault:
    """One fault: its `kind`, and at which occasion (from 1; 0 where it has none)."""

    kind: str
    at: int


def describe_faults() -> str:
    """Every kind and what it does, in one line."""
    return "; ".join(f"{kind}{'' if kind in _WITHOUT_NUMBER else '@N'}: {meaning}" for kind, meaning in FAULTS.items())


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Read `jam@3,still-fails@5`; `ValueError` says what is allowed.

    Examples
    --------
    >>> parse_faults("jam@3, no-still")
    (Fault(kind='jam', at=3), Fault(kind='no-still', at=0))
    """
    return tuple(_parse_one(word.strip()) for word in text.split(",") if word.strip())


def _parse_one(word: str) -> Fault:
    kind, _, number = word.partition("@")
    if kind not in FAULTS:
        raise ValueError(f'"{kind}" is no fault; there are {", ".join(FAULTS)}')
    if kind in _WITHOUT_NUMBER:
        if number:
            raise ValueError(f'"{kind}" takes no number')
        return Fault(kind, 0)
    if not (number.isdecimal() and int(number) > 0):
        raise ValueError(f'"{word}" must say when: {kind}@1 for the first time')
    return Fault(kind, int(number))
