"""Offers of made-up fusers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stackcore.config import NoOptions, Options
from stackcore.hookspecs import Offer, hookimpl


class Made:
    """Has all that a fuser has; what was asked of its build is in it."""

    tolerance = 0.0
    start = add = merge = finish = state_bytes = None

    def __init__(self, name: str, options: Options) -> None:
        self.name, self.options = name, options


def offer(name: str, /, **changes: Any) -> Offer[Any]:
    """An offer of `Made`, with whatever is wrong about it."""
    given: dict[str, Any] = {
        "name": name,
        "summary": f"the {name} one",
        "options": NoOptions,
        "build": lambda options: Made(name, options),
    }
    return Offer(**(given | changes))


def fusers(*offers: Any) -> Callable[[], Iterable[Any]]:
    """A hook that offers fusers."""

    @hookimpl
    def stackcore_fusers() -> Iterable[Any]:
        return offers

    return stackcore_fusers
