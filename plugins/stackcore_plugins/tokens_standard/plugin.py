"""The offers of the standard path tokens. Each is a name and a function of what is known about the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import Token, TokenContext


@dataclass
class StandardToken:
    """A token made of a function from context and number of digits (0 where it takes none) to text."""

    write: Callable[[TokenContext, int], str]
    takes_digits: bool = False
    counter: Literal["global", "profile"] | None = None

    def expand(self, context: TokenContext, digits: int | None) -> str:
        """Return the text that takes the token's place."""
        return self.write(context, digits or 0)


def _to_the_millisecond(moment: datetime) -> str:
    return f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"


def _counter(context: TokenContext, digits: int) -> str:
    return f"{context.counter or 0:0{digits}d}"  # wider when it outgrows its digits


_TOKENS: dict[str, tuple[str, StandardToken]] = {
    "GRP": (
        "Start of the run in local time, the same for all its images: 20261122-181500-042.",
        StandardToken(lambda context, _: _to_the_millisecond(context.run_started)),
    ),
    "UGRP": (
        "Start of the run in UTC, the same for all its images.",
        StandardToken(lambda context, _: _to_the_millisecond(context.run_started.astimezone(UTC))),
    ),
    "GCT": (
        "Global counter with n digits (@GCT4 is 0042); advances with each saved image and never repeats.",
        StandardToken(_counter, takes_digits=True, counter="global"),
    ),
    "PCT": (
        "Counter of the profile with n digits; advances with each saved image and never repeats.",
        StandardToken(_counter, takes_digits=True, counter="profile"),
    ),
    "D1": ("Date of the image, YYYYMMDD.", StandardToken(lambda context, _: f"{context.taken_at:%Y%m%d}")),
    "DT1": (
        "Date and time of the image to the millisecond, different for each image.",
        StandardToken(lambda context, _: _to_the_millisecond(context.taken_at)),
    ),
    "MCT": (
        "Number of the image within its run, from 1.",
        StandardToken(lambda context, _: str(context.image_in_run)),
    ),
}


@hookimpl
def stackcore_tokens() -> Iterable[Offer[Token]]:
    """Offer the standard tokens."""
    return [_offer(name, summary, token) for name, (summary, token) in _TOKENS.items()]


def _offer(name: str, summary: str, token: StandardToken) -> Offer[Token]:
    return Offer(name=name, summary=summary, options=NoOptions, build=lambda options: token)
